"""The alias that people call: which version it means, and who moved it last.

It is moved with the revision that was read, so a change that came between is
refused by AWS, and shown. The fence stands in its description, and once it is
taken away in a tag of the function.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autoexec_magic.deployer.aws.faults import CONFLICT, Refused
from autoexec_magic.deployer.aws.marks import FENCE_TAG, Turn, turn_of, written
from autoexec_magic.deployer.aws.versions import Function
from autoexec_magic.errors import DeployError


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """What an alias is now; `weights` are versions that get a part, from 0 to 1."""

    version: str
    revision: str
    weights: tuple[tuple[str, float], ...] = ()
    turn: Turn | None = None

    @property
    def shares(self) -> dict[str, float]:
        """All versions with what they get, in percent."""
        given = {version: 100 * share for version, share in self.weights}
        return {self.version: 100 - sum(given.values()), **given}

    @property
    def changed(self) -> str:
        """What somebody else changed of it, "" where nobody did."""
        if self.turn is None:
            return "its description is not ours: somebody else set the alias"
        if (self.version, self.weights) == (self.turn.version, self.turn.weights):
            return ""
        was = _shown(self.turn.version, self.turn.weights)
        return f"somebody else moved the alias from {was} to {_shown(self.version, self.weights)}"


def read(function: Function, name: str) -> Alias | None:
    """Return what an alias is, None where there is none."""
    found = function.calls.find("lambda", "get_alias", FunctionName=function.name, Name=name)
    if found is None:
        return None
    weights = (found.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return Alias(
        version=str(found["FunctionVersion"]),
        revision=str(found.get("RevisionId", "")),
        weights=tuple(sorted((str(version), float(share)) for version, share in weights.items())),
        turn=turn_of(str(found.get("Description", ""))),
    )


def point(
    function: Function, name: str, version: str, *, fence: int, weights: Mapping[str, float] | None = None
) -> None:
    """Let an alias mean a version, and give others a part of it; without weights nothing goes to others.

    Raises
    ------
    DeployError
        A later deploy was here, or somebody changed it at this moment.
    """
    shares = tuple(sorted((weights or {}).items()))
    seen = read(function, name)
    _refuse_late(function, name, seen, fence)
    turn = Turn(fence=fence, version=version, weights=shares)
    given: dict[str, Any] = {
        "FunctionName": function.name,
        "Name": name,
        "FunctionVersion": version,
        "Description": written(turn),
    }
    try:
        if seen is None:
            function.calls.ask("lambda", "create_alias", **given)
            return
        function.calls.ask(
            "lambda",
            "update_alias",
            RoutingConfig={"AdditionalVersionWeights": dict(shares)},
            RevisionId=seen.revision,
            **given,
        )
    except Refused as error:
        if error.error not in ("PreconditionFailedException", CONFLICT):
            raise
        now = read(function, name)
        if now is not None and now.turn == turn and not now.changed:
            return  # it was done, and the answer was lost
        raise _moved(function, name, now) from error


def remove(function: Function, name: str, *, fence: int) -> None:
    """Take an alias away, and remember whose turn it was."""
    seen = read(function, name)
    _refuse_late(function, name, seen, fence)
    if seen is None:
        return
    found = function.calls.ask("lambda", "get_function", FunctionName=function.name)
    arn = found["Configuration"]["FunctionArn"]
    function.calls.ask("lambda", "tag_resource", Resource=arn, Tags={FENCE_TAG: str(fence)})
    function.calls.ask("lambda", "delete_alias", FunctionName=function.name, Name=name)


def _refuse_late(function: Function, name: str, seen: Alias | None, fence: int) -> None:
    if seen is None:
        last = int((function.tags() or {}).get(FENCE_TAG, "0"))
    else:
        last = seen.turn.fence if seen.turn else 0
    if last > fence:
        raise DeployError(
            f"this deploy of {function.service} has lost its turn, and stops",
            why=f"deploy {last} moved the alias {name} after deploy {fence} began",
            fix=f"%autoexec status {function.service}",
        )


def _moved(function: Function, name: str, now: Alias | None) -> DeployError:
    what = _shown(now.version, now.weights) if now else "nothing: it is gone"
    return DeployError(
        f"somebody else moved the alias {name} of {function.name} at this moment",
        why=f"it means {what} now{f', by deploy {now.turn.fence}' if now and now.turn else ''}",
        fix=f"%autoexec status {function.service}",
    )


def _shown(version: str, weights: tuple[tuple[str, float], ...]) -> str:
    parts = [f"{100 * share:g} % to version {each}" for each, share in weights]
    return ", ".join((f"version {version}", *parts))

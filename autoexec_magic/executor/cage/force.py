"""The cage in force: which level, by what, and what was seen when its doors were tried.

A level counts only once it was witnessed on this machine, by this process: the
first caged run of a kernel tries every door (a tenth of a second), the others
take its word. A door that should be shut and is open is an error.
"""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass
from pathlib import Path

from ...errors import AutoexecError, CageError, UsageError
from ...values import Level
from .doors import SHUT, Doors
from .levels import available, build
from .request import LEVELS, CageRequest, Wanted
from .witness import Witness, witness

#: what Landlock has no word for, and only mounts keep: on the user's own files outside
ONLY_BY_MOUNTS = frozenset(("write: change mode", "write: change times"))
_COMPARED = "protected: "  # without mounts these are compared before and after, and said to be changed


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """The cage that a run is in.

    Parameters
    ----------
    level, mechanism : str
        As in `Cage`.
    held, tried : int
        How many of the doors that were tried are shut, and were open to an
        uncaged twin; 0 of 0 for `open`, where nothing is tried.
    open : tuple of str
        What is open all the same: doors that only mounts shut, and the options
        that a person gave.
    """

    level: Level
    mechanism: str
    held: int = 0
    tried: int = 0
    open: tuple[str, ...] = ()


def choose(wanted: Wanted) -> Level:
    """Return the level that `wanted` means here: for "best" the strongest that can be had.

    Raises
    ------
    UsageError
        There is no such level.
    """
    if wanted != "best":
        if wanted not in LEVELS:
            fix = f"--cage one of {', '.join(LEVELS)}, best"
            raise UsageError(f"there is no cage level {wanted!r}", fix=fix)
        return wanted
    for level in LEVELS:
        with contextlib.suppress(CageError):
            available(level)
            return level
    raise AutoexecError("there is not even a cage of level open")


def can_be_had(level: Level, workspace: Path) -> bool:
    """Whether a cage of `level` can be made of a workspace; one that holds the person's keys is none."""
    try:
        build(CageRequest(level=level, workspace=workspace)).close()
    except AutoexecError:
        return False
    return True


def in_force(wanted: Wanted, doors: Doors = SHUT) -> InForce:
    """Return the cage that a run asking for `wanted` gets, witnessed.

    Raises
    ------
    UsageError
        There is no such level, or doors are opened where there is no cage.
    CageError
        The level cannot be had, or a door that it shuts is open.
    """
    level = choose(wanted)
    if level == "open":
        if doors != SHUT:
            option = doors.options()[0]
            why = "the level open has no walls that something could be let through"
            raise UsageError(f"{option} needs a cage", why=why, fix=f"--cage workspace {option}")
        return InForce(level=level, mechanism="limits")
    if level == "sealed" and doors.net not in ("none", ()):
        raise CageError(
            "the cage 'sealed' has no network", why=f"{doors.options()[0]} was given", fix="--cage workspace"
        )
    seen = _witnessed(level)
    wrong = [name for name in seen.open if not _is_compared(name, seen)]
    if wrong:
        raise CageError(
            f"the cage {level!r} does not hold here",
            why=f"open by {seen.mechanism}: {', '.join(wrong)}",
            fix="--cage best; `%autoexec doctor` tries every door; --cage open, if you trust what runs",
        )
    return InForce(
        level=level,
        mechanism=seen.mechanism,
        held=len(seen.held),
        tried=seen.tried,
        open=(*seen.open, *doors.options()),
    )


def _is_compared(name: str, seen: Witness) -> bool:
    has_mounts = seen.level == "sealed" or "mounts" in seen.mechanism
    return not has_mounts and (name in ONLY_BY_MOUNTS or name.startswith(_COMPARED))


@functools.cache
def _witnessed(level: Level) -> Witness:
    return witness(level)

"""Missing imports, healed by proof: scan, classify, find, prove, decide, install.

`resolve` says what modules are and what follows; `install` carries out what
was decided. Nothing is installed whose wheel was not looked into, and nothing
without a question that is not known, proved and aged (`decide`).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .. import executor
from ..config import Config
from ..errors import Cancelled, InstallError, UsageError
from ..events import Emit, Event, Installed, Output, Resolved
from ..values import Ask, Candidate, Question, Resolution
from .classify import classify
from .decide import Ages, decide, named, settled
from .finder import Found, Query, Request
from .install import Toolbox, install, uv_path
from .known import Known, lookup, of_distribution, of_module
from .scan import Needed, scan
from .sources import Sources, sources

__all__ = [
    "Context",
    "Needed",
    "heal",
    "install_named",
    "missing",
    "resolve",
    "scan",
    "uv_path",
]

_FIND_SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the installer needs to know of its surroundings.

    `folders` are where the user's own files are; `cache` keeps wheels.
    """

    config: Config
    folders: tuple[Path, ...]
    cache: Path
    emit: Emit
    ask: Ask
    run_id: str = ""
    cancel: executor.Cancel | None = None

    @property
    def sources(self) -> Sources:
        """Where packages come from."""
        return sources(self.config.index_url)

    @property
    def ages(self) -> Ages:
        """How old a project and a release must be."""
        return Ages(project=self.config.project_age_days, release=self.config.release_age_days)


def resolve(needs: Sequence[Needed], context: Context, *, online: bool) -> list[Resolution]:
    """Return what each needed module is and what follows, in the order given.

    Parameters
    ----------
    needs : sequence of Needed
        Imports, from `scan` or from names.
    context : Context
        The surroundings.
    online : bool
        Whether to ask the index and look into wheels. Without, `proved` is
        None and the decision is what would follow if the proof succeeded.

    Raises
    ------
    InstallError, RunTimeout, Cancelled
        The finder did not answer.
    """
    classes = [classify(need, context.folders) for need in needs]
    third = [need for need, (cls, _) in zip(needs, classes, strict=True) if cls == "third-party"]
    rows = {need: _row(need) for need in third}
    queries = {need: _query(need, rows[need]) for need in third}
    answers = _find(list(dict.fromkeys(queries.values())), context) if online and third else {}
    now = datetime.now(UTC)
    resolutions = []
    for need, (cls, evidence) in zip(needs, classes, strict=True):
        if cls != "third-party":
            resolutions.append(settled(need.module, cls, evidence))
            continue
        row = rows[need]
        found = answers.get(queries[need])
        resolutions.append(decide(row.module if row else need.module, row, found, context.ages, now))
    return resolutions


def missing(needs: Sequence[Needed], folders: Sequence[Path]) -> list[Needed]:
    """Return those of `needs` that cannot be imported here, each module once, in order."""
    absent = (need for need in needs if classify(need, folders)[0] not in ("stdlib", "installed"))
    found: dict[str, Needed] = {}
    for need in absent:
        if need.module not in found or need.required:
            found[need.module] = need
    return list(found.values())


def heal(needs: Sequence[Needed], context: Context) -> tuple[list[Resolution], list[Installed]]:
    """Install what of `needs` is missing and may be installed.

    Returns
    -------
    (list of Resolution, list of Installed)
        What was decided about each module that is not here, and what was
        installed. A module that was only asked about, or refused, is not.
    """
    absent = missing(needs, context.folders)
    if not absent:
        return [], []
    resolutions = resolve(absent, context, online=True)
    for resolution in resolutions:
        context.emit(Resolved(resolution=resolution))
    chosen = [_agreed(resolution, context.ask) for resolution in resolutions]
    wanted = {candidate.distribution: candidate for candidate in chosen if candidate}
    if not wanted:
        return resolutions, []
    installed = install(list(wanted.values()), _toolbox(context))
    for item in installed:
        context.emit(item)
    return resolutions, installed


def install_named(names: Sequence[str], context: Context) -> tuple[list[Resolution], list[Installed]]:
    """Install distributions that a person named, each `NAME` or `NAME==VERSION`.

    Raises
    ------
    UsageError
        A name is no requirement, or is a module that another distribution holds.
    NeedsPerson
        One of them is fresh, has only a source archive, or is not there.
    InstallError, PolicyRefused
        One is refused, or the install failed.
    """
    queries = [_named_query(name) for name in names]
    answers = _find(queries, context)
    now = datetime.now(UTC)
    resolutions = [named(answers[query], context.ages, now) for query in queries]
    for resolution in resolutions:
        context.emit(Resolved(resolution=resolution))
    chosen = [_agreed(resolution, context.ask, must=True) for resolution in resolutions]
    installed = install([candidate for candidate in chosen if candidate], _toolbox(context))
    for item in installed:
        context.emit(item)
    return resolutions, installed


def _agreed(resolution: Resolution, ask: Ask, *, must: bool = False) -> Candidate | None:
    """Return the candidate to install, after a question where one is needed."""
    candidate = resolution.chosen
    if resolution.decision == "install":
        return candidate
    if resolution.decision == "ask" and candidate and candidate.proved:
        question = Question(
            text=f"install {candidate.distribution} {candidate.version} ?",
            evidence=resolution.evidence,
            fix=f"{resolution.fix} --yes" if must else resolution.fix,
        )
        return candidate if ask(question) else None
    if must and resolution.decision != "nothing":
        raise InstallError(
            f"cannot install {resolution.distribution}",
            why="; ".join(resolution.evidence),
            fix=resolution.fix,
        )
    return None


def _row(need: Needed) -> Known | None:
    """Return the table's row: of what is taken from the module first, then of the module."""
    deeper = (lookup(f"{need.module}.{name}") for name in need.names)
    return next((row for row in deeper if row and row.module.startswith(need.module)), None) or lookup(
        need.module
    )


def _query(need: Needed, row: Known | None) -> Query:
    if row:
        return Query(distribution=row.distribution, modules=(row.module,), newest_known=row.proved)
    return Query(distribution=need.module.partition(".")[0].replace("_", "-"), modules=(need.module,))


def _named_query(text: str) -> Query:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise UsageError(f"{text!r} is not a distribution's name", why=str(error).splitlines()[0]) from error
    if requirement.url or requirement.extras or requirement.marker:
        raise UsageError(
            f"cannot take {text!r}", why="only NAME or NAME==VERSION", fix=f"%pip install {text!r}"
        )
    row = of_module(requirement.name)
    if row and not requirement.specifier:
        raise UsageError(
            f"{requirement.name} is a module of {row.distribution}",
            why=f"a distribution called {requirement.name} would be another project",
            fix=f"%autoexec install {row.distribution}",
        )
    known = of_distribution(requirement.name)
    newest = known.proved if known else ""
    return Query(distribution=requirement.name, specifier=str(requirement.specifier), newest_known=newest)


def _toolbox(context: Context) -> Toolbox:
    return Toolbox(
        sources=context.sources,
        emit=context.emit,
        ask=context.ask,
        run_id=context.run_id,
        cancel=context.cancel,
    )


def _find(queries: Sequence[Query], context: Context) -> dict[Query, Found]:
    """Ask the finder, in a child of its own (the reasons are in its docstring)."""
    found = context.sources
    request = Request(
        queries=tuple(queries),
        indexes=found.indexes,
        find_links=found.find_links,
        cache=str(context.cache / "wheels"),
        release_age_days=context.config.release_age_days,
    )
    lines: list[str] = []

    def collect(event: Event) -> None:
        if isinstance(event, Output) and event.stream == "stdout":
            lines.append(event.text)

    outcome = executor.run(
        [sys.executable, "-P", "-m", "autoexec_magic.installer.finder"],
        emit=collect,
        phase="install",
        env={"SSL_CERT_FILE": found.cert} if found.cert else {},
        pass_on=("NETRC", "SSL_CERT_FILE"),
        stdin=json.dumps(asdict(request)),
        timeout=_FIND_SECONDS,
        cancel=context.cancel,
        policy=executor.policy.exactly(sys.executable),
        run_id=context.run_id,
    )
    if outcome.ended == "cancelled":
        raise Cancelled("the search for packages was stopped", why="nothing was installed")
    answers = [json.loads(line) for line in "".join(lines).splitlines()]
    if not outcome.passed or len(answers) != len(queries):
        raise InstallError(
            "the search for packages failed",
            why=(outcome.stderr.strip() or f"the finder {outcome.ended}").splitlines()[-1],
            fix="%autoexec doctor",
        )
    return dict(zip(queries, map(_found, answers), strict=True))


def _found(answer: dict[str, Any]) -> Found:
    fields: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in answer.items()}
    return Found(**fields)

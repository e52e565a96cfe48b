"""Install exactly what was proved into a project, by npm.

First a dry run says what would change. Every package of that plan which was
not proved is looked into like those that were; a fault in any of them refuses
the whole, and a doubt, or something that is replaced or removed, is a question.
Then npm installs, and its own record of what it put into `node_modules` is
compared with the digests that were proved: a difference takes all of it back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ... import executor
from ...errors import Cancelled, InstallError, PolicyRefused
from ...events import Installed, Progress
from ...executor.interrupts import noted
from ...values import Question, Resolution
from .. import lock
from ..decide import Ages
from ..record import recording_in
from . import npm, undo
from .decide import Case, decide
from .npm import Change, Plan, Toolbox
from .project import read_json, table
from .query import Found, Query
from .search import find


def install(wanted: Sequence[Found], tools: Toolbox, ages: Ages) -> list[Installed]:
    """Install `wanted`, which are proved, and what they depend on.

    Returns
    -------
    list of Installed
        Everything that was added, also emitted; empty if all was there.

    Raises
    ------
    InstallError
        It cannot be installed; the project is as before, or the error says
        what is not.
    NeedsPerson, PolicyRefused
        The plan would replace something, or needs what is doubtful, and nobody
        said yes.
    RunTimeout, Cancelled, MissingTool
        The time was up, a person stopped it, or npm is not there.
    """
    with lock.held(hold_seconds=3 * tools.timeout, tell=_tell(tools), cancel=tools.cancel, folder=tools.root):
        return _install(wanted, tools, ages)


def _tell(tools: Toolbox) -> Callable[[str], None]:
    return lambda text: tools.emit(Progress(phase="install", text=text))


def _install(wanted: Sequence[Found], tools: Toolbox, ages: Ages) -> list[Installed]:
    specs = [f"{each.name}@{each.version}" for each in wanted]
    plan = npm.plan(specs, tools)
    if not plan.added:
        return []
    looked = _looked(plan, wanted, tools)
    judged = {
        change: decide(
            Case(module=change.name, name=change.name, reason="needed by what is installed"),
            looked[change.name, change.version],
            ages,
            datetime.now(UTC),
        )
        for change in plan.added
        if (change.name, change.version) not in {(each.name, each.version) for each in wanted}
    }
    _refuse_faults(judged)
    _agree(plan, judged, wanted, tools)
    if tools.cancel and tools.cancel.is_set():
        raise Cancelled("the install was stopped", why="nothing was installed")
    installed = list(dict.fromkeys(_installed(looked[each.name, each.version]) for each in plan.added))
    with recording_in(tools.root, "node", installed, tools):
        _carry_out(plan, specs, looked, tools)
    for item in installed:
        tools.emit(item)
    return installed


def _carry_out(
    plan: Plan, specs: Sequence[str], looked: Mapping[tuple[str, str], Found], tools: Toolbox
) -> None:
    """Install all of the plan or nothing."""
    cancel = tools.cancel or executor.Cancel()
    with undo.snapshot(tools.root, tools.cwd, plan, tools.cache / "undo") as before, noted(cancel):
        # From here on a signal is a request, also while things are taken back: nothing ends halfway.
        try:
            outcome = npm.apply(specs, tools, cancel, is_exact=not tools.settings.keeps_lock)
        except BaseException:
            undo.take_back(plan, before)
            raise
        if not outcome.passed:
            raise npm.failed(outcome, undo.take_back(plan, before), tools)
        strange = _strange(plan, looked, tools.root)
        if strange:
            left = undo.take_back(plan, before)
            raise InstallError(
                "npm installed something else than what was proved",
                why="; ".join([*strange, *(f"not as before: {each}" for each in left)]),
                fix="npm cache verify; npm config get registry",
            )


def _strange(plan: Plan, looked: Mapping[tuple[str, str], Found], root: Path) -> list[str]:
    """Return what npm's records have otherwise than it was proved, one text each."""
    strange = []
    planned = {change.place: change for change in plan.added}
    for record in (root / "node_modules" / ".package-lock.json", root / "package-lock.json"):
        if not record.is_file():
            continue
        entries = table(read_json(record).get("packages"))
        for place, change in planned.items():
            relative = _relative(place, root)
            entry = table(entries.get(relative))
            if not entry:
                strange.append(f"{record.name} has no {relative}")
                continue
            proved = looked[change.name, change.version]
            if entry.get("version") != proved.version or entry.get("integrity") != proved.integrity:
                strange.append(f"{record.name} has another digest of {change.name} {change.version}")
    if not (root / "node_modules" / ".package-lock.json").is_file():
        strange.append("npm left no record of what it installed")
    return strange


def _relative(place: Path, root: Path) -> str:
    for start in (root, root.resolve()):
        if place.is_relative_to(start):
            return place.relative_to(start).as_posix()
    return place.as_posix()


def _looked(plan: Plan, wanted: Sequence[Found], tools: Toolbox) -> dict[tuple[str, str], Found]:
    """Return what was looked into of each package of the plan, by name and version."""
    looked = {(each.name, each.version): each for each in wanted}
    queries = {
        (change.name, change.version): Query(name=change.name, wanted=change.version)
        for change in plan.added
        if (change.name, change.version) not in looked
    }
    answers = find(list(queries.values()), tools.search)
    return looked | {key: answers[query] for key, query in queries.items()}


def _refuse_faults(judged: Mapping[Change, Resolution]) -> None:
    for change, resolution in judged.items():
        # What only brings types, styles or programs has no entry, and is depended on all the same.
        faults = [line for line in resolution.evidence if "has no entry that can be imported" not in line]
        unproved = not (resolution.chosen and resolution.chosen.sha256)
        if unproved or (resolution.decision not in ("install", "ask") and faults):
            raise InstallError(
                f"cannot install {change.name} {change.version}, and nothing was installed",
                why="; ".join(resolution.evidence),
                fix=f"install a version without it, or leave out what needs {change.name}",
            )


def _agree(plan: Plan, judged: Mapping[Change, Resolution], wanted: Sequence[Found], tools: Toolbox) -> None:
    """Ask about what the plan takes away, and about dependencies that a person should look at."""
    names = " ".join(each.name for each in wanted)
    replaced = [f"{each.name} {each.before} by {each.version}" for each in plan.added if each.before]
    removed = [f"{each.name} {each.version}" for each in plan.removed]
    doubts = [line for each in judged.values() if each.decision == "ask" for line in each.evidence]
    if not (replaced or removed or doubts):
        return
    changes = [f"it replaces {each}" for each in replaced] + [f"it removes {each}" for each in removed]
    added = [f"adds {each.name} {each.version}" for each in plan.added if not each.before]
    question = Question(
        text=f"install {names} with what it needs ?",
        evidence=(*changes, *doubts, *added),
        fix=f"npm install --ignore-scripts {' '.join(f'{each.name}@{each.version}' for each in wanted)}",
    )
    if not tools.ask(question):
        raise PolicyRefused(f"not installed: {names}", why="; ".join([*changes, *doubts]))


def _installed(found: Found) -> Installed:
    return Installed(
        distribution=found.name, version=found.version, sha256=found.sha256, index=found.registry
    )

"""Install exactly what was proved, into the environment of the running interpreter.

First a plan says what would change: worked out from the proofs where that is
plain (`closure`), else by the dry run of the tool that installs. Every wheel of that plan which was not
proved is looked into like those that were; a fault in any of them refuses the
whole. A plan that takes something away, or needs what is fresh, is a question.
Then each distribution is pinned with the hash of the very bytes that were
looked into, and installed with `--require-hashes`, from wheels only; from the
files themselves where they all are here, so that no index is asked again.

Until that last step nothing has changed. Once it runs, who asks for its end
gets all of it, if it is done within `PATIENCE_SECONDS`, or nothing (`undo`).
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import sys
import sysconfig
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from .. import executor
from ..errors import Cancelled, InstallError, PolicyRefused, RunTimeout
from ..events import Installed, Progress
from ..executor.interrupts import noted
from ..imported import changed, stamps
from ..values import Candidate, Outcome, Question, Resolution
from . import backup, halfway, lock, undo
from .closure import NotPlainError, chosen_of, closure
from .installed import modules_of, places, versions
from .known import normal
from .query import Query
from .record import environment, ledger, recording
from .shadows import shadows
from .tool import Begin, Pip, Plan, Tool, Toolbox, Uv, reason, uv_path

PATIENCE_SECONDS = 4.0
ROUNDS = 3
_POLL_SECONDS = 0.05


def install(candidates: Sequence[Candidate], tools: Toolbox) -> list[Installed]:
    """Install `candidates`, which are proved, and what they depend on.

    Returns
    -------
    list of Installed
        Everything that was added, also emitted; empty if all was there.

    Raises
    ------
    InstallError
        It cannot be installed; the environment is as before, or the error
        says what is not.
    NeedsPerson, PolicyRefused
        The plan would replace something that is installed, or needs what is
        fresh, and nobody said yes.
    RunTimeout, Cancelled
        The time was up, or a person stopped it; `why` says what is installed.
    """
    _refuse_managed()
    _refuse_read_only()

    def tell(text: str) -> None:
        tools.emit(Progress(phase="install", text=text))

    seconds = 2 * tools.timeout + PATIENCE_SECONDS
    with lock.held(
        hold_seconds=seconds, tell=tell, cancel=tools.cancel, over=lambda: _clear_left(tools)
    ) as waited:
        if waited:
            importlib.invalidate_caches()
        return _install(candidates, tools)


def clear_left(tools: Toolbox) -> None:
    """Clear away what an install left half done that was killed, if none goes on.

    Raises
    ------
    InstallError, LedgerError, Cancelled
        It could not be done; the next install tries again.
    """
    if not lock.is_left():
        return

    def tell(text: str) -> None:
        tools.emit(Progress(phase="install", text=text))

    with lock.held(
        hold_seconds=tools.timeout, tell=tell, cancel=tools.cancel, over=lambda: _clear_left(tools)
    ):
        pass


def _clear_left(tools: Toolbox) -> None:
    if tools.store is None:
        return
    found = halfway.clear_left(ledger().rows(), environment()["prefix"], tools.store.wheels)
    if found:
        text = f"cleared away what a killed install had left half done: {', '.join(found)}"
        tools.emit(Progress(phase="install", text=text))
    importlib.invalidate_caches()


def _install(candidates: Sequence[Candidate], tools: Toolbox) -> list[Installed]:
    program = uv_path()
    tool: Tool = Uv(program, tools) if program else Pip(tools)
    plan, looked = _plain_plan(candidates, tools) or _planned(tool, candidates, tools)
    if not plan.added:
        return []
    _refuse_faults(plan, looked)
    _refuse_hidden(plan)
    _agree(plan, looked, candidates, tools)
    if tools.cancel and tools.cancel.is_set():
        raise Cancelled("the install was stopped", why="nothing was installed")
    before = stamps() if plan.removed or _touches_loaded(looked, tools) else {}
    installed = [_installed(name, version, looked[normal(name)]) for name, version in plan.added.items()]
    with recording(installed, plan.removed, tools) as record:

        def begin() -> None:
            record()
            for number, item in enumerate(installed, 1):
                text = f"installing {item.distribution} {item.version}"
                tools.emit(Progress(phase="install", text=text, number=number, total=len(installed)))

        is_late = _carry_out(tool, plan, looked, tools, begin)
    stale = changed(before)
    installed = [_with_changes(item, stale) for item in installed]
    for item in installed:
        tools.emit(item)
    if is_late:
        names = ", ".join(f"{item.distribution} {item.version}" for item in installed)
        raise Cancelled("stopped, after the install was done", why=f"installed: {names}")
    return installed


def _touches_loaded(looked: Mapping[str, Resolution | Candidate], tools: Toolbox) -> bool:
    """Whether a wheel brings anything by the name of a module that is loaded, as far as anybody knows."""
    if tools.store is None:
        return True
    insides = [tools.store.proof(chosen_of(found).sha256) for found in looked.values()]
    return any(inside is None or not sys.modules.keys().isdisjoint(inside.tops) for inside in insides)


def _plain_plan(
    candidates: Sequence[Candidate], tools: Toolbox
) -> tuple[Plan, dict[str, Resolution | Candidate]] | None:
    """Return the plan where no resolver is needed for it, or None."""
    if tools.store is None:
        return None
    try:
        chosen = closure(candidates, versions(), tools.store.proof, tools.look)
    except NotPlainError:
        return None
    added = {chosen_of(found).distribution: chosen_of(found).version for found in chosen.values()}
    return Plan(added=added), chosen


def _carry_out(
    tool: Tool, plan: Plan, looked: Mapping[str, Resolution | Candidate], tools: Toolbox, begin: Begin
) -> bool:
    """Install all of the plan or nothing; return whether a person asked too late for its end."""
    before: list[undo.Before] = []

    def note() -> None:
        watch()
        # A program takes milliseconds to start. What must be done before it changes anything is done
        # meanwhile: it is told what to install afterwards.
        before.append(undo.snapshot())
        begin()

    cancel = _Patient()
    requirements, places = _pinned(plan, looked), _places(plan, looked, tools)
    names = [text.partition(" ")[0] for text in plan.removed]
    # From here on a signal is a request, also while things are taken back: nothing ends halfway.
    with (
        noted(cancel),
        _forwarded(tools.cancel, cancel) as watch,
        backup.kept(names, tools.store.wheels.folder.parent if tools.store else None) as old,
    ):
        try:
            outcome = tool.apply(requirements, cancel, tools.timeout + PATIENCE_SECONDS, places, note)
        except BaseException:
            _take_back(plan, before, old)
            raise
        if not outcome.passed:
            raise _failed(outcome, _take_back(plan, before, old), tools)
        importlib.invalidate_caches()
    # Whoever has the run's own request sees it there; an interrupt only we have seen.
    return cancel.is_asked and not (tools.cancel and tools.cancel.is_set())


def _take_back(plan: Plan, before: Sequence[undo.Before], old: backup.Backup) -> list[str]:
    """Make the environment what it was `before`, if anything was begun; return what is not."""
    if not before:
        return []
    left = undo.take_back(plan.added, before[0])
    if not old.files:
        return left
    old.put_back()
    return undo.differences(plan.added, before[0])


def _places(plan: Plan, looked: Mapping[str, Resolution | Candidate], tools: Toolbox) -> list[Path]:
    """Return where the very wheels are that were looked into, if they all are here."""
    if tools.store is None:
        return []
    digests = [chosen_of(looked[normal(name)]).sha256 for name in plan.added]
    paths = [tools.store.wheels.path(digest) for digest in digests]
    return [path.parent for path in paths if path] if all(paths) else []


class _Patient(executor.Cancel):
    """Lets what is asked to stop go on for `PATIENCE_SECONDS`; asked twice, it stops at once."""

    def __init__(self) -> None:
        super().__init__()
        self._asked: list[float] = []

    @property
    def is_asked(self) -> bool:
        """Whether anybody asked."""
        return bool(self._asked)

    def set(self) -> None:
        """Ask for the end."""
        self._asked.append(time.monotonic())
        if len(self._asked) > 1:
            super().set()

    def look_at_the_clock(self) -> None:
        """Stop what was asked to stop long enough ago."""
        if self._asked and not self.is_set() and time.monotonic() - self._asked[0] > PATIENCE_SECONDS:
            super().set()


@contextlib.contextmanager
def _forwarded(asked: executor.Cancel | None, patient: _Patient) -> Iterator[Begin]:
    """Yield what begins to pass requests on to `patient`, and time to it, until the end of the block."""
    done = threading.Event()

    def watch() -> None:
        passed_on = 0
        while not done.wait(_POLL_SECONDS):
            wanted = 0 if asked is None else int(asked.is_set()) + int(asked.is_urgent())
            for _ in range(wanted - passed_on):
                patient.set()
            passed_on = max(passed_on, wanted)
            patient.look_at_the_clock()

    watcher = threading.Thread(target=watch, name="autoexec-install-watch", daemon=True)
    try:
        yield watcher.start
    finally:
        done.set()  # it ends by itself; to wait for that takes milliseconds where the machine is busy


def _planned(
    tool: Tool, candidates: Sequence[Candidate], tools: Toolbox
) -> tuple[Plan, dict[str, Resolution | Candidate]]:
    """Return the plan, and what was looked into of each distribution in it, by normal name.

    A dependency that is fresh, or that another index would serve, is asked for
    in the version that the finder chooses, if what needs it takes that one.
    """
    pins = {normal(each.distribution): f"{each.distribution}=={each.version}" for each in candidates}
    looked: dict[str, Resolution | Candidate] = {}
    plan = tool.plan(list(pins.values()))
    for _ in range(ROUNDS):
        looked = _looked(plan, candidates, tools)
        better = _better([name for name in plan.added if _is_doubtful(looked[normal(name)])], pins, tools)
        if not better:
            break
        pins |= better
        try:
            plan = tool.plan(list(pins.values()))
        except InstallError:
            break  # what needs it takes no other version: then it is a question
    return plan, looked


def _looked(plan: Plan, candidates: Sequence[Candidate], tools: Toolbox) -> dict[str, Resolution | Candidate]:
    """Return what was looked into of each distribution of the plan, by normal name."""
    proved = {normal(each.distribution): each for each in candidates}
    queries = {
        normal(name): Query(distribution=name, specifier=f"=={version}")
        for name, version in plan.added.items()
        if normal(name) not in proved or proved[normal(name)].version != version
    }
    answers = tools.look(list(queries.values())) if queries else {}
    missing = Resolution(module="", cls="third-party", decision="refuse", evidence=("nobody looked into it",))
    return {
        **{name: each for name, each in proved.items() if name not in queries},
        **{name: answers.get(query, missing) for name, query in queries.items()},
    }


def _is_doubtful(found: Resolution | Candidate) -> bool:
    return isinstance(found, Resolution) and found.decision == "ask"


def _better(names: Sequence[str], pins: Mapping[str, str], tools: Toolbox) -> dict[str, str]:
    """Return pins for versions of `names` that need no question."""
    queries = {normal(name): Query(distribution=name) for name in names if normal(name) not in pins}
    answers = tools.look(list(queries.values())) if queries else {}
    better = {}
    for name, query in queries.items():
        found = answers.get(query)
        if found and found.decision == "install" and found.chosen:
            better[name] = f"{name}=={found.chosen.version}"
    return better


def _refuse_faults(plan: Plan, looked: Mapping[str, Resolution | Candidate]) -> None:
    for name, version in plan.added.items():
        found = looked[normal(name)]
        if isinstance(found, Candidate):
            continue
        if found.decision not in ("install", "ask") or not (found.chosen and found.chosen.sha256):
            raise InstallError(
                f"cannot install {name} {version}, and nothing was installed",
                why="; ".join(found.evidence),
                fix=f"install a version without it, or leave out what needs {name}",
            )


def _refuse_hidden(plan: Plan) -> None:
    """Refuse what Python would not find, for another version stands before it."""
    for text, folder in shadows(plan.added).hiding.items():
        name = text.partition(" ")[0]
        raise InstallError(
            f"{name} {plan.added[name]} would not be found, and nothing was installed",
            why=f"{text} in {folder} comes before it",
            fix=f"take that one out: {sys.executable} -m pip uninstall {name}; or set PYTHONNOUSERSITE=1",
        )


def _agree(
    plan: Plan, looked: Mapping[str, Resolution | Candidate], candidates: Sequence[Candidate], tools: Toolbox
) -> None:
    """Ask about what the plan takes away, and about dependencies that are fresh."""
    wanted = " ".join(candidate.distribution for candidate in candidates)
    gone = [*plan.removed, *(text for text in shadows(plan.added).hidden if text not in plan.removed)]
    names = ", ".join(gone)
    in_use = [text for text in gone if _imported(text.partition(" ")[0])]
    doubts = [f"{text} is imported in this kernel, which must be restarted then" for text in in_use]
    doubts += [
        line
        for found in looked.values()
        if isinstance(found, Resolution) and found.decision == "ask"
        for line in found.evidence
    ]
    if not names and not doubts:
        return
    what = (
        f"install {wanted}, which replaces {names} ?" if names else f"install {wanted} with what it needs ?"
    )
    question = Question(
        text=what,
        evidence=(*doubts, *(f"adds {name} {version}" for name, version in plan.added.items())),
        fix=f"%autoexec install {_typed(gone, candidates)} --yes",
    )
    if not tools.ask(question):
        why = f"it would replace {names}" if names else "; ".join(doubts)
        raise PolicyRefused(f"not installed: {wanted}", why=why)


def _typed(gone: Sequence[str], candidates: Sequence[Candidate]) -> str:
    """Return what to type for `candidates`: the version, too, where another one is there already."""
    there = {normal(text.partition(" ")[0]) for text in gone}
    return " ".join(
        f"{each.distribution}=={each.version}" if normal(each.distribution) in there else each.distribution
        for each in candidates
    )


def _evidence(found: Resolution | Candidate) -> tuple[str, ...]:
    return (found.why,) if isinstance(found, Candidate) else found.evidence


def _installed(name: str, version: str, found: Resolution | Candidate) -> Installed:
    candidate = chosen_of(found)
    return Installed(
        distribution=candidate.distribution if isinstance(found, Candidate) else name,
        version=version,
        sha256=candidate.sha256,
        index=candidate.index,
        evidence=_evidence(found),
    )


def _with_changes(item: Installed, stale: Sequence[str]) -> Installed:
    modules = modules_of(item.distribution) if stale else ()
    return replace(item, changed=tuple(module for module in stale if module in modules))


def _pinned(plan: Plan, looked: Mapping[str, Resolution | Candidate]) -> str:
    """Return the plan as a requirements file, each line with the hash of what was looked into."""
    pins = ((name, version, chosen_of(looked[normal(name)]).sha256) for name, version in plan.added.items())
    return "".join(f"{name}=={version} --hash=sha256:{digest}\n" for name, version, digest in pins)


def _failed(outcome: Outcome, left: Sequence[str], tools: Toolbox) -> InstallError | RunTimeout | Cancelled:
    """Return what to raise; `left` is what could not be taken back."""
    why, fix = "nothing was installed", "%autoexec doctor"
    if left:
        why = f"not as before: {', '.join(left)}"
        fix = "%autoexec install " + " ".join(text.replace(" ", "==") for text in left)
    if outcome.ended == "cancelled":
        return Cancelled("the install was stopped", why=why, fix=fix if left else "")
    if outcome.ended == "timed-out":
        limit = f"the install took longer than {tools.timeout:g} s"
        return RunTimeout(
            limit, why=why, fix=fix if left else "try again, or see if the index answers: %autoexec config"
        )
    said = reason(outcome, tools.sources)
    if os.strerror(errno.ENOSPC) in said and not left:
        fix = "make room on that disk, and try again"
    return InstallError("the install did not succeed", why=f"{said}; {why}" if left else said, fix=fix)


def _imported(name: str) -> list[str]:
    """Return which modules of an installed distribution are imported here."""
    return [module for module in modules_of(name) if module in sys.modules]


def _refuse_read_only() -> None:
    """Refuse an environment in which nothing can be written, before anything begins."""
    for place in dict.fromkeys((places().purelib, places().platlib)):
        if not os.access(place, os.W_OK):
            raise InstallError(
                "nothing can be installed into this Python",
                why=f"{place} cannot be written by you",
                fix="python3 -m venv .venv, and use its kernel",
            )


def _refuse_managed() -> None:
    """Refuse a system Python that its distribution manages (PEP 668)."""
    is_virtual = sys.prefix != sys.base_prefix
    if not is_virtual and (Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED").exists():
        raise InstallError(
            "nothing is installed into this Python",
            why=f"{sys.prefix} is managed by the operating system (PEP 668)",
            fix="python3 -m venv .venv, and use its kernel",
        )

"""`%%autoexec test`: the tests in a cell, run in the kernel and on the record.

What tests write where pytest captures nothing (`-s`) is shown in the cell as
ever, and copied to the record as that of a marked cell is (`tee.Writer`).
"""

from __future__ import annotations

import hashlib
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from .. import onrecord
from ..config import data_dir
from ..errors import AutoexecError, Cancelled, CasesFailed, RunTimeout
from ..events import (
    CaseFinished,
    CasesCollected,
    CaseStarted,
    Emit,
    Event,
    Output,
    PhaseFinished,
    PhaseStarted,
    RunFinished,
    RunStarted,
)
from ..heads import with_head
from ..history import fan_out
from ..onrecord import Caller
from ..orchestrator import PhaseReport, Report, counted
from ..redact import one_line
from ..testrunner import EXIT_CODES, TIMED_OUT, Case, Told, incell
from ..values import Stream, Verdict
from . import front
from .limit import TimeLimit
from .tee import Writer

Tells = Callable[[Case], Event]  #: makes of a case that is over what is told of it
Ends = Callable[[Sequence[Case]], Event | None]  #: … and of all of them, if anything

_FIRST = re.compile(r"^[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+(test\w*|Test\w*)", re.MULTILINE)
_TITLE = "cell"  #: what stands for a file in ids and tracebacks
_MARK_LINES = 1  # `%%autoexec test` itself
_MESSAGE_CHARS = 500
_ENDS: Mapping[str, object] = MappingProxyType({"exit": sys.exit, "quit": sys.exit})
# What pytest itself has to say is asked for with these; else each case is told, and that is all.
_TALKS = (
    *("-v", "--verbose", "-r", "--durations", "--collect-only", "--co", "--fixtures", "--funcargs"),
    *("--setup-", "--markers", "--cache-show", "--trace-config", "--help", "-h", "--version", "-V"),
)
_LISTS = ("--collect-only", "--co", "--fixtures", "--fixtures-per-test", "--funcargs", "--setup-plan")
_LOOK = "see what pytest wrote: run the cell with -v"
_FIXES = {
    3: "%autoexec sh python -m pytest --version, and try -p no:PLUGIN with the plugin it names",
    5: "name a function test_…, or a class Test…; or leave out -k and -m",
}


def plain(case: Case) -> CaseFinished:
    """Return what is told of a case: how it ended, and in one line why."""
    message = one_line(case.message)[:_MESSAGE_CHARS]
    return CaseFinished(nodeid=case.key, verdict=case.verdict, seconds=case.seconds or 0.0, message=message)


def is_timed_out(case: Case) -> bool:
    """Whether the time of all tests was over while this one ran."""
    return any(problem.type == TIMED_OUT for problem in case.said.problems)


def nothing(cases: Sequence[Case]) -> None:
    """Tell nothing of all of them."""


def run(
    shell: Any,
    source: str,
    words: Sequence[str],
    caller: Caller,
    *,
    doctests: Sequence[str] | None = None,
    timeout: float | None = None,
    tells: Tells = plain,
    ends: Ends = nothing,
) -> Report:
    """Run the tests in a cell on the record, and return how they ended.

    Parameters
    ----------
    shell : InteractiveShell
        Whose names the tests see.
    source : str
        The cell below its first line.
    words : sequence of str
        pytest's own options, and ids of the cell's tests.
    caller : Caller
        Who watches; `emit` gets each event while the tests run.
    doctests : sequence of str, optional
        As in `incell.run`.
    timeout : float, optional
        Seconds, for all of them; by default the setting's.
    tells : callable, optional
        Makes the event of a case that is over.
    ends : callable, optional
        Makes the event, if any, of all of them.

    Raises
    ------
    CasesFailed
        Not all passed; `report` has the cases, as in every error that is raised here.
    RunTimeout, Cancelled
        The time is up, or a person interrupted it.
    MissingTool, UsageError
        As `incell.run` says.
    """
    caller = replace(caller, cwd=caller.cwd or _folder())
    loaded, _ = onrecord.surroundings(caller)
    named = _FIRST.search(source)
    title = named[1] if named else "the tests of a cell"
    with onrecord.recorded("test", title, "none", caller, loaded.workspace) as recorder:
        run_id = recorder.run_id if recorder else ""
        if recorder is not None and caller.on_record is not None:
            caller.on_record(run_id)
        kept = with_head(onrecord.cleaning(fan_out(*[recorder.emit] if recorder else [])))
        writer = Writer(kept, int(loaded.config.keep_mb * 2**20))
        one = _Run(writer=writer, shown=onrecord.cleaning(fan_out(*[caller.emit] if caller.emit else [])))
        limit = TimeLimit(timeout or loaded.config.timeout or None)
        try:
            one.emit(RunStarted(verb="test", title=title, cage="none"))
            one.emit(PhaseStarted(phase="test"))
            error = one.once(shell, source, words, doctests=doctests, limit=limit, tells=tells)
            if one.told.all:
                one.emit(counted(one.told.all))
            if (last := ends(one.told.all)) is not None:
                one.emit(last)
            report = one.report(run_id, error)
            one.emit(PhaseFinished(phase="test", verdict=report.verdict, seconds=report.seconds))
            why, fix = (error.why or error.what, error.fix) if error else ("", "")
            one.emit(RunFinished(verdict=report.verdict, seconds=report.seconds, why=why, fix=fix))
        finally:
            writer.close()
    if error is not None:
        onrecord.clean_error(error)
        error.report = report
        raise error
    return report


@dataclass(slots=True)
class _Run:
    """One run: who is told of it, and what came of it."""

    writer: Writer
    shown: Emit
    started: float = field(default_factory=time.monotonic)
    told: Told = field(default_factory=lambda: Told(cases=()))

    def emit(self, event: Event) -> None:
        """Write an event down and show it."""
        self.writer.put(event)
        self.shown(event)

    def once(
        self,
        shell: Any,
        source: str,
        words: Sequence[str],
        *,
        doctests: Sequence[str] | None,
        limit: TimeLimit,
        tells: Tells,
    ) -> AutoexecError | Cancelled | None:
        """Run the tests and return what kept them from passing."""
        blank = _blank(source)
        text = _python(shell, "".join(source.splitlines(keepends=True)[blank:]))
        talks = any(word.startswith(_TALKS) for word in words)
        try:
            with limit:
                self.told = incell.run(
                    text,
                    shell.user_ns,
                    arguments=words if talks else ("--no-summary", *words),
                    title=_TITLE,
                    first_line=1 + _MARK_LINES + blank,
                    doctests=doctests,
                    memory=_memory(shell, source),
                    instead=_ENDS,
                    on_count=lambda ids: self.emit(CasesCollected(count=len(ids))),
                    on_start=lambda nodeid: self.emit(CaseStarted(nodeid=nodeid)),
                    on_case=lambda case: self.emit(tells(case)),
                    on_text=lambda voice, words: self.hear(voice, words, is_shown=talks),
                    late=lambda: self.how_late() if limit.has_expired else "",
                )
        except (Cancelled, KeyboardInterrupt) as stopped:
            if isinstance(stopped, Cancelled) and isinstance(stopped.report, Told):
                self.told = stopped.report
            if limit.has_expired:
                return self.late()
            return stopped if isinstance(stopped, Cancelled) else Cancelled("the tests were stopped")
        except AutoexecError as error:
            return error
        lists = any(word in _LISTS for word in words)
        return self.late() if limit.has_expired else fault(self.told, lists=lists)

    def hear(self, voice: incell.Voice, text: str, *, is_shown: bool) -> None:
        """Show and keep what tests wrote; what pytest did only where somebody wants to read it."""
        if voice == "pytest" and not is_shown:
            return
        stream: Stream = "stderr" if voice == "stderr" else "stdout"
        self.writer.write(stream, text)
        self.shown(Output(phase="run", stream=stream, text=text))

    def late(self) -> RunTimeout:
        """Return the time limit as an error."""
        seconds = time.monotonic() - self.started
        ran = next((case.key for case in self.told.all if is_timed_out(case)), "")
        where = f" while {ran} ran" if ran else ""
        done = sum(case.verdict != "not-run" and case.key != ran for case in self.told.cases)
        why = f"their time limit was hit; {done:,} of {self.told.collected:,} tests had ended"
        return RunTimeout(
            f"the tests were ended after {seconds:.1f} s{where}",
            why=why if self.told.collected else "their time limit was hit",
            fix="raise --timeout SECONDS",
        )

    def how_late(self) -> str:
        """Return the time limit in words about the test that ran."""
        seconds = time.monotonic() - self.started
        return f"the run's time was over after {seconds:.1f} s, while it ran"

    def report(self, run_id: str, error: AutoexecError | Cancelled | None) -> Report:
        """Return how it ended."""
        seconds = time.monotonic() - self.started
        verdict = Verdict.PASSED if error is None else Verdict(error.verdict)
        phase = PhaseReport(phase="test", verdict=verdict, seconds=seconds, cases=self.told.all, error=error)
        return Report(
            verb="test", verdict=verdict, seconds=seconds, run_id=run_id, phases=(phase,), error=error
        )


def fault(told: Told, *, lists: bool = False) -> CasesFailed | None:
    """Return why tests of a cell did not pass, or None.

    What did not run has not passed, whatever pytest ended with; with `lists`
    nothing was to run.
    """
    bad = [case for case in told.all if case.is_bad]
    why = f"{bad[0].key}: {one_line(bad[0].message)[:_MESSAGE_CHARS]}" if bad else ""
    if told.faults:
        return CasesFailed("the tests did not run to their end", why=told.faults[0], fix=_FIXES[3])
    if told.unread and bad:
        spots = [each.spot for each in bad[0].said.problems if each.spot and each.spot.file == _TITLE]
        line = spots[0].line if spots else 0
        fix = f"mend line {line} of the cell" if line else "mend the cell"
        return CasesFailed("the cell could not be collected", why=why, fix=fix)
    if bad:
        done = sum(case.verdict != "not-run" for case in told.cases)
        what = f"{len(bad):,} of {done:,} tests did not pass"
        return CasesFailed(what, why=why, fix="mend it, and run the cell with --lf: what failed, again")
    if told.exit in EXIT_CODES and not (told.exit == 5 and told.unread):
        what = EXIT_CODES[told.exit]
        fix = _FIXES.get(told.exit, _LOOK)
        return CasesFailed(what, why=f"pytest ended with {told.exit}", fix=fix)
    if told.missing and told.exit == 0 and not lists:
        what = f"{told.missing:,} tests were collected and did not run"
        return CasesFailed(what, why="what did not run has not passed", fix=_LOOK)
    if told.exit and told.exit not in EXIT_CODES:
        return CasesFailed(f"pytest ended with exit code {told.exit}", why="a plugin's own", fix=_LOOK)
    return None


def _blank(source: str) -> int:
    """Return how many lines without anything come first: IPython takes them away."""
    lines = source.splitlines()
    return next((at for at, line in enumerate(lines) if line.strip()), len(lines))


def _python(shell: Any, source: str) -> str:
    """Return a cell as Python: lines with `%` and `!` are calls; what cannot be read is left to pytest."""
    try:
        return str(shell.transform_cell(source))
    except SyntaxError:
        return source


def _memory(shell: Any, source: str) -> Path:
    """Return the folder for what pytest remembers of this cell.

    A cell is known by the notebook's own id of it; where nobody says one, by
    what it defines, so that it stays itself when a body is edited.
    """
    names = [
        line.split("(")[0] for line in source.splitlines() if line.startswith(("def ", "class ", "async "))
    ]
    which = front.cell_of(shell) or "\n".join(names)
    words = "\n".join((front.notebook_of(shell) or front.kernel_of(shell), which))
    return data_dir() / "cache" / "cells" / hashlib.sha256(words.encode()).hexdigest()[:16]


def _folder() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path.home()

"""One marked cell, from before its first statement to its end: healed, timed, recorded, explained."""

from __future__ import annotations

import argparse
import asyncio
import bdb
import contextlib
import dataclasses
import os
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .. import api, diagnosis, onrecord
from ..errors import AutoexecError, Cancelled, NeedsPerson, RunTimeout
from ..events import Diagnosed, PhaseFinished, PhaseStarted, RunFinished, RunStarted
from ..heads import with_head
from ..history import fan_out
from ..installer.importing import Written
from ..orchestrator import Healing, PhaseReport, Plan
from ..redact import cleaned, secrets_in
from ..sizes import more_than
from ..values import Action, Diagnosis, Verdict
from . import card, situation, tee, text
from .calling import caller_of, write
from .folded import Folded, printable
from .limit import TimeLimit
from .meant import fixing_of
from .resuming import Resuming
from .tee import Tee, Writer
from .verbs import MARK

_INTERRUPTS = (KeyboardInterrupt, asyncio.CancelledError)


class Marked:
    """One marked cell, from before its first statement to its end."""

    def __init__(
        self,
        shell: Any,
        info: Any,
        options: argparse.Namespace,
        names: dict[str, str],
        ids: dict[str, str],
    ) -> None:
        self._shell = shell
        self._names = names
        self._ids = ids
        self._folded = Folded(shell, names)
        self.source = info.raw_cell
        self._info = info
        self.options = options
        self._started = self._phase_started = time.monotonic()
        self._healing: PhaseReport | None = None
        self._heals: Resuming | None = None
        self._stack = contextlib.ExitStack()
        self.has_begun = False
        self.found: Diagnosis | None = None  # why it failed, once it has
        self.caller = dataclasses.replace(caller_of(shell), cwd=_folder())
        loaded, self._here = onrecord.surroundings(self.caller, yes=options.yes)
        self._config = loaded.config
        seconds = options.timeout or self._config.timeout or None
        self._limit = TimeLimit(seconds, on_stuck=self._say_stuck)
        lines = [line.strip() for line in info.raw_cell.splitlines() if line.strip()]
        rest = lines[1:] if lines[0].split()[0] == MARK else lines
        self._title = rest[0] if rest else MARK
        recorder = self._stack.enter_context(
            onrecord.recorded("cell", self._title, "none", self.caller, loaded.workspace)
        )
        self._recorder = recorder
        sinks = [recorder.emit] if recorder else []
        emit = with_head(onrecord.cleaning(fan_out(*sinks)))
        self._writer = Writer(emit, int(self._config.keep_mb * 2**20))
        self._tee = Tee(shell, self._writer)
        self._tee.start()
        self._writer.put(RunStarted(verb="cell", title=self._title, cage="none"))

    def begin(self) -> AutoexecError | Cancelled | None:
        """Heal, and start the clock; return what keeps the cell from running."""
        self.has_begun = True
        if self._config.install and not self.options.no_install:
            healing = self._begin_healing()
            self._healing = self._heal(healing)
        if self._healing is not None and self._healing.error is not None:
            onrecord.clean_error(self._healing.error)
            return self._healing.error
        if self._heals is not None:
            self._heals.put_on()
        self._phase_started = time.monotonic()
        self._writer.put(PhaseStarted(phase="run"))
        self._show_limit()
        self._limit.start()
        return None

    async def run(self, run_code: Callable[..., Any], code: Any, result: Any, *, async_: bool) -> Any:
        """Run a statement; one that lacks something that can be had is healed."""
        if self._heals is None:
            failed = await run_code(code, result, async_=async_)
        else:
            failed = await self._heals.run(run_code, code, result, async_=async_)
        if failed and result.error_in_exec is not None:  # whose text is asked for by who keeps and tells it
            result.error_in_exec = printable(result.error_in_exec)
        return failed

    def late(self) -> RunTimeout | None:
        """Return the time limit as an error, if it is over.

        Whatever the statement made of the interrupt: a command that it was
        waiting for says cancelled, `!command` says nothing, and user code may
        have swallowed it.
        """
        if not self._limit.has_expired:
            return None
        seconds = time.monotonic() - self._phase_started
        return RunTimeout(
            f"the cell was ended after {seconds:.1f} s",
            why="its time limit was hit",
            fix="raise --timeout SECONDS",
        )

    def _show_limit(self) -> None:
        """Let the limit be shown as what it is, wherever in the cell its interrupt comes up."""
        shell = self._shell
        show = shell.showtraceback

        def shown(*args: Any, **kwargs: Any) -> None:
            error = self.late()
            _take_ours_out(args[0][2] if args and args[0] else sys.exc_info()[2])
            if error is None:
                self._folded.show(show, *args, **kwargs)
            else:
                show((type(error), error, None), running_compiled_code=True)

        shell.showtraceback = shown
        self._stack.callback(setattr, shell, "showtraceback", show)

    def finish(self, error: BaseException | None) -> None:
        """Put everything back, say what failed, and close the record."""
        self._limit.stop()
        self._tee.stop()
        error = self.late() or error
        verdict = self._verdict(error)
        self.found = found = self._diagnosed(error) if error is not None else None
        if found is not None:
            found = card.placed(found, self._ids)
            self._writer.put(Diagnosed(diagnosis=found))
            if not isinstance(
                error, AutoexecError | Cancelled | bdb.BdbQuit
            ):  # ours say it, a person left it
                said, whole = str(error), self._folded.whole
                card.show(self._shell, found, said=said, whole=whole, on_fix=self._on_fix(found))
        if self.has_begun and (self._healing is None or self._healing.error is None):
            seconds = time.monotonic() - self._phase_started
            self._writer.put(PhaseFinished(phase="run", verdict=verdict, seconds=seconds))
        why, fix = (found.why, found.fix) if found else ("", "")
        seconds = time.monotonic() - self._started
        self._writer.put(RunFinished(verdict=verdict, seconds=seconds, why=why, fix=fix))
        self._writer.close()
        self._stack.close()

    def _on_fix(self, found: Diagnosis) -> Callable[[], None] | None:
        """Return what a click on the fix does, where it can be carried out."""
        if found.action is None or fixing_of(self.options) is not None:  # the line has it done already
            return None

        def fix() -> None:
            from .fixing_cell import Broken, on_fix  # which few cells need

            on_fix(self._shell, Broken(raw=self.source, found=found, options=self.options))

        return fix

    def _begin_healing(self) -> Healing:
        here = self._here
        if self._recorder is not None:
            here = dataclasses.replace(here, run_id=self._recorder.run_id, place=self.caller.place)
        emit = fan_out(self._writer.put, text.show(write))
        plan = Plan(verb="cell", title=self._title, phases=())
        healing = Healing(plan, emit, here, person=self.caller.ask)
        written = Written(self._names, (here.cwd, here.workspace), self._shell.user_ns)
        self._heals = Resuming(self._shell, healing, written, lambda line: write("stdout", f"{line}\n"))
        self._stack.callback(self._heals.take_off)
        return healing

    def _heal(self, healing: Healing) -> PhaseReport | None:
        """Install what the cell is seen to need, before its first statement."""
        source = getattr(self._info, "transformed_cell", None) or self._shell.transform_cell(
            self._info.raw_cell
        )
        if "import" in source:
            healing.tidy()
        needs = api.needs_of(source, self.caller)
        return healing.heal(needs) if needs else None

    def _verdict(self, error: BaseException | None) -> Verdict:
        if error is None:
            return Verdict.PASSED if self.has_begun else Verdict.SKIPPED
        if isinstance(error, AutoexecError | Cancelled):
            return Verdict(error.verdict)
        if isinstance(error, _INTERRUPTS):
            return Verdict.CANCELLED
        reason = self._heals.reason(error) if self._heals else None
        if reason is not None:
            return Verdict(reason.verdict)
        resolution = self._heals.resolution(error) if self._heals else None
        is_asked = resolution is not None and resolution.decision in ("ask", "refuse")
        return Verdict.ASKED if is_asked else Verdict.FAILED

    def _diagnosed(self, error: BaseException) -> Diagnosis:
        if isinstance(error, AutoexecError | Cancelled):
            why, action = _in_one_line(error), None
            if isinstance(error, RunTimeout) and self._limit.has_expired:
                seconds = more_than(self.options.timeout or self._config.timeout)
                action = Action(kind="limit", values=("--timeout", f"{seconds:g}"))
            return Diagnosis(code=error.code, why=why, fix=error.fix, confidence="certain", action=action)
        found = diagnosis.diagnose_exception(
            error,
            is_user_frame=lambda name: name in self._names,
            around=situation.around(
                self._shell, error, timeout=self.options.timeout or self._config.timeout or 0.0
            ),
        )
        file, colon, line = found.where.rpartition(":")
        found = dataclasses.replace(found, where=f"{self._names.get(file, file)}{colon}{line}")
        return cleaned(self._by_healing(found, error), secrets_in(os.environ))

    def _by_healing(self, found: Diagnosis, error: BaseException) -> Diagnosis:
        """Return a diagnosis with what was found out when it was to be healed, where it was."""
        reason = self._heals.reason(error) if self._heals else None
        if reason is not None:
            is_evidence = isinstance(reason, NeedsPerson) and reason.why
            why = reason.why if is_evidence else _in_one_line(reason)
            return dataclasses.replace(found, why=why, fix=reason.fix)
        resolution = self._heals.resolution(error) if self._heals else None
        if resolution is not None:
            why = found.why if resolution.cls == "alias" else "; ".join(resolution.evidence)
            return dataclasses.replace(found, why=why, fix=resolution.fix)
        return found

    def _say_stuck(self) -> None:
        what = "still busy after its time limit, in code that does not return to Python"
        note = f"autoexec: {what}; restart the kernel\n"
        sys.stderr.write(note)  # recorded like everything else the cell writes


def _in_one_line(error: AutoexecError | Cancelled) -> str:
    return f"{error.what}: {error.why}" if error.why else error.what


def _folder() -> Path:
    """Return the working directory; where that is gone, a cell may still be run to leave it."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path.home()


def _take_ours_out(trace: types.TracebackType | None) -> None:
    """Take the frames that record what the cell writes out of a traceback."""
    while trace is not None and trace.tb_next is not None:
        if trace.tb_next.tb_frame.f_code.co_filename == tee.__file__:
            trace.tb_next = None  # what it calls is not the cell's either
        else:
            trace = trace.tb_next

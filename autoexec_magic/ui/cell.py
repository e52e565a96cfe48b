"""A `%%autoexec` cell without a verb is an ordinary cell, made importable first.

It is no nested `run_cell`: a pure input transformer takes the first line off
(`check_complete` calls it, too, so it does nothing else), and the cell then
runs as IPython runs any cell, with top-level `await`, `display`, `_`, history,
debugger and tracebacks as ever.

What is missing is installed when the first statement is about to run, not in
`pre_run_cell` as the design page says: by then the cell has been parsed (one
that does not parse installs nothing and shows Python's own message), nothing
of it has run, and what goes wrong can end the cell like any other error, where
IPython would only print the failure of a `pre_run_cell` callback and go on.

`shell.run_code` is wrapped for this and for the time limit. Each cell is known
by its `ExecutionInfo`, so a cell that runs another one inside stays itself.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import os
import sys
import time
import types
from collections.abc import Callable
from typing import Any

from .. import api, diagnosis, orchestrator
from ..errors import AutoexecError, Cancelled, RunTimeout, UsageError
from ..events import Diagnosed, PhaseFinished, PhaseStarted, RunFinished, RunStarted
from ..history import fan_out
from ..orchestrator import Heal, PhaseReport, Plan
from ..redact import cleaned, secrets_in
from ..values import Diagnosis, Verdict
from . import front, text, verbs
from .limit import TimeLimit
from .tee import Tee, Writer

MARK = "%%autoexec"
_INTERRUPTS = (KeyboardInterrupt, asyncio.CancelledError)


def take_mark_off(lines: list[str]) -> list[str]:
    r"""Return a cell's lines without the mark; pure.

    A comment takes the mark's place, so that line numbers in tracebacks are
    those of the cell; where another cell magic follows, the mark is gone.

    Examples
    --------
    >>> take_mark_off(["%%autoexec --timeout 5\n", "print(1)\n"])
    ['#\n', 'print(1)\n']
    >>> take_mark_off(["%%autoexec\n", "%%time\n", "print(1)\n"])
    ['%%time\n', 'print(1)\n']
    """
    first = next((index for index, line in enumerate(lines) if line.strip()), None)
    if first is None or options_of(lines[first]) is None:
        return lines
    body = lines[first + 1 :]
    following = next((line for line in body if line.strip()), "")
    return body if following.lstrip().startswith("%%") else [*lines[:first], "#\n", *body]


def options_of(line: str) -> argparse.Namespace | None:
    """Return the options of a marked line; None if it is none, has a verb, or is wrong."""
    words = line.split(maxsplit=1)
    if not words or words[0] != MARK:
        return None
    try:
        return verbs.cell_options(words[1] if len(words) > 1 else "")
    except UsageError:
        return None  # left to the magic, which says what is wrong


class Cells:
    """The hooks in one shell."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._running: dict[int, _Cell] = {}
        self._run_code: Any = None

    def load(self) -> None:
        """Set the hooks."""
        shell = self._shell
        shell.input_transformers_cleanup.insert(0, take_mark_off)
        shell.events.register("pre_run_cell", self._before)
        shell.events.register("post_run_cell", self._after)
        self._run_code = shell.run_code
        shell.run_code = types.MethodType(self._wrapped(), shell)

    def unload(self) -> None:
        """Take the hooks out again."""
        shell = self._shell
        with contextlib.suppress(ValueError):
            shell.input_transformers_cleanup.remove(take_mark_off)
        shell.events.unregister("pre_run_cell", self._before)
        shell.events.unregister("post_run_cell", self._after)
        shell.run_code = self._run_code

    def _before(self, info: Any) -> None:
        first = next((line for line in (info.raw_cell or "").splitlines() if line.strip()), "")
        options = options_of(first)
        if options is not None:
            self._running[id(info)] = _Cell(self._shell, info, options)

    def _after(self, result: Any) -> None:
        cell = self._running.pop(id(getattr(result, "info", None)), None)
        if cell is not None:
            cell.finish(result)

    def _wrapped(self) -> Callable[..., Any]:
        run_code = self._run_code

        async def run_code_of_cell(
            shell: Any, code_obj: Any, result: Any = None, *, async_: bool = False
        ) -> Any:
            cell = self._running.get(id(result.info)) if result is not None else None
            if cell is None:
                return await run_code(code_obj, result, async_=async_)
            if not cell.has_begun:
                stopped = cell.begin()
                if stopped is not None:
                    return _fail(shell, result, stopped)
            if not cell.has_limit:
                return await run_code(code_obj, result, async_=async_)
            with _held(shell) as held:
                failed = await run_code(code_obj, result, async_=async_)
            late = cell.late(result.error_in_exec)
            if late is not None:
                return _fail(shell, result, late)
            held()
            return failed

        return run_code_of_cell


class _Cell:
    """One marked cell, from before its first statement to its end."""

    def __init__(self, shell: Any, info: Any, options: argparse.Namespace) -> None:
        self._shell = shell
        self._info = info
        self._options = options
        self._started = self._phase_started = time.monotonic()
        self._healing: PhaseReport | None = None
        self._stack = contextlib.ExitStack()
        self.has_begun = False
        self.caller = caller_of(shell)
        loaded, self._here = api.surroundings(self.caller, yes=options.yes)
        self._config = loaded.config
        seconds = options.timeout or self._config.timeout or None
        self.has_limit = seconds is not None
        self._limit = TimeLimit(seconds, on_stuck=self._say_stuck)
        title = next((line.strip() for line in info.raw_cell.splitlines()[1:] if line.strip()), MARK)
        self._title = title
        recorder = self._stack.enter_context(
            api.recorded("cell", self._title, "none", self.caller, loaded.workspace)
        )
        self._recorder = recorder
        sinks = [recorder.emit] if recorder else []
        self._writer = Writer(api.cleaning(fan_out(*sinks)), int(self._config.keep_mb * 2**20))
        self._tee = Tee(shell, self._writer)
        self._tee.start()
        self._writer.put(RunStarted(verb="cell", title=self._title, cage="none"))

    def begin(self) -> AutoexecError | Cancelled | None:
        """Heal, and start the clock; return what keeps the cell from running."""
        self.has_begun = True
        if self._config.install and not self._options.no_install:
            self._healing = self._heal()
        if self._healing is not None and self._healing.error is not None:
            return self._healing.error
        self._phase_started = time.monotonic()
        self._writer.put(PhaseStarted(phase="run"))
        self._limit.start()
        return None

    def late(self, error: BaseException | None) -> RunTimeout | None:
        """Return the time limit as an error, if it is what ended the statement."""
        if not self._limit.has_expired or not isinstance(error, _INTERRUPTS):
            return None
        seconds = time.monotonic() - self._phase_started
        return RunTimeout(
            f"the cell was ended after {seconds:.1f} s",
            why="its time limit was hit",
            fix="raise --timeout SECONDS",
        )

    def finish(self, result: Any) -> None:
        """Put everything back, say what failed, and close the record."""
        self._limit.stop()
        self._tee.stop()
        error = result.error_before_exec or result.error_in_exec
        verdict = self._verdict(error)
        found = self._diagnosed(error) if error is not None else None
        if found is not None:
            self._writer.put(Diagnosed(diagnosis=found))
            if not isinstance(error, AutoexecError | Cancelled):
                print(f"autoexec: {found}", file=sys.stderr)  # noqa: T201 - one line below the traceback
        if self.has_begun and (self._healing is None or self._healing.error is None):
            seconds = time.monotonic() - self._phase_started
            self._writer.put(PhaseFinished(phase="run", verdict=verdict, seconds=seconds))
        why, fix = (found.why, found.fix) if found else ("", "")
        self._writer.put(
            RunFinished(verdict=verdict, seconds=time.monotonic() - self._started, why=why, fix=fix)
        )
        self._writer.close()
        self._stack.close()

    def _heal(self) -> PhaseReport | None:
        source = getattr(self._info, "transformed_cell", None) or self._shell.transform_cell(
            self._info.raw_cell
        )
        needs = api.needs_of(source, self.caller)
        if not needs:
            return None
        run_id = self._recorder.run_id if self._recorder else ""
        here = dataclasses.replace(self._here, run_id=run_id)
        emit = fan_out(self._writer.put, text.show(write))
        plan = Plan(verb="cell", title=self._title, phases=())
        return orchestrator.run_phase(Heal(needs=needs), plan, emit, here)

    def _verdict(self, error: BaseException | None) -> Verdict:
        if error is None:
            return Verdict.PASSED if self.has_begun else Verdict.SKIPPED
        if isinstance(error, AutoexecError | Cancelled):
            return Verdict(error.verdict)
        if isinstance(error, _INTERRUPTS):
            return Verdict.CANCELLED
        return Verdict.ASKED if self._resolution_of(error) else Verdict.FAILED

    def _diagnosed(self, error: BaseException) -> Diagnosis:
        if isinstance(error, AutoexecError | Cancelled):
            why = f"{error.what}: {error.why}" if error.why else error.what
            return Diagnosis(code=error.code, why=why, fix=error.fix, confidence="certain")
        found = diagnosis.diagnose_exception(error, is_user_frame=_is_cell)
        resolution = self._resolution_of(error)
        if resolution is not None:
            return dataclasses.replace(found, why="; ".join(resolution.evidence), fix=resolution.fix)
        return cleaned(found, secrets_in(os.environ))

    def _resolution_of(self, error: BaseException) -> Any:
        """Return what the installer knows about the module whose absence `error` is."""
        name = error.name if isinstance(error, ModuleNotFoundError) else None
        if name is None or self._healing is None:
            return None
        found = (item for item in self._healing.resolutions if item.decision != "install")
        return next(
            (item for item in found if item.module == name or item.module.startswith(f"{name}.")), None
        )

    def _say_stuck(self) -> None:
        what = "still busy after its time limit, in code that does not return to Python"
        note = f"autoexec: {what}; restart the kernel\n"
        sys.stderr.write(note)
        self._writer.write("stderr", note)


def caller_of(shell: Any, emit: Any = None) -> api.Caller:
    """Return who calls from this shell: its notebook, and whether somebody can answer."""
    return api.Caller(
        emit=emit,
        ask=front.ask if front.has_person(shell) else api.nobody,
        notebook=front.notebook_of(shell),
        kernel=front.kernel_of(shell),
    )


def write(stream: str, words: str) -> None:
    """Show text in the cell, at once."""
    target = sys.stdout if stream == "stdout" else sys.stderr
    target.write(words)
    target.flush()


def _fail(shell: Any, result: Any, error: BaseException) -> bool:
    """End the cell with `error`, as if its statement had raised it."""
    result.error_in_exec = error
    shell.showtraceback((type(error), error, error.__traceback__), running_compiled_code=True)
    return True


@contextlib.contextmanager
def _held(shell: Any) -> Any:
    """Hold tracebacks back while the block runs; what is yielded shows them after it."""
    calls: list[tuple[Any, Any, Any]] = []
    show = shell.showtraceback

    def hold(exc_tuple: Any = None, *args: Any, **kwargs: Any) -> None:
        # By the time it is shown, sys.exc_info() is gone: keep it.
        calls.append((exc_tuple or sys.exc_info(), args, kwargs))

    def replay() -> None:
        for exc_tuple, args, kwargs in calls:
            show(exc_tuple, *args, **kwargs)

    shell.showtraceback = hold
    try:
        yield replay
    finally:
        shell.showtraceback = show


def _is_cell(filename: str) -> bool:
    """Whether code of this file name was typed in a cell."""
    return "ipykernel_" in filename or filename.startswith(("<ipython-input-", "Cell "))

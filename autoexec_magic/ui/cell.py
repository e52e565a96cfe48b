"""A `%%autoexec` cell without a verb is an ordinary cell, made importable first.

It is no nested `run_cell`: a pure input transformer takes the first line off,
and the cell then runs as IPython runs any cell, with top-level `await`, `display`, `_`, history,
debugger and tracebacks as ever.

What is missing is installed when the first statement is about to run, not in
`pre_run_cell`: by then the cell has been parsed (one
that does not parse installs nothing and shows Python's own message), nothing
of it has run, and what goes wrong can end the cell like any other error, where
IPython would only print the failure of a `pre_run_cell` callback and go on.

`shell.run_code` is wrapped for this and for the time limit. Each cell is known
by its `ExecutionInfo`, so a cell that runs another one inside stays itself.
"""

from __future__ import annotations

import argparse
import asyncio
import bdb
import contextlib
import dataclasses
import os
import signal
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .. import api, diagnosis, onrecord
from ..errors import AutoexecError, Cancelled, NeedsPerson, RunTimeout, UsageError
from ..events import Diagnosed, PhaseFinished, PhaseStarted, RunFinished, RunStarted
from ..heads import with_head
from ..history import fan_out
from ..installer.importing import Written
from ..orchestrator import Healing, PhaseReport, Plan
from ..redact import cleaned, secrets_in
from ..values import Diagnosis, Verdict
from . import card, executed, front, situation, tee, text, verbs
from .folded import Folded, printable
from .limit import TimeLimit
from .meant import FIXINGS, fixing_of
from .options import HelpAsked
from .resuming import Resuming
from .tee import Tee, Writer
from .verbs import MARK

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
    if first is None or lines[first].split()[0] != MARK:
        return lines
    body = lines[first + 1 :]
    following = next((line for line in body if line.strip()), "")
    if options_of(lines[first]) is None:  # a verb, or a mistake: the magic's
        # IPython refuses a cell magic without a body before we could say what is missing.
        return lines if following else [lines[first].replace(MARK, "%autoexec", 1)]
    if following.lstrip().startswith("%%"):
        return body
    # With the indentation of what follows, which is taken off the whole cell by the first line's.
    indent = following[: len(following) - len(following.lstrip())]
    return [*lines[:first], f"{indent}#\n", *body]


take_mark_off.has_side_effects = True  # type: ignore[attr-defined]  # `check_complete` then takes it for a cell magic


def options_of(line: str) -> argparse.Namespace | None:
    """Return the options of a marked line; None if it is none, has a verb, or is wrong."""
    words = line.split(maxsplit=1)
    if not words or words[0] != MARK:
        return None
    try:
        return verbs.cell_options(words[1] if len(words) > 1 else "")
    except (UsageError, HelpAsked):
        return None  # left to the magic, which says what is wrong


class Cells:
    """The hooks in one shell; `always` are the options of cells without a mark, None leaves those alone."""

    always: argparse.Namespace | None = None

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._running: dict[int, _Cell] = {}
        self._broken: dict[int, AutoexecError] = {}
        self._names: dict[str, str] = {}
        self._ids: dict[str, str] = {}  # the notebook's own, by the number beside the cell
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
        while self._running:  # `%unload_ext` in a marked cell: its record ends here
            self._running.popitem()[1].finish(None)

    def _before(self, info: Any) -> None:
        first = next((line for line in (info.raw_cell or "").splitlines() if line.strip()), "")
        options = options_of(first)
        if options is None and _is_ordinary(info, first):
            options = self.always
        if options is None:
            return
        try:
            self._running[id(info)] = _Cell(self._shell, info, options, self._names, self._ids)
        except AutoexecError as error:
            # Raised here, IPython would print it and run the cell: without its limit, unhealed.
            self._broken[id(info)] = error

    def _after(self, result: Any) -> None:
        if result is None:  # `run_cell` itself raised; what ends is what began last
            number = next(reversed(self._running), 0)
            error = sys.exc_info()[1]
        else:
            number = self._number_of(result.info)
            error = result.error_before_exec or result.error_in_exec
        self._broken.pop(number, None)
        cell = self._running.pop(number, None)
        if cell is not None:
            if isinstance(error, SyntaxError) and result is not None:  # none of its statements came by
                executed.note_names(self._shell, result, self._names, self._ids)
            cell.finish(error)
        self._fix(cell, result)

    def _fix(self, cell: _Cell | None, result: Any) -> None:
        """Fix what failed, where a line says so: now the cell is over, and others can run."""
        wants = cell is not None and fixing_of(cell.options) is not None
        if not wants and not hasattr(self._shell, FIXINGS):
            return
        from .fixing_cell import fixings  # which few cells need

        found = fixings(self._shell)
        if cell is not None:
            found.note(cell.source, cell.found, cell.options)
        found.after(result)

    def _number_of(self, info: Any) -> int:
        """Return which open cell `info` is of; after an interrupt IPython makes another one for it."""
        if id(info) in self._running or id(info) in self._broken:
            return id(info)
        same = (number for number, cell in self._running.items() if cell.source == info.raw_cell)
        return next(same, 0)

    def _wrapped(self) -> Callable[..., Any]:
        run_code = self._run_code

        async def run_code_of_cell(
            shell: Any, code_obj: Any, result: Any = None, *, async_: bool = False
        ) -> Any:
            number = id(result.info) if result is not None else 0
            if number in self._broken:
                return _fail(shell, result, self._broken[number])
            cell = self._running.get(number)
            if result is not None:
                self._names[code_obj.co_filename] = f"In [{result.execution_count}]"
                self._ids[str(result.execution_count)] = getattr(result.info, "cell_id", None) or ""
            if cell is None:
                return await run_code(code_obj, result, async_=async_)
            if not cell.has_begun:
                stopped = cell.begin()
                if stopped is not None:
                    return _fail(shell, result, stopped)
            late = cell.late()
            if late is not None:  # the limit fell between two statements
                return _fail(shell, result, late)
            with _waking(is_needed=async_):
                failed = await cell.run(run_code, code_obj, result, async_=async_)
            late = cell.late()
            if late is None:
                return failed
            if not failed:  # the statement swallowed the interrupt
                return _fail(shell, result, late)
            result.error_in_exec = late
            return True

        return run_code_of_cell


def _is_ordinary(info: Any, first: str) -> bool:
    """Whether a cell is a person's own code: not a front end's, another cell magic's, or verbs of ours."""
    if not first or first.lstrip().startswith("%%") or info.silent or not info.store_history:
        return False
    lines = [line.split()[0] for line in info.raw_cell.splitlines() if line.strip()]
    return any(word != MARK[1:] for word in lines)


class _Cell:
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
            why = _in_one_line(error)
            return Diagnosis(code=error.code, why=why, fix=error.fix, confidence="certain")
        found = diagnosis.diagnose_exception(
            error,
            is_user_frame=lambda name: name in self._names,
            around=situation.around(
                self._shell, error, timeout=self.options.timeout or self._config.timeout or 0.0
            ),
        )
        file, colon, line = found.where.rpartition(":")
        found = dataclasses.replace(found, where=f"{self._names.get(file, file)}{colon}{line}")
        reason = self._heals.reason(error) if self._heals else None
        if reason is not None:
            onrecord.clean_error(reason)
            is_evidence = isinstance(reason, NeedsPerson) and reason.why
            why = reason.why if is_evidence else _in_one_line(reason)
            return dataclasses.replace(found, why=why, fix=reason.fix)
        resolution = self._heals.resolution(error) if self._heals else None
        if resolution is not None:
            why = found.why if resolution.cls == "alias" else "; ".join(resolution.evidence)
            return dataclasses.replace(found, why=why, fix=resolution.fix)
        return cleaned(found, secrets_in(os.environ))

    def _say_stuck(self) -> None:
        what = "still busy after its time limit, in code that does not return to Python"
        note = f"autoexec: {what}; restart the kernel\n"
        sys.stderr.write(note)  # recorded like everything else the cell writes


def caller_of(shell: Any, emit: Any = None) -> api.Caller:
    """Return who calls from this shell: its notebook, and whether somebody can answer."""
    return api.Caller(
        emit=emit,
        ask=front.ask if front.has_person(shell) else api.nobody,
        place=lambda: front.place_of(shell),
        notebook=front.notebook_of(shell),
        kernel=front.kernel_of(shell),
        names=shell.user_ns,
    )


def write(stream: str, words: str) -> None:
    """Show text in the cell, at once."""
    target = sys.stdout if stream == "stdout" else sys.stderr
    target.write(words)
    target.flush()


def write_late(stream: str, words: str) -> None:
    """Show text in the cell, at its end at the latest."""
    (sys.stdout if stream == "stdout" else sys.stderr).write(words)


def _in_one_line(error: AutoexecError | Cancelled) -> str:
    return f"{error.what}: {error.why}" if error.why else error.what


def _folder() -> Path:
    """Return the working directory; where that is gone, a cell may still be run to leave it."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path.home()


@contextlib.contextmanager
def _waking(*, is_needed: bool) -> Iterator[None]:
    """Let an interrupt wake the event loop while a top-level `await` waits in it.

    ipykernel's handler notes the interrupt in the loop from within the loop's
    own thread, which does not wake it: a cell that only waits would go on.
    """
    before = signal.getsignal(signal.SIGINT)
    if not is_needed or not callable(before) or threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()

    def note(number: int, frame: types.FrameType | None) -> None:
        loop.call_soon_threadsafe(lambda: None)
        before(number, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _take_ours_out(trace: types.TracebackType | None) -> None:
    """Take the frames that record what the cell writes out of a traceback."""
    while trace is not None and trace.tb_next is not None:
        if trace.tb_next.tb_frame.f_code.co_filename == tee.__file__:
            trace.tb_next = None  # what it calls is not the cell's either
        else:
            trace = trace.tb_next


def _fail(shell: Any, result: Any, error: BaseException) -> bool:
    """End the cell with `error`, as if its statement had raised it."""
    result.error_in_exec = error
    shell.showtraceback((type(error), error, error.__traceback__), running_compiled_code=True)
    return True

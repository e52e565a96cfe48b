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
import contextlib
import signal
import sys
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any

from ..errors import AutoexecError, UsageError
from . import executed, verbs
from .marked import Marked
from .meant import FIXINGS, fixing_of
from .options import HelpAsked
from .verbs import MARK


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
        self._running: dict[int, Marked] = {}
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
            self._running[id(info)] = Marked(self._shell, info, options, self._names, self._ids)
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

    def _fix(self, cell: Marked | None, result: Any) -> None:
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


def _fail(shell: Any, result: Any, error: BaseException) -> bool:
    """End the cell with `error`, as if its statement had raised it."""
    result.error_in_exec = error
    shell.showtraceback((type(error), error, error.__traceback__), running_compiled_code=True)
    return True

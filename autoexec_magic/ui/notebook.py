"""What a magic does with a line: parse it, call it, show it in the cell."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .. import config
from ..api import Caller, nobody
from ..errors import AutoexecError, Cancelled, UsageError
from ..events import Emit
from ..orchestrator import Report
from ..values import Stream
from . import front, pictures, speak, tested, text, verbs, why
from .calling import caller_of, write, write_late
from .options import HelpAsked
from .records import json_lines
from .verbs import MARK

if TYPE_CHECKING:
    from .switch import Switch

_LIVE = frozenset({"sh", "script", "test"})


class Shown(list[Any]):
    """A list that a cell does not show again: its text was shown already."""

    def _ipython_display_(self) -> None:
        """Show nothing."""


def run(shell: Any, switch: Switch, line: str, cell: str | None) -> object:
    """Run a line of `%autoexec`, show what it has to say, return its value.

    `switch` is what `on` and `off` turn, which only a notebook has.

    Raises
    ------
    AutoexecError, Cancelled
        What kept it from passing; the cell shows the message and ends.
    """
    try:
        call = _parsed(line, cell)
    except UsageError as error:
        if "--json" in line.split():
            write("stdout", json_lines(speak.of_error(line.split(maxsplit=1)[0], error)))
        raise
    caller = caller_of(shell)
    if call.verb == "why":
        call = dataclasses.replace(call, means=lambda call, caller: why.here(shell, caller, call.options))
    if call.verb == "test" and tested.is_of_kernel(call):
        call = dataclasses.replace(call, means=lambda call, caller: tested.in_cell(shell, call, caller))
    if call.verb in ("on", "off"):
        call = dataclasses.replace(call, means=lambda call, caller: switch.turn(call))
    if call.is_json:
        return _run_json(call, dataclasses.replace(caller, ask=nobody))  # machines answer nothing
    try:
        return _run(shell, call, caller)
    except KeyboardInterrupt:  # outside any process; none of our stack belongs into a cell
        raise Cancelled(f"{call.verb} was stopped") from None


@contextlib.contextmanager
def shown(shell: Any, ids: list[str], *, is_live: bool, is_cell: bool = False) -> Iterator[Emit]:
    """Yield the sink for this front end: a live tail where there are widgets, else text.

    `is_cell` says that what runs is the cell's own body.

    A widget belongs to the cell that runs: what a thread says is text.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if is_live and is_main and front.has_widgets(shell) and config.load().config.widgets:
        from .widget import Tail

        with Tail(ids, front.folder_of(shell), front.cell_of(shell) if is_cell else "") as tail:
            yield tail.emit
    else:
        # Nobody there is nbclient, nbconvert, papermill: what they keep is read when all is over.
        settled: tuple[Stream, ...] = () if front.has_person(shell) else ("stdout", "stderr")
        is_kernel = getattr(shell, "kernel", None) is not None  # which shows what is left at the cell's end
        yield text.show(write, ids=ids, settled=settled, last=write_late if is_kernel else None)


def _run(shell: Any, call: verbs.Call, caller: Caller) -> object:
    ids: list[str] = []
    is_cell = call.verb == "script" and call.cell is not None and not call.options.file
    try:
        with shown(shell, ids, is_live=call.verb in _LIVE, is_cell=is_cell) as emit:
            spoken = call.run(dataclasses.replace(caller, emit=emit, on_record=ids.append))
    except (AutoexecError, Cancelled) as error:
        pictures.show(shell, error.report)
        raise
    pictures.show(shell, spoken.value)
    if spoken.text:
        write("stdout", spoken.text.rstrip("\n") + "\n")
    if getattr(shell, "kernel", None) is None:
        return None  # a terminal would show an empty result
    return Shown(spoken.value) if isinstance(spoken.value, list) else _quiet(spoken.value)


def _parsed(line: str, cell: str | None) -> verbs.Call:
    try:
        is_bare = cell is not None and verbs.cell_options(line) is not None
    except HelpAsked:
        return verbs.parse("--help")
    if is_bare:
        raise UsageError(
            f"{MARK} without a verb is for a cell of its own",
            why="it makes the whole cell importable before any of it runs",
            fix=f"put {MARK} on the cell's first line",
        )
    return verbs.parse(line, cell)


def _run_json(call: verbs.Call, caller: Any) -> object:
    try:
        spoken = call.run(caller)
    except (AutoexecError, Cancelled) as error:
        write("stdout", json_lines(speak.of_error(call.verb, error)))
        raise
    except KeyboardInterrupt:
        stopped = Cancelled(f"{call.verb} was stopped")
        write("stdout", json_lines(speak.of_error(call.verb, stopped)))
        raise stopped from None
    write("stdout", json_lines(spoken))
    return _quiet(spoken.value)


def _quiet(value: object) -> object:
    return value if isinstance(value, Report) else None

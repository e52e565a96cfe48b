"""The log of the cells that ran in this kernel: what ran, and how it ended.

Kept from `%load_ext` on, for every cell, also a plain one, and only in memory:
what a diagnosis says of the notebook's order rests on it. A cell costs it a
few microseconds; what an error says is asked for when there is one. It changes
nothing that IPython shows. Of what ran before the extension was loaded it has
what IPython's history has, and the last error that Python kept.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..diagnosis.around import Ran
from ..diagnosis.failure import cell_line
from ..errors import AutoexecError, Cancelled
from ..redact import one_line

_MOST = 5_000  # runs that are remembered
_LONGEST = 300  # characters of an error's last line
_ATTRIBUTE = "_autoexec_executed"
_CAPTURE = "get_ipython().run_cell_magic('capture'"  # passes whatever its body did


class OneRun(NamedTuple):
    """One run of a cell: what ran as `number`, and when it ended (seconds since 1970; 0 where nobody saw it).

    `error` is the last line of what ended it, `line` the line of the cell where that was.
    """

    number: int
    cell_id: str
    source: str
    ran: Ran
    at: float
    error: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The last run that failed: which it was, its error, and the global names there were."""

    run: OneRun
    error: BaseException
    names: frozenset[str]


class Executed:
    """The log of one shell; `runs` are the newest ones, oldest first."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._inner: BaseException | None = None  # of a cell that a magic ran inside another one
        self.runs: deque[OneRun] = deque(maxlen=_MOST)
        self.failed: Failed | None = None

    def load(self) -> None:
        """Take in what history has, and listen."""
        with contextlib.suppress(AttributeError, TypeError, IndexError):  # a shell without a history
            self._take_history()
        self._shell.events.register("post_run_cell", self._after)
        setattr(self._shell, _ATTRIBUTE, self)

    def unload(self) -> None:
        """Listen no more, and forget."""
        self._shell.events.unregister("post_run_cell", self._after)
        self.runs.clear()
        self.failed = None
        setattr(self._shell, _ATTRIBUTE, None)

    @property
    def files(self) -> Mapping[str, int]:
        """The number of the cell that each file name in a traceback stands for."""
        return getattr(self._shell.compile, "_filename_map", None) or {}

    def _after(self, result: Any) -> None:
        if result is None:
            return
        info = result.info
        error = result.error_in_exec or result.error_before_exec
        if not info.store_history:
            self._inner = error or self._inner
            return
        if self._inner is not None:
            code = getattr(info, "transformed_cell", None) or ""
            error = error or (self._inner if code.startswith(_CAPTURE) else None)
            self._inner = None
        number, cell_id = result.execution_count or 0, getattr(info, "cell_id", None) or ""
        if error is None:
            self.runs.append(OneRun(number, cell_id, info.raw_cell, "passed", time.time()))
        else:
            line = 0 if error is result.error_before_exec else self._line_of(error, number)
            said = last_line_of(error)
            run = OneRun(number, cell_id, info.raw_cell, "failed", time.time(), said, line)
            self.runs.append(run)
            self.failed = Failed(run=run, error=error, names=frozenset(self._shell.user_ns))

    def _line_of(self, error: BaseException, number: int) -> int:
        files = (name for name, known in self.files.items() if known == number)
        return next(filter(None, (cell_line(error, name) for name in files)), 0)

    def _take_history(self) -> None:
        """Take what ran before from IPython; the last input is the cell that loads the extension."""
        history = self._shell.history_manager
        errors = getattr(history, "exceptions", None)
        for number, source in enumerate(history.input_hist_raw[1:-1], 1):
            said = errors.get(number) if isinstance(errors, dict) else None
            ran: Ran = "unseen" if errors is None else "failed" if said else "passed"
            last = f"{said.get('ename', '')}: {said.get('evalue', '')}" if isinstance(said, dict) else ""
            self.runs.append(OneRun(number, "", source, ran, 0.0, one_line(last)[:_LONGEST]))
        self._take_last_error()

    def _take_last_error(self) -> None:
        """Take the error that Python kept, where it is one of a cell in the history."""
        error = getattr(sys, "last_value", None)
        trace = getattr(error, "__traceback__", None)
        number = 0
        while trace is not None and not number:
            number = self.files.get(trace.tb_frame.f_code.co_filename, 0)
            trace = trace.tb_next
        run = next((run for run in reversed(self.runs) if run.number == number), None)
        if error is None or run is None:
            return
        seen = run._replace(ran="failed", error=last_line_of(error), line=self._line_of(error, number))
        self.runs[self.runs.index(run)] = seen
        self.failed = Failed(run=seen, error=error, names=frozenset(self._shell.user_ns))


def of(shell: Any) -> Executed | None:
    """Return the log of `shell`, or None where the extension is not loaded."""
    found = getattr(shell, _ATTRIBUTE, None)
    return found if isinstance(found, Executed) else None


def note_names(shell: Any, result: Any, names: dict[str, str], ids: dict[str, str]) -> None:
    """Note what the file is called, and the cell's own id, of a cell that Python could not read."""
    number = result.execution_count
    known = getattr(shell.compile, "_filename_map", None) or {}
    names.update({file: f"In [{number}]" for file, of in known.items() if of == number})
    ids[str(number)] = getattr(result.info, "cell_id", None) or ""


def last_line_of(error: BaseException) -> str:
    """Return the line that Python ends the error's traceback with, on one line, not cleaned."""
    if isinstance(error, AutoexecError | Cancelled):
        return one_line(f"{error.code}: {error.what}")[:_LONGEST]
    try:
        said = str(error.msg if isinstance(error, SyntaxError) else error)
    except Exception:  # noqa: BLE001 - a user's __str__ may raise anything; we never do
        said = ""
    name = type(error).__qualname__
    return one_line(f"{name}: {said}" if said else name)[:_LONGEST]

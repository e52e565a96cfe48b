"""What an install writes to the ledger: before anything is changed, and when it is done.

The first row, `install-begun`, says what will be installed from which bytes.
Where it cannot be written nothing is installed: what nobody can take back or
account for is not begun. So an install whose process was killed halfway is on
the ledger, too. The row `install` closes it with all there is to tell, or
`install-failed` with the reason. A disk that fills up in between costs the
second row only: it is logged, and the first one stands.
"""

from __future__ import annotations

import contextlib
import logging
import os
import platform
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .. import config, executor
from ..chain import Row
from ..errors import AutoexecError, Cancelled, LedgerError
from ..events import Emit, Event, Installed, Recorded
from ..history import host
from ..values import Resolution
from .footprint import footprint, standing
from .known import normal
from .tool import Begin, Toolbox

if TYPE_CHECKING:
    from ..ledger import Ledger, Pen

BEGUN, DONE, FAILED = "install-begun", "install", "install-failed"
UNDO_BEGUN, UNDO, UNDO_FAILED = "undo-begun", "undo", "undo-failed"
MOST_LINES, MOST_CHARS = 20, 500  #: of evidence, kept of each distribution
T = TypeVar("T")
_log = logging.getLogger(__name__)


class Told(Protocol):
    """Whose run it is, and who hears of the rows."""

    @property
    def run_id(self) -> str:
        """The run."""

    @property
    def emit(self) -> Emit:
        """The sink."""


def ledger() -> Ledger:
    """Return this user's ledger."""
    from ..ledger import ledger_in

    return ledger_in(config.data_dir())


@contextlib.contextmanager
def recording(installed: Sequence[Installed], replaced: Sequence[str], tools: Toolbox) -> Iterator[Begin]:
    """Put what is installed in the block on the ledger; yield what returns when the first row is there.

    It is written while the block gets ready. What is yielded has to be called
    before anything is changed; it raises `LedgerError` where the row cannot be
    written: then nothing may be installed.

    Parameters
    ----------
    installed : sequence of Installed
        What will be there afterwards, each from exactly the bytes it names.
    replaced : sequence of str
        What will not be there any more, each `NAME VERSION`.
    tools : Toolbox
        Its `reasons` say why each was chosen; its `emit` is told of the rows.
    """
    book = ledger()
    before = _before(replaced, book)
    plan = {
        "environment": environment(),
        "added": [_told(item, tools.reasons) for item in installed],
        "replaced": before,
    }
    told: list[Event] = []  # for sinks are called in the caller's thread only
    hearer = replace(tools, emit=told.append)
    rows = closing(book, (BEGUN, DONE, FAILED), plan, hearer, unchanged="nothing was installed")

    def tell() -> None:
        while told:
            tools.emit(told.pop(0))

    try:
        with contextlib.ExitStack() as stack, _meanwhile(lambda: stack.enter_context(rows)) as entered:

            def begin() -> None:
                entered()
                tell()

            yield begin
            added = entered()["added"]
            there = standing({normal(item["name"]) for item in added})
            for item in added:
                distribution = there.get(normal(item["name"]))
                item["files"] = footprint(distribution) if distribution else ""
    finally:
        tell()


@contextlib.contextmanager
def recording_in(folder: Path, language: str, installed: Sequence[Installed], tools: Told) -> Iterator[None]:
    """Put what a project's own program adds in the block on the ledger.

    Parameters
    ----------
    folder : Path
        The project.
    language : str
        Whose packages they are, `node` or `rust`.
    installed : sequence of Installed
        What will be there afterwards.
    tools : Told
        Its `emit` is told of the rows.

    Raises
    ------
    LedgerError
        It cannot be recorded; nothing was installed.
    """
    plan = {
        "environment": {"prefix": os.path.realpath(folder), "language": language, "host": host()},
        "added": [_told(item, ()) for item in installed],
        "replaced": [],
    }
    with closing(ledger(), (BEGUN, DONE, FAILED), plan, tools, unchanged="nothing was installed"):
        yield


@contextlib.contextmanager
def closing(
    book: Ledger, kinds: tuple[str, str, str], plan: dict[str, Any], tools: Told, *, unchanged: str
) -> Iterator[dict[str, Any]]:
    """Write a row before the block and one after it; yield the body of the second, to be added to.

    Parameters
    ----------
    book : Ledger
        Where to.
    kinds : (str, str, str)
        Of the rows before, after, and after a failure.
    plan : dict
        What the block will do.
    tools : Told
        Its `run_id` is on the rows, its `emit` is told of them.
    unchanged : str
        What is true where the first row cannot be written, for the error.
    """
    me = executor.identify(os.getpid())
    owner = {"host": host(), "pid": os.getpid(), "start_time": me.start_time if me else 0}
    begun, done, failed = kinds
    with contextlib.ExitStack() as stack:
        try:
            pen = stack.enter_context(book.writing())
            head = pen.append(begun, {**plan, "owner": owner}, tools.run_id)
        except LedgerError as error:
            what = f"{unchanged}: it cannot be put on the ledger"
            raise LedgerError(what, why=f"{error.what}: {error.why}", fix=error.fix) from error
        tools.emit(Recorded(row=begun, head=str(head)))
        body = {**plan, "begun": head.id}
        try:
            yield body
        except BaseException as error:
            why = (
                f"{error.what}: {error.why}" if isinstance(error, AutoexecError | Cancelled) else repr(error)
            )
            _close(pen, failed, {"begun": head.id, "environment": plan["environment"], "why": why}, tools)
            raise
        _close(pen, done, body, tools)


def environment() -> dict[str, str]:
    """Return which environment this is: what is installed goes there."""
    return {
        "prefix": os.path.realpath(sys.prefix),
        "python": platform.python_version(),
        "interpreter": sys.executable,
        "host": host(),
    }


def hash_of(name: str, version: str, files: str, rows: Sequence[Row]) -> tuple[str, str]:
    """Return the SHA-256 and the index of the wheel that `name` came from, or ("", "").

    `rows` are searched newest first, for an install that left these `files`.
    """
    for row in rows:
        for item in (*row.body.get("added", ()), *row.body.get("restored", ())):
            is_it = normal(item["name"]) == normal(name) and item["version"] == version
            if is_it and files and item.get("files") == files:
                return item["sha256"], item.get("index", "")
    return "", ""


@contextlib.contextmanager
def _meanwhile(call: Callable[[], T]) -> Iterator[Callable[[], T]]:
    """Have something done on a thread; yield what waits for it and returns, or raises, what came of it."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:  # noqa: BLE001 - whoever waits for it gets it, whatever it is
            errors.append(error)

    thread = threading.Thread(target=run, name="autoexec-meanwhile")
    thread.start()

    def result() -> T:
        thread.join()
        if errors:
            raise errors[0]
        return results[0]

    try:
        yield result
    finally:
        thread.join()


def _before(replaced: Sequence[str], book: Ledger) -> list[dict[str, str]]:
    """Return what is replaced, with the hash of the wheel it came from where the ledger knows it."""
    if not replaced:
        return []
    there = standing({normal(text.partition(" ")[0]) for text in replaced})
    try:
        rows = [row for kind in (DONE, UNDO) for row in book.rows(kind)]
    except LedgerError:
        rows = []  # what cannot be read cannot be written: the first row says so
    found = []
    for text in replaced:
        name, _, version = text.partition(" ")
        distribution = there.get(normal(name))
        files = footprint(distribution) if distribution else ""
        digest, index = hash_of(name, version, files, rows)
        found.append({"name": name, "version": version, "sha256": digest, "index": index, "files": files})
    return found


def _told(item: Installed, reasons: Sequence[Resolution]) -> dict[str, Any]:
    """Return what is known of one distribution: what it is, and why it was installed."""
    why = next((each for each in reasons if normal(each.distribution) == normal(item.distribution)), None)
    lines = [line[:MOST_CHARS] for line in why.evidence[:MOST_LINES]] if why else ["something else needs it"]
    return {
        "name": item.distribution,
        "version": item.version,
        "sha256": item.sha256,
        "index": item.index,
        "module": why.module if why else "",
        "decision": why.decision if why else "install",
        "evidence": lines,
    }


def _close(pen: Pen, kind: str, body: dict[str, Any], tools: Told) -> None:
    try:
        head = pen.append(kind, body, tools.run_id)
    except AutoexecError as error:  # what was done is done, and the row before says what it was
        _log.warning("the ledger has row %s, and not how it ended: %s", body["begun"], error)
        return
    tools.emit(Recorded(row=kind, head=str(head)))

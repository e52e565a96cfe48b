"""What the quarantine of a project makes of a run of tests: read before it begins, told when it is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from .. import executor
from ..errors import UsageError
from ..events import Emit, Output
from ..testrunner import Case, Past, quarantine
from . import reportfile


def entries_in(workspace: Path) -> tuple[quarantine.Entry, ...]:
    """Return the entries of a project's file, none where there is no file.

    Raises
    ------
    UsageError
        It cannot be read.
    """
    path = workspace / quarantine.FILE
    try:
        data = executor.cage.trusted(path)  # not what a run that goes on has made of it
        if data is None and path.is_symlink():
            why = "nothing watches over what it leads to"
            raise UsageError(f"{path.name} is a link", why=why, fix=f"put the file itself there: rm {path}")
        if data is None and path.is_file():
            raise UsageError(f"{path.name} is too large, or not to be read", fix=f"mend {path.name}")
        if data is None:
            return ()
        return quarantine.read(data.decode("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path.name} cannot be read", why=str(error), fix=f"mend {path.name}") from error


def excused(
    entries: Sequence[quarantine.Entry], cases: Sequence[Case], past: Past, emit: Emit, *, is_all: bool
) -> frozenset[str]:
    """Return the keys of what failed and does not fail the run, and tell of each.

    Parameters
    ----------
    entries : sequence of Entry
        As they were before the run: it may have written the file.
    cases : sequence of Case
        All of the run.
    past : Past
        With this run's ends.
    is_all : bool
        Whether all tests were collected: then an entry for none of them is told.
    """
    if not entries:
        return frozenset()
    found = quarantine.apply(
        entries,
        cases,
        today=today(),
        known=[case.key for case in cases] if is_all else None,
        passed={nodeid: _in_a_row(test.ends) for nodeid, test in past.tests.items()},
    )
    for line in found.lines(entries):
        emit(Output(phase="test", stream="stdout", text=f"{line}\n"))
    return frozenset(case.key for case in found.excused)


def put(workspace: Path, nodeid: str, reason: str) -> Path:
    """Write down that a test is in quarantine from today on; return the file.

    Raises
    ------
    UsageError
        The file cannot be read or written, or there is no reason.
    """
    path = workspace / quarantine.FILE
    text = quarantine.written(quarantine.added(entries_in(workspace), nodeid, reason, today=today()))
    try:
        executor.cage.trust(path, text.encode())
        reportfile.put(workspace, path.name, text)
    except OSError as error:
        raise UsageError(f"cannot write {path}", why=str(error), fix="make it writable") from error
    return path


def today() -> date:
    """Return the day, by UTC: the same on every machine that runs the tests."""
    return datetime.now(UTC).date()


def _in_a_row(ends: str) -> int:
    """Return how often a test passed of late, one time after another."""
    return len(ends) - len(ends.rstrip("p"))

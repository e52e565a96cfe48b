"""Run tests again whenever a file changes: those that import what changed, until a person ends it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

from .. import config
from ..errors import CasesFailed
from ..orchestrator import Report
from ..testrunner.affected import Source, affected, changed_between, scan

POLL_SECONDS = 0.3
QUIET_SECONDS = 0.15  #: an editor writes a file in several steps, a branch that is checked out many files
_SHARE = 5  # of the time at most one part is spent looking

Once = Callable[[Sequence[str] | None], Report | None]
Sources = Mapping[str, Source]


def watch(
    once: Once, folder: Path, *, changes: Callable[[Path, Sources], Sources] | None = None
) -> Iterator[Report]:
    """Yield the report of each run: of all tests first, then of those that each change concerns.

    Parameters
    ----------
    once : callable
        Runs these test files, all where it gets None; returns None where a person asked for none of them.
        What it raises but `CasesFailed` ends the watching.
    folder : Path
        Paths of test files begin there.
    changes : callable, optional
        Waits for the project to be another one, and returns how it is then;
        by default it looks at the files. `KeyboardInterrupt` ends the watching.
    """
    root, changes = config.workspace(folder), changes or next_change
    sources: Sources = scan(root, {})
    yield from _report(once, None)
    while True:
        try:
            now = changes(root, sources)
        except KeyboardInterrupt:
            return
        changed, sources = changed_between(sources, now), now
        found = affected(changed, tuple(now.values()))
        if found is None or found:
            paths = None if found is None else [_from(folder, root / path) for path in found]
            yield from _report(once, paths)


def next_change(root: Path, sources: Sources) -> Sources:
    """Wait until a Python file of the project is new, gone or another, and all is quiet; return all."""
    while True:
        started = time.monotonic()
        now = scan(root, sources)
        spent = time.monotonic() - started
        if changed_between(sources, now):
            return _settled(root, now)
        time.sleep(max(POLL_SECONDS, spent * _SHARE))


def _settled(root: Path, sources: Sources) -> Sources:
    while True:
        time.sleep(QUIET_SECONDS)
        now = scan(root, sources)
        if not changed_between(sources, now):
            return now
        sources = now


def _report(once: Once, paths: Sequence[str] | None) -> Iterator[Report]:
    """Yield the report of a run, also where tests failed: that is what one waits to see changed."""
    try:
        report = once(paths)
    except CasesFailed as error:
        report = cast("Report", error.report)
    if report is not None:
        yield report


def _from(folder: Path, path: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)

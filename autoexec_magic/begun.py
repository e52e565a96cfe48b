"""A run that has begun: written down while its first process starts, and not before.

To make a run's folder and its files takes as long as a tenth of an
interpreter's start. What is known before the process is there (that the run
began, and its phase) waits for it, in memory, and is written while that starts;
anything else that happens is written at once, and what waited before it. So
nobody waits for the record, and a run that asks, installs or fails is on it as
ever. A kernel that is killed in these few milliseconds leaves no run.
"""

from __future__ import annotations

import logging
import os
import stat
from dataclasses import replace

from .errors import UsageError
from .events import Event, PhaseStarted, RunStarted
from .history import Meta, Recorder, Store

_log = logging.getLogger(__name__)


class Begun:
    """Writes one run, from its first process on; as `history.Recorder`.

    Parameters
    ----------
    store : Store
        Where it is to be written.
    meta : Meta
        What the run is.
    """

    def __init__(self, store: Store, meta: Meta) -> None:
        self._store, self._meta = store, meta
        self._waiting: list[Event] = []
        self._recorder: Recorder | None = None
        self._is_lost = False

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self._meta.run_id

    def emit(self, event: Event) -> None:
        """Write an event down, or keep it until there is a process."""
        waits = isinstance(event, RunStarted) or (isinstance(event, PhaseStarted) and event.phase == "run")
        if self._recorder is None and waits:
            self._waiting.append(event)
            return
        recorder = self._written()
        if recorder is not None:
            recorder.emit(event)

    def note_child(self, pid: int, start_time: int) -> None:
        """Write down which process the run is, so that others can end it."""
        if self._recorder is None:
            self._meta = replace(self._meta, child=(pid, start_time))
            self._written()
        else:
            self._recorder.note_child(pid, start_time)

    def close(self) -> None:
        """Close the log."""
        if self._waiting:
            self._written()
        if self._recorder is not None:
            self._recorder.close()

    def _written(self) -> Recorder | None:
        """Return the recorder, with what waited on record; None where the run cannot be written down."""
        if self._recorder is None and not self._is_lost:
            try:
                self._recorder = self._store.create(self._meta)
            except (OSError, UsageError) as error:
                _log.warning("this run is not on record: %s", error)
                self._is_lost = True
                self._waiting.clear()
                return None
            for event in self._waiting:
                self._recorder.emit(event)
            self._waiting.clear()
        return self._recorder


def can_begin(store: Store) -> bool:
    """Whether a run can be written into a store later on: its folder is there, and this user's alone."""
    try:
        found = os.lstat(store.folder)
    except OSError:
        return False
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
    return is_ours and os.access(store.folder, os.W_OK | os.X_OK)

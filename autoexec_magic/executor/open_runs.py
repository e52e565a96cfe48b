"""Which runs are open, written where the keeper reads it when this process is dead.

The table is a file in memory that keeper and kernel both have open: a run costs
three small writes to it and wakes nobody. (Messages to the keeper cost a run
0.2 ms until its first byte on two cores.) Each slot is within one page and
written at once, so a kill leaves no half of one.

The keeper (`keeper`) is started beside the first child, on a thread, so that no
first byte waits for it, and by way of a shell that ends at once: it is no child
of the kernel. Killed, it is started again with the next run, for all that are open.

Without `/proc` (macOS) there is none: what a killed kernel leaves there goes on.
"""

from __future__ import annotations

import _thread
import contextlib
import functools
import logging
import os
import select
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from . import keeper, process
from .identity import HAS_PROC, ProcessId, identify

# The shell's copy is there at once; what it becomes takes 25 ms of a processor, which the first run needs.
# `&` takes the standard input away from what is started, so it goes by another number.
_APART = 'exec 3<&0; { sleep 0.05; exec "$@"; } <&3 3<&- >/dev/null & echo $!'
_log = logging.getLogger(__name__)
_first = threading.RLock()


@contextlib.contextmanager
def kept(run_id: str) -> Iterator[Callable[[ProcessId], None]]:
    """Have all of a run ended, should this process be killed while the block runs.

    Yields what is to be called with the leader of the run's process group.
    """
    if not HAS_PROC:
        yield lambda leader: None
        return
    with _first:  # two that ask first must not have a table, and a keeper, each
        table = _of(os.getpid())
    slot = table.open(run_id)
    try:
        yield functools.partial(table.note, slot, run_id)
    finally:
        table.close(slot)


class OpenRuns:
    """The runs that one process has open, and its keeper."""

    def __init__(self) -> None:
        # Of two kinds, so that no run waits for a keeper; RLocks, because a signal handler may start a run.
        self._lock, self._start_lock = threading.RLock(), threading.RLock()
        self._file = os.memfd_create("autoexec-runs", os.MFD_CLOEXEC)
        self._taken: set[int] = set()
        self._keeper = -1  # a pidfd
        self._is_starting = False
        self._is_told = False

    def open(self, run_id: str) -> int:
        """Write down that a run is about to start, and see to it that there is a keeper; return its slot."""
        with self._lock:
            slot = next(number for number in range(len(self._taken) + 1) if number not in self._taken)
            self._taken.add(slot)
            self._write(slot, keeper.entry(run_id, None))
            if not self._is_starting and not self._is_kept():
                self._is_starting = True
                _thread.start_new_thread(self._start, ())
            return slot

    def note(self, slot: int, run_id: str, leader: ProcessId) -> None:
        """Write down who leads the run's process group."""
        with self._lock:
            self._write(slot, keeper.entry(run_id, leader))

    def close(self, slot: int) -> None:
        """Write down that a run has ended; the shell that starts the keeper has ended then, too."""
        with self._lock:
            self._taken.discard(slot)
            self._write(slot, b"\0")
        if self._is_starting:
            with self._start_lock:
                pass

    def drop(self) -> None:
        """Let go of the files, in a fork: they are another process's."""
        for descriptor in (self._file, self._keeper):
            if descriptor >= 0:
                os.close(descriptor)
        self._file = self._keeper = -1
        self._lock, self._start_lock = threading.RLock(), threading.RLock()  # held by nobody who is here
        self._is_starting = False

    def _write(self, slot: int, entry: bytes) -> None:
        if self._file >= 0:
            os.pwrite(self._file, entry, slot * keeper.SLOT_BYTES)

    def _is_kept(self) -> bool:
        """Whether the keeper lives."""
        if self._keeper < 0:
            return False
        poll = select.poll()
        poll.register(self._keeper, select.POLLIN)
        if not poll.poll(0):
            return True
        os.close(self._keeper)
        self._keeper = -1
        return False

    def _start(self) -> None:
        """Start a keeper, if anything is to be kept; runs on a thread of its own."""
        with self._start_lock:
            try:
                if self._taken and self._file >= 0:
                    self._keeper = os.pidfd_open(_start(self._file))
            except (AttributeError, OSError, ValueError) as error:  # runs go on
                if not self._is_told:
                    self._is_told = True
                    _log.warning("what this process runs would outlive a kill of it: no keeper: %s", error)
            finally:
                self._is_starting = False


def _start(table: int) -> int:
    """Start a keeper of this process that reads `table`; return its pid."""
    owner = identify(os.getpid())
    assert owner is not None
    program = (sys.executable, "-I", "-S", "-B", "-c", keeper.BOOT, str(Path(keeper.__file__).parent))
    arguments = (str(owner.pid), str(owner.start_time), tempfile.gettempdir())
    env = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    argv = ("/bin/sh", "-c", _APART, "sh", *program, *arguments)
    return int(process.start_apart(argv, cwd=Path("/"), env=env, stdin=table))


@functools.cache
def _of(pid: int) -> OpenRuns:
    """Return the open runs of process `pid`, which is this one; a fork has its own."""
    table = OpenRuns()
    os.register_at_fork(after_in_child=table.drop)
    return table

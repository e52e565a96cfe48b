"""The process that waits for the next test run: one, of the last kind that was asked for."""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
from typing import Unpack

from .. import executor
from ..errors import AutoexecError
from .project import Interpreter
from .running import Job, stand

IDLE_SECONDS = 900.0  #: after which nobody seems to go on


class Warm:
    """Holds a process that waits, and ends it when nobody came for it.

    Parameters
    ----------
    idle : float, default 900.0
        Seconds, greater than 0.
    """

    def __init__(self, idle: float = IDLE_SECONDS) -> None:
        self._idle = idle
        self._lock = threading.Lock()
        self._standing: executor.Standing | None = None
        self._timer: threading.Timer | None = None
        self._owner = os.getpid()
        self._python: Interpreter | None = None
        self._state: tuple[int, ...] = ()

    def take(self) -> executor.Standing | None:
        """Return the process that waits, if there is one: it is the caller's now.

        It has imported what was installed then; where that is something else by now it is ended.
        """
        standing = self._taken()
        if standing is not None and self._python is not None and self._python.state != self._state:
            _end(standing)
            return None
        return standing

    def prepare(self, job: Job, **bounds: Unpack[executor.Bounds]) -> None:
        """Start a process for the next such job; where that cannot be, the next one starts its own."""
        self.close()
        state = job.python.state
        try:
            standing = stand(job, **bounds)
        except (AutoexecError, OSError):
            return
        with self._lock:
            other, self._standing = self._standing, standing  # of a run that ended at the same time
            if self._timer is not None:
                self._timer.cancel()
            self._python, self._state = job.python, state
            self._timer = threading.Timer(self._idle, self.close)
            self._timer.daemon = True
            self._timer.start()
        if other is not None:
            _end(other)

    def close(self) -> None:
        """End the process that waits."""
        standing = self._taken()
        if standing is not None:
            _end(standing)

    def _taken(self) -> executor.Standing | None:
        if self._owner != os.getpid():  # a fork: its locks may be held by threads that are not there
            self._lock, self._owner = threading.Lock(), os.getpid()
            self._standing = self._timer = None
        with self._lock:
            standing, self._standing = self._standing, None
            if self._timer is not None:
                self._timer.cancel()
            return standing


def _end(standing: executor.Standing) -> None:
    with contextlib.suppress(OSError):
        standing.close()


warm = Warm()
atexit.register(warm.close)

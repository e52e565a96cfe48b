"""A time limit for code in the main thread: an interrupt when the time is up.

The interrupt is the one that Ctrl-C sends, so that it also ends a `sleep` and a
cell with top-level `await`. It cannot stop C code that never returns to
Python; then `on_stuck` is told.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable
from types import TracebackType

STUCK_SECONDS = 3.0


class TimeLimit:
    """Interrupt the main thread after `seconds`; None or 0 is no limit.

    Parameters
    ----------
    seconds : float or None
        Greater than 0, or no limit.
    on_stuck : callable, optional
        Called in another thread when the interrupt did not help within
        `STUCK_SECONDS`.
    """

    def __init__(self, seconds: float | None, on_stuck: Callable[[], None] = lambda: None) -> None:
        self.has_expired = False
        self._seconds = seconds
        self._on_stuck = on_stuck
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Start the clock."""
        with contextlib.suppress(RuntimeError):
            self._loop = asyncio.get_running_loop()
        if self._seconds:
            threading.Thread(target=self._watch, name="autoexec-limit", daemon=True).start()

    def stop(self) -> None:
        """Stop the clock; no interrupt comes from here afterwards."""
        with self._lock:
            self._over.set()

    def __enter__(self) -> TimeLimit:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _watch(self) -> None:
        if self._over.wait(self._seconds):
            return
        with self._lock:
            if self._over.is_set():
                return
            self.has_expired = True
            main = threading.main_thread().ident
            if main is not None:
                signal.pthread_kill(main, signal.SIGINT)
            if self._loop is not None:
                # A kernel's handler only notes the interrupt of a top-level `await` in the loop: wake that.
                self._loop.call_soon_threadsafe(lambda: None)
        if not self._over.wait(STUCK_SECONDS):
            self._on_stuck()

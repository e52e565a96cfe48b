"""Ctrl-C as a value: while a child runs, a signal asks for the end, politely.

A `KeyboardInterrupt` can land between two lines of a clean-up. So while a
child runs, the main thread's handler only notes the signal and wakes the
selector; the executor then ends the run in order. The first signal starts the
grace, the second ends it, the third is a `KeyboardInterrupt` again.

A kernel that runs a cell with top-level `await` replaces the SIGINT handler by
one that only cancels a future, which a blocking call never sees; this one works
there, too.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TypeVar

from ..errors import Cancelled

T = TypeVar("T")

POLL_SECONDS = 0.05
_CATCHABLE = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class Cancel:
    """A request to end a run, which any thread or signal handler may set."""

    def __init__(self) -> None:
        self._closed = True  # a signal may come before the pipe is there
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._count = 0
        self._raised = ""
        self._closed = False

    def set(self) -> None:
        """Ask for the end; a second time asks for it at once."""
        self._count += 1
        if not self._closed:
            with contextlib.suppress(BlockingIOError):
                os.write(self._writer, b".")

    def is_set(self) -> bool:
        """Whether anybody asked."""
        return self._count > 0

    @contextlib.contextmanager
    def raised(self, what: str) -> Iterator[None]:
        """Let the first signal raise `Cancelled` if it comes while the block runs, wherever that is.

        For calls that wait for an answer of their own and cannot be asked to end; only
        where nothing is lost by it. `what` is said to be stopped. A signal is seen where `noted` is.
        """
        before, self._raised = self._raised, what
        try:
            yield
        finally:
            self._raised = before

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Let no signal raise in this part of such a block; one that came does so at its end."""
        before, self._raised = self._raised, ""
        try:
            yield
        finally:
            self._raised = before
        if before and self.is_set():
            raise _stopped(before)

    def end_block(self) -> None:
        """Raise `Cancelled` inside a block of `raised`; for the handler of a signal.

        Only the first one does: the next would hit what cleans up after it.
        """
        if self._raised and self._count == 1:
            raise _stopped(self._raised)

    def is_urgent(self) -> bool:
        """Whether anybody asked twice."""
        return self._count > 1

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when somebody asks."""
        return self._reader

    def close(self) -> None:
        """Release the descriptors; asking afterwards does no harm."""
        if not self._closed:
            self._closed = True
            os.close(self._reader)
            os.close(self._writer)

    def __del__(self) -> None:
        self.close()


def _stopped(what: str) -> Cancelled:
    return Cancelled(f"{what} was stopped", why="somebody asked for its end")


@contextlib.contextmanager
def noted(cancel: Cancel, *, insists: bool = True) -> Iterator[None]:
    """Turn signals to this process into `cancel.set()` while the block runs.

    The third one is a `KeyboardInterrupt`, but for a block that does not let anybody insist.

    SIGTERM, SIGHUP and SIGQUIT take effect after the block. One that is ignored stays
    so. In other threads than the main one, signals
    are not ours to handle and nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []
    raised, cancel._raised = cancel._raised, ""  # who notes signals looks at them by itself

    def note(number: int, frame: FrameType | None) -> None:
        received.append(number)
        cancel.set()
        cancel.end_block()
        if insists and len(received) > 2:
            raise KeyboardInterrupt

    before = {}
    for number in _CATCHABLE:
        handler = signal.getsignal(number)
        if handler not in (None, signal.SIG_IGN):
            before[number] = signal.signal(number, note)
    try:
        yield
    finally:
        cancel._raised = raised
        for caught, handler in before.items():
            signal.signal(caught, handler)
        for late in received:
            if late != signal.SIGINT:
                signal.raise_signal(late)


def wait_for(look: Callable[[], T | None], *, timeout: float) -> T | None:
    """Look again and again until `look` finds something, and return it.

    Parameters
    ----------
    look : callable
        Returns what it found, or None; called every `POLL_SECONDS`.
    timeout : float
        Seconds, at least 0.

    Returns
    -------
    T or None
        None when the time was up.

    Raises
    ------
    KeyboardInterrupt
        Somebody interrupted the wait; also in a cell with top-level `await`.
    """
    cancel = Cancel()
    poll = select.poll()
    poll.register(cancel, select.POLLIN)
    until = time.monotonic() + timeout
    try:
        with noted(cancel):
            while (found := look()) is None and time.monotonic() < until:
                left = max(0.0, until - time.monotonic())
                if poll.poll(1000 * min(POLL_SECONDS, left)):
                    break
            if cancel.is_set():  # also where it came while something was found: no is no
                raise KeyboardInterrupt
            return found
    finally:
        cancel.close()

"""Waits that somebody may end: by a signal, from another thread, or from the panel."""

from __future__ import annotations

import contextlib
import select
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..errors import Cancelled
from .interrupts import Cancel

LOOK_SECONDS = 0.2  #: how often it is looked whether somebody asked from outside


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Whether whoever waits should end.

    Parameters
    ----------
    cancel : Cancel, optional
        Ends it at once.
    is_cancelled : callable, optional
        Says that the end was asked for from outside; looked at now and then.
    what : str
        What is stopped, for the error.
    """

    cancel: Cancel | None = None
    is_cancelled: Callable[[], bool] = lambda: False
    what: str = "it"

    def look(self) -> None:
        """Raise `Cancelled` where somebody asked for the end."""
        if (self.cancel is not None and self.cancel.is_set()) or self.is_cancelled():
            raise Cancelled(f"{self.what} was stopped", why="somebody asked for its end")

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """Let a signal raise `Cancelled` in the midst of the block, also where that waits for an answer.

        For what may be left at any point: what it was doing may still be done after it.
        """
        self.look()
        if self.cancel is None:
            yield
            return
        with self.cancel.raised(self.what):
            yield

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Let no signal raise in this part of a block that is left `at_once`, but at its end."""
        if self.cancel is None:
            yield
            return
        with self.cancel.held():
            yield

    def pause(self, seconds: float) -> None:
        """Wait so long, or until somebody asks for the end, which raises `Cancelled`."""
        until = time.monotonic() + seconds
        while True:
            self.look()
            left = until - time.monotonic()
            if left <= 0:
                return
            self._wait(min(left, LOOK_SECONDS))

    def _wait(self, seconds: float) -> None:
        if self.cancel is None:
            time.sleep(seconds)
            return
        poll = select.poll()
        poll.register(self.cancel, select.POLLIN)
        poll.poll(1000 * seconds)


NEVER = Stop()  #: an undo is not stopped

"""A thread that puts itself into the cage, starts the child, and ends.

Landlock, seccomp, capabilities and mounts belong to a thread and are inherited
by what it starts; the process it belongs to stays free. So a child is caged
without a fork of a large kernel (`preexec_fn`) and without a helper program.

The thread runs as little Python as can be: an import, a debugger's trace or a
finalizer that ran on it would run in the cage and find everything closed.
"""

from __future__ import annotations

import _thread
import gc
import os
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


def spawn(enter: Callable[[], None], start: Callable[[], T], leave: Callable[[], None] = lambda: None) -> T:
    """Call `enter`, then `start`, on a thread of their own; return what `start` returns.

    Parameters
    ----------
    enter : callable
        Restricts the thread that calls it.
    start : callable
        Starts the child and returns it; what it raises is raised here.
    leave : callable, optional
        Called on the thread at its end, whatever came of the others.

    Notes
    -----
    An interrupt while the thread works is held back until it has ended. A child
    that was started meanwhile is killed then: nobody would know of it.
    """
    errand = _Errand(enter, start, leave)
    # _thread: threading.Thread would run a debugger's or coverage's trace function in the cage.
    _thread.start_new_thread(errand.run, ())
    interrupt = _waited_for(errand)
    if interrupt is not None:
        errand.undo()
        raise interrupt
    return errand.result()


def _waited_for(errand: _Errand[T]) -> BaseException | None:
    """Wait for the end of an errand; return what wanted to interrupt that."""
    interrupt: BaseException | None = None
    while True:
        try:
            # Asked again each time: an interrupt may come when the lock was had already.
            while not errand.has_ended:
                errand.done.acquire()
            return interrupt
        except BaseException as error:  # noqa: BLE001 - raised by the caller, when nothing can get lost
            interrupt = error


class _Finalizers:
    """Keeps the collector from running any while at least one thread is in a cage."""

    def __init__(self) -> None:
        self._lock = _thread.allocate_lock()
        self._held = 0
        self._collects = False
        os.register_at_fork(after_in_child=self.renew)

    def renew(self) -> None:
        """Begin anew: in a fork none of the other threads is there, and what they held back is not."""
        if self._held and self._collects:
            gc.enable()
        self._lock, self._held = _thread.allocate_lock(), 0

    def hold(self) -> None:
        """Hold them back; each time is released once."""
        with self._lock:
            if not self._held:
                self._collects = gc.isenabled()
                gc.disable()
            self._held += 1

    def release(self) -> None:
        """Let them run again, if nobody else holds them back and they ran before."""
        with self._lock:
            self._held -= 1
            if not self._held and self._collects:
                gc.enable()


_finalizers = _Finalizers()


class _Errand(Generic[T]):
    """What the thread has to do, and what came of it."""

    def __init__(self, enter: Callable[[], None], start: Callable[[], T], leave: Callable[[], None]) -> None:
        self.done = _thread.allocate_lock()
        self.done.acquire()
        self.has_ended = False
        self._enter, self._start, self._leave = enter, start, leave
        self._found: list[T] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        """Do it; runs on the thread."""
        _finalizers.hold()
        try:
            try:
                self._enter()
                self._found.append(self._start())
            finally:
                self._leave()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that asked
            self._error = error
        finally:
            _finalizers.release()
            self.has_ended = True
            self.done.release()

    def result(self) -> T:
        """Return what `start` returned, or raise what was raised."""
        if self._error is not None:
            raise self._error
        return self._found[0]

    def undo(self) -> None:
        """Kill the child, if there is one."""
        for child in self._found:
            kill, wait = getattr(child, "kill", None), getattr(child, "wait", None)
            if kill and wait:
                kill()
                wait()

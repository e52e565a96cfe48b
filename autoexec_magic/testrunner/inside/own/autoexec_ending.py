"""What SIGTERM means to the process of the tests, and what it means to what it forks.

Runs in the project's own Python, as the plugin beside it, and imports no more than that does.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import Any


def end_as_interrupted() -> None:
    """Let pytest take SIGTERM as it takes Ctrl-C: fixtures are torn down before the end.

    A fork, of multiprocessing's say, is ended by it as ever. What takes a signal
    in Python does not take one that comes just before it waits for a lock, and
    forgets one that comes while it forks: of sixty pools of processes one was
    never over. So it is held back while a fork is made, which then does not take it.
    """
    own = os.getpid()
    held: dict[int, Any] = {}

    def interrupt(number: int, frame: object) -> None:
        if os.getpid() == own:
            raise KeyboardInterrupt
        signal.signal(number, signal.SIG_DFL)  # a fork that no hook was called for
        os.kill(os.getpid(), number)

    def hold() -> None:
        if signal.getsignal(signal.SIGTERM) is interrupt:
            held[threading.get_ident()] = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM,))

    def let_go() -> None:
        mask = held.pop(threading.get_ident(), None)
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def end_as_ever() -> None:
        if signal.getsignal(signal.SIGTERM) is interrupt:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        let_go()

    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        with contextlib.suppress(ValueError):  # not in the main thread
            signal.signal(signal.SIGTERM, interrupt)
            os.register_at_fork(before=hold, after_in_parent=let_go, after_in_child=end_as_ever)

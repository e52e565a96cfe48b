"""What a run of tests in this process may change, and how each is put back.

`KEPT` has a row for everything that is put back, by name. A row is a function
that looks at how it is and returns the function that makes it so again. What
cannot be put back by one row does not keep the others from it.

Objects that tests change in place stay changed: they are the user's own. So do
modules that tests import, and whatever an import of them sets up.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, MutableMapping

from . import interpreter, libraries, loops, process
from .interpreter import Restore, bindings

_log = logging.getLogger(__name__)

#: In the order in which they are looked at; put back the other way round, so that signals come last.
KEPT: Mapping[str, Callable[[], Restore]] = {
    **process.KEPT,
    **interpreter.KEPT,
    "event loop": loops.policy,
    **libraries.KEPT,
}


@contextlib.contextmanager
def as_found(names: Mapping[str, object] | None = None) -> Iterator[None]:
    """Put everything back at the end; `names` are the kernel's, whose bindings are kept, too.

    An interrupt that falls into the putting back is raised when all is done.
    """
    rows = dict(KEPT)
    if isinstance(names, MutableMapping):
        rows["names"] = lambda: bindings(names)
    interrupts: list[int] = []
    with contextlib.ExitStack() as stack:
        for name, look in rows.items():
            stack.callback(_put_back, name, look())
        stack.callback(_hold, interrupts)
        stack.enter_context(warnings.catch_warnings())
        stack.enter_context(loops.no_loop())
        yield
    if interrupts:
        raise KeyboardInterrupt


def _put_back(name: str, restore: Restore) -> None:
    try:
        restore()
    except Exception as error:  # noqa: BLE001 - the others are put back whatever a library raises
        _log.warning("after the tests, %s could not be put back: %s", name, error)


def _hold(interrupts: list[int]) -> None:
    """From now on, only note an interrupt; the row of the signals lets it through again."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, lambda number, frame: interrupts.append(number))

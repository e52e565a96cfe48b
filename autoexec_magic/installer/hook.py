"""Heal an import the moment it fails, so that the import statement itself succeeds.

A finder at the end of `sys.meta_path`, there only while a cell runs. It is
asked when nobody else has the module: an import that succeeds costs nothing.
It acts only for imports that the user wrote, in the thread that runs the cell,
and that nothing around them would catch (`importing`). So it never acts for a
probe, a guarded import, a library, or a relative import.

Other threads are left alone: they have no prompt to ask at, and two installs
at once would wait for each other. The import system calls finders under its
one global lock: an install that waits for a thread which imports anything
would wait for ever, so that lock is let go meanwhile. What stays held is the
lock of the one module: whoever imports the same module elsewhere waits and
then has it. What the heal itself imports is not healed.

Must not raise what the import would not: where nothing could be installed the
answer is None, and Python raises its own ModuleNotFoundError. Only a
cancellation passes through.
"""

from __future__ import annotations

import _imp
import contextlib
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec
from types import FrameType, ModuleType
from typing import TypeAlias

from .importing import Written, importer, is_guarded, wanted
from .scan import Needed

Install: TypeAlias = Callable[[Needed], bool]  #: whether anything was installed; raises `Cancelled` only


class Hook:
    """The finder; `install` decides and installs, `written` knows the user's code."""

    def __init__(self, install: Install, written: Written) -> None:
        self._install = install
        self._written = written
        self._thread = 0
        self._is_busy = False
        self._answered: set[str] = set()

    def put_on(self) -> None:
        """Begin, in this thread; where a cell runs within another one, the outer one's hook goes on."""
        if not any(isinstance(finder, Hook) for finder in sys.meta_path):
            self._thread = threading.get_ident()
            sys.meta_path.append(self)

    def take_off(self) -> None:
        """End for good, also for whoever has made a copy of `sys.meta_path`."""
        self._thread = 0
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not self]

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module that was installed for this very import, else None."""
        if self._is_busy or threading.get_ident() != self._thread or name in self._answered:
            return None
        asked = importer(sys._getframe(1))
        if asked is None or not self._written.holds(asked[0]) or _is_regular_part(name):
            return None
        self._is_busy = True
        try:
            with _unlocked():
                return self._healed(name, path, *asked)
        finally:
            self._is_busy = False

    def _healed(
        self, name: str, path: Sequence[str] | None, frame: FrameType, loading: FrameType
    ) -> ModuleSpec | None:
        spec = self._elsewhere(name, path, is_after=True)
        if spec is not None:
            return spec
        need = wanted(frame, loading)
        if need is None or is_guarded(frame, self._written):
            return None
        self._answered.add(name)
        return self._elsewhere(name, path) if self._install(need) else None

    def _elsewhere(
        self, name: str, path: Sequence[str] | None, *, is_after: bool = False
    ) -> ModuleSpec | None:
        """Ask the other finders, or only those that somebody has put after this one."""
        finders = list(sys.meta_path)
        if is_after:
            finders = finders[finders.index(self) + 1 :] if self in finders else []
        for finder in finders:
            find = getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find(name, path) if find and finder is not self else None
            if spec is not None:
                return spec
        return None


@contextlib.contextmanager
def _unlocked() -> Iterator[None]:
    """Let other threads import meanwhile: finders are called with the import system's lock held."""
    try:
        _imp.release_lock()
    except RuntimeError:  # a Python that holds none
        yield
        return
    try:
        yield
    finally:
        _imp.acquire_lock()


def _is_regular_part(name: str) -> bool:
    """Whether the package above is one that holds all of its modules: what it lacks nobody else brings."""
    parent = sys.modules.get(name.rpartition(".")[0])
    return parent is not None and getattr(parent, "__file__", None) is not None

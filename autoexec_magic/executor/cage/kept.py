"""Cages that are kept from run to run, as most of what makes one is the same each time.

Rules, filter, mounts, control group and the scratch folder stay; what a run
left in them does not: the next one finds a home and temporary files as new. A
cage is one run's at a time. Before each run everything that it was made from is
looked at again, and where anything is another one now (a folder, a protected
file, a link, a mount, a variable that says where secrets are) it is not used any
more.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from . import protected
from .levels import Cage, build
from .request import CageRequest
from .rules import Rule, rules

_Identity: TypeAlias = tuple[int, int, int]

MOST = 4  # that wait for a run; each holds a folder and three descriptors


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a cage is made from, as it is at one time."""

    user: int
    mounted: int
    rules: tuple[Rule, ...]
    shut: tuple[str, ...]
    places: tuple[_Identity | None, ...]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A cage that waits, what it was made for and from, and its scratch folder."""

    request: CageRequest
    cage: Cage
    seen: _Seen
    place: _Identity | None


@dataclass(slots=True)
class _Kept:
    """The cages that wait, the oldest first."""

    waiting: list[_Waiting] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


_kept = _Kept()


@contextlib.contextmanager
def lend(request: CageRequest) -> Iterator[Cage]:
    """Give a cage for one run: one that waits for such a request, or else a new one.

    Raises
    ------
    UsageError, CageError
        As `build`.
    """
    if request.level != "workspace" or request.scratch is not None:
        with build(request) as cage:
            yield cage
        return
    cage, seen = _taken(request)
    try:
        yield cage
    except BaseException:  # nobody knows what is left of the run
        cage.close()
        raise
    _give_back(request, cage, seen)


def look(request: CageRequest) -> object:
    """Return what a cage for `request` is made from: one that is equal now means the same cage."""
    return _look(request) if request.level == "workspace" else None


def close() -> None:
    """Close every cage that waits."""
    with _kept.lock:
        waiting, _kept.waiting = _kept.waiting, []
    for one in waiting:
        one.cage.close()


def _taken(request: CageRequest) -> tuple[Cage, _Seen | None]:
    seen = _look(request)
    while (found := _next(request)) is not None:
        cage, place = found.cage, found.cage.scratch
        if found.seen == seen and place is not None and _identity(str(place)) == found.place:
            return cage, seen
        cage.close()
    cage = build(request)
    try:
        is_same = _look(request) == seen  # what changed meanwhile may be in it, or not
    except BaseException:
        cage.close()
        raise
    return cage, seen if is_same else None


def _next(request: CageRequest) -> _Waiting | None:
    """Take out the newest cage that was made for such a request."""
    with _kept.lock:
        for at in reversed(range(len(_kept.waiting))):
            if _kept.waiting[at].request == request:
                return _kept.waiting.pop(at)
    return None


def _give_back(request: CageRequest, cage: Cage, seen: _Seen | None) -> None:
    """Keep a cage for the next run, if nothing is left of this one; close the oldest that are too many."""
    if seen is None or not cage.empty():
        cage.close()
        return
    waiting = _Waiting(request, cage, seen, _identity(str(cage.scratch)))
    with _kept.lock:
        _kept.waiting.append(waiting)
        too_many = _kept.waiting[:-MOST]
        del _kept.waiting[:-MOST]
    for old in too_many:
        old.cage.close()


def _look(request: CageRequest) -> _Seen:
    """Return what a cage for `request` would be made from now."""
    workspace = request.workspace.resolve()
    found = rules(
        workspace=request.workspace,
        scratch=workspace,  # in the place of the one it will have
        read=request.read,
        write=request.write,
        may_write_workspace=request.level == "workspace",
    )
    shut = protected.found(workspace, request.protected)
    paths = (*(rule.path for rule in found), *shut, *protected.parents(workspace, shut))
    return _Seen(os.geteuid(), _mounts.changes(), found, shut, tuple(map(_identity, paths)))


def _identity(path: str) -> _Identity | None:
    """Return which file is at `path`, and whose: kernel and mounts know it by that, not by its name."""
    try:
        at = os.stat(path)
    except OSError:
        return None
    return at.st_dev, at.st_ino, at.st_uid


class _Mounts:
    """How often the mounts of this process were seen to be others than before."""

    def __init__(self) -> None:
        self._count = 0
        self._descriptor = -1
        self._poll = select.poll()
        self._lock = threading.Lock()  # poll(2) by two threads on one object is an error of Python's

    def changes(self) -> int:
        """Return the number; the kernel tells each change once (proc(5), of /proc/pid/mounts)."""
        with self._lock:
            if self._descriptor < 0:
                with contextlib.suppress(OSError):
                    self._descriptor = os.open("/proc/self/mounts", os.O_RDONLY | os.O_CLOEXEC)
                    self._poll.register(self._descriptor, select.POLLPRI)
            if self._descriptor < 0 or self._poll.poll(0):
                self._count += 1
            return self._count


_mounts = _Mounts()


def _forget() -> None:
    """Leave a forked process without the cages of its parent, whose they stay."""
    global _mounts, _kept
    _kept, _mounts = _Kept(), _Mounts()


os.register_at_fork(after_in_child=_forget)
atexit.register(close)

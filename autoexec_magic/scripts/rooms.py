"""Where a script's own file lies while it runs, and what it hands back: folders kept from run to run.

A room is a folder that the run may read, with one in it, `out`, that it may
write. Both stay as they are, only emptied, so that the next run's cage is asked
for with the same words and can be one that waits (`cage.kept`): to make a new
one costs a fifth of an interpreter's start. A room is one run's at a time; one
that is not what it was is not used again.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import stat
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from ..executor.cage import scratch

MOST = 4  #: rooms that wait for a run
_OUT = "out"
_Identity: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Room:
    """A folder for one run: `path` to read, `out` to write."""

    path: Path
    out: Path
    known: tuple[_Identity, _Identity]


@dataclass(slots=True)
class _Kept:
    """The rooms that wait."""

    waiting: list[Room] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


_kept = _Kept()


@contextlib.contextmanager
def lend() -> Iterator[Room]:
    """Give an empty room for one run; what it holds afterwards is removed."""
    room = _taken()
    try:
        yield room
    finally:
        _give_back(room)


def close() -> None:
    """Remove every room that waits."""
    with _kept.lock:
        waiting, _kept.waiting = _kept.waiting, []
    for room in waiting:
        _remove(room)


def _taken() -> Room:
    while True:
        with _kept.lock:
            room = _kept.waiting.pop() if _kept.waiting else None
        if room is None:
            return _new()
        if _is_same(room):
            return room
        _remove(room)


def _new() -> Room:
    path = scratch.make()  # by its name the keeper knows whose it is, and removes it after a kill
    out = path / _OUT
    out.mkdir(mode=0o700)
    return Room(path, out, (scratch.identity(path), scratch.identity(out)))


def _give_back(room: Room) -> None:
    if not _is_emptied(room):
        _remove(room)
        return
    with _kept.lock:
        _kept.waiting.append(room)
        too_many = _kept.waiting[:-MOST]
        del _kept.waiting[:-MOST]
    for old in too_many:
        _remove(old)


def _is_emptied(room: Room) -> bool:
    """Empty a room; return whether nothing is left in it and it is the folder that it was."""
    if not _is_same(room):
        return False
    try:
        if not _is_bare(room):
            scratch.empty(room.out, room.known[1])
        with os.scandir(room.path) as entries:
            found = [
                (entry.path, entry.is_dir(follow_symlinks=False)) for entry in entries if entry.name != _OUT
            ]
        for path, is_folder in found:
            if is_folder:
                shutil.rmtree(path)
            else:
                os.unlink(path)  # noqa: PTH108 - after each run
    except OSError:
        return False
    return True


def _is_bare(room: Room) -> bool:
    """Whether a run has left nothing in its folder, and the folder as it was."""
    at = os.lstat(room.out)
    return stat.S_IMODE(at.st_mode) == 0o700 and not os.listdir(room.out)


def _is_same(room: Room) -> bool:
    try:
        return (scratch.identity(room.path), scratch.identity(room.out)) == room.known
    except OSError:
        return False


def _remove(room: Room) -> None:
    with contextlib.suppress(OSError):
        if scratch.identity(room.path) == room.known[0]:
            scratch.remove(room.path)


def _forget() -> None:
    """Leave a forked process without the rooms of its parent, whose they stay."""
    global _kept
    _kept = _Kept()


os.register_at_fork(after_in_child=_forget)
atexit.register(close)

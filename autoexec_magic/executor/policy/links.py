"""Where fixed places really are, links followed: found once, and again as soon as any of it can have changed.

Each path that is judged is held against some hundred places that may be links.
Where a place leads can change only with a folder on its way there: an entry
that appears, goes, or becomes a link changes its folder's time of change
(ctime, which nobody can set back). So what was found is used for as long as
all of these folders are as they were, which is one look at each.

A folder that changed just now is not trusted: within one tick of the file
system's clock it could change once more and look the same.
"""

from __future__ import annotations

import functools
import os
import stat
import time
from dataclasses import dataclass
from typing import TypeAlias

_Mark: TypeAlias = tuple[int, int, int] | None  # device, inode, time of change; None: not there

_SETTLED_SECONDS = 2.5  # the coarsest clock of a file system counts in 2 s
_MOST_LINKS = 40  # as many as the kernel follows
_MOST_KEPT = 16


@dataclass(frozen=True, slots=True)
class _Found:
    """What some places turned out to be, and the folders that say so."""

    real: tuple[str, ...]
    marks: tuple[tuple[str, _Mark], ...]


_kept: dict[tuple[str, ...], _Found] = {}


def realpaths(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Return `os.path.realpath` of each.

    Parameters
    ----------
    paths : tuple of str
        Absolute; the same ones from call to call.
    """
    known = _kept.get(paths)
    if known is not None and all(_mark(folder) == mark for folder, mark in known.marks):
        return known.real
    memory: dict[str, str] = {}
    folders: dict[str, _Mark] = {}
    try:
        real = tuple(_real(path, memory, folders, 0) for path in paths)
    except RecursionError:  # a link that leads to itself
        return tuple(os.path.realpath(path) for path in paths)
    newest = max((mark[2] for mark in folders.values() if mark is not None), default=0)
    _kept.pop(paths, None)
    if newest < time.time_ns() - int(_SETTLED_SECONDS * 1e9):
        while len(_kept) >= _MOST_KEPT:
            _kept.pop(next(iter(_kept)), None)
        _kept[paths] = _Found(real, tuple(folders.items()))
    return real


def is_below(path: str, places: tuple[str, ...]) -> bool:
    """Whether `path` is one of `places`, or lies below one; all are without links."""
    return f"{path.rstrip('/')}/".startswith(_beginnings(places))


@functools.lru_cache(maxsize=64)
def _beginnings(places: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{place.rstrip('/')}/" for place in places)


def _real(path: str, memory: dict[str, str], folders: dict[str, _Mark], links: int) -> str:
    """Return the path without links; note each folder that was looked into, before the look."""
    path = path.rstrip("/")
    if not path:
        return "/"
    if path in memory:
        return memory[path]
    folder, _, name = path.rpartition("/")
    up = _real(folder, memory, folders, links)
    if name in ("", "."):
        found = up
    elif name == "..":
        found = up.rpartition("/")[0] or "/"
    else:
        found = _followed(up, name, memory, folders, links)
    memory[path] = found
    return found


def _followed(up: str, name: str, memory: dict[str, str], folders: dict[str, _Mark], links: int) -> str:
    if up not in folders:
        folders[up] = _mark(up)
    here = f"{up.rstrip('/')}/{name}"
    try:
        if not stat.S_ISLNK(os.lstat(here).st_mode):
            return here
        target = os.readlink(here)  # noqa: PTH115 - a text is wanted
    except OSError:
        return here
    if links >= _MOST_LINKS:
        raise RecursionError(here)
    whole = target if target.startswith("/") else f"{up.rstrip('/')}/{target}"
    return _real(whole, memory, folders, links + 1)


def _mark(folder: str) -> _Mark:
    try:
        at = os.stat(folder)  # noqa: PTH116 - of each folder, for each path that is judged
    except OSError:
        return None
    return at.st_dev, at.st_ino, at.st_ctime_ns

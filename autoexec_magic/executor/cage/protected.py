"""What governs a run and so may not be written by one: found, watched, compared.

Mounts and bubblewrap make it read-only. Where neither can be had, and for a
file that was not there yet (nothing can be mounted over it), it is compared
before and after the run; whoever trusts it asks what changed.
"""

from __future__ import annotations

import contextlib
import fnmatch
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

Mark: TypeAlias = tuple[int, int, int, int, int]
Marks: TypeAlias = Mapping[str, Mark]

_WILD = frozenset("*?[")


def found(workspace: Path, patterns: Sequence[str]) -> tuple[str, ...]:
    """Return the protected paths that are there, absolute, parents first."""
    root = str(workspace).rstrip("/") or "/"
    listed: dict[str, list[str]] = {}
    return tuple(
        sorted({path for pattern in patterns for path in _matches(root, pattern.split("/"), listed)})
    )


def parents(workspace: Path, paths: Sequence[str]) -> tuple[str, ...]:
    """Return the folders between the workspace and `paths`.

    Each has to be a mount point, too: else it is renamed away with what is
    mounted below, and another one is put in its place.
    """
    root, between = str(workspace), set()
    for path in paths:
        folder = os.path.dirname(path)
        while len(folder) > len(root) and folder not in between:
            between.add(folder)
            folder = os.path.dirname(folder)
    return tuple(sorted(between - set(paths)))


def marks(workspace: Path, patterns: Sequence[str], *, whole: bool = True) -> dict[str, Mark]:
    """Return what tells whether a protected file was changed, by its path.

    Parameters
    ----------
    workspace : Path
        Where the patterns begin.
    patterns : sequence of str
        What is protected.
    whole : bool, default True
        Look into folders; not needed for those that cannot be written.

    Returns
    -------
    dict of str to tuple
        Inode, mode, size and times. A process can set a file's modification
        time back, but not the time of its last change (ctime).
    """
    seen: dict[str, Mark] = {}
    for path in found(workspace, patterns):
        for each in _and_below(path) if whole else (path,):
            with contextlib.suppress(OSError):
                at = os.lstat(each)
                seen[each] = (at.st_ino, at.st_mode, at.st_size, at.st_mtime_ns, at.st_ctime_ns)
    return seen


def changed(before: Marks, after: Marks) -> tuple[Path, ...]:
    """Return the paths that are new, gone or different, in order."""
    paths = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    return tuple(Path(path) for path in sorted(paths))


def _matches(folder: str, parts: Sequence[str], listed: dict[str, list[str]]) -> Iterator[str]:
    """Yield what a pattern's parts match below `folder`, as `Path.glob` does; asked before each start."""
    first, rest = parts[0], parts[1:]
    if "**" in parts:
        yield from (str(path) for path in Path(folder).glob("/".join(parts)))
        return
    names = [first]
    if not _WILD.isdisjoint(first):
        if folder not in listed:
            try:
                listed[folder] = os.listdir(folder)
            except OSError:
                listed[folder] = []
        names = fnmatch.filter(listed[folder], first)
    elif not os.path.exists(f"{folder}/{first}"):
        return
    for name in names:
        path = f"{folder.rstrip('/')}/{name}"
        yield from _matches(path, rest, listed) if rest else (path,)


def _and_below(path: str) -> Iterator[str]:
    """Return `path` and everything in it; links are not followed."""
    yield path
    if not stat.S_ISDIR(os.lstat(path).st_mode):
        return
    for folder, folders, names in os.walk(path):
        yield from (os.path.join(folder, name) for name in (*folders, *names))

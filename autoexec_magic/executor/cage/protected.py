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
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

Mark: TypeAlias = tuple[int, int, int, int, int]
Marks: TypeAlias = Mapping[str, Mark]

_WILD = frozenset("*?[")
_ENVIRONMENT = ("pyvenv.cfg", "conda-meta")  # what is in the folder of one
_LARGE = frozenset((".git", "node_modules"))  # not looked through for environments
_FOLDERS_DOWN = 2
_MOST_FOLDERS = 20_000
_CLOCK_NS = 100_000_000  # more than the steps in which file systems count the time

_folders: dict[tuple[str, int], _Folder] = {}


def found(
    workspace: Path, patterns: Sequence[str], *, is_there: Callable[[str], bool] = os.path.exists
) -> tuple[str, ...]:
    """Return the protected paths that are there, absolute, parents first.

    Besides what the patterns find: a `.git` that is a file, which says where
    the repository is, environments, and that of this interpreter wherever it
    lies in the workspace.
    """
    root = str(workspace).rstrip("/") or "/"
    listed: dict[str, list[str]] = {}
    paths = {f"{root.rstrip('/')}/{name}" for name in filter(_WILD.isdisjoint, patterns)}
    paths = set(filter(is_there, paths))
    wild = [pattern for pattern in patterns if not _WILD.isdisjoint(pattern)]
    paths.update(path for pattern in wild for path in _matches(root, pattern.split("/"), listed, is_there))
    if patterns:
        paths.update(_environments(root))
        git = f"{root}/.git"
        if os.path.isfile(git) or (is_there is os.path.lexists and os.path.islink(git)):
            paths.add(git)
        prefix = os.path.realpath(sys.prefix)
        paths |= {prefix} if prefix.startswith(f"{root}/") else set()
    return tuple(sorted(paths))


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
    for path in found(workspace, patterns, is_there=os.path.lexists):  # also a link to what is still to come
        for each in _and_below(path) if whole else (path,):
            with contextlib.suppress(OSError):
                at = os.lstat(each)
                seen[each] = (at.st_ino, at.st_mode, at.st_size, at.st_mtime_ns, at.st_ctime_ns)
    return seen


def changed(before: Marks, after: Marks) -> tuple[Path, ...]:
    """Return the paths that are new, gone or different, in order."""
    paths = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    return tuple(Path(path) for path in sorted(paths))


def _matches(
    folder: str, parts: Sequence[str], listed: dict[str, list[str]], is_there: Callable[[str], bool]
) -> Iterator[str]:
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
    elif not is_there(f"{folder}/{first}"):
        return
    for name in names:
        path = f"{folder.rstrip('/')}/{name}"
        yield from _matches(path, rest, listed, is_there) if rest else (path,)


def _environments(root: str) -> Iterator[str]:
    """Yield the environments of Python one or two levels down, whatever they are called."""
    for first in _folder(root, _FOLDERS_DOWN).inner:
        seen = _folder(first, _FOLDERS_DOWN - 1)
        if seen.is_environment:
            yield first
        yield from (second for second in seen.inner if _folder(second, 0).is_environment)


class _Folder(NamedTuple):
    """What was seen in a folder when it was in this state."""

    state: tuple[int, int, int]
    is_environment: bool = False
    inner: tuple[str, ...] = ()


def _folder(path: str, levels: int) -> _Folder:
    """Return what is in a folder: of one that has not changed since, what is known; many are asked about."""
    try:
        at = os.stat(path)
    except OSError:
        return _Folder((0, 0, 0))
    state = at.st_dev, at.st_ino, at.st_ctime_ns  # the time of its last change, which nobody can set back
    known = _folders.get((path, levels))
    if known and known.state == state:
        return known
    inner: list[str] = []
    with contextlib.suppress(OSError):
        if levels:
            with os.scandir(path) as entries:
                inner = [one.path for one in entries if one.name not in _LARGE and one.is_dir()]
    found = _Folder(state, any(os.path.lexists(f"{path}/{name}") for name in _ENVIRONMENT), tuple(inner))
    if time.time_ns() - at.st_ctime_ns > _CLOCK_NS:  # else it could change once more at the very same time
        if len(_folders) > _MOST_FOLDERS:
            _folders.clear()
        _folders[path, levels] = found
    return found


def _and_below(path: str) -> Iterator[str]:
    """Return `path` and everything in it; links are not followed."""
    yield path
    if not stat.S_ISDIR(os.lstat(path).st_mode):
        return
    for folder, folders, names in os.walk(path):
        yield from (os.path.join(folder, name) for name in (*folders, *names))

"""What a folder holds that a build reads: each file by its digest."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from ..errors import BuildError
from . import reading
from .artifacts import Input

#: folders that are made anew and belong to no artifact
NO_INPUT = frozenset(
    {
        *(".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", ".ipynb_checkpoints"),
        *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".tox", ".nox", ".hypothesis", ".eggs"),
    }
)
LeftOut: TypeAlias = Callable[[str], bool]
_CHUNK = 1 << 20


def files_below(folder: Path, is_left_out: LeftOut = lambda path: False) -> Iterator[tuple[str, Path]]:
    """Yield the files below a folder by their paths relative to it, with /, in order; links are not followed.

    `is_left_out` is asked for folders (their path ends with /) and for files.
    """
    yield from _below(folder, "", is_left_out)


def _below(folder: Path, before: str, is_left_out: LeftOut) -> Iterator[tuple[str, Path]]:
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        path = f"{before}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            if not is_left_out(f"{path}/"):
                yield from _below(Path(entry.path), f"{path}/", is_left_out)
        elif not is_left_out(path) and (entry.is_symlink() or entry.is_file(follow_symlinks=False)):
            yield path, Path(entry.path)


def usual(path: str) -> bool:
    """Whether a file or folder is one that no build reads: an environment, a cache, a repository."""
    return any(part in NO_INPUT or part.endswith(".egg-info") for part in path.rstrip("/").split("/"))


def read_input(path: str, file: Path) -> Input:
    """Return a file as an input; of a link its target's name is what counts.

    Raises
    ------
    BuildError
        It cannot be read.
    """
    try:
        status = file.lstat()
        if stat.S_ISLNK(status.st_mode):
            target = os.fsencode(file.readlink())
            found = hashlib.sha256(target).hexdigest()
            return Input(path=path, digest=found, bytes=len(target), is_link=True)
        digest, size = digest_of(file)
    except OSError as error:
        raise BuildError(f"{path} cannot be read", why=str(error), fix="check its permissions") from error
    return Input(path=path, digest=digest, bytes=size, is_executable=bool(status.st_mode & stat.S_IXUSR))


def inputs_of(folder: Path, is_left_out: LeftOut = usual) -> tuple[Input, ...]:
    """Return all files below a folder that are not left out."""
    return tuple(read_input(path, file) for path, file in files_below(folder, is_left_out))


def digest_of(file: Path) -> tuple[str, int]:
    """Return a file's SHA-256, 64 hexadecimal digits, and its size in bytes."""
    found, size = hashlib.sha256(), 0
    with reading.opened(file) as stream:
        while chunk := stream.read(_CHUNK):
            found.update(chunk)
            size += len(chunk)
    return found.hexdigest(), size

"""Files in the place of a process's streams: opened before it starts, as it could have itself.

A redirection is opened by us, and we are not in the cage. So the cage is asked
first, and asked again about what the descriptor turned out to be.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import CageError, UsageError
from .cage import Cage


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file in the place of stream 0, 1 or 2; or what another stream is at that time (`same_as`)."""

    stream: int
    path: str = ""
    flags: int = os.O_RDONLY
    same_as: int = -1


def opened(
    files: Sequence[File], streams: list[int], *, cage: Cage | None, cwd: Path, until: contextlib.ExitStack
) -> list[int]:
    """Return the descriptors of `streams` (0, 1 and 2) after the files took their places.

    What is opened is closed when `until` ends.

    Raises
    ------
    UsageError
        A file cannot be opened.
    CageError
        The cage does not let a run read or write it.
    """
    for file in files:
        if file.same_as >= 0:
            streams[file.stream] = streams[file.same_as]
            continue
        try:
            descriptor = _open_in(cage, cwd / file.path, file.flags)
        except (OSError, ValueError) as error:
            done = "read" if file.flags == os.O_RDONLY else "written"
            raise UsageError(f"{file.path} cannot be {done}", why=str(error), fix="check the path") from error
        until.callback(os.close, descriptor)
        streams[file.stream] = descriptor
    return streams


def _open_in(cage: Cage | None, path: Path, flags: int) -> int:
    """Open a file as the caged child could have: by the rules, and from inside where a thread can be."""
    if cage is None or cage.level == "open":
        return _open(path, flags)
    _check_held(cage, path, flags)
    descriptor = cage.spawn(lambda: _open(path, flags))
    try:
        seen = os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115 - a pipe is no path
        if seen.startswith("/"):  # what it was by then, whatever links were put in its way
            _check_held(cage, Path(seen), flags)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _check_held(cage: Cage, path: Path, flags: int) -> None:
    is_written = flags != os.O_RDONLY
    path = Path(os.path.normpath(path))
    answer = cage.explain(path, write=is_written)
    if answer == "ordinary" or not (is_written or path.exists()):
        return
    done, door = ("write", "--write") if is_written else ("read", "--read")
    why = f"the cage {cage.level} does not let a run {done} it"
    place = next(folder for folder in (path, *path.parents) if folder.exists())
    fix = "" if answer == "protected" or cage.level == "sealed" else f"add {door} {place}"
    raise CageError(f"{path} cannot be {done.replace('write', 'written')}", why=why, fix=fix)


def _open(path: Path, flags: int) -> int:
    # A named pipe that nobody is at the other end of would keep us here for ever.
    descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK, 0o666)
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    os.set_blocking(descriptor, True)
    return descriptor

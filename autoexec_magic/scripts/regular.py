"""Opens what a hostile process has left: a regular file, or nothing at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def opened(
    name: str | Path, at: int | None = None, *, follows: bool = False
) -> Iterator[tuple[BinaryIO, os.stat_result]]:
    """Give a file to read, and its state; neither a link nor a pipe nor a device is opened for long.

    Parameters
    ----------
    name : str or Path
        The file.
    at : int, optional
        The descriptor of the folder it is in.
    follows : bool, default False
        Whether it may be a link.

    Raises
    ------
    OSError
        It is not there, or is no regular file.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follows else os.O_NOFOLLOW)
    descriptor = os.open(name, flags, dir_fd=at)
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        file = os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise
    with file:
        yield file, state

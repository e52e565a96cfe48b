"""Reads a file of settings, in whose place may be a pipe that nobody writes to, or an endless device."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

MOST_BYTES = 16 * 2**20
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


def text(path: str | Path) -> str:
    """Return a file's text.

    Raises
    ------
    OSError
        It is missing, no plain file, larger than `MOST_BYTES`, or cannot be read.
    UnicodeDecodeError
        It is not UTF-8.
    """
    with os.fdopen(os.open(path, _FLAGS), "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no plain file", str(path))
        data = stream.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise OSError(errno.EFBIG, f"it holds more than {MOST_BYTES:,} bytes", str(path))
    return data.decode("utf-8")

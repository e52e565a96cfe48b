"""Opens what holds a report so that it can be read twice, and never waits for what does not come."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TypeAlias

from ...errors import UsageError

Source: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO
PIECE_BYTES = 64 * 1024  #: that are read at a time


@contextlib.contextmanager
def opened(source: Source) -> Iterator[BinaryIO]:
    """Yield what can be read twice; somebody else's file is left open.

    Raises
    ------
    UsageError
        It cannot be opened, or is no file: reading a pipe that nobody writes into never ends.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        yield io.BytesIO(source)
    elif isinstance(source, str | os.PathLike):
        with _file_at(Path(source)) as file:
            yield file
    elif source.seekable():
        yield source
    else:
        with tempfile.TemporaryFile() as file:
            for piece in pieces(source):
                file.write(piece)
            file.seek(0)
            yield file


def _file_at(path: Path) -> BinaryIO:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UsageError(
            f"{path} cannot be read", why="it is a folder, a pipe or a device", fix="give the report's file"
        )
    return os.fdopen(descriptor, "rb")


def _unreadable(name: object, error: Exception) -> UsageError:
    why = getattr(error, "strerror", None) or str(error)
    return UsageError(f"{name} cannot be read", why=why, fix="check the path")


def pieces(file: BinaryIO) -> Iterator[bytes]:
    """Yield what a file holds from where it stands.

    Raises
    ------
    UsageError
        It cannot be read on.
    """
    while True:
        try:
            piece = file.read(PIECE_BYTES)
        except OSError as error:
            raise _unreadable(getattr(file, "name", "the file"), error) from error
        if not piece:
            return
        yield piece

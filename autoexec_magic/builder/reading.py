"""The one reader of a project's files: it waits for nobody, and reads plain files only, up to a limit.

A project is other people's data. Where a file is expected there may be a pipe
that nobody writes to, a device that never ends, or a link to what is none of
the project's; each of them is refused by name. That a file is missing is an
answer and no fault: then it is `FileNotFoundError` or `NotADirectoryError`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from ..errors import BuildError

MOST_BYTES = 16 * 2**20  #: of a file that people write: settings, a module, requirements
_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_FOLDER = _READ | _NO_LINK | getattr(os, "O_DIRECTORY", 0)
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISLNK, "a link"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def text(file: Path, *, most: int = MOST_BYTES, follows: bool = True, encoding: str = "utf-8") -> str:
    """Return a file's text, its line ends made one, as Python has them; see `content`.

    Raises
    ------
    BuildError
        It is not text of that encoding, or `content` refuses it.
    """
    data = content(file, most=most, follows=follows)
    try:
        found = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise BuildError(
            f"{file.name} cannot be read", why=f"it is no text in {encoding.upper()}", fix="save it as UTF-8"
        ) from error
    return found.replace("\r\n", "\n").replace("\r", "\n")


def content(file: Path, *, most: int = MOST_BYTES, follows: bool = True) -> bytes:
    """Return what a file holds.

    Parameters
    ----------
    file : Path
        The file.
    most : int
        Bytes that it may hold.
    follows : bool, default True
        Whether it may be a link to a file; the folders before it may be links
        in any case (`below` allows none).

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        There is none.
    BuildError
        It is no plain file, larger than `most`, or cannot be read.
    """
    with opened(file, follows=follows) as stream:
        return whole(stream, file.name, most)


def whole(stream: BinaryIO, name: str, most: int = MOST_BYTES) -> bytes:
    """Return the rest of an open file.

    Raises
    ------
    BuildError
        There is more than `most` bytes, or it cannot be read.
    """
    try:
        found = stream.read(most + 1)
    except OSError as error:
        raise _unread(name, error) from error
    if len(found) > most:
        raise BuildError(
            f"{name} is too large",
            why=f"it holds more than {most:,} bytes",
            fix="move it away, or make it smaller",
        )
    return found


@contextlib.contextmanager
def opened(file: Path, *, follows: bool = True) -> Iterator[BinaryIO]:
    """Yield a plain file, open for reading; see `content`.

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        There is none.
    BuildError
        It is no plain file, or cannot be opened.
    """
    try:
        if not stat.S_ISREG(
            (kind := file.stat(follow_symlinks=follows)).st_mode
        ):  # a device is not even opened
            raise _no_file(file.name, kind.st_mode)
        descriptor = os.open(file, _READ | (0 if follows else _NO_LINK))
    except (FileNotFoundError, NotADirectoryError):
        raise
    except (OSError, ValueError) as error:
        raise _unread(file.name, error) from error
    with _plain(descriptor, file.name) as stream:
        yield stream


@contextlib.contextmanager
def below(folder: Path, path: str) -> Iterator[BinaryIO]:
    """Yield a plain file that lies below a folder, open for reading, with no link anywhere on the way to it.

    Parameters
    ----------
    folder : Path
        The folder, which may be a link itself.
    path : str
        The file's path relative to it, with /.

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        There is none.
    BuildError
        It leads out of the folder or over a link, is no plain file, or cannot
        be opened.
    """
    parts = PurePosixPath(path).parts
    if not parts or ".." in parts or path.startswith("/") or "\0" in path:
        raise BuildError(
            f"{path} cannot be read", why="it is not in the folder", fix="name a file of the project's"
        )
    at = -1
    try:
        at = os.open(folder, _READ | getattr(os, "O_DIRECTORY", 0))
        for part in parts[:-1]:
            inner = os.open(part, _FOLDER, dir_fd=at)
            os.close(at)
            at = inner
        kind = os.stat(parts[-1], dir_fd=at, follow_symlinks=False)
        if not stat.S_ISREG(kind.st_mode):
            raise _no_file(path, kind.st_mode)
        descriptor = os.open(parts[-1], _READ | _NO_LINK, dir_fd=at)
    except FileNotFoundError:
        raise
    except NotADirectoryError as error:  # what a link to a folder is, too, where no link is followed
        if _has_link(folder, parts):
            raise BuildError(
                f"{path} cannot be read", why="a folder on the way to it is a link", fix="put a folder there"
            ) from error
        raise
    except OSError as error:
        raise _unread(path, error) from error
    finally:
        if at >= 0:
            os.close(at)
    with _plain(descriptor, path) as stream:
        yield stream


@contextlib.contextmanager
def _plain(descriptor: int, name: str) -> Iterator[BinaryIO]:
    """Yield what was opened, if it is a plain file: it may have been changed since it was looked at."""
    with os.fdopen(descriptor, "rb") as stream:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise _no_file(name, mode)
        yield stream


def _has_link(folder: Path, parts: tuple[str, ...]) -> bool:
    return any(folder.joinpath(*parts[:size]).is_symlink() for size in range(1, len(parts)))


def _no_file(name: str, mode: int) -> BuildError:
    kind = next((words for is_one, words in _KINDS if is_one(mode)), "something else")
    return BuildError(
        f"{name} cannot be read", why=f"it is no file, but {kind}", fix="put a file there, or move it away"
    )


def _unread(name: str, error: OSError | ValueError) -> BuildError:
    if isinstance(error, OSError) and error.errno == errno.ELOOP:
        return BuildError(f"{name} cannot be read", why="it is a link", fix="put the file itself there")
    why = (error.strerror if isinstance(error, OSError) else "") or str(error)
    return BuildError(f"{name} cannot be read", why=why, fix="check its permissions")

"""Where a report is written after a run that was caged: never through a link that the run could make.

What is written here is written outside of the cage, with all the rights of the
person. So each folder on the way is opened by its name in the one before, and
no link is followed that lies where a run can write: one that is in the project
may be from this run or from an earlier one. At its place the report takes the
place of whatever is there, a link, another name of a file or a FIFO, and is
never written into it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import UsageError
from ..testrunner import Case, junit

_MOST_LINKS = 40  # that one path leads through: the kernel's own number, path_resolution(7)
# Who may pass through a folder need not be able to list it.
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FIX = "name a path that can be written"


class ReportFile:
    """The file that a report is to be written to, looked at before the run begins.

    Parameters
    ----------
    path : str
        As a person named it; relative to `folder`.
    folder : Path
        Where the person is.
    open_to_runs : sequence of Path
        Where runs can write: links that lie there are not followed.

    Raises
    ------
    UsageError
        It leads through such a link, or its folder is not there and cannot be made.
    """

    def __init__(self, path: str, folder: Path, open_to_runs: Sequence[Path]) -> None:
        self.shown = folder / path
        with self._told():
            where, name = os.path.split(f"{os.path.realpath(folder)}/{path}" if path[:1] != "/" else path)
            if name in ("", ".", ".."):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
            places = [os.path.realpath(place) for place in open_to_runs]
            at = f"{_resolved(where, places)}/{name}"
            if Path(at).is_symlink() and not _is_in(at, places):  # the person's own
                at = _resolved(at, places)
            self._folder, self._name = os.path.split(at)
            with opened(self._folder) as descriptor:
                self._check(descriptor)

    def write(self, cases: Sequence[Case]) -> None:
        """Write the report whole, in the place of what is there; folders that the run removed are made again.

        Raises
        ------
        UsageError
            It cannot be written: also because the run has put a link in the way.
        """
        with self._told(), opened(self._folder) as descriptor:
            self._check(descriptor)
            junit.write(Path(self._name), cases, folder=descriptor)

    def _check(self, folder: int) -> None:
        """Refuse what a report cannot take the place of: a folder, a device."""
        with contextlib.suppress(FileNotFoundError):
            mode = os.stat(self._name, dir_fd=folder, follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode) or stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
                what = "folder" if stat.S_ISDIR(mode) else "device"
                raise FileExistsError(errno.EEXIST, f"there is a {what} of that name", self._name)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except _LeadsOut as error:
            fix = f"name the place itself, {error.target}, or remove the link"
            raise UsageError(f"cannot write {self.shown}", why=str(error), fix=fix) from error
        except (OSError, ValueError) as error:
            raise UsageError(f"cannot write {self.shown}", why=str(error), fix=_FIX) from error


def put(folder: Path, name: str, text: str) -> None:
    """Write a file of a folder anew, in the place of what has its name.

    Raises
    ------
    OSError
        It cannot be written; what was there is there.
    """
    with opened(os.path.realpath(folder), makes=False) as descriptor:
        part = f".{secrets.token_hex(8)}.part"
        try:
            with os.fdopen(os.open(part, _FILE, 0o666, dir_fd=descriptor), "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(part, name, src_dir_fd=descriptor, dst_dir_fd=descriptor)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(part, dir_fd=descriptor)
            raise


@contextlib.contextmanager
def opened(path: str, *, makes: bool = True) -> Iterator[int]:
    """Give the descriptor of the folder `path`, absolute and without links; what is missing is made.

    Raises
    ------
    OSError
        A link, or anything but a folder, is in the way.
    """
    descriptor = os.open("/", _FOLDER)
    try:
        for part in path.split("/"):
            if not part:
                continue
            try:
                inner = os.open(part, _FOLDER, dir_fd=descriptor)
            except FileNotFoundError:
                if not makes:
                    raise
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, dir_fd=descriptor)
                inner = os.open(part, _FOLDER, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


class _LeadsOut(Exception):
    """A link is in the way that a run may have made."""

    def __init__(self, link: str) -> None:
        super().__init__(f"{link} is a link, which a run may have made")
        self.target = os.path.realpath(link)


def _resolved(path: str, open_to_runs: Sequence[str]) -> str:
    """Return a folder without links and dots, as the kernel would find it.

    Parameters
    ----------
    path : str
        Absolute. Parts need not be there.
    open_to_runs : sequence of str
        Where links are not followed, without links themselves.

    Raises
    ------
    _LeadsOut
        It leads through a link there.
    """
    at, links = "/", 0
    rest = [part for part in reversed(path.split("/")) if part not in ("", ".")]
    while rest:
        part = rest.pop()
        if part == "..":
            at = str(Path(at).parent)
            continue
        inner = f"{at.rstrip('/')}/{part}"
        if not Path(inner).is_symlink():
            at = inner
            continue
        if _is_in(inner, open_to_runs):
            raise _LeadsOut(inner)
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        target = str(Path(inner).readlink())
        at = "/" if target.startswith("/") else at
        rest += [part for part in reversed(target.split("/")) if part not in ("", ".")]
    return at


def _is_in(path: str, places: Sequence[str]) -> bool:
    return any(path.startswith(place.rstrip("/") + "/") for place in places)

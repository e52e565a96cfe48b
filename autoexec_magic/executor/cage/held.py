"""Files that no caged run leaves changed: kept aside before it, and put back after it.

What is not there cannot be made read-only, and where there are no mounts nothing
can. So what such a file was is written down, where no run in a cage can read or
write, before the run begins. When it is over, whatever else has come to
that place is moved aside, and what was there is put back. While a run goes on,
and when this process was killed in it, whoever trusts the file asks here
(`trusted`) what it was.

A person who changes such a file through us while a run goes on says so (`trust`).
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from ... import config
from ...errors import CageError, UsageError
from ..identity import is_owner_gone, owner_name

FOLDER = "held"  #: in the data folder
ASIDE = ".refused"  #: behind the name of what a run made
MOST_BYTES = 2**20  #: of a file whose content is kept; one that is larger is only noticed
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_State: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Was:
    """What a file was: its content and mode; `state` alone where it was none (a link), or too large."""

    path: str
    at: int
    state: _State = ()
    data: bytes | None = None
    mode: int = 0o644

    @property
    def is_still(self) -> bool:
        """Whether it is that now."""
        if self.data is not None:
            return content(Path(self.path)) == self.data
        return _state(Path(self.path)) == self.state

    def text(self) -> str:
        """Return it as it is written down."""
        data = None if self.data is None else self.data.decode("latin-1")
        return json.dumps([self.path, self.at, self.state, data, self.mode])


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Put a file back, when the block is left, that was changed in it.

    Parameters
    ----------
    path : Path
        Absolute, its folder without links. It need not be there.

    Raises
    ------
    CageError
        It was changed, and cannot be moved away.
    """
    others = [was for entry in _entries() if not _is_over(entry) and (was := _read(entry, path))]
    was = min(others, key=lambda other: other.at) if others else _now(path)
    entry = _write_down(was)
    try:
        yield
    finally:
        was = (_read(entry, path) if entry else None) or was
        try:
            _put_back(was)
        finally:
            if entry:
                entry.unlink(missing_ok=True)


def trusted(path: Path) -> bytes | None:
    """Return what a file was before all runs that go on, as its content.

    Returns
    -------
    bytes or None
        Nothing of a file that is not there; None of what is no ordinary one, or too large.

    Raises
    ------
    UsageError
        A run was killed with the process that had to put the file back: now
        it is put back, and a person is to look at what was there.
    """
    path = path.parent.resolve() / path.name
    going_on: list[_Was] = []
    for entry in _entries():
        was = _read(entry, path)
        if was is None:
            continue
        if not _is_over(entry):
            going_on.append(was)
            continue
        aside = _put_back(was)
        entry.unlink(missing_ok=True)
        if aside:
            raise UsageError(
                f"{path.name} was not what it was before a run that was killed",
                why=f"what was there lies in {aside.name}; nobody knows whether that run wrote it",
                fix=f"look at it; if it is yours: mv {aside.name} {path.name}; then run again",
            )
    was = min(going_on, key=lambda was: was.at) if going_on else _now(path)
    return was.data if was.state else b""


def trust(path: Path, data: bytes) -> None:
    """Let runs that go on leave a file as a person is about to write it."""
    path = path.parent.resolve() / path.name
    for entry in _entries():
        if was := _read(entry, path):
            with contextlib.suppress(OSError):
                _write(entry, replace(was, state=was.state or (0,), data=data).text().encode())


def is_as_held(path: Path) -> bool:
    """Whether a file is what all runs that go on have to leave it as; False where nobody holds it."""
    found = [was for entry in _entries() if (was := _read(entry, path))]
    return bool(found) and all(was.is_still for was in found)


def content(path: Path) -> bytes | None:
    """Return the content of a file, None where it is no ordinary one, or too large. No link is followed."""
    try:
        descriptor = os.open(path, _READ)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(MOST_BYTES + 1)
    return data if len(data) <= MOST_BYTES else None


def _now(path: Path) -> _Was:
    state = _state(path)
    mode = stat.S_IMODE(state[1]) if state else 0o644
    return _Was(path=str(path), at=time.time_ns(), state=state, data=content(path), mode=mode)


def _state(path: Path) -> _State:
    try:
        at = os.lstat(path)
    except OSError:
        return ()
    return at.st_ino, at.st_mode, at.st_size, at.st_mtime_ns, at.st_ctime_ns


def _put_back(was: _Was) -> Path | None:
    """Make a file what it was; return where what has come to its place is now, None if nothing has."""
    if was.is_still:
        return None
    path, aside = Path(was.path), None
    try:
        if _state(path):
            aside = _moved(path)
        if was.data is not None:
            _write(path, was.data, was.mode)
    except OSError as error:
        raise CageError(
            f"{path.name} cannot be put back as it was before the run", why=str(error), fix=f"rm -r {path}"
        ) from error
    return aside


def _moved(path: Path) -> Path:
    """Move away what is at a place, whatever it is and whatever the run made of the folder's rights."""
    aside = path.with_name(f"{path.name}{ASIDE}")
    try:
        path.rename(aside)
    except PermissionError:
        path.parent.chmod(stat.S_IMODE(path.parent.stat().st_mode) | stat.S_IRWXU)
        path.rename(aside)
    except OSError:  # a folder is there, or comes to where a file is
        aside = path.with_name(f"{aside.name}-{secrets.token_hex(4)}")
        path.rename(aside)
    return aside


def _write(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file whole, in the place of what has its name."""
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with os.fdopen(os.open(part, _NEW, 0o600), "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), mode)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _write_down(was: _Was) -> Path | None:
    """Write down what a file was; None where that cannot be: then this process alone knows."""
    entry = config.data_dir() / FOLDER / f"{owner_name()}-{secrets.token_hex(8)}"
    data = was.text().encode()
    for _ in range(2):
        try:
            with os.fdopen(os.open(entry, _NEW, 0o600), "wb") as file:
                file.write(data)
        except FileNotFoundError:
            with contextlib.suppress(OSError):
                entry.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            return None
        else:
            return entry
    return None


def _entries() -> list[Path]:
    """Return what is written down, of any file."""
    folder = config.data_dir() / FOLDER
    try:
        return [folder / name for name in os.listdir(folder) if not name.endswith(".part")]
    except OSError:
        return []


def _read(entry: Path, path: Path) -> _Was | None:
    """Return what is written down of `path`; None where it is of another file, or no more."""
    try:
        of, at, state, data, mode = json.loads(content(entry) or b"")
        if of != str(path):
            return None
        data = None if data is None else data.encode("latin-1")
        return _Was(path=of, at=at, state=tuple(state), data=data, mode=mode)
    except (ValueError, TypeError, AttributeError):
        return None


def _is_over(entry: Path) -> bool:
    """Whether who wrote it is gone, or of another boot or container: one that lives knows it by heart."""
    return is_owner_gone(entry.name) or entry.name.split("-")[2:3] != owner_name().split("-")[2:3]

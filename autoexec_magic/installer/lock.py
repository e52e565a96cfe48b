"""One install at a time into one environment, whichever kernel, server or terminal it comes from.

The lock is a file in the environment that names its owner: host, process and
when that was started. An owner that is dead is proved dead and replaced at
once; one on another host counts until its time is up. Who waits is told for
whom, and not for ever.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import socket
import stat
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from .. import executor
from ..errors import Cancelled, InstallError

NAME = ".autoexec-install.lock"
WAIT_SECONDS = 120.0
_POLL_SECONDS = 0.05
_ORPHAN_SECONDS = 0.25  # what an owner had started ends some 20 ms after it, and writes until then
_MOST_BYTES = 4096
_FULL = (errno.ENOSPC, errno.EDQUOT)
_ROOM = "make room on that disk, and try again"
_HOST_CHARS = 255  # of a name in the DNS


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who holds a lock; `until` is in seconds since 1970, `start_time` as in `ProcessId`."""

    host: str
    pid: int
    start_time: int
    until: float

    @property
    def shown(self) -> str:
        """The owner in words."""
        return f"process {self.pid} on {self.host}" if self.host else "something that is no lock"


_NOBODY = Owner(host="", pid=0, start_time=0, until=0.0)


@contextlib.contextmanager
def held(
    *,
    hold_seconds: float,
    tell: Callable[[str], None],
    cancel: executor.Cancel | None = None,
    wait_seconds: float = WAIT_SECONDS,
    folder: Path | None = None,
    over: Callable[[], object] | None = None,
) -> Iterator[bool]:
    """Hold the lock of this interpreter's environment while the block runs.

    Parameters
    ----------
    hold_seconds : float
        After which others need not respect it any more.
    tell : callable
        Gets a line for a person, where somebody else holds it.
    cancel : Cancel, optional
        Ends the wait.
    wait_seconds : float, optional
        Limit of the wait.
    folder : Path, optional
        The environment; this interpreter's by default.
    over : callable, optional
        Called, with the lock held, where it was taken from an owner that is
        gone: what that one had begun may be half done.

    Yields
    ------
    bool
        Whether somebody else held it before: what is installed may be another set now.

    Raises
    ------
    InstallError
        It cannot be had in time, or at all.
    Cancelled
        Somebody stopped the wait.
    """
    path = (folder or Path(sys.prefix)) / NAME
    me = _me(hold_seconds)
    waited, is_taken_over = _acquire(path, me, tell, cancel, wait_seconds)
    try:
        if is_taken_over and over is not None:
            _pause(_ORPHAN_SECONDS)
            over()
        yield waited
    finally:
        if _owner(path) == me:  # whoever took it over after our time keeps it
            path.unlink(missing_ok=True)


def is_left(folder: Path | None = None) -> bool:
    """Whether an owner that is gone has left its lock; costs one look at the disk where none is held."""
    path = os.path.join(folder or sys.prefix, NAME)  # noqa: PTH118 - before every cell that imports
    if not os.path.exists(path):  # noqa: PTH110
        return False
    owner = _owner(Path(path))
    return owner is not None and _is_gone(owner)


def _acquire(
    path: Path, me: Owner, tell: Callable[[str], None], cancel: executor.Cancel | None, seconds: float
) -> tuple[bool, bool]:
    """Take the lock; return whether somebody else had it, and whether that one is gone."""
    until, told, is_over = time.monotonic() + seconds, "", False
    while not _taken(path, me):
        owner = _owner(path)
        if owner is not None and _is_gone(owner) and _replace(path, owner):
            is_over = True
            continue
        if owner is not None and owner.shown != told:
            told = owner.shown
            tell(f"waiting for {told}, which installs into {path.parent}\n")
        if cancel is not None and cancel.is_set():
            raise Cancelled("the install was stopped", why="nothing was installed")
        if time.monotonic() > until:
            raise InstallError(
                f"somebody else has been installing into {path.parent} for {seconds:g} s",
                why=f"{path} is held by {told or 'nobody'}; nothing was installed",
                fix=f"wait for it, or end it; if it is gone: rm {path}",
            )
        _pause()
    return bool(told), is_over


def _pause(seconds: float = _POLL_SECONDS) -> None:
    with contextlib.suppress(TimeoutError):
        executor.wait_for(lambda: None, timeout=seconds)


def _taken(path: Path, me: Owner) -> bool:
    """Make the file, whole at once; False where it is there."""
    part = path.with_name(f"{NAME}.{me.pid}.{time.monotonic_ns()}")
    try:
        part.write_text(json.dumps(asdict(me)), "utf-8")
        try:
            os.link(part, path)
        except FileExistsError:
            return False
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise InstallError(
            "the environment cannot be locked for an install",
            why=f"{path}: {error.strerror}; nothing was installed",
            fix=_ROOM if error.errno in _FULL else "python3 -m venv .venv, and use its kernel",
        ) from error
    return True


def _owner(path: Path) -> Owner | None:
    """Return who holds the lock, or None where nobody does; what cannot be read is nobody's, and old.

    In a project that somebody sent, anything can stand in that place: a link
    is not followed, and nothing is waited for.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:  # noqa: PTH123 - of a descriptor
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return _NOBODY
            values = json.loads(file.read(_MOST_BYTES))
        return Owner(
            host=_plain(str(values["host"])),
            pid=int(values["pid"]),
            start_time=int(values["start_time"]),
            until=float(values["until"]),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return _NOBODY


def _plain(host: str) -> str:
    return "".join(char for char in host if char.isprintable())[:_HOST_CHARS]


def _is_gone(owner: Owner) -> bool:
    if owner.host == socket.gethostname():
        return not executor.is_alive(executor.ProcessId(owner.pid, owner.start_time))
    return time.time() > owner.until


def _replace(path: Path, gone: Owner) -> bool:
    """Take away the lock of an owner that is gone; of two that try, one at a time.

    Returns
    -------
    bool
        Whether it was this one who took it away; not a folder, nor what is another's by then.
    """
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Between the look and the lock it may have become another's.
        if _owner(path) == gone:
            path.unlink()
            return True
        return False
    except OSError:
        return False
    finally:
        os.close(folder)


def _me(hold_seconds: float) -> Owner:
    mine = executor.identify(os.getpid())
    return Owner(
        host=socket.gethostname(),
        pid=os.getpid(),
        start_time=mine.start_time if mine else 0,
        until=time.time() + hold_seconds,
    )

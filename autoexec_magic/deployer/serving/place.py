"""Where the process of a service is found: its identity and its socket, noted in its folder."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ... import plainfile
from ...errors import UsageError
from .record import write_whole

FILE = "service.json"
SOCKET = "control.sock"
TEMP_PREFIX = "autoexec-serving-"
_SOCKET_BYTES = 100  # unix(7): 108 with its end, 104 elsewhere
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A process that serves, for certain, and where it listens for commands.

    `service_id` is what all that it started carries; `boot` names the boot of the
    machine that it belongs to, "" where that has no name.
    """

    pid: int
    start_time: int
    service_id: str
    boot: str
    socket: Path


def private(folder: Path) -> Path:
    """Return a folder that is there, and this user's alone.

    Raises
    ------
    UsageError
        It is somebody else's, or cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = folder.stat()
        if found.st_uid == os.geteuid():
            folder.chmod(0o700)
            return folder.absolute()
    except OSError as error:
        raise UsageError(f"{folder} cannot be used", why=str(error), fix="give another folder") from error
    raise UsageError(f"{folder} is another user's", fix="give a folder of your own")


def boot() -> str:
    """Return the name of this boot of the machine, "" where it has none."""
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def read(folder: Path) -> Place | None:
    """Return what is noted in a folder, None where nothing is, or nothing that makes sense."""
    try:
        data = json.loads(plainfile.text(folder / FILE))
        return Place(
            pid=int(data["pid"]),
            start_time=int(data["start_time"]),
            service_id=str(data["service_id"]),
            boot=str(data["boot"]),
            socket=Path(data["socket"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(folder: Path, place: Place) -> None:
    """Note a place.

    Raises
    ------
    OSError
        It cannot be written.
    """
    data = {
        "pid": place.pid,
        "start_time": place.start_time,
        "service_id": place.service_id,
        "boot": place.boot,
        "socket": str(place.socket),
    }
    write_whole(folder / FILE, data)


def new_socket(folder: Path) -> Path:
    """Return where a socket can be: in the folder, or, where its path is too long, in a private one."""
    path = folder / SOCKET
    if len(os.fsencode(path)) < _SOCKET_BYTES:
        path.unlink(missing_ok=True)
        return path
    return Path(tempfile.mkdtemp(prefix=TEMP_PREFIX)) / SOCKET


def remove_socket(path: Path) -> None:
    """Remove a socket, and the folder that was made for it."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
    if path.parent.name.startswith(TEMP_PREFIX):
        shutil.rmtree(path.parent, ignore_errors=True)

"""Who opened or read a canary: inotify(7), which sees an inode whatever name it was reached by.

An open that is denied, and one of the path alone (`O_PATH`), are not reported.
"""

from __future__ import annotations

import ctypes
import os
import struct
from pathlib import Path

READ, OPENED = 0x1, 0x20
OVERFLOW, FOLDER = 0x4000, 0x40000000
HEADER = struct.Struct("iIII")


class Watch:
    """The files and folders that nobody may open."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        self._owners: dict[int, tuple[str, str]] = {}

    def add(self, owner: str, path: Path) -> None:
        """Watch `path` for `owner`."""
        number = self._libc.inotify_add_watch(self._descriptor, os.fsencode(path), READ | OPENED)
        if number < 0:
            raise OSError(ctypes.get_errno(), f"inotify_add_watch {path}")
        self._owners[number] = (owner, path.name)

    def drain(self) -> set[tuple[str, str]]:
        """Return who was opened since the last call: owner and name."""
        seen = set()
        while True:
            try:
                data = os.read(self._descriptor, 1 << 16)
            except BlockingIOError:
                return seen
            at = 0
            while at < len(data):
                number, mask, _, length = HEADER.unpack_from(data, at)
                at += HEADER.size + length
                if mask & OVERFLOW:
                    raise OSError("too many events: nobody can say who opened what")
                if mask & (READ | OPENED):
                    seen.add(self._owners[number])

    def close(self) -> None:
        """End it."""
        os.close(self._descriptor)

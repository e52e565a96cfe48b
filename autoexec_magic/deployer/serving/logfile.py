"""The log of a release: stamped lines in a file of this user's, a few older ones kept beside it."""

from __future__ import annotations

import contextlib
import datetime
import os
import threading
from pathlib import Path

MOST_BYTES = 10 * 2**20
KEPT = 3
_LINE_CHARS = 64 * 1024
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)


class LogFile:
    """Takes lines from any thread.

    Parameters
    ----------
    path : Path
        The newest lines; `path` with `.1` behind has those before, up to `.KEPT`.
    most_bytes : int, default 10 MiB
        What a file holds at most.
    """

    def __init__(self, path: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self.path, self._most_bytes = path, most_bytes
        self._lock = threading.Lock()
        self._file = -1
        self._written = 0

    def write(self, replica: int, line: str) -> None:
        """Write a line with the time (UTC) and the number of the replica that says so.

        A disk that is full, or a folder that is gone, loses lines and stops nothing.
        """
        now = datetime.datetime.now(datetime.UTC)
        stamp = f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z"
        data = f"{stamp} {replica} {line}\n".encode("utf-8", "replace")
        with self._lock, contextlib.suppress(OSError):
            if self._file >= 0 and self._written + len(data) > self._most_bytes:
                self._rotate()
            if self._file < 0:
                self._open()
            self._written += os.write(self._file, data)

    def close(self) -> None:
        """Close it; a line that comes later opens it again."""
        with self._lock:
            self._close()

    def _open(self) -> None:
        self._file = os.open(self.path, _FLAGS, 0o600)
        os.fchmod(self._file, 0o600)
        self._written = os.fstat(self._file).st_size

    def _rotate(self) -> None:
        self._close()
        for number in range(KEPT - 1, -1, -1):
            with contextlib.suppress(FileNotFoundError):
                self._numbered(number).replace(self._numbered(number + 1))

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}") if number else self.path

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


class Lines:
    """Cuts what a stream writes into lines; one that never ends is cut where it is too long."""

    def __init__(self) -> None:
        self._open = ""

    def feed(self, text: str) -> list[str]:
        """Return the lines that are whole now."""
        *whole, self._open = (self._open + text).split("\n")
        if len(self._open) >= _LINE_CHARS:
            whole.append(self._open)
            self._open = ""
        return [line.removesuffix("\r") for line in whole]

    def rest(self) -> list[str]:
        """Return what came after the last line, if anything did."""
        rest, self._open = self._open, ""
        return [rest] if rest else []

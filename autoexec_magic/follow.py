"""Read a run's log while it is written: whole lines, as they are, each once.

Lines are passed on as bytes, because whoever follows (the panel) may know
kinds of events that this process does not. Only a line that is whole JSON with
a number is passed on: a torn one is skipped, and the last one waits for its
newline.
"""

from __future__ import annotations

import json
from pathlib import Path

READ_BYTES = 262_144


class Follower:
    """Follows one log.

    Parameters
    ----------
    path : Path
        The log, which may not be there yet.
    after : int
        The number of the last event that is known already; -1 for none.
    """

    def __init__(self, path: Path, *, after: int = -1) -> None:
        self._path = path
        self.offset = 0  #: bytes of the log read so far
        self.last = after
        self.is_finished = False  #: whether the run's last event was passed on

    def read(self) -> bytes:
        """Return the next whole lines, about `READ_BYTES` at most, b"" where there is nothing new.

        Raises
        ------
        OSError
            The log cannot be read; one that is not there yet is empty.
        """
        while True:
            data = self._next()
            if not data:
                return b""
            self.offset += len(data)
            lines = [line for line in data.splitlines(keepends=True) if self._is_new(line)]
            if lines:
                return b"".join(lines)

    def _next(self) -> bytes:
        """Return what follows the offset up to the end of a line; a line may be long."""
        size = READ_BYTES
        try:
            with self._path.open("rb") as log:
                while True:
                    log.seek(self.offset)
                    data = log.read(size)
                    end = data.rfind(b"\n") + 1
                    if end or len(data) < size:
                        return data[:end]
                    size *= 2
        except FileNotFoundError:
            return b""

    def _is_new(self, line: bytes) -> bool:
        try:
            record = json.loads(line)
            number, kind = int(record["seq"]), record["event"]["kind"]
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            return False
        if number <= self.last:
            self.is_finished = self.is_finished or kind == "RunFinished"
            return False
        self.last = number
        self.is_finished = kind == "RunFinished"
        return True

"""A stream in pieces, as lines; one that does not end is let go in parts."""

from __future__ import annotations

from collections.abc import Callable

LINE_CHARS = 65_536


class Lines:
    """Cuts a stream into lines.

    Parameters
    ----------
    on_line : callable
        Takes each line, without its end. Of one longer than `most` characters it
        takes the parts, and what is in it is not read as a whole.
    most : int
        Characters.
    """

    def __init__(self, on_line: Callable[[str], object], *, most: int = LINE_CHARS) -> None:
        self._on_line = on_line
        self._most = most
        self._parts: list[str] = []
        self._length = 0

    @property
    def rest(self) -> str:
        """What the last line has so far."""
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    def feed(self, text: str) -> None:
        """Take a piece."""
        *whole, rest = text.split("\n")
        for line in whole:
            self._line(self._taken() + line)
        if rest:
            self._parts.append(rest)
            self._length += len(rest)
            if self._length > self._most:
                self._line(self._taken())

    def flush(self) -> None:
        """Take what there is as the last line."""
        if self._parts:
            self._line(self._taken())

    def _line(self, line: str) -> None:
        for at in range(0, len(line) or 1, self._most):
            self._on_line(line[at : at + self._most].rstrip("\r"))

    def _taken(self) -> str:
        rest = self.rest
        self._parts, self._length = [], 0
        return rest

"""The last lines of a log, and then those that come."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

POLL_SECONDS = 0.1
_BLOCK = 65_536
_MOST_BYTES = 4 * 2**20


def last_lines(path: Path, *, lines: int, follow: bool) -> Iterator[str]:
    """Yield the last lines of a file, without their ends, and with `follow` those that come, for ever.

    A line is whole once its end is there, or nothing will be written to it any
    more: a file that is turned over meanwhile (another one has its name) is
    read to its end first.

    Parameters
    ----------
    path : Path
        The log; none is an empty one.
    lines : int
        How many, at least 0.
    follow : bool
        Whether to wait for more.
    """
    stream = _opened(path)
    rest = b""
    try:
        if stream is not None:
            rows, rest = _tail(stream)
            if rest and not follow:
                rows.append(_text(rest))  # whoever died in the middle of a line has said its last words
            yield from rows[max(0, len(rows) - lines) :] if lines else []
        while follow:
            data = stream.read(_BLOCK) if stream is not None else b""
            if not data:
                turned = _turned(stream, path)
                if turned is not stream:
                    rows = _ended(stream, rest)
                    stream, rest = turned, b""
                    yield from rows
                time.sleep(POLL_SECONDS)
                continue
            *found, rest = (rest + data).split(b"\n")
            yield from map(_text, found)
    finally:
        if stream is not None:
            stream.close()


def _tail(stream: IO[bytes]) -> tuple[list[str], bytes]:
    """Return the last whole lines, and what is there of the next one."""
    size = os.fstat(stream.fileno()).st_size
    start = stream.seek(max(0, size - _MOST_BYTES))
    *rows, rest = stream.read(_MOST_BYTES).split(b"\n")
    return [_text(row) for row in rows[bool(start) :]], rest  # the first one may begin before


def _opened(path: Path) -> IO[bytes] | None:
    try:
        return path.open("rb")
    except FileNotFoundError:
        return None


def _turned(stream: IO[bytes] | None, path: Path) -> IO[bytes] | None:
    """Return the file that has the name now, which is another one once the log was turned over."""
    try:
        is_same = stream is not None and path.stat().st_ino == os.fstat(stream.fileno()).st_ino
    except FileNotFoundError:
        return stream
    return stream if is_same else _opened(path) or stream


def _ended(stream: IO[bytes] | None, rest: bytes) -> list[str]:
    """Return what is left of a file that has lost its name, and close it."""
    if stream is None:
        return []
    with stream:
        rows = (rest + stream.read()).split(b"\n")
    return [_text(row) for row in (rows if rows[-1] else rows[:-1])]


def _text(row: bytes) -> str:
    return row.decode("utf-8", "replace")

"""The lines that a release writes, as they come."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from ... import dockerengine
from .looking import cleaner

_MOST_WAITING = 10_000  # lines that wait for who reads: behind that the container's stream does
_MOST_BYTES = 64 << 10  # of a line that does not end
_LOOK_SECONDS = 0.2
_END_SECONDS = 2.0


def told(
    names: Sequence[str], streams: Sequence[Any], *, follow: bool, secrets: Sequence[str]
) -> Iterator[str]:
    """Yield the lines of each of the engine's streams; several are told apart by the number in their name.

    Closing the iterator ends them.
    """
    marks = [f"{name.rpartition('-')[2]}: " if len(names) > 1 else "" for name in names]
    clean = cleaner(secrets)
    try:
        if follow and len(streams) > 1:
            found = _Together(streams).lines()
        else:
            found = ((number, line) for number, each in enumerate(streams) for line in _lines(each))
        for number, line in found:
            yield f"{marks[number]}{clean(line)}"
    finally:
        for stream in streams:
            _close(stream)


class _Together:
    """The lines of all streams, in the order in which they come."""

    def __init__(self, streams: Sequence[Any]) -> None:
        self._streams = streams
        self._waiting: queue.Queue[tuple[int, str | None]] = queue.Queue(_MOST_WAITING)
        self._is_over = threading.Event()

    def lines(self) -> Iterator[tuple[int, str]]:
        """Yield the number of a stream and a line of it."""
        threads = [
            threading.Thread(target=self._read, args=each, name="autoexec-logs", daemon=True)
            for each in enumerate(self._streams)
        ]
        for thread in threads:
            thread.start()
        left = len(threads)
        try:
            while left:
                number, line = self._waiting.get()
                if line is None:
                    left -= 1
                else:
                    yield number, line
        finally:
            self._is_over.set()
            for stream in self._streams:
                _close(stream)
            for thread in threads:
                thread.join(_END_SECONDS)

    def _read(self, number: int, stream: Any) -> None:
        try:
            for line in _lines(stream):
                if not self._put(number, line):
                    return
        finally:
            self._put(number, None)

    def _put(self, number: int, line: str | None) -> bool:
        """Wait until there is room; return whether anybody still reads."""
        while not self._is_over.is_set():
            try:
                self._waiting.put((number, line), timeout=_LOOK_SECONDS)
                return True
            except queue.Full:
                continue
        return False


def _lines(stream: Any) -> Iterator[str]:
    """Yield whole lines of what comes in pieces; a line without end is cut."""
    rest = b""
    try:
        for piece in stream:
            *whole, rest = (rest + piece).split(b"\n")
            yield from (each.decode("utf-8", "replace") for each in whole)
            if len(rest) > _MOST_BYTES:
                yield rest.decode("utf-8", "replace")
                rest = b""
    except dockerengine.failures(ValueError, AttributeError):
        pass  # it was closed in the middle: by whoever reads no more, or by an engine that ends
    if rest:
        yield rest.decode("utf-8", "replace")


def _close(stream: Any) -> None:
    """End what is streamed: who waits for more of it wakes up, and nothing of it stays open."""
    for end in (stream.close, getattr(getattr(stream, "_response", None), "close", None)):
        if end is None:
            continue
        with contextlib.suppress(*dockerengine.failures(ValueError, AttributeError)):
            end()  # docker-py shuts the socket, and leaves the answer itself open

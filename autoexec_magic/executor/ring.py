"""The last bytes of a stream, in memory of a fixed size.

What a child writes beyond what is kept is read straight into the ring: no
object is made of it, nothing is decoded, nothing is moved again.
"""

from __future__ import annotations

import os

RING_BYTES = 4 * 2**20
READ_BYTES = 65_536  # pipe(7): what a pipe holds
MANY_BYTES = 262_144  # of one that was made larger; more than that is slower: it leaves the processor's cache


class Ring:
    """Holds the last `capacity` bytes, 4 MiB by default; it takes no more memory than it has got bytes."""

    def __init__(self, capacity: int = RING_BYTES) -> None:
        self.total = 0  #: bytes that ever came
        self._capacity = capacity
        self._buffer = bytearray()
        self._view: memoryview | None = None  # of the buffer, once that has its size

    def add(self, data: bytes) -> None:
        """Take bytes."""
        if self._view is None:
            room = self._capacity - len(self._buffer)
            if len(data) < room:
                self._buffer += data
                self.total += len(data)
                return
            self._buffer += data[:room]
            self.total += room
            data = data[room:]
            self._view = memoryview(self._buffer)
        while data:
            at = self.total % self._capacity
            size = min(len(data), self._capacity - at)
            self._view[at : at + size] = data[:size]
            self.total += size
            data = data[size:]

    def read(self, descriptor: int) -> int:
        """Read once from `descriptor`, at most `MANY_BYTES`; return how many bytes came, 0 at the end."""
        if self._view is None:
            data = os.read(descriptor, MANY_BYTES)
            self.add(data)
            return len(data)
        at = self.total % self._capacity
        size = os.readv(descriptor, (self._view[at : at + MANY_BYTES],))
        self.total += size
        return size

    def last(self, count: int) -> bytes:
        """Return the last `count` bytes, or as many as there are."""
        count = min(count, len(self._buffer))
        if self._view is None:
            return bytes(self._buffer[len(self._buffer) - count :])
        end = self.total % self._capacity
        if count <= end:
            return bytes(self._view[end - count : end])
        return bytes(self._view[self._capacity - (count - end) :]) + bytes(self._view[:end])

"""The last bytes of a stream, whatever the pieces in which they came."""

from __future__ import annotations

import os
import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.executor.ring import RING_BYTES, Ring


@given(capacity=st.integers(1, 40), pieces=st.lists(st.binary(max_size=100)), count=st.integers(0, 200))
def test_the_last_bytes_are_there(capacity, pieces, count):
    """As many as were asked for, came, and fit."""
    ring = Ring(capacity)
    for piece in pieces:
        ring.add(piece)
    data = b"".join(pieces)
    size = min(count, capacity, len(data))
    assert ring.total == len(data)
    assert ring.last(count) == data[len(data) - size :]


@given(capacity=st.integers(1, 40), pieces=st.lists(st.binary(min_size=1, max_size=100)), data=st.data())
def test_reading_is_the_same_as_adding(capacity, pieces, data):
    """Bytes that are read into it lie where they would have been put, and none is read twice or lost."""
    ring, other = Ring(capacity), Ring(capacity)
    reader, writer = os.pipe()
    try:
        for piece in pieces:
            other.add(piece)
            if data.draw(st.booleans()):
                ring.add(piece)
                continue
            os.write(writer, piece)
            left = len(piece)
            while left:
                left -= ring.read(reader)
        assert (ring.total, ring.last(capacity)) == (other.total, other.last(capacity))
        os.close(writer)
        writer = -1
        assert ring.read(reader) == 0
    finally:
        os.close(reader)
        if writer >= 0:
            os.close(writer)


def test_it_takes_no_more_than_its_size():
    """Sixteen times as much as fits takes the memory of once."""
    tracemalloc.start()
    ring = Ring()
    piece = bytes(65_536)
    try:
        for _ in range(16 * RING_BYTES // len(piece)):
            ring.add(piece)
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 1.2 * RING_BYTES
    assert peak < 2.5 * RING_BYTES  # while it grows, the old one is there, too

"""One stream of a child on its way to the sinks: its head live, its tail at the end, the cut between told.

Of `keep_bytes` the last part, at most 4 MiB or half of it, is for the tail. The
first part goes out as it comes, decoded, masked and harmless. What comes after
it goes raw into a ring. At the end it is seen whether anything was lost: if
not, the rest is shown as if nothing had happened; if so, how much is told and
the ring's content follows, from its first line's beginning: what is before may
be the end of a secret whose beginning is gone.
"""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..redact import HOLD_CHARS, Cleaner, harmless, mask, spans
from ..screen import collapsed, is_moving
from ..values import Stream
from .ring import MANY_BYTES, READ_BYTES, RING_BYTES, Ring

TAIL_CHARS = 65_536
_TAIL_BYTES = 5 * TAIL_CHARS  # characters of four bytes, and what `_clean_start` leaves out
_LINE_BYTES = 4096
_LAST_CHARS = 200


@dataclass(frozen=True, slots=True)
class Cut:
    """`dropped` bytes of a stream are missing after its first `after` bytes."""

    dropped: int
    after: int


class Channel:
    """One stream; `descriptor` is our end, and stays its owner's to close."""

    def __init__(
        self, name: Stream, descriptor: int, *, keep_bytes: int, secrets: Sequence[str], is_raw: bool
    ) -> None:
        self.name: Stream = name
        self.cut: Cut | None = None  #: known after `rest`
        self.is_told = False
        self._descriptor = descriptor
        self._secrets = secrets
        self._is_raw = is_raw
        self._tail_bytes = min(RING_BYTES, keep_bytes // 2)
        self._head_bytes = keep_bytes - self._tail_bytes
        self._room = self._head_bytes
        self._read_bytes = READ_BYTES
        self._flown = 0
        self._ring = Ring()
        self._cleaner = self._new_cleaner()
        self._decoder = _new_decoder()
        self._is_split = False

    @property
    def beyond_bytes(self) -> int:
        """How many bytes came after the head: not shown, and perhaps lost."""
        return max(0, self._ring.total - self._head_bytes)

    @property
    def read_bytes(self) -> int:
        """How many bytes were read so far."""
        return self._ring.total

    def read(self) -> str | None:
        """Read once; return what is to be shown of it, None at the end.

        Raises
        ------
        BlockingIOError
            There is nothing to be read now.
        """
        try:
            if self._room <= 0:
                count = self._ring.read(self._descriptor)
                if count == READ_BYTES:
                    self._look_at(count)
                return "" if count else None
            data = os.read(self._descriptor, self._read_bytes)
        except BlockingIOError:
            raise
        except OSError:  # EIO: nobody holds the other end of a terminal any more
            return None
        if not data:
            return None
        self._ring.add(data)
        self._look_at(len(data))
        if len(data) > self._room:
            data = data[: self._room]
        self._room -= len(data)
        return self._cleaner.feed(self._decoded(data))

    def _decoded(self, data: bytes) -> str:
        if data.isascii() and not self._is_split:  # a short way: what waits for a line is awake
            return data.decode("ascii")
        text = self._decoder.decode(data)
        self._is_split = bool(self._decoder.getstate()[0])
        return text

    def _look_at(self, count: int) -> None:
        """Let a pipe that was full hold more: its writer goes on meanwhile, and we are woken less often."""
        if count == READ_BYTES == self._read_bytes:
            self._read_bytes = MANY_BYTES
            _enlarge(self._descriptor)

    def rest(self) -> Iterator[str]:
        """Yield what was held back until the end, in pieces; before the first, `cut` is as it is."""
        tail = self._ring.last(min(self.beyond_bytes, self._tail_bytes))
        dropped = self.beyond_bytes - len(tail)
        if dropped:
            held = len(self._decoder.getstate()[0]) + self._cleaner.discard()  # its end is gone
            start = _clean_start(tail, self._secrets)
            self.cut = Cut(dropped + held + start, self._head_bytes - held)
            tail = tail[start:]
            self._cleaner, self._decoder, self._is_split = self._new_cleaner(), _new_decoder(), False
        for at in range(0, len(tail), READ_BYTES):
            yield self._cleaner.feed(self._decoded(tail[at : at + READ_BYTES]))
        yield self._cleaner.feed(self._decoder.decode(b"", final=True)) + self._cleaner.flush()

    def tail(self) -> str:
        """Return the last characters, decoded and redacted, what was rewritten as it was in the end."""
        if self._is_raw:
            return self._ring.last(_TAIL_BYTES).decode("utf-8", errors="replace")[-TAIL_CHARS:]
        text = self._last(_TAIL_BYTES)
        if is_moving(text):  # a bar may have pushed all else out: look further back
            text = collapsed(self._last(RING_BYTES))
        return text[-TAIL_CHARS:]

    def _last(self, count: int) -> str:
        data = self._ring.last(count)
        if self._ring.total > len(data):
            data = data[_clean_start(data, self._secrets) :]
        return mask(harmless(data.decode("utf-8", errors="replace")), self._secrets)

    def has_flown(self) -> bool:
        """Whether anything came after the head since this was asked last."""
        before, self._flown = self._flown, self.beyond_bytes
        return self._flown > before

    def last_line(self) -> str:
        """Return the last whole line, if that can be told of a piece: for a look at what passes by."""
        if self._is_raw or any("\n" in secret for secret in self._secrets):
            return ""  # a line may be part of a secret
        lines = self._ring.last(_LINE_BYTES).split(b"\n")[1:-1]
        text = lines[-1].decode("utf-8", errors="replace") if lines else ""
        return collapsed(mask(harmless(text), self._secrets))[:_LAST_CHARS]

    def _new_cleaner(self) -> Cleaner:
        return _AsItIs() if self._is_raw else Cleaner(self._secrets)


class _AsItIs(Cleaner):
    """Leaves the output of our own tools as it is: programs read it, nobody sees it."""

    def feed(self, text: str) -> str:
        """Return the text."""
        return text


def _enlarge(pipe: int) -> None:
    """Let a pipe hold more, if it may; else all is as it was."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, MANY_BYTES)


def _new_decoder() -> codecs.IncrementalDecoder:
    return codecs.getincrementaldecoder("utf-8")(errors="replace")


def _clean_start(data: bytes, secrets: Sequence[str]) -> int:
    """Return where `data`, which was cut off something, may begin to be shown: no secret reaches there."""
    # A byte is a character here, so that places in text are places in `data`.
    values = [secret.encode("utf-8", "replace").decode("latin-1") for secret in secrets]
    newline = data.find(b"\n", max((len(value) for value in values if "\n" in value), default=0))
    start = min(len(data), max(HOLD_CHARS, *map(len, values), 0))
    if 0 <= newline < start:
        start = newline + 1
    window = data[: start + max(HOLD_CHARS, *map(len, values), 0)].decode("latin-1")
    for begin, end in spans(window, values):
        if begin < start < end:  # another one begins before it
            start = end
    while start < len(data) and data[start] & 0xC0 == 0x80:  # within a character
        start += 1
    return start

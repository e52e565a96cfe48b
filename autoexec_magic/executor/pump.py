"""Moves what children write to the sinks, and what they read to them.

The caller's thread waits in a selector; nothing is ever emitted from another
thread, so no sink needs a lock. Text goes out at once when it comes alone and in
pieces of `COALESCE_SECONDS` when it comes fast. Of what exceeds `keep_bytes`
only the last `RING_BYTES` of each stream are held, raw.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import selectors
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import IO, Protocol

from ..redact import Cleaner, harmless, mask
from ..values import Stream
from .interrupts import Cancel

READ_BYTES = 65_536
COALESCE_SECONDS = 0.005
RING_BYTES = 262_144
TAIL_CHARS = 65_536
FINAL_READS = 32  # 2 MiB, twice what a pipe can hold: a writer that escaped must not keep us here
_LONGEST_WAIT_SECONDS = 3600.0  # epoll counts milliseconds in an int
_NO_PIDFD_POLL_SECONDS = 0.02

OnText = Callable[[Stream, str], None]


class Children(Protocol):
    """The processes of a run, and our ends of their pipes."""

    stdin: IO[bytes] | None
    stdout: IO[bytes]
    stderr: IO[bytes]

    @property
    def pids(self) -> Sequence[int]:
        """The pids of all, none of them reaped."""

    def have_ended(self) -> bool:
        """Whether all have ended, where there are no pidfds to tell."""

    def close(self) -> None:
        """Release our ends."""


@dataclass(slots=True)
class _Channel:
    """One stream of the child on its way to the sinks."""

    name: Stream
    pipe: IO[bytes]
    cleaner: Cleaner
    room: int
    decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")(errors="replace")
    )
    ring: bytearray = field(default_factory=bytearray)
    overflowed: bool = False
    is_cut: bool = False

    def remember(self, data: bytes) -> None:
        self.ring += data
        if len(self.ring) > 2 * RING_BYTES:
            del self.ring[:-RING_BYTES]
            self.overflowed = True


class _AsItIs(Cleaner):
    """Leaves the output of our own tools as it is: programs read it, nobody sees it."""

    def feed(self, text: str) -> str:
        """Return the text."""
        return text


class Pump:
    """Moves what the child writes to the sink, and what it reads to the child."""

    def __init__(
        self,
        children: Children,
        on_text: OnText,
        cancel: Cancel,
        *,
        stdin: bytes,
        keep_bytes: int,
        secrets: Sequence[str],
        is_raw: bool,
    ) -> None:
        self.has_exited = False
        self.dropped: dict[Stream, int] = {}
        self._children = children
        self._on_text = on_text
        self._secrets = secrets
        self._is_raw = is_raw
        self._stdin = memoryview(stdin)
        self._pending: list[tuple[Stream, str]] = []
        self._flushed_at = 0.0
        self._selector = selectors.DefaultSelector()
        cleaner = _AsItIs if is_raw else Cleaner
        self._channels = [
            _Channel("stdout", children.stdout, cleaner(secrets), keep_bytes),
            _Channel("stderr", children.stderr, cleaner(secrets), keep_bytes),
        ]
        self._open = list(self._channels)
        for channel in self._channels:
            os.set_blocking(channel.pipe.fileno(), False)
            self._selector.register(channel.pipe, selectors.EVENT_READ, channel)
        if children.stdin is not None:
            os.set_blocking(children.stdin.fileno(), False)
            self._selector.register(children.stdin, selectors.EVENT_WRITE, "stdin")
        self._selector.register(cancel, selectors.EVENT_READ, "cancel")
        self._cancel = cancel
        self._pidfds = [_pidfd(pid) for pid in children.pids]
        self._has_pidfds = None not in self._pidfds
        self._running = len(self._pidfds)
        for pidfd in self._pidfds:
            if pidfd is not None:
                self._selector.register(pidfd, selectors.EVENT_READ, "exit")

    @property
    def is_open(self) -> bool:
        """Whether anybody still holds a pipe."""
        return bool(self._open)

    def turn(self, seconds: float | None) -> bool:
        """Wait for something for at most `seconds`, move it; return whether any output came."""
        came = False
        for key, _ in self._selector.select(self._bounded(seconds)):
            if isinstance(key.data, _Channel):
                came = self._read(key.data) or came
            elif key.data == "stdin":
                self._write()
            elif key.data == "exit":
                self._selector.unregister(key.fileobj)
                self._running -= 1
                self.has_exited = not self._running
            elif key.data == "cancel":
                with contextlib.suppress(BlockingIOError):
                    os.read(self._cancel.fileno(), READ_BYTES)
        if not self._has_pidfds and self._children.have_ended():
            self.has_exited = True
        self._flush_if_due()
        return came

    def turn_until_urgent(self, seconds: float) -> bool:
        """Take a turn; return whether somebody asked for the end a second time."""
        self.turn(seconds)
        return self._cancel.is_urgent()

    def finish(self) -> None:
        """Move what is left in the pipes, then what was held back."""
        for channel in list(self._open):
            for _ in range(FINAL_READS):
                if not self._read(channel):
                    break
        for channel in self._channels:
            if channel.is_cut:  # what is held may be half a character, or half a secret
                self.dropped[channel.name] += len(channel.decoder.getstate()[0]) + channel.cleaner.discard()
                continue
            rest = channel.cleaner.feed(channel.decoder.decode(b"", final=True)) + channel.cleaner.flush()
            self._queue(channel.name, rest)
        self._flush()

    def tail(self, name: Stream) -> str:
        """Return the last characters of a stream, decoded and redacted."""
        channel = next(channel for channel in self._channels if channel.name == name)
        text = channel.ring.decode("utf-8", errors="replace")
        if self._is_raw:
            return text[-TAIL_CHARS:]
        if channel.overflowed:
            # The cut may have gone through a secret: leave the first line out, or as much as a secret can be.
            newline = text.find("\n")
            text = text[newline + 1 if newline >= 0 else max(map(len, self._secrets), default=0) :]
        return mask(harmless(text), self._secrets)[-TAIL_CHARS:]

    def close(self) -> None:
        """Release every descriptor."""
        self._selector.close()
        for pidfd in self._pidfds:
            if pidfd is not None:
                os.close(pidfd)
        self._children.close()

    def _bounded(self, seconds: float | None) -> float | None:
        bounds = [] if seconds is None else [min(max(0.0, seconds), _LONGEST_WAIT_SECONDS)]
        if self._pending:
            bounds.append(max(0.0, self._flushed_at + COALESCE_SECONDS - time.monotonic()))
        if not self._has_pidfds and not self.has_exited:
            bounds.append(_NO_PIDFD_POLL_SECONDS)
        return min(bounds, default=None)

    def _read(self, channel: _Channel) -> bool:
        try:
            data = os.read(channel.pipe.fileno(), READ_BYTES)
        except BlockingIOError:
            return False
        if not data:
            self._selector.unregister(channel.pipe)
            self._open.remove(channel)
            return False
        channel.remember(data)
        kept, channel.room = data[: channel.room], max(0, channel.room - len(data))
        if len(kept) < len(data):
            self.dropped[channel.name] = self.dropped.get(channel.name, 0) + len(data) - len(kept)
            channel.is_cut = True
        if kept:
            self._queue(channel.name, channel.cleaner.feed(channel.decoder.decode(kept)))
        return True

    def _queue(self, name: Stream, text: str) -> None:
        if not text:
            return
        if self._pending and self._pending[-1][0] == name:
            self._pending[-1] = (name, self._pending[-1][1] + text)
        else:
            self._pending.append((name, text))

    def _flush_if_due(self) -> None:
        if self._pending and time.monotonic() >= self._flushed_at + COALESCE_SECONDS:
            self._flush()

    def _flush(self) -> None:
        pending, self._pending = self._pending, []
        for name, text in pending:
            self._on_text(name, text)
        self._flushed_at = time.monotonic()

    def _write(self) -> None:
        stdin = self._children.stdin
        assert stdin is not None
        try:
            written = os.write(stdin.fileno(), self._stdin[:READ_BYTES]) if self._stdin else 0
        except BlockingIOError:
            return
        except BrokenPipeError:  # the child reads no more
            written = len(self._stdin)
        self._stdin = self._stdin[written:]
        if not self._stdin:
            self._selector.unregister(stdin)
            stdin.close()


def _pidfd(pid: int) -> int | None:
    """Return a descriptor that becomes readable when `pid` ends (pidfd_open(2), Linux 5.3)."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None

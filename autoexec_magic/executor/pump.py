"""Moves what children write to the sinks, and what they read to them.

The caller's thread waits in poll(2); nothing is ever emitted from another
thread, so no sink needs a lock. Text goes out at once when it comes alone and in
pieces of `COALESCE_SECONDS` when it comes fast; so do records. What a stream shows of much
output, and how the rest is told, is its `Channel`'s; while it shows nothing,
what passes by is told once a second.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import select
import time
from collections.abc import Callable, Sequence
from typing import IO, Protocol

from ..values import Stream
from .channel import Channel, Cut
from .interrupts import Cancel
from .ring import MANY_BYTES, READ_BYTES
from .terminal import Terminal

COALESCE_SECONDS = 0.005
FLOW_SECONDS = 1.0
FINAL_READS = 32  # 2 MiB, twice what a pipe can hold: a writer that escaped must not keep us here
_PIPE_BYTES = 2**20  # of the pipe for records: the most that Linux grants anybody (pipe-max-size)
_LONGEST_WAIT_SECONDS = 3600.0  # poll counts milliseconds in an int
_NO_PIDFD_POLL_SECONDS = 0.02

OnText = Callable[[Stream, str], None]
OnCut = Callable[[Stream, Cut], None]
OnFlow = Callable[[Stream, int, str], None]


class Children(Protocol):
    """The processes of a run, and our ends of their pipes."""

    stdin: IO[bytes] | None
    stdout: IO[bytes]
    stderr: IO[bytes]
    terminal: Terminal | None
    records: IO[bytes] | None

    @property
    def pids(self) -> Sequence[int]:
        """The pids of all, none of them reaped."""

    def have_ended(self) -> bool:
        """Whether all have ended, where there are no pidfds to tell."""

    def close(self) -> None:
        """Release our ends."""


class Pump:
    """Moves what the child writes to the sink, and what it reads to the child."""

    def __init__(
        self,
        children: Children,
        on_text: OnText,
        cancel: Cancel,
        *,
        on_cut: OnCut,
        on_flow: OnFlow | None,
        stdin: bytes,
        keep_bytes: int,
        secrets: Sequence[str],
        is_raw: bool,
        on_record: Callable[[bytes], object] | None = None,
    ) -> None:
        self.has_exited = False
        self._children = children
        self._on_text, self._on_cut, self._on_flow = on_text, on_cut, on_flow
        self._stdin = memoryview(stdin)
        self._pending: list[tuple[Stream, str]] = []
        self._flushed_at = 0.0
        self._is_flowing = False
        self._flow_due = time.monotonic() + FLOW_SECONDS
        self._poll = select.poll()  # with so few it is as fast as any, and there is no Python in it
        self._on: dict[int, Callable[[], bool]] = {}
        self._pipes: dict[Stream, IO[bytes]] = {"stdout": children.stdout, "stderr": children.stderr}
        self._channels = [
            Channel(name, pipe.fileno(), keep_bytes=keep_bytes, secrets=secrets, is_raw=is_raw)
            for name, pipe in self._pipes.items()
        ]
        self._open = list(self._channels)
        for channel in self._channels:
            descriptor = self._pipes[channel.name].fileno()
            os.set_blocking(descriptor, False)
            self._await(descriptor, functools.partial(self._read, channel))
        if children.stdin is not None:
            os.set_blocking(children.stdin.fileno(), False)
            self._await(children.stdin.fileno(), self._write, select.POLLOUT)
        self._on_record = on_record
        self._has_records = children.records is not None and on_record is not None
        self._records_due = 0.0  # when to look again, while nobody waits for them; else 0
        if children.records is not None:
            os.set_blocking(children.records.fileno(), False)
            _enlarge(children.records.fileno())
            self._await(children.records.fileno(), self._take_record)
        self._cancel = cancel
        self._await(cancel.fileno(), self._wake)
        self._pidfds = [_pidfd(pid) for pid in children.pids]
        self._has_pidfds = None not in self._pidfds
        self._running = len(self._pidfds)
        for pidfd in self._pidfds:
            if pidfd is not None:
                self._await(pidfd, functools.partial(self._note_exit, pidfd))

    @property
    def is_open(self) -> bool:
        """Whether anybody still holds a pipe."""
        return bool(self._open) or self._has_records

    @property
    def read_bytes(self) -> int:
        """How many bytes both streams have brought so far."""
        return sum(channel.read_bytes for channel in self._channels)

    def turn(self, seconds: float | None) -> bool:
        """Wait for something for at most `seconds`, move it; return whether any output came."""
        came = False
        ready = self._poll.poll(self._bounded(seconds))
        if self._records_due and (ready or time.monotonic() >= self._records_due):
            self._await_records()
            came = self._take_record()  # before what else is there, which may have been written after
        for descriptor, _ in ready:
            came = self._on[descriptor]() or came
        if not self._has_pidfds and self._children.have_ended():
            self.has_exited = True
        if self._children.terminal is not None:
            self._attend_terminal(self._children.terminal)
        if self._pending or self._is_flowing:
            now = time.monotonic()
            if self._pending and now >= self._flushed_at + COALESCE_SECONDS:
                self._flush()
            if self._is_flowing and now >= self._flow_due:
                self._tell_flow()
        return came

    def turn_until_urgent(self, seconds: float) -> bool:
        """Take a turn; return whether somebody asked for the end a second time."""
        self.turn(seconds)
        return self._cancel.is_urgent()

    def finish(self) -> None:
        """Move what is left in the pipes, then what was held back."""
        for _ in range(FINAL_READS):
            if not self._has_records or not self._take_record():
                break
        for channel in list(self._open):
            for _ in range(FINAL_READS):
                if not self._read(channel):
                    break
        for channel in self._channels:
            for text in channel.rest():
                if channel.cut and not channel.is_told:
                    self._flush()  # what came before it is before it
                    self._on_cut(channel.name, channel.cut)
                    channel.is_told = True
                self._queue(channel.name, text)
                self._flush()
        self._flush()

    @property
    def cuts(self) -> dict[Stream, int]:
        """How many bytes are missing of each stream that was cut; known after `finish`."""
        return {channel.name: channel.cut.dropped for channel in self._channels if channel.cut}

    def tail(self, name: Stream) -> str:
        """Return the last characters of a stream, decoded and redacted."""
        return next(channel for channel in self._channels if channel.name == name).tail()

    def close(self) -> None:
        """Release every descriptor."""
        for pidfd in self._pidfds:
            if pidfd is not None:
                os.close(pidfd)
        self._children.close()

    def _await(self, descriptor: int, then: Callable[[], bool], what: int = select.POLLIN) -> None:
        self._poll.register(descriptor, what)
        self._on[descriptor] = then

    def _await_no_more(self, descriptor: int) -> None:
        self._poll.unregister(descriptor)
        del self._on[descriptor]

    def _bounded(self, seconds: float | None) -> float:
        """Return for how many milliseconds to wait at most."""
        most = _LONGEST_WAIT_SECONDS if seconds is None else min(max(0.0, seconds), _LONGEST_WAIT_SECONDS)
        if self._pending:
            most = min(most, max(0.0, self._flushed_at + COALESCE_SECONDS - time.monotonic()))
        if self._is_flowing:
            most = min(most, max(0.0, self._flow_due - time.monotonic()))
        if self._records_due:
            wait = 0.0 if self.has_exited else self._records_due - time.monotonic()
            most = min(most, max(0.0, wait))
        if not self.has_exited:
            if not self._has_pidfds:
                most = min(most, _NO_PIDFD_POLL_SECONDS)
            if self._children.terminal is not None:
                most = min(most, self._children.terminal.tick)
        return 1000 * most

    def _note_exit(self, pidfd: int) -> bool:
        self._await_no_more(pidfd)
        self._running -= 1
        self.has_exited = not self._running
        return False

    def _wake(self) -> bool:
        with contextlib.suppress(BlockingIOError):
            os.read(self._cancel.fileno(), READ_BYTES)
        return False

    def _read(self, channel: Channel) -> bool:
        try:
            text = channel.read()
        except BlockingIOError:
            return False
        if text is None:
            self._await_no_more(self._pipes[channel.name].fileno())
            self._open.remove(channel)
            return False
        if text:
            self._queue(channel.name, text)
        if not self._is_flowing and channel.beyond_bytes:
            self._is_flowing = self._on_flow is not None
        return True

    def _take_record(self) -> bool:
        """Read once of what the child tells; return whether anything came."""
        assert self._children.records is not None
        assert self._on_record is not None
        try:
            data = os.read(self._children.records.fileno(), MANY_BYTES)
        except BlockingIOError:
            return False
        if not data:
            self._await_records()
            self._await_no_more(self._children.records.fileno())
            self._has_records = False
            return False
        self._flush()  # what was written before is shown before
        self._on_record(data)
        if len(data) < MANY_BYTES and not self.has_exited:
            self._let_records_gather()
        return True

    def _let_records_gather(self) -> None:
        """Do not wait for records for a moment: to wake us costs who writes them more than writing does."""
        assert self._children.records is not None
        if not self._records_due:
            self._poll.unregister(self._children.records.fileno())
        self._records_due = time.monotonic() + COALESCE_SECONDS

    def _await_records(self) -> None:
        assert self._children.records is not None
        if self._records_due:
            self._poll.register(self._children.records.fileno(), select.POLLIN)
        self._records_due = 0.0

    def _attend_terminal(self, terminal: Terminal) -> None:
        if self.has_exited:
            terminal.leave()
        else:
            terminal.type()

    def _tell_flow(self) -> None:
        """Say what passes by that is not shown."""
        assert self._on_flow is not None
        self._is_flowing = False
        self._flow_due = time.monotonic() + FLOW_SECONDS
        for channel in self._channels:
            if channel.has_flown():
                self._on_flow(channel.name, channel.beyond_bytes, channel.last_line())

    def _queue(self, name: Stream, text: str) -> None:
        if not text:
            return
        if self._pending and self._pending[-1][0] == name:
            self._pending[-1] = (name, self._pending[-1][1] + text)
        else:
            self._pending.append((name, text))

    def _flush(self) -> None:
        pending, self._pending = self._pending, []
        for name, text in pending:
            self._on_text(name, text)
        self._flushed_at = time.monotonic()

    def _write(self) -> bool:
        stdin = self._children.stdin
        assert stdin is not None
        try:
            written = os.write(stdin.fileno(), self._stdin[:READ_BYTES]) if self._stdin else 0
        except BlockingIOError:
            return False
        except BrokenPipeError:  # the child reads no more
            written = len(self._stdin)
        self._stdin = self._stdin[written:]
        if not self._stdin:
            self._await_no_more(stdin.fileno())
            stdin.close()
        return False


def _enlarge(pipe: int) -> None:
    """Let a pipe hold what is written while nobody reads; one that cannot be larger makes the writer wait."""
    with contextlib.suppress(OSError, AttributeError):  # Linux's; a user may have only so many large ones
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _pidfd(pid: int) -> int | None:
    """Return a descriptor that becomes readable when `pid` ends (pidfd_open(2), Linux 5.3)."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None

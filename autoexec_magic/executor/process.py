"""The one module that starts a process: spawn, stream, end all of it.

One thread acts: the caller's. It waits in a selector for both pipes, the
child's end, the clock and a request to stop; nothing is ever emitted from
another thread, so no sink needs a lock. A child is started without
`preexec_fn` (a fork of a large kernel costs a hundred times a vfork), in a
session of its own.

Text goes out at once when it comes alone and in pieces of `COALESCE_SECONDS`
when it comes fast. Of what exceeds `keep_bytes` only the last `RING_BYTES` of
each stream are held, raw. A non-zero exit is a value; only the phase that
asked knows whether it is a failure.

Other modules that may start processes, each with the reason written there:
none yet.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import selectors
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ..errors import AutoexecError, MissingTool, UsageError
from ..redact import Cleaner, harmless, mask
from ..values import Ended, Outcome, Stream
from . import ending
from .identity import ProcessId, identify
from .interrupts import Cancel, noted

READ_BYTES = 65_536
COALESCE_SECONDS = 0.005
RING_BYTES = 262_144
TAIL_CHARS = 65_536
DRAIN_QUIET_SECONDS = 0.1  # a pipe that somebody still holds after the child's end, and nobody writes to
DRAIN_SECONDS = 0.5  # … and that somebody goes on writing to
FINAL_READS = 32  # 2 MiB, twice what a pipe can hold: a writer that escaped must not keep us here
REAP_SECONDS = 5.0
_LONGEST_WAIT_SECONDS = 3600.0  # epoll counts milliseconds in an int
_NO_PIDFD_POLL_SECONDS = 0.02

OnText = Callable[[Stream, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to start, and within which bounds."""

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    run_id: str
    stdin: bytes | None = None
    timeout: float | None = None
    grace: float = 1.0
    keep_bytes: int = 64 * 2**20
    secrets: Sequence[str] = ()
    is_raw: bool = False


def stream(
    request: Request,
    *,
    on_text: OnText,
    on_dropped: Callable[[Stream, int], None],
    on_spawn: Callable[[ProcessId], None] | None = None,
    cancel: Cancel | None = None,
) -> Outcome:
    """Run a child to its end and return how it ended.

    Parameters
    ----------
    request : Request
        What to start. Its argv[0] is an absolute path.
    on_text : callable
        Called in this thread with each piece of decoded, redacted text.
    on_dropped : callable
        Called at the end, per stream, with the number of bytes not kept.
    on_spawn : callable, optional
        Called with the identity of the group's leader.
    cancel : Cancel, optional
        Ends the run from another thread.

    Returns
    -------
    Outcome
        When it is returned, or anything is raised, no process of the run is
        left.

    Raises
    ------
    MissingTool, UsageError, AutoexecError
        The program or directory is not there, or the program cannot be
        executed.
    """
    own = cancel is None
    cancel = cancel or Cancel()
    try:
        with noted(cancel):
            child = _spawn(request)
            try:
                return _attend(child, request, on_text, on_dropped, on_spawn, cancel)
            finally:
                _reap(child)
    finally:
        if own:
            cancel.close()


def _attend(
    child: subprocess.Popen[bytes],
    request: Request,
    on_text: OnText,
    on_dropped: Callable[[Stream, int], None],
    on_spawn: Callable[[ProcessId], None] | None,
    cancel: Cancel,
) -> Outcome:
    started = time.monotonic()
    leader = identify(child.pid) or ProcessId(child.pid, 0)
    pump = _Pump(child, request, on_text, cancel)
    try:
        if on_spawn:
            on_spawn(leader)
        ended = _wait(pump, cancel, started, request.timeout)
        grace = 0.0 if cancel.is_urgent() else request.grace
        ending.end(leader, request.run_id, grace=grace, pump=pump.turn_until_urgent)
        pump.finish()
    except BaseException:
        ending.end(leader, request.run_id, grace=0.0)
        raise
    finally:
        pump.close()
    _reap(child)
    for name, count in pump.dropped.items():
        on_dropped(name, count)
    return Outcome(
        argv=tuple(mask(word, request.secrets) for word in request.argv),
        returncode=child.returncode,
        ended=ended,
        seconds=time.monotonic() - started,
        stdout=pump.tail("stdout"),
        stderr=pump.tail("stderr"),
        dropped_bytes=sum(pump.dropped.values()),
        cut=tuple(pump.dropped),
    )


def _wait(pump: _Pump, cancel: Cancel, started: float, timeout: float | None) -> Ended:
    """Pump until the child has ended and said all, or must be ended."""
    deadline = None if timeout is None else started + timeout
    while not pump.has_exited:
        if cancel.is_set():
            return "cancelled"
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            return "timed-out"
        pump.turn(left)
    quiet_from = now = time.monotonic()
    until = now + DRAIN_SECONDS
    while pump.is_open and now < until and now - quiet_from < DRAIN_QUIET_SECONDS and not cancel.is_set():
        came = pump.turn(DRAIN_QUIET_SECONDS)
        now = time.monotonic()
        quiet_from = now if came else quiet_from
    return "exited"


def _spawn(request: Request) -> subprocess.Popen[bytes]:
    program = request.argv[0]
    try:
        return subprocess.Popen(
            request.argv,
            cwd=request.cwd,
            env=dict(request.env),
            stdin=subprocess.DEVNULL if request.stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        # Also raised for a script whose interpreter (its first line) is not there.
        raise MissingTool(
            f"cannot start {program}", why="it, or the interpreter that its first line names, is not there"
        ) from error
    except PermissionError as error:
        raise AutoexecError(
            f"cannot start {program}",
            why="permission denied",
            fix=f"chmod +x {program}, or run it with its interpreter",
        ) from error
    except OSError as error:
        raise AutoexecError(f"cannot start {program}", why=str(error)) from error
    except ValueError as error:
        raise UsageError(f"cannot start {program}", why=str(error)) from error


def _reap(child: subprocess.Popen[bytes]) -> None:
    """Take the exit status, so that no zombie is left."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(REAP_SECONDS)


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


class _Pump:
    """Moves what the child writes to the sink, and what it reads to the child."""

    def __init__(
        self, child: subprocess.Popen[bytes], request: Request, on_text: OnText, cancel: Cancel
    ) -> None:
        assert child.stdout is not None
        assert child.stderr is not None
        self.has_exited = False
        self.dropped: dict[Stream, int] = {}
        self._child = child
        self._on_text = on_text
        self._secrets = request.secrets
        self._is_raw = request.is_raw
        self._stdin = memoryview(request.stdin or b"")
        self._pending: list[tuple[Stream, str]] = []
        self._flushed_at = 0.0
        self._selector = selectors.DefaultSelector()
        cleaner = _AsItIs if request.is_raw else Cleaner
        self._channels = [
            _Channel("stdout", child.stdout, cleaner(request.secrets), request.keep_bytes),
            _Channel("stderr", child.stderr, cleaner(request.secrets), request.keep_bytes),
        ]
        self._open = list(self._channels)
        for channel in self._channels:
            os.set_blocking(channel.pipe.fileno(), False)
            self._selector.register(channel.pipe, selectors.EVENT_READ, channel)
        if child.stdin is not None:
            os.set_blocking(child.stdin.fileno(), False)
            self._selector.register(child.stdin, selectors.EVENT_WRITE, "stdin")
        self._selector.register(cancel, selectors.EVENT_READ, "cancel")
        self._cancel = cancel
        self._pidfd = _pidfd(child.pid)
        if self._pidfd is not None:
            self._selector.register(self._pidfd, selectors.EVENT_READ, "exit")

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
                self.has_exited = True
            elif key.data == "cancel":
                with contextlib.suppress(BlockingIOError):
                    os.read(self._cancel.fileno(), READ_BYTES)
        if self._pidfd is None and self._child.poll() is not None:
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
        if self._pidfd is not None:
            os.close(self._pidfd)
        for pipe in (self._child.stdin, self._child.stdout, self._child.stderr):
            if pipe is not None:
                pipe.close()

    def _bounded(self, seconds: float | None) -> float | None:
        bounds = [] if seconds is None else [min(max(0.0, seconds), _LONGEST_WAIT_SECONDS)]
        if self._pending:
            bounds.append(max(0.0, self._flushed_at + COALESCE_SECONDS - time.monotonic()))
        if self._pidfd is None and not self.has_exited:
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
        stdin = self._child.stdin
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

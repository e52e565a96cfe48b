"""An in-kernel run is recorded, not captured.

What the cell writes appears in the cell as ever, and a copy goes to the store.
Only the `write` of the streams is wrapped, for the time of the cell: objects
keep their identity, so a logging handler that took `sys.stderr` long ago is
recorded, too. The wrapped `write` only queues; one writer thread a run stamps,
coalesces and emits.
"""

from __future__ import annotations

import array
import dataclasses
import fcntl
import itertools
import os
import queue
import sys
import termios
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..events import Displayed, Emit, Event, Output, PhaseFinished, RunFinished, Truncated
from ..redact import Cleaner, secrets_in
from ..values import Stream

COALESCE_SECONDS = 0.01
LINE_END_SECONDS = 0.001
CLOSE_SECONDS = 10.0
TAIL_BYTES = 64 * 2**10
_PIPE_SECONDS = 0.05
_TURN_SECONDS = 0.001


class Writer:
    """The thread through which everything of one in-kernel run is emitted, in order.

    Parameters
    ----------
    emit : callable
        Called from the writer's thread only.
    keep_bytes : int
        Output kept, about, in bytes of UTF-8. Of what each stream writes
        beyond, the last `TAIL_BYTES` are kept, too; the rest is counted.
    """

    def __init__(self, emit: Emit, keep_bytes: int) -> None:
        self._emit = emit
        self._room = keep_bytes
        self._tails: dict[Stream, _Tail] = {}
        self._queue: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        secrets = secrets_in(os.environ)
        self._cleaners: dict[Stream, Cleaner] = {"stdout": Cleaner(secrets), "stderr": Cleaner(secrets)}
        self._thread = threading.Thread(target=self._work, name="autoexec-writer", daemon=True)
        self._thread.start()

    def put(self, event: Event) -> None:
        """Queue an event; from any thread, without waiting."""
        if _ends_output(event):
            self._put_tails()
        self._queue.put(event)

    def write(self, stream: Stream, text: str) -> None:
        """Queue what a stream wrote, as long as there is room for it."""
        __tracebackhide__ = True
        size = _bytes(text)
        if self._room > 0:
            self._room -= size
            self._queue.put(Output(phase="run", stream=stream, text=text))
        elif stream in self._tails:
            self._tails[stream].add(text, size)
        else:
            self._tails[stream] = _Tail()
            self._queue.put(Truncated(phase="run", stream=stream, dropped_bytes=size))

    def close(self) -> None:
        """Wait until everything is emitted."""
        self._put_tails()
        self._queue.put(None)
        self._thread.join(CLOSE_SECONDS)

    def _work(self) -> None:
        pending: list[tuple[Stream, str]] = []
        due = said = 0.0
        while True:
            try:
                event = self._queue.get(timeout=max(0.0, due - time.monotonic()) if pending else None)
            except queue.Empty:
                said = self._say(pending)
                continue
            if isinstance(event, Output) and event.phase == "run":
                if not pending:
                    # At once when it comes alone (but `print` writes a line's end apart), else in batches.
                    due = max(said + COALESCE_SECONDS, time.monotonic() + LINE_END_SECONDS)
                pending.append((event.stream, event.text))
                if time.monotonic() >= due:
                    said = self._say(pending)
                continue
            said = self._say(pending)
            if event is None:
                break
            if isinstance(event, Truncated):  # the beginning of a secret may be held: its end will not come
                held = self._cleaners[event.stream].discard()
                event = dataclasses.replace(event, dropped_bytes=event.dropped_bytes + held)
            elif _ends_output(event):
                self._flush()
            self._emit(event)
        self._flush()

    def _put_tails(self) -> None:
        """Queue the last of what was cut from each stream."""
        for stream, tail in self._tails.items():
            text, dropped = tail.take()
            if dropped:
                self._queue.put(Truncated(phase="run", stream=stream, dropped_bytes=dropped))
            if text:
                self._queue.put(Output(phase="run", stream=stream, text=text))

    def _flush(self) -> None:
        for stream, cleaner in self._cleaners.items():
            self._send(stream, cleaner.flush())

    def _say(self, pending: list[tuple[Stream, str]]) -> float:
        """Emit what is pending, what one stream wrote in a row as one; return the time."""
        for stream, pieces in itertools.groupby(pending, key=lambda item: item[0]):
            self._send(stream, self._cleaners[stream].feed("".join(text for _, text in pieces)))
        pending.clear()
        return time.monotonic()

    def _send(self, stream: Stream, text: str) -> None:
        if text:
            self._emit(Output(phase="run", stream=stream, text=text))


class _Tail:
    """The last of what a stream wrote, and how much came before it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clear()

    def add(self, text: str, size: int) -> None:
        with self._lock:
            if size > TAIL_BYTES:
                kept = text[-TAIL_BYTES // 4 :]  # a character has four bytes at most
                self._dropped += size - _bytes(kept)
                text, size = kept, _bytes(kept)
            self._pieces.append((text, size))
            self._size += size
            while self._size - self._pieces[0][1] >= TAIL_BYTES:
                dropped = self._pieces.popleft()[1]
                self._size -= dropped
                self._dropped += dropped

    def take(self) -> tuple[str, int]:
        """Return the text, from a line's beginning on, and the bytes dropped before it; begin anew."""
        with self._lock:
            text, dropped = "".join(text for text, _ in self._pieces), self._dropped
            self._clear()
        if dropped:  # the cut may have gone through a secret
            first, newline, rest = text.partition("\n")
            if newline:
                text, dropped = rest, dropped + _bytes(first) + 1
        return text, dropped

    def _clear(self) -> None:
        self._pieces: deque[tuple[str, int]] = deque()
        self._size = self._dropped = 0


class Tee:
    """Copies what a cell writes and displays to a writer, from `start` to `stop`."""

    def __init__(self, shell: Any, writer: Writer) -> None:
        self._shell = shell
        self._writer = writer
        self._undo: list[Callable[[], None]] = []

    def start(self) -> None:
        """Wrap the streams and the two places where rich output passes."""
        writer = self._writer
        streams: tuple[tuple[Stream, Any], ...] = (("stdout", sys.stdout), ("stderr", sys.stderr))
        for name, target in streams:
            self._wrap(target, "write", _writing(writer, name))
        self._wrap(self._shell.display_pub, "publish", self._published)
        self._wrap(self._shell.displayhook, "write_format_data", self._published)

    def stop(self) -> None:
        """Put everything back as it was, once what children wrote has come through the kernel's pipes."""
        for stream in (sys.stdout, sys.stderr):
            _drain(stream)
        while self._undo:
            self._undo.pop()()

    def _published(self, *args: Any, **kwargs: Any) -> None:
        data = kwargs.get("data", args[0] if args else None)
        if isinstance(data, dict):
            self._writer.put(Displayed(phase="run", mimes={str(mime): _size(data[mime]) for mime in data}))

    def _wrap(self, target: Any, name: str, note: Callable[..., None]) -> None:
        original = getattr(target, name)
        own = getattr(target, "__dict__", {}).get(name)  # of a cell around this one

        def noted(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True  # no frame of ours in the user's traceback
            result = original(*args, **kwargs)
            note(*args, **kwargs)
            return result

        try:
            setattr(target, name, noted)
        except AttributeError:  # a stream that takes no attribute is shown, but not recorded
            return

        def undo() -> None:
            if getattr(target, name, None) is not noted:
                return  # somebody wrapped it after us: it is theirs now
            if own is None:
                delattr(target, name)
            else:
                setattr(target, name, own)

        self._undo.append(undo)


def _ends_output(event: Event | None) -> bool:
    """Whether what the cell wrote is to be on record before this event."""
    return isinstance(event, RunFinished) or (isinstance(event, PhaseFinished) and event.phase == "run")


def _drain(stream: Any) -> None:
    """Wait, at most `_PIPE_SECONDS`, for the thread that reads what children write (ipykernel's).

    A child writes into a pipe that stands in place of file descriptor 1 or 2;
    a thread of the kernel reads it and calls `write`. It may be a turn behind.
    """
    reader, pipe = getattr(stream, "watch_fd_thread", None), getattr(stream, "_fid", None)
    if reader is None or not isinstance(pipe, int) or not reader.is_alive():
        return
    until = time.monotonic() + _PIPE_SECONDS
    while not _is_idle(reader, pipe) and time.monotonic() < until:
        time.sleep(_TURN_SECONDS)


def _is_idle(reader: threading.Thread, pipe: int) -> bool:
    """Whether the pipe is empty and its reader waits for more: what it has read, it has written."""
    waiting = array.array("i", [0])
    try:
        fcntl.ioctl(pipe, termios.FIONREAD, waiting)
        # proc(5): the number of the system call that the thread is in, then its arguments, or "running".
        call = Path(f"/proc/self/task/{reader.native_id}/syscall").read_text("ascii").split()
    except OSError:  # not Linux, or not allowed: one turn is mostly enough
        time.sleep(_TURN_SECONDS)
        return not waiting[0]
    return not waiting[0] and len(call) > 1 and int(call[1], 16) == pipe


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def _size(value: object) -> int:
    return len(value) if isinstance(value, str | bytes) else len(repr(value))


def _writing(writer: Writer, name: Stream) -> Callable[..., None]:
    def note(text: str, *rest: object) -> None:
        __tracebackhide__ = True  # an interrupt that falls here is the user's print's
        writer.write(name, text)

    return note

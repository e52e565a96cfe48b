"""An in-kernel run is recorded, not captured.

What the cell writes appears in the cell as ever, and a copy goes to the store.
Only the `write` of the streams is wrapped, for the time of the cell: objects
keep their identity, so a logging handler that took `sys.stderr` long ago is
recorded, too. The wrapped `write` only queues; one writer thread a run stamps,
coalesces and emits.
"""

from __future__ import annotations

import itertools
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from ..events import Displayed, Emit, Event, Output, Truncated
from ..redact import Cleaner, secrets_in
from ..values import Stream

COALESCE_SECONDS = 0.01
LINE_END_SECONDS = 0.001
CLOSE_SECONDS = 10.0


class Writer:
    """The thread through which everything of one in-kernel run is emitted, in order.

    Parameters
    ----------
    emit : callable
        Called from the writer's thread only.
    keep_bytes : int
        Output kept, about; the rest is counted.
    """

    def __init__(self, emit: Emit, keep_bytes: int) -> None:
        self._emit = emit
        self._room = keep_bytes
        self._dropped: dict[Stream, int] = {}
        self._queue: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        secrets = secrets_in(os.environ)
        self._cleaners: dict[Stream, Cleaner] = {"stdout": Cleaner(secrets), "stderr": Cleaner(secrets)}
        self._thread = threading.Thread(target=self._work, name="autoexec-writer", daemon=True)
        self._thread.start()

    def put(self, event: Event) -> None:
        """Queue an event; from any thread, without waiting."""
        self._queue.put(event)

    def write(self, stream: Stream, text: str) -> None:
        """Queue what a stream wrote, as long as there is room for it."""
        if self._room <= 0:
            self._dropped[stream] = self._dropped.get(stream, 0) + len(text)
            return
        self._room -= len(text)
        self._queue.put(Output(phase="run", stream=stream, text=text))

    def close(self) -> None:
        """Wait until everything is emitted."""
        for stream, count in self._dropped.items():
            self._queue.put(Truncated(phase="run", stream=stream, dropped_bytes=count))
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
            self._emit(event)
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
            self._wrap(target, "write", lambda text, *rest, name=name, **more: writer.write(name, text))
        self._wrap(self._shell.display_pub, "publish", self._published)
        self._wrap(self._shell.displayhook, "write_format_data", self._published)

    def stop(self) -> None:
        """Put everything back as it was."""
        while self._undo:
            self._undo.pop()()

    def _published(self, *args: Any, **kwargs: Any) -> None:
        data = kwargs.get("data", args[0] if args else None)
        if isinstance(data, dict):
            self._writer.put(Displayed(phase="run", mimes={str(mime): _size(data[mime]) for mime in data}))

    def _wrap(self, target: Any, name: str, note: Callable[..., None]) -> None:
        original = getattr(target, name)

        def noted(*args: Any, **kwargs: Any) -> Any:
            result = original(*args, **kwargs)
            note(*args, **kwargs)
            return result

        try:
            setattr(target, name, noted)
        except AttributeError:  # a stream that takes no attribute is shown, but not recorded
            return
        self._undo.append(lambda: delattr(target, name) if getattr(target, name, None) is noted else None)


def _size(value: object) -> int:
    return len(value) if isinstance(value, str | bytes) else len(repr(value))

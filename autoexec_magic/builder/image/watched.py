"""What an engine streams, while somebody watches the clock and the person who may stop it.

A stream is read in a thread of its own; the acting thread gets each piece and
looks at the time ten times a second. Ending it closes the connection: an
engine ends what nobody listens to, the container of a build too.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ... import dockerengine as engine
from ...errors import Cancelled, RunTimeout
from ..bench import Bench

_TURN_SECONDS = 0.1
_JOIN_SECONDS = 2.0
_TOLD = "the engine was told, and what it had begun is removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Who may end a stream: a clock and a person. `what` is what it is, for messages."""

    bench: Bench
    what: str
    until: float | None = None

    @classmethod
    def of(cls, bench: Bench, what: str) -> Watch:
        """Return the watch over something that begins now."""
        return cls(
            bench=bench, what=what, until=None if bench.timeout is None else time.monotonic() + bench.timeout
        )

    def look(self) -> None:
        """Go on, unless it should end.

        Raises
        ------
        Cancelled, RunTimeout
            It should.
        """
        self.bench.tick()
        cancel = self.bench.cancel
        if (cancel is not None and cancel.is_set()) or self.bench.is_cancelled():
            raise Cancelled(
                f"{self.what} was stopped", why="the engine was told, and what it had begun is removed"
            )
        if self.until is not None and time.monotonic() > self.until:
            raise RunTimeout(
                f"{self.what}: its time was over after {self.bench.timeout:.0f} s",
                why=_TOLD,
                fix="--timeout SECONDS gives it longer",
            )

    def pause(self, seconds: float) -> None:
        """Wait, looking."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.look()
            time.sleep(min(_TURN_SECONDS, left))
        self.look()


def streamed(
    client: engine.Client, begin: Callable[[], Iterator[dict[str, Any]]], watch: Watch
) -> Iterator[dict[str, Any]]:
    """Yield what an engine streams; end it when it should.

    Raises
    ------
    Cancelled, RunTimeout
        It was ended.
    Exception
        What `begin` or docker-py raised.
    """
    reading = _Reading(begin=begin)
    client.hooks["response"].append(reading.keep)
    thread = threading.Thread(target=reading.run, name="autoexec-engine", daemon=True)
    thread.start()
    try:
        while True:
            try:
                found = reading.pieces.get(timeout=_TURN_SECONDS)
            except queue.Empty:
                found = None
            watch.look()
            if isinstance(found, BaseException):
                raise found
            if found is _END:
                return
            if found is not None:
                yield found
    finally:
        reading.end()
        thread.join(_JOIN_SECONDS)
        with contextlib.suppress(ValueError):
            client.hooks["response"].remove(reading.keep)


_END = object()


@dataclass(slots=True, kw_only=True, eq=False)
class _Reading:
    """The thread's side of it."""

    begin: Callable[[], Iterator[dict[str, Any]]]
    pieces: queue.Queue[Any] = field(default_factory=queue.Queue)
    is_over: threading.Event = field(default_factory=threading.Event)
    response: Any = None

    def run(self) -> None:
        try:
            for piece in self.begin():
                self.pieces.put(piece)
                if self.is_over.is_set():
                    return
            self.pieces.put(_END)
        except BaseException as error:  # noqa: BLE001 (raised again in the acting thread)
            self.pieces.put(error)
        finally:
            if self.response is not None:
                self.response.close()

    def keep(self, response: Any, **_: object) -> None:
        self.response = response
        if self.is_over.is_set():  # it was ended before the engine said a word
            self.end()

    def end(self) -> None:
        self.is_over.set()
        found = _socket_of(self.response)
        if found is not None:
            with contextlib.suppress(OSError):
                found.shutdown(socket.SHUT_RDWR)


def sent(pieces: Iterator[bytes], watch: Watch) -> Iterator[bytes]:
    """Yield what is sent, looking at each piece whether it should end.

    Raises
    ------
    Cancelled, RunTimeout
        It should.
    """
    for piece in pieces:
        watch.look()
        yield piece


def _socket_of(response: Any) -> socket.socket | None:
    """Return the socket that a response comes by; http.client has it behind three doors."""
    raw = getattr(getattr(getattr(getattr(response, "raw", None), "_fp", None), "fp", None), "raw", None)
    found = getattr(raw, "_sock", None)
    return found if isinstance(found, socket.socket) else None

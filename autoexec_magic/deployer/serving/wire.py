"""One end of a connection that speaks HTTP/1.1: bytes by asyncio, framing by h11, every wait limited."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass
from typing import TypeAlias

import h11

READ_BYTES = 64 * 1024
_LINGER_SECONDS = 2.0
_LINGER_BYTES = 4 * 2**20
_AT_ONCE = struct.pack("ii", 1, 0)

Event: TypeAlias = (
    h11.Request
    | h11.InformationalResponse
    | h11.Response
    | h11.Data
    | h11.EndOfMessage
    | h11.ConnectionClosed
    | type[h11.PAUSED]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long and how large; seconds and bytes.

    `connect_seconds` and `answer_seconds` are for an upstream: its connection, and
    then the head of its answer. `idle_seconds` is how long a client may keep a
    connection without a request, `head_seconds` how long one may take for the head
    of its request, and `stall_seconds` how long either end may take nothing of
    what is sent to it, or a client may send nothing of a body.
    """

    connect_seconds: float = 1.0
    answer_seconds: float = 60.0
    idle_seconds: float = 75.0
    head_seconds: float = 30.0
    stall_seconds: float = 60.0
    head_bytes: int = 64 * 1024
    connections: int = 4000


class Peer:
    """A client, or an upstream."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        role: type[h11.CLIENT] | type[h11.SERVER],
        bounds: Bounds,
    ) -> None:
        self.reader, self.writer, self.bounds = reader, writer, bounds
        self.is_head = False  #: whether what is asked is a HEAD, whose answer has no body
        self.http = h11.Connection(role, max_incomplete_event_size=bounds.head_bytes)

    def ready(self) -> Event | None:
        """Return the next event if all of it is here, else None; the errors are those of `event`."""
        event = self.http.next_event()
        return None if event is h11.NEED_DATA else event  # type: ignore[return-value] # h11's is wider

    async def event(self) -> Event:
        """Return the next event.

        Raises
        ------
        h11.RemoteProtocolError
            What comes is not HTTP, or ends too early.
        OSError
            The connection broke.
        """
        while (event := self.ready()) is None:
            self.http.receive_data(await self.reader.read(READ_BYTES))
        return event

    async def request(self) -> Event:
        """Return the event that begins a request, or ends the connection; within its limits.

        Raises
        ------
        TimeoutError
            It did not come.
        """
        if not self.http.trailing_data[0] and not self.http.trailing_data[1]:
            async with asyncio.timeout(self.bounds.idle_seconds):
                self.http.receive_data(await self.reader.read(READ_BYTES))
        async with asyncio.timeout(self.bounds.head_seconds):
            return await self.event()

    async def send(self, *events: h11.Event) -> None:
        """Send events, and wait until most of what was sent before is taken.

        Raises
        ------
        OSError
            The connection broke (TimeoutError: nothing was taken for too long).
        """
        parts: list[bytes] = []
        for event in events:
            parts += self.http.send_with_data_passthrough(event) or ()
        self.writer.write(b"".join(parts))
        await self.drain()

    async def drain(self) -> None:
        """Wait until most of what was written is taken; the errors are those of `send`."""
        if self.writer.transport.get_write_buffer_size():
            async with asyncio.timeout(self.bounds.stall_seconds):
                await self.writer.drain()
        elif self.writer.is_closing():
            raise ConnectionResetError("the connection is closed")

    async def plain(self, status: int, text: str) -> None:
        """Answer with one line, after which the connection is closed."""
        body = f"{text}\n".encode()
        head = h11.Response(
            status_code=status,
            headers=[
                ("Content-Type", "text/plain; charset=utf-8"),
                ("Content-Length", str(len(body))),
                ("Connection", "close"),
            ],
        )
        parts = () if self.is_head else (h11.Data(data=body),)
        await self.send(head, *parts, h11.EndOfMessage())

    def is_reusable(self) -> bool:
        """Whether another request may follow on this connection; it is made ready for it."""
        if self.http.our_state is not h11.DONE or self.http.their_state is not h11.DONE:
            return False
        self.http.start_next_cycle()
        return True

    async def linger(self) -> None:
        """Let the other end read what it was sent, though it may be sending still (RFC 9112 9.6)."""
        with contextlib.suppress(OSError):
            async with asyncio.timeout(_LINGER_SECONDS):
                await self.writer.drain()
                if self.writer.can_write_eof():
                    self.writer.write_eof()
                left = _LINGER_BYTES
                while left > 0 and (data := await self.reader.read(READ_BYTES)):
                    left -= len(data)

    def close(self) -> None:
        """Close it; what was written is still sent."""
        self.writer.close()

    def abort(self) -> None:
        """Close it now, whatever was not sent."""
        self.writer.transport.abort()

    def cut(self) -> None:
        """Reset it, so that the other end cannot take what it got for all there is (socket(7), SO_LINGER)."""
        found = self.writer.get_extra_info("socket")
        if found is not None and not self.writer.is_closing():
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.abort()


async def connected(port: int, bounds: Bounds) -> Peer:
    """Return a new connection to a port of this machine.

    Raises
    ------
    OSError
        There is none (TimeoutError: not in time).
    """
    async with asyncio.timeout(bounds.connect_seconds):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=READ_BYTES)
    return Peer(reader, writer, h11.CLIENT, bounds)


def keep_awake(writer: asyncio.StreamWriter) -> None:
    """Let the system find out when the other end is gone without a word."""
    found = writer.get_extra_info("socket")
    if found is not None:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

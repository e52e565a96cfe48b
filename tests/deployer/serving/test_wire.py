"""One end of a connection: what is a limit, and what is an end."""

from __future__ import annotations

import asyncio
import contextlib
import time

import h11
import pytest
import serviced

from autoexec_magic.deployer.serving import wire


def connected(port: int, **bounds: float) -> None:
    """Connect, and close again."""

    async def connect() -> None:
        (await wire.connected(port, wire.Bounds(**bounds))).abort()

    serviced.in_loop(connect())


def test_a_port_that_is_shut_is_an_error_at_once():
    with pytest.raises(ConnectionRefusedError):
        connected(serviced.nobody())


def test_a_connection_that_does_not_come_is_waited_for_no_longer_than_is_said():
    """The queue of the listener is full, so the system answers nothing."""
    with serviced.socket.create_server(("127.0.0.1", 0), backlog=0) as full, contextlib.ExitStack() as stack:
        port = full.getsockname()[1]
        for _ in range(3):
            waiting = stack.enter_context(serviced.socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            connected(port, connect_seconds=0.2)
        assert time.monotonic() - began < 30


def test_a_plain_answer_to_a_head_has_no_body():
    async def talk() -> bytes:
        said = asyncio.Queue()

        async def serve(reader, writer):
            peer = wire.Peer(reader, writer, h11.SERVER, wire.Bounds())
            request = await peer.request()
            peer.is_head = request.method == b"HEAD"
            await peer.plain(503, "not there")
            await peer.linger()
            peer.close()
            await said.put(None)

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
        found = await reader.read()
        writer.close()
        await said.get()
        server.close()
        return found

    found = serviced.in_loop(talk())
    assert found.startswith(b"HTTP/1.1 503 ")
    assert b"Content-Length: 10" in found
    assert found.endswith(b"\r\n\r\n")

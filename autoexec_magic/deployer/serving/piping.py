"""Two connections joined byte by byte, after they went over to another protocol (WebSocket)."""

from __future__ import annotations

import asyncio
import contextlib

from . import wire


async def pipe(client: wire.Peer, upstream: wire.Peer) -> None:
    """Pass on what comes from either end until both have ended, or one broke.

    The end of one direction is passed on, too; the other one then has
    `stall_seconds` to end.
    """
    ways = {
        asyncio.create_task(_pass_on(client, upstream)),
        asyncio.create_task(_pass_on(upstream, client)),
    }
    try:
        done, left = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        if left and not any(each.exception() for each in done):
            await asyncio.wait(left, timeout=client.bounds.stall_seconds)
    finally:
        for each in ways:
            each.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _pass_on(source: wire.Peer, sink: wire.Peer) -> None:
    data, _ = source.http.trailing_data
    while data or (data := await source.reader.read(wire.READ_BYTES)):
        sink.writer.write(data)
        await sink.drain()
        data = b""
    with contextlib.suppress(OSError):
        sink.writer.write_eof()

"""The reverse proxy: takes connections, and has each request answered by the release whose turn it is.

The choice is made for each request, not for each connection: a client that keeps
its connection is moved by the next switch as well as everybody else. Bodies are
passed on as they come; of each connection no more is held than a few reads.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Callable

import h11

from . import fields, wire
from .exchange import ClientGone, Exchange
from .routes import Counts, PortsOf, Routes, Turns, candidates

_BACKLOG = 1024
_SPARE_FILES = 128
_POLL_SECONDS = 0.02


class Router:
    """Answers on one port, as its routes say.

    Parameters
    ----------
    ports_of : callable
        Returns the ports of a share's release that can be asked now.
    bounds : wire.Bounds, optional
        How long and how large.
    pick : callable, optional
        Returns numbers in [0, 1); by default at random.
    """

    def __init__(
        self,
        ports_of: PortsOf,
        *,
        bounds: wire.Bounds | None = None,
        pick: Callable[[], float] = random.random,
    ) -> None:
        self.routes = Routes()
        self.bounds = bounds or wire.Bounds()
        self._ports_of, self._pick = ports_of, pick
        self._turns = Turns()
        self._counts: dict[str, Counts] = {}
        self._open: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._here = ""
        self._most = self.bounds.connections

    async def listen(self, host: str, port: int) -> int:
        """Take connections from now on; return the port, a free one where `port` is 0.

        Raises
        ------
        OSError
            The port is not to be had.
        """
        self._most = min(self.bounds.connections, more_files(2 * self.bounds.connections + _SPARE_FILES))
        self._server = await asyncio.start_server(
            self._connected, host, port, limit=wire.READ_BYTES, backlog=_BACKLOG
        )
        bound: int = self._server.sockets[0].getsockname()[1]
        self._here = f"{host}:{bound}"
        return bound

    def counts(self, release_id: str) -> Counts:
        """Return what became of the requests to a release so far."""
        return self._counts.setdefault(release_id, Counts())

    def forget(self, release_id: str) -> None:
        """Forget a release that is gone."""
        self._turns.forget(release_id)
        self._counts.pop(release_id, None)

    async def idle(self, release_id: str, seconds: float) -> bool:
        """Wait until no request to a release is in flight, at most so long; return whether it is so."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while self.counts(release_id).in_flight and loop.time() < until:
            await asyncio.sleep(_POLL_SECONDS)
        return not self.counts(release_id).in_flight

    async def close(self, seconds: float) -> None:
        """Take no more connections, let what is in flight end for so long, and cut the rest."""
        if self._server is not None:
            self._server.close()
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while any(each.in_flight for each in self._counts.values()) and loop.time() < until:
            await asyncio.sleep(_POLL_SECONDS)
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        client = wire.Peer(reader, writer, h11.SERVER, self.bounds)
        try:
            if len(self._open) > self._most:
                await client.plain(503, "too many connections")
            else:
                wire.keep_awake(writer)
                await self._served(client)
            client.close()
        except (OSError, ClientGone, h11.ProtocolError, asyncio.CancelledError):
            client.abort()
        finally:
            self._open.discard(task)

    async def _served(self, client: wire.Peer) -> None:
        """Answer one request after the other, until there is no more on this connection."""
        peer = client.writer.get_extra_info("peername") or ("unknown",)  # it may be gone already
        came = fields.Came(client=str(peer[0]), here=self._here)
        try:
            while True:
                request = await client.request()
                if not isinstance(request, h11.Request):
                    return
                client.is_head = request.method == b"HEAD"
                refused = fields.refusal(request)
                if refused:
                    await client.plain(*refused)
                    break
                await self._answered(client, request, came)
                if not client.is_reusable():
                    break
        except h11.RemoteProtocolError as error:
            await _refuse(client, error)
        await client.linger()

    async def _answered(self, client: wire.Peer, request: h11.Request, came: fields.Came) -> None:
        found = candidates(self.routes, self._pick(), self._turns, self._ports_of)
        await Exchange(client, request, came, self.counts).run(found)


async def _refuse(client: wire.Peer, error: h11.RemoteProtocolError) -> None:
    """Say what is wrong with a request, unless an answer was begun."""
    if client.http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
        client.is_head = False
        await client.plain(error.error_status_hint, "this is no request that can be answered")


def more_files(wanted: int) -> int:
    """Let this process open as many files as it may, up to `wanted`; return for how many connections.

    Of each connection there may be two files: the client's, and the upstream's.
    """
    if sys.platform == "win32":
        return wanted
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = most
    return max(16, (min(soft, wanted) - _SPARE_FILES) // 2)

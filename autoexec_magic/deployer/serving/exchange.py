"""One request: who is asked, who is asked next, and the answer passed on as it comes.

What was not begun can be done again elsewhere: a connection that is refused has
taken nothing, so any request goes to the next upstream. A request without a body
whose method promises to change nothing (GET, HEAD, OPTIONS) is asked again also
where the connection broke before the answer's head, and, at another release,
where that answer was a server's failure. Everything else is asked once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import h11

from . import fields, piping, wire
from .routes import Counts, Upstream

ASKED_AGAIN = frozenset((500, 502, 503, 504))
NOBODY = "the service is not there at the moment"
_FAILED = 500
_SWITCHING = 101

Head: TypeAlias = h11.Response | h11.InformationalResponse


class ClientGone(Exception):
    """The client takes nothing any more: no fault of an upstream's."""


@dataclass(slots=True)
class Answer:
    """The head of an answer, and the connection on which its body comes."""

    place: Upstream
    upstream: wire.Peer
    head: Head
    counts: Counts
    _is_open: bool = True

    def drop(self) -> None:
        """Be done with it."""
        if self._is_open:
            self._is_open = False
            self.counts.in_flight -= 1
            self.upstream.abort()


class Exchange:
    """Asks for one request of a client, and passes the answer on.

    Parameters
    ----------
    client : wire.Peer
        It has sent the head of `request`, and no more of it was read.
    request : h11.Request
        What it asks.
    came : fields.Came
        From where it came.
    counts : callable
        Returns the counts of a release.
    """

    def __init__(
        self,
        client: wire.Peer,
        request: h11.Request,
        came: fields.Came,
        counts: Callable[[str], Counts],
    ) -> None:
        self.client, self.request, self.came, self.counts = client, request, came, counts
        self.bounds = client.bounds
        self._is_repeatable = fields.is_repeatable(request)
        self._was_asked = False  # somebody may have begun to do what is asked
        self._head_sent: h11.Request | None = None
        self._body: asyncio.Task[None] | None = None

    async def run(self, candidates: Sequence[Upstream]) -> None:
        """Ask the candidates in their order, and pass on the answer that counts.

        Raises
        ------
        OSError, ClientGone
            The client is gone, or takes nothing.
        h11.RemoteProtocolError
            What the client sends is not HTTP.
        """
        answer: Answer | None = None
        try:
            self._head_sent = self._for_upstream()
        except h11.LocalProtocolError:  # before anybody is asked: it is no fault of an upstream's
            await self.client.plain(400, "the request cannot be passed on")
            return
        try:
            if not fields.has_body(self.request):
                self.client.ready()  # the end of the request, of which nothing more comes
            answer = await self._answered(candidates)
            if answer is None:
                status, text = (502, "the service gave no answer") if self._was_asked else (503, NOBODY)
                await self.client.plain(status, text)
            elif isinstance(answer.head, h11.InformationalResponse):
                await self._switched(answer, answer.head)
            else:
                await self._passed_on(answer)
        finally:
            if self._body is not None:
                self._body.cancel()
                await asyncio.gather(self._body, return_exceptions=True)
            if answer is not None:
                answer.drop()

    async def _answered(self, candidates: Sequence[Upstream]) -> Answer | None:
        """Return the answer to pass on, None where nobody gave one."""
        held: Answer | None = None
        try:
            for at, place in enumerate(candidates):
                if held is not None and held.place.release_id == place.release_id:
                    continue
                answer = await self._asked(place)
                if answer is not None:
                    if held is not None and answer.head.status_code >= _FAILED:
                        held.counts.errors -= 1  # where both fail it is the request's fault
                    if held is not None or not self._is_asked_again(answer, candidates[at + 1 :]):
                        return answer
                    held = answer
                elif self._was_asked and not self._is_repeatable:
                    return None
            found, held = held, None
            return found
        finally:
            if held is not None:
                held.drop()

    def _is_asked_again(self, answer: Answer, left: Sequence[Upstream]) -> bool:
        others = any(place.release_id != answer.place.release_id for place in left)
        return self._is_repeatable and others and answer.head.status_code in ASKED_AGAIN

    async def _asked(self, place: Upstream) -> Answer | None:
        """Return an upstream's answer, None where it gives none: that is counted as its error."""
        counts = self.counts(place.release_id)
        counts.requests += 1
        counts.in_flight += 1  # from here on: a release is not ended while somebody is about to ask it
        upstream: wire.Peer | None = None
        head: Head | None = None
        try:
            upstream = await wire.connected(place.port, self.bounds)
            head = await self._head(upstream)
            counts.errors += head.status_code >= _FAILED
            return Answer(place=place, upstream=upstream, head=head, counts=counts)
        except (OSError, h11.ProtocolError):
            self._check_client()
            counts.errors += 1
            return None
        finally:
            if head is None:
                counts.in_flight -= 1
                if upstream is not None:
                    upstream.abort()

    def _for_upstream(self) -> h11.Request:
        """Return the request as it is passed on; h11 raises where that is none."""
        return h11.Request(
            method=self.request.method,
            target=self.request.target,
            headers=fields.for_upstream(self.request, self.came),
        )

    async def _head(self, upstream: wire.Peer) -> Head:
        """Send the request and return the head of the answer; the errors are the upstream's."""
        assert self._head_sent is not None
        self._was_asked = True
        if not fields.has_body(self.request):
            await upstream.send(self._head_sent, h11.EndOfMessage())
        else:
            await upstream.send(self._head_sent)
            self._body = asyncio.create_task(self._send_body(upstream))
        async with asyncio.timeout(None) as limit:

            def begin(ended: object = None) -> None:
                limit.reschedule(asyncio.get_running_loop().time() + self.bounds.answer_seconds)

            if self._body is None:
                begin()
                return await self._first(upstream)
            self._body.add_done_callback(begin)  # an upload may take as long as it takes
            try:
                return await self._first(upstream)
            finally:
                self._body.remove_done_callback(begin)

    async def _first(self, upstream: wire.Peer) -> Head:
        """Return the head of the answer; what comes before it is passed on at once."""
        while True:
            event = await upstream.event()
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse):
                raise ConnectionResetError("it was closed without an answer")
            if event.status_code == _SWITCHING:
                return event
            if self.request.http_version >= b"1.1":  # RFC 9110 15.2: never to an older one
                await self._tell_client(event)

    async def _tell_client(self, event: h11.InformationalResponse) -> None:
        try:
            await self.client.send(
                h11.InformationalResponse(
                    status_code=event.status_code, headers=fields.for_client(event), reason=event.reason
                )
            )
        except OSError as error:
            raise ClientGone from error

    async def _send_body(self, upstream: wire.Peer) -> None:
        """Pass the client's body on, as fast as the upstream takes it.

        Where the client fails, the upstream is cut, so that whoever waits for its
        answer hears of it; `_check_client` then says whose fault it was.
        """
        is_done = False
        try:
            while not is_done:
                async with asyncio.timeout(self.bounds.stall_seconds):
                    event = await self.client.event()
                is_done = isinstance(event, h11.EndOfMessage)
                if isinstance(event, h11.EndOfMessage):
                    event = h11.EndOfMessage(headers=self._trailer(event))
                elif not isinstance(event, h11.Data):
                    raise ConnectionResetError("the client went away within its request")
                try:
                    await upstream.send(event)
                except OSError:  # it may have answered all the same: that it has read enough
                    return
        except (OSError, h11.RemoteProtocolError):
            upstream.abort()
            raise

    def _trailer(self, end: h11.EndOfMessage) -> fields.Fields:
        is_chunked = any(name == b"transfer-encoding" for name, _ in self.request.headers)
        return fields.for_trailer(end) if is_chunked else []

    def _check_client(self) -> None:
        """Raise what went wrong with the client while it sent its body, if anything did."""
        body = self._body
        if body is not None and body.done() and not body.cancelled():
            fault = body.exception()
            if fault is not None:
                raise fault

    async def _passed_on(self, answer: Answer) -> None:
        """Pass an answer on, as fast as the client takes it; cut the client where it is cut off."""
        assert isinstance(answer.head, h11.Response)
        headers = fields.for_client(answer.head)
        status, reason = answer.head.status_code, answer.head.reason
        pending: list[h11.Event] = [h11.Response(status_code=status, headers=headers, reason=reason)]
        while True:
            try:
                event = answer.upstream.ready()
                if event is None:
                    await self._sent(pending)
                    event = await answer.upstream.event()
            except (OSError, h11.RemoteProtocolError):
                self._check_client()
                answer.counts.errors += status < _FAILED  # what is counted already is not counted twice
                self.client.cut()
                return
            if isinstance(event, h11.Data):
                pending.append(event)
                continue
            tail = fields.for_trailer(event) if isinstance(event, h11.EndOfMessage) else []
            pending.append(h11.EndOfMessage(headers=tail if self._has_tail(headers) else []))
            await self._sent(pending)
            return

    async def _sent(self, pending: list[h11.Event]) -> None:
        """Send what is pending to the client.

        Raises
        ------
        ClientGone
            It takes nothing.
        """
        events = tuple(pending)
        pending.clear()
        try:
            await self.client.send(*events)
        except OSError as error:
            raise ClientGone from error

    def _has_tail(self, headers: fields.Fields) -> bool:
        """Whether the body is passed on in chunks, behind which fields may stand."""
        has_length = any(name.lower() == b"content-length" for name, _ in headers)
        return self.request.http_version >= b"1.1" and not has_length and self.request.method != b"HEAD"

    async def _switched(self, answer: Answer, head: h11.InformationalResponse) -> None:
        """Pass on that the connection is another protocol's from now on, and then all that comes."""
        headers = fields.for_client(head)
        await self.client.send(
            h11.InformationalResponse(status_code=head.status_code, headers=headers, reason=head.reason)
        )
        await piping.pipe(self.client, answer.upstream)

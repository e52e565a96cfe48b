"""The header fields that a proxy takes off, sets, and refuses. Functions of values.

h11 has checked each message by then: names, values, one Host, lengths that do
not contradict each other (equal ones are one, RFC 9110 8.6), and no other
transfer coding than chunked. What it takes and a proxy must not is refused here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import h11

Fields: TypeAlias = list[tuple[bytes, bytes]]
Message: TypeAlias = h11.Request | h11.InformationalResponse | h11.Response | h11.EndOfMessage

#: RFC 9110 7.6.1, and what was one in older clients.
HOP_BY_HOP = frozenset(
    (
        *(b"connection", b"keep-alive", b"proxy-connection", b"te", b"transfer-encoding", b"upgrade"),
        *(b"proxy-authenticate", b"proxy-authorization", b"trailer"),
    )
)
#: without these a message is another one: an option `Connection: Content-Length` does not take them off
_NEVER_AN_OPTION = frozenset((b"host", b"content-length", b"content-type", b"content-encoding"))
_OURS = frozenset((b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"))
_NEVER_IN_A_TRAILER = frozenset((b"content-length", b"host", b"content-encoding", b"content-type"))
_REPEATABLE = frozenset((b"GET", b"HEAD", b"OPTIONS"))
_FIRST_WITH_CODINGS = b"1.1"


@dataclass(frozen=True, slots=True)
class Came:
    """From where a request came, and where it arrived."""

    client: str
    here: str


def refusal(request: h11.Request) -> tuple[int, str] | None:
    """Return the status and the reason why a request is not passed on, None if it is.

    A message with a length and a transfer coding, or with a coding that its
    version does not know, is one that two servers may cut at two places
    (RFC 9112 6.1).
    """
    names = {name for name, _ in request.headers}
    if request.method == b"CONNECT":
        return 501, "this is no tunnel"
    if b"transfer-encoding" in names and b"content-length" in names:
        return 400, "both Content-Length and Transfer-Encoding"
    if b"transfer-encoding" in names and request.http_version < _FIRST_WITH_CODINGS:
        return 400, "Transfer-Encoding in HTTP/1.0"
    return None


def has_body(request: h11.Request) -> bool:
    """Whether anything may follow the head."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and int(value) > 0)
        for name, value in request.headers
    )


def is_repeatable(request: h11.Request) -> bool:
    """Whether asking twice is as asking once, and what was asked is still known (RFC 9110 9.2.1)."""
    return request.method in _REPEATABLE and not has_body(request)


def upgrade_of(message: h11.Request | h11.InformationalResponse) -> bytes:
    """Return the protocols that a message offers to go over to; b"" if there are none.

    HTTP/2 over a connection that began with HTTP/1.1 is no more (RFC 9113 3.1).
    """
    if b"upgrade" not in _options(message):
        return b""
    offered = [
        value.strip() for name, value in message.headers if name == b"upgrade" for value in value.split(b",")
    ]
    return b", ".join(each for each in offered if each and each.lower() != b"h2c")


def for_upstream(request: h11.Request, came: Came) -> Fields:
    """Return the fields with which a request is passed on, on a connection of its own."""
    is_old = request.http_version < _FIRST_WITH_CODINGS
    taken = _OURS | ({b"expect"} if is_old else set())
    kept = [(name, value) for name, value in _end_to_end(request) if name.lower() not in taken]
    host = next((value for name, value in request.headers if name == b"host"), b"")
    if not host:  # HTTP/1.0 needs none, and what goes on is HTTP/1.1
        host = came.here.encode()
        kept.append((b"Host", host))
    kept += [
        (b"X-Forwarded-For", came.client.encode()),
        (b"X-Forwarded-Proto", b"http"),
        (b"X-Forwarded-Host", host),
    ]
    if any(name == b"transfer-encoding" for name, _ in request.headers):
        kept.append((b"Transfer-Encoding", b"chunked"))
    wanted = upgrade_of(request)
    if wanted and not is_old:
        return [*kept, (b"Connection", b"Upgrade"), (b"Upgrade", wanted)]
    return [*kept, (b"Connection", b"close")]


def for_client(answer: h11.Response | h11.InformationalResponse) -> Fields:
    """Return the fields with which an answer is passed on."""
    kept = _end_to_end(answer)
    if any(name == b"transfer-encoding" for name, _ in answer.headers):  # RFC 9112 6.3: it overrides
        kept = [(name, value) for name, value in kept if name.lower() != b"content-length"]
    switched = upgrade_of(answer) if isinstance(answer, h11.InformationalResponse) else b""
    if switched:
        kept += [(b"Connection", b"Upgrade"), (b"Upgrade", switched)]
    return kept


def for_trailer(end: h11.EndOfMessage) -> Fields:
    """Return what is passed on of the fields behind a body."""
    return [(name, value) for name, value in _end_to_end(end) if name.lower() not in _NEVER_IN_A_TRAILER]


def _end_to_end(message: Message) -> Fields:
    """Return the fields that are not for one hop alone, named as they were written: some clients mind."""
    named = HOP_BY_HOP | (_options(message) - _NEVER_AN_OPTION)
    return [(name, value) for name, value in message.headers.raw_items() if name.lower() not in named]


def _options(message: Message) -> frozenset[bytes]:
    """Return the options of `Connection`: names of fields that are for the next hop alone."""
    return frozenset(
        option.strip().lower()
        for name, value in message.headers
        if name == b"connection"
        for option in value.split(b",")
    )

"""Asks an index over HTTP, and comes to an end: at a time that is set, or when somebody stops the build.

A limit to each receive is none to an answer: a header of one byte a second, or
interim answers without end, go on for ever. So a thread asks, and who waits for
it closes its connection when the time is over. A redirect to another host, or
another scheme than HTTP, is no answer (see `repository`).
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import os
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any, cast
from urllib.parse import urlsplit

from ...errors import Cancelled

SECONDS = 120.0  #: of all that is asked of an index at once
_RECEIVE_SECONDS = 30.0
_TURN = 0.05
_CHUNK = 1 << 20


class NotThereError(Exception):
    """The index has no such page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """When to stop: at a time of the monotonic clock, or when `is_stopped` says so."""

    until: float
    is_stopped: Callable[[], bool] = lambda: False

    @classmethod
    def of(cls, seconds: float = SECONDS, is_stopped: Callable[[], bool] = lambda: False) -> Limit:
        """Return the limit that is so many seconds away."""
        return cls(until=time.monotonic() + seconds, is_stopped=is_stopped)


@dataclass(slots=True)
class _Asked:
    """What a thread asks for: its connections, and what came of it."""

    take: Callable[[bytes], None]
    done: threading.Event = field(default_factory=threading.Event)
    sockets: list[socket.socket] = field(default_factory=list)
    is_over: bool = False
    kind: str = ""
    url: str = ""
    error: Exception | None = None


def fetch(
    url: str, headers: Mapping[str, str], login: str, take: Callable[[bytes], None], limit: Limit
) -> tuple[str, str]:
    """Hand what a URL answers to `take`, a piece at a time; return its content type and where it was found.

    Parameters
    ----------
    url : str
        Of http or https.
    headers : mapping of str to str
        What is said with it.
    login : str
        The value of `Authorization`, "" for none.
    take : callable
        Gets each piece; what it raises ends it.
    limit : Limit
        When to stop.

    Raises
    ------
    NotThereError
        404, or it is on another host.
    OSError, http.client.HTTPException, ValueError
        There is no answer; `TimeoutError` where the time was over.
    Cancelled
        It was stopped.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise ValueError(f"{url[:120]} is no address of http or https")
    request = urllib.request.Request(url, headers=dict(headers))
    if login:
        request.add_unredirected_header("Authorization", login)
    asked = _Asked(take)
    threading.Thread(target=_ask, args=(request, asked), daemon=True).start()
    try:
        while not asked.done.wait(_TURN):
            if limit.is_stopped():
                raise Cancelled("the build was stopped", why=f"while {urlsplit(url).netloc} was asked")
            if time.monotonic() > limit.until:
                raise TimeoutError("its answer had no end when the time for it was over")
    finally:
        asked.is_over = True
        for each in asked.sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
    if asked.error is not None:
        raise asked.error
    return asked.kind, asked.url


def _ask(request: urllib.request.Request, asked: _Asked) -> None:
    try:
        with _opener(asked).open(request, timeout=_RECEIVE_SECONDS) as answer:
            asked.kind, asked.url = answer.headers.get("Content-Type", ""), answer.geturl()
            for piece in _pieces(answer):
                if asked.is_over:
                    return
                asked.take(piece)
    except urllib.error.HTTPError as error:
        error.close()
        asked.error = NotThereError() if error.code == 404 else error
    except Exception as error:  # noqa: BLE001 - raised again by the one who waits
        asked.error = error
    finally:
        asked.done.set()


def _pieces(answer: IO[bytes]) -> Iterator[bytes]:
    while piece := answer.read(_CHUNK):
        yield piece


def _opener(asked: _Asked) -> urllib.request.OpenerDirector:
    """Return what opens HTTP and nothing else; its connections are noted."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _SameHost(),
        _Http(asked),
        _Https(asked),
    ):
        opener.add_handler(handler)
    return opener


def _noted(asked: _Asked, connection: http.client.HTTPConnection) -> http.client.HTTPConnection:
    """Let a connection note its socket before anything is said, also to a proxy or for TLS."""
    create = vars(connection).get("_create_connection", socket.create_connection)

    @functools.wraps(create)
    def created(*words: object, **more: object) -> socket.socket:
        made: socket.socket = create(*words, **more)
        asked.sockets.append(socket.socket(fileno=os.dup(made.fileno())))
        return made

    vars(connection)["_create_connection"] = created
    return connection


class _Http(urllib.request.HTTPHandler):
    def __init__(self, asked: _Asked) -> None:
        super().__init__()
        self._asked = asked

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Return the answer."""
        return self.do_open(cast("Any", self._connected), req)

    def _connected(self, host: str, *, timeout: float) -> http.client.HTTPConnection:
        return _noted(self._asked, http.client.HTTPConnection(host, timeout=timeout))


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, asked: _Asked) -> None:
        super().__init__()
        self._asked = asked

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Return the answer."""
        return self.do_open(cast("Any", self._connected), req)

    def _connected(self, host: str, *, timeout: float) -> http.client.HTTPConnection:
        return _noted(self._asked, http.client.HTTPSConnection(host, timeout=timeout))


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows a redirect on the same host only."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Return the next request."""
        if urlsplit(newurl)[:2] != urlsplit(req.full_url)[:2]:
            fp.close()
            raise NotThereError
        again = super().redirect_request(req, fp, code, msg, headers, newurl)
        if again is not None and (said := req.unredirected_hdrs.get("Authorization")):
            again.add_unredirected_header("Authorization", said)
        return again

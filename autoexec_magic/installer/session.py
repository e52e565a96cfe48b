"""HTTP for the quick look at an index: GET, several at once, every wait with a limit.

Only the standard library, which a kernel has loaded anyway, and only what
needs no login and no proxy: for all else there is the finder, a child with a
whole HTTP library. Whoever closes the session ends every wait in it.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from .page import CHUNK_BYTES, CONNECT_SECONDS, MOST_REDIRECTS, is_private

READ_SECONDS = 10.0
_REDIRECTS = (301, 302, 303, 307, 308)
_KEEP = 2  # idle connections for each server


class UnreachableError(Exception):
    """A server cannot be reached, or does not answer in time; the text names it."""


class OfflineError(UnreachableError):
    """A server was not even reached."""


class BeyondError(Exception):
    """It takes more than this session can do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server said; `body` yields the content in pieces, and can be read once."""

    status: int
    url: str
    headers: Mapping[str, str]
    body: Iterator[bytes]


class Session:
    """Connections to servers, kept while they may be used again."""

    def __init__(self, cert: str = "", *, seconds: float = READ_SECONDS) -> None:
        self._cert, self._seconds = cert, seconds
        self._context: ssl.SSLContext | None = None
        self._lock = threading.Lock()
        self._idle: dict[tuple[str, str], list[http.client.HTTPConnection]] = {}
        self._open: set[http.client.HTTPConnection] = set()
        self._dead: dict[tuple[str, str], str] = {}
        self._is_closed = False

    @contextlib.contextmanager
    def get(self, url: str, *, accept: str = "*/*") -> Iterator[Answer]:
        """Ask for `url`, following redirects, and yield the answer.

        Raises
        ------
        UnreachableError
            Nobody is there, or does not answer in time.
        BeyondError
            It needs what only the finder can do.
        """
        for _ in range(MOST_REDIRECTS + 1):
            if not is_private(url) or urlsplit(url).scheme not in ("http", "https"):
                raise BeyondError(url)
            origin = urlsplit(url)[:2]
            with self._asked(origin, url, accept) as (response, keep):
                onwards = response.getheader("Location", "")
                if response.status not in _REDIRECTS or not onwards:
                    yield Answer(
                        status=response.status,
                        url=url,
                        headers={name.lower(): value for name, value in response.getheaders()},
                        body=self._pieces(response, origin),
                    )
                    if response.length == 0 or response.isclosed():
                        keep()
                    return
            url = urljoin(url, onwards)
        raise BeyondError("it redirects without end")

    def close(self) -> None:
        """End every wait, and let nothing begin."""
        with self._lock:
            self._is_closed = True
            idle = {each for kept in self._idle.values() for each in kept}
            busy = self._open - idle
            self._idle.clear()
        for connection in busy:
            shut(connection)  # whoever waits in it closes it
        for connection in idle:
            self._forget(connection)

    @contextlib.contextmanager
    def _asked(
        self, origin: tuple[str, str], url: str, accept: str
    ) -> Iterator[tuple[http.client.HTTPResponse, Callable[[], None]]]:
        """Yield a response, and what to call once it was read to its end."""
        connection, response = self._begun(origin, url, accept)
        held = [connection]

        def keep() -> None:
            if not response.will_close:
                response.read()
                self._give_back(origin, held.pop())

        try:
            yield response, keep
        finally:
            for each in held:
                self._forget(each)

    def _begun(
        self, origin: tuple[str, str], url: str, accept: str
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        connection, is_new = self._connection(origin)
        try:
            response = self._sent(connection, url, accept)
            if response is None and not is_new:  # it was closed while nobody used it
                self._forget(connection)
                connection, _ = self._connection(origin, is_fresh=True)
                response = self._sent(connection, url, accept)
        except TimeoutError as error:
            self._forget(connection)
            raise UnreachableError(f"{origin[1]} did not answer within {self._seconds:g} s") from error
        except (OSError, http.client.HTTPException) as error:
            self._forget(connection)
            raise UnreachableError(f"{origin[1]} could not be asked: {error}") from error
        if response is None:
            self._forget(connection)
            raise UnreachableError(f"{origin[1]} closed the connection")
        return connection, response

    def _sent(
        self, connection: http.client.HTTPConnection, url: str, accept: str
    ) -> http.client.HTTPResponse | None:
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"Accept": accept, "Accept-Encoding": "gzip", "User-Agent": "autoexec-magic"}
        try:
            connection.request("GET", target, headers=headers)
            return connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            return None

    def _connection(
        self, origin: tuple[str, str], *, is_fresh: bool = False
    ) -> tuple[http.client.HTTPConnection, bool]:
        with self._lock:
            if self._is_closed:
                raise UnreachableError("the search was stopped")
            if self._dead.get(origin):
                raise OfflineError(self._dead[origin])
            idle = self._idle.get(origin)
            if idle and not is_fresh:
                return idle.pop(), False
        scheme, host = origin
        made = (
            http.client.HTTPSConnection(host, context=self._tls(), timeout=self._seconds)
            if scheme == "https"
            else http.client.HTTPConnection(host, timeout=self._seconds)
        )
        made._create_connection = connected  # type: ignore[attr-defined]
        with self._lock:
            self._open.add(made)
        try:
            made.connect()
        except (OSError, UnicodeError) as error:
            self._forget(made)
            text = f"{host} could not be reached: {_told(error)}"
            with self._lock:
                self._dead[origin] = text
            raise OfflineError(text) from error
        return made, True

    def _pieces(self, response: http.client.HTTPResponse, origin: tuple[str, str]) -> Iterator[bytes]:
        """Yield the content, unpacked; a server that only drips is given up, too."""
        unpack = zlib.decompressobj(31) if response.getheader("Content-Encoding", "") == "gzip" else None
        try:
            while chunk := response.read1(CHUNK_BYTES):
                if unpack is None:
                    yield chunk
                    continue
                yield unpack.decompress(chunk, CHUNK_BYTES)
                while unpack.unconsumed_tail:
                    yield unpack.decompress(unpack.unconsumed_tail, CHUNK_BYTES)
        except TimeoutError as error:
            raise UnreachableError(f"{origin[1]} did not answer within {self._seconds:g} s") from error
        except (OSError, ValueError, AttributeError, http.client.HTTPException, zlib.error) as error:
            raise UnreachableError(f"{origin[1]} could not be read: {error}") from error
        if response.length:
            raise UnreachableError(f"{origin[1]} closed the connection {response.length} bytes too early")

    def _give_back(self, origin: tuple[str, str], connection: http.client.HTTPConnection) -> None:
        with self._lock:
            idle = self._idle.setdefault(origin, [])
            is_kept = not self._is_closed and len(idle) < _KEEP
            if is_kept:
                idle.append(connection)
        if not is_kept:
            self._forget(connection)

    def _forget(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            self._open.discard(connection)
        connection.close()

    def _tls(self) -> ssl.SSLContext:
        with self._lock:
            if self._context is None:
                self._context = ssl.create_default_context(cafile=self._cert or None)
            return self._context


def connected(address: tuple[str, int], timeout: Any = None, source: Any = None) -> socket.socket:
    """Connect within `CONNECT_SECONDS`, however long names take and however many addresses there are."""
    until = time.monotonic() + CONNECT_SECONDS
    last: OSError = TimeoutError(f"nothing within {CONNECT_SECONDS:g} s")
    for family, kind, protocol, _, place in _addresses(address, CONNECT_SECONDS):
        left = until - time.monotonic()
        if left <= 0:
            break
        made = socket.socket(family, kind, protocol)
        try:
            made.settimeout(left)
            made.connect(place)
        except OSError as error:
            made.close()
            last = error
            continue
        made.settimeout(timeout)
        return made
    raise last


def _addresses(address: tuple[str, int], seconds: float) -> list[Any]:
    """Ask for the addresses of a name; nothing can end that question, so it is left behind."""
    found: list[Any] = []
    faults: list[OSError] = []

    def ask() -> None:
        try:
            found.extend(socket.getaddrinfo(*address, type=socket.SOCK_STREAM))
        except OSError as error:
            faults.append(error)

    asker = threading.Thread(target=ask, name="autoexec-names", daemon=True)
    asker.start()
    asker.join(seconds)
    if faults:
        raise faults[0]
    if not found:
        raise TimeoutError(f"no address within {seconds:g} s")
    return list(found)


def _told(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno)
    return str(error.args[-1]) if error.args else type(error).__name__


def shut(connection: http.client.HTTPConnection) -> None:
    """End every wait in a connection; whoever waits there closes it."""
    made = connection.sock
    if made is not None:
        with contextlib.suppress(OSError):
            made.shutdown(socket.SHUT_RDWR)

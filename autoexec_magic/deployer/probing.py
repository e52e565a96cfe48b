"""Whether something on a port answers as it should: one look, with a limit on all of it.

A time limit on a socket starts again with each byte, so an answer that trickles
would be waited for without end: here a timer cuts the connection when the time is over.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..redact import mask, one_line

_SHOWN_BYTES = 300  # of an answer that says why it is not well
_MOST_BYTES = 64 << 10  # of an answer: the rest does not say whether it is well
_WELL = range(200, 400)
_SHOWN = 120


def http_unwell(port: int, path: str, *, seconds: float, host: str = "127.0.0.1") -> str:
    """Return why a GET is not answered well, "" where it is: with 2xx or 3xx, within the time.

    Parameters
    ----------
    port : int
        Where it listens.
    path : str
        Of the URL, with what is asked for after `?`, if anything.
    seconds : float
        For the whole answer, also where it comes byte by byte; above 0.
    host : str, default "127.0.0.1"
        A name or an address.
    """
    line = _Line(host=host, port=port, seconds=seconds)
    try:
        with line.limited() as connection:
            connection.request("GET", path if path.startswith("/") else f"/{path}", headers=_HEADERS)
            with connection.getresponse() as answer:
                text = answer.read(_MOST_BYTES)
                status = answer.status
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"GET {path}: {line.why(error)}"
    if line.is_over:
        return f"GET {path}: {line.why(TimeoutError())}"
    if status in _WELL:
        return ""
    said = one_line(mask(text[:_SHOWN_BYTES].decode("utf-8", "replace")))[:_SHOWN]
    return f"GET {path} is answered with HTTP {status}" + (f": {said}" if said else "")


def tcp_unwell(port: int, *, seconds: float, host: str = "127.0.0.1", settle_seconds: float = 0.05) -> str:
    """Return why nobody takes a connection, "" where somebody does, and keeps it.

    A proxy in front of a container takes it in any case, and closes it at once
    where nobody listens behind it: so it is looked at for `settle_seconds`.
    """
    try:
        with socket.create_connection((host, port), timeout=seconds) as connection:
            connection.settimeout(min(seconds, settle_seconds))
            try:
                if connection.recv(1, socket.MSG_PEEK) == b"":
                    return f"port {port}: it closes each connection at once"
            except TimeoutError:
                return ""  # it waits for us to speak
            return ""
    except (OSError, ValueError) as error:
        return f"port {port}: {_words(error, seconds)}"


_HEADERS = {"User-Agent": "autoexec-magic", "Accept": "*/*", "Connection": "close"}


@dataclass(slots=True, kw_only=True, eq=False)
class _Line:
    """A connection that is cut when its time is over."""

    host: str
    port: int
    seconds: float
    is_over: bool = field(default=False, init=False)
    _sock: socket.socket | None = field(default=None, init=False)

    @contextlib.contextmanager
    def limited(self) -> Iterator[http.client.HTTPConnection]:
        """Yield it, connected; what is done with it fails once the time is over.

        Raises
        ------
        OSError
            Nobody takes the connection.
        """
        began = time.monotonic()
        connection = http.client.HTTPConnection(self.host, self.port, timeout=self.seconds)
        try:
            connection.connect()
            self._sock = connection.sock  # http.client lets go of it once the answer's head is read
            left = self.seconds - (time.monotonic() - began)
            timer = threading.Timer(max(0.001, left), self._cut)
            timer.daemon = True
            timer.start()
            try:
                yield connection
            finally:
                timer.cancel()
        finally:
            connection.close()

    def _cut(self) -> None:
        self.is_over = True
        if self._sock is not None:
            with contextlib.suppress(OSError):
                self._sock.shutdown(socket.SHUT_RDWR)

    def why(self, error: Exception) -> str:
        """Return what an error means."""
        return _words(TimeoutError() if self.is_over else error, self.seconds)


def _words(error: Exception, seconds: float) -> str:
    if isinstance(error, TimeoutError):
        return f"no whole answer within {seconds:g} s"
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return one_line(said) or type(error).__name__

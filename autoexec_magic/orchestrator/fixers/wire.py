"""One POST to one server, with an end: of time, of size, and by whoever waits.

Only the standard library. The exchange is a thread's, so that no name server,
no proxy and no dripping server can hold whoever waits for longer than a
moment. A redirect is an answer like any other and is never followed: what is
sent, and the key in its header, go to the place that a person named. Nothing
that is sent or answered stands in an error.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from ...errors import Cancelled
from ...installer.page import is_private
from ...installer.session import connected, shut

POLL_SECONDS = 0.05
CHUNK_BYTES = 2**16
MOST_BYTES = 2**20  #: of an answer


class NoAnswer(Exception):
    """There is no answer that could be read; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server said; `kind` is its content type, in small letters and without parameters."""

    status: int
    kind: str
    body: bytes


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    seconds: float,
    most_bytes: int = MOST_BYTES,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Answer:
    """Send `body` to `url` and return what is answered.

    Parameters
    ----------
    url : str
        https, or http to this machine.
    body : bytes
        What is sent.
    headers : mapping of str to str
        Beside those of HTTP itself; no value has a line end.
    seconds : float
        For all of it, greater than 0.
    most_bytes : int, default 1 MiB
        Of an answer; a longer one is none.
    is_stopped : callable, optional
        Whether a person ended it; asked every `POLL_SECONDS`.

    Raises
    ------
    NoAnswer
        Nobody is there, or what comes is no answer, too long, or too late.
    Cancelled
        It was stopped.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or not is_private(url):
        raise NoAnswer("its address is neither https nor this machine's own")
    exchange = _Exchange(parts, body, headers, seconds, most_bytes)
    thread = threading.Thread(target=exchange.run, name="autoexec-model", daemon=True)
    until = time.monotonic() + seconds
    try:
        thread.start()
        while not exchange.is_done.wait(POLL_SECONDS):
            if is_stopped():
                raise Cancelled("the question to the model was stopped")
            if time.monotonic() >= until:
                raise NoAnswer(f"{parts.hostname} did not answer within {seconds:g} s")
    finally:
        exchange.end()
    if exchange.answer is None:
        raise NoAnswer(f"{parts.hostname} {exchange.fault or 'could not be asked'}")
    return exchange.answer


class _Exchange:
    """What the thread does: `answer` or `fault` is there when `is_done`."""

    def __init__(
        self, parts: SplitResult, body: bytes, headers: Mapping[str, str], seconds: float, most_bytes: int
    ) -> None:
        self._parts, self._body, self._headers = parts, body, headers
        self._seconds, self._most_bytes = seconds, most_bytes
        self._connection: http.client.HTTPConnection | None = None
        self._is_ended = False
        self.is_done = threading.Event()
        self.answer: Answer | None = None
        self.fault = ""

    def run(self) -> None:
        try:
            self.answer = self._answered()
        except ssl.SSLCertVerificationError:
            self.fault = "has a certificate that is not trusted"
        except TimeoutError:
            is_there = self._connection is not None and self._connection.sock is not None
            self.fault = (
                f"did not answer within {self._seconds:g} s" if is_there else "could not be reached in time"
            )
        except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
            # Its text may hold what was sent or answered.
            self.fault = f"could not be asked ({type(error).__name__})"
        except _Unreadable as error:
            self.fault = str(error)
        finally:
            self.is_done.set()
            with contextlib.suppress(OSError):
                if self._connection is not None:
                    self._connection.close()

    def end(self) -> None:
        """End every wait in it."""
        self._is_ended = True
        if self._connection is not None and not self.is_done.is_set():
            shut(self._connection)

    def _answered(self) -> Answer:
        connection = self._connection = _connection(self._parts, self._seconds)
        connection.connect()
        if self._is_ended:  # while it connected; nothing is sent any more
            raise OSError
        target = (self._parts.path or "/") + (f"?{self._parts.query}" if self._parts.query else "")
        headers = {
            "User-Agent": "autoexec-magic",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }
        connection.request("POST", target, body=self._body, headers=headers | dict(self._headers))
        with connection.getresponse() as response:
            if response.getheader("Content-Encoding", "identity").strip().lower() != "identity":
                raise _Unreadable("answered in an encoding that nobody asked for")
            pieces, size = [], 0
            while piece := response.read1(CHUNK_BYTES):
                pieces.append(piece)
                size += len(piece)
                if size > self._most_bytes:
                    raise _Unreadable(f"answered with more than {self._most_bytes:,} bytes")
            if response.length:
                raise _Unreadable("closed the connection before its answer was whole")
            kind = response.getheader("Content-Type", "").partition(";")[0].strip().lower()
            return Answer(status=response.status, kind=kind, body=b"".join(pieces))


class _Unreadable(Exception):
    """An answer is none; the text says why."""


def _connection(parts: SplitResult, seconds: float) -> http.client.HTTPConnection:
    host, port = parts.hostname or "", parts.port
    proxy = _proxy_of(parts)
    context = ssl.create_default_context() if parts.scheme == "https" else None
    near = (proxy.hostname or "", proxy.port or 8080) if proxy else (host, port)
    made = (
        http.client.HTTPSConnection(near[0], near[1], context=context, timeout=seconds)
        if context
        else http.client.HTTPConnection(near[0], near[1], timeout=seconds)
    )
    if proxy:
        made.set_tunnel(host, port or 443, headers=_login(proxy))
    made._create_connection = connected  # type: ignore[attr-defined]
    return made


def _proxy_of(parts: SplitResult) -> SplitResult | None:
    """Return the proxy that the environment names for an address; this machine's own needs none."""
    host = parts.hostname or ""
    if parts.scheme != "https" or urllib.request.proxy_bypass(host):
        return None
    proxies = urllib.request.getproxies()
    named = proxies.get("https") or proxies.get("all") or ""
    found = urlsplit(named if "://" in named else f"http://{named}")
    return found if named and found.scheme == "http" and found.hostname else None


def _login(proxy: SplitResult) -> dict[str, str]:
    if not proxy.username:
        return {}
    words = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(words.encode()).decode('ascii')}"}

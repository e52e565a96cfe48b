"""What Prometheus says of a canary: one number, asked for now and then, that has to stay within its bounds.

The HTTP API is that of https://prometheus.io/docs/prometheus/latest/querying/api/ (instant queries), which
Thanos, Mimir and VictoriaMetrics answer, too. No answer, an empty one and NaN are no data: they say neither
that a release is well nor that it is not. The server is asked directly, without a proxy.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import math
import re
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlencode, urlsplit

from ..errors import DeployError
from ..redact import cleaned
from .gate import NoData
from .shift import Query
from .target import Unwell

_MOST_BYTES = 2**20
_SHOWN = 200
_NAME = re.compile(r"\$(service|release)\b")


class _Refused(Exception):
    """The server answers with no number; the text says why."""


@dataclass(slots=True, kw_only=True)
class Metric:
    """A query, as it is asked for one release.

    Parameters
    ----------
    query : Query
        What is asked, and which values are well.
    names : mapping
        What `$service` and `$release` in it stand for.
    token : str, optional
        A bearer token; in no error and no event.
    """

    query: Query
    names: Mapping[str, str]
    token: str = field(default="", repr=False)
    _asked: float = -math.inf
    _last: Unwell | NoData | None = None

    def check(self) -> None:
        """Ask once, before anything is changed.

        Raises
        ------
        DeployError
            Nobody answers, or what answers does not take the query.
        """
        try:
            self._values()
        except (_Refused, OSError, http.client.HTTPException, ValueError) as error:
            raise DeployError(
                "what the canary is judged by cannot be asked for",
                why=f"{self.query.url}: {self._told(error)}",
                fix=f"curl -G {self.query.url}/api/v1/query --data-urlencode 'query=…'",
            ) from error

    def look(self) -> Unwell | NoData | None:
        """Return why the release is not well, or that nothing is known, or None: it is.

        The server is asked every `query.every_seconds`; between that nothing new is known: each answer
        counts once.
        """
        now = time.monotonic()
        if now - self._asked < self.query.every_seconds:
            return self._last if isinstance(self._last, NoData) else NoData(why="it was asked just now")
        self._asked, self._last = now, self._read()
        return self._last

    def _read(self) -> Unwell | NoData | None:
        try:
            values = [each for each in self._values() if not math.isnan(each)]
        except (_Refused, OSError, http.client.HTTPException, ValueError) as error:
            return NoData(why=f"{self.query.url}: {self._told(error)}")
        if not values:
            return NoData(why=f"{self.query.url} has no data for it")
        for value, bound, words in (
            (max(values), self.query.most, "at most"),
            (min(values), self.query.least, "at least"),
        ):
            if bound is not None and (value > bound if words == "at most" else value < bound):
                why = f"the query says {value:g}, and {words} {bound:g} is well"
                return Unwell(why=why, evidence=(self._expression()[:_SHOWN],))
        return None

    def _expression(self) -> str:
        return _NAME.sub(lambda found: self.names[found[1]], self.query.expression)

    def _values(self) -> list[float]:
        """Return the values of all series that the query finds."""
        status, body = self._answer()
        try:  # a proxy in front of it says no without JSON
            told = json.loads(body)
            if status != http.client.OK or told["status"] != "success":
                raise _Refused(str(told["error"])[:_SHOWN])
            kind, result = told["data"]["resultType"], told["data"]["result"]
            if kind == "scalar":
                return [float(result[1])]
            if kind != "vector":
                raise _Refused(f"the query gives a {str(kind)[:20]}, and it has to be a number")
            return [float(each["value"][1]) for each in result]
        except (LookupError, TypeError, AttributeError, RecursionError, json.JSONDecodeError) as error:
            raise ValueError(f"HTTP {status}, and what answers is no Prometheus") from error

    def _answer(self) -> tuple[int, bytes]:
        """Return what a server says to one request, of which all may take `answer_seconds`."""
        until = time.monotonic() + self.query.answer_seconds
        found = None
        try:
            found = self._asked_once(until)
        except (OSError, http.client.HTTPException, ValueError):
            if time.monotonic() < until:
                raise
        if found is None or time.monotonic() >= until:  # what was cut looks as if it had ended
            raise TimeoutError
        return found

    def _asked_once(self, until: float) -> tuple[int, bytes]:
        parts = urlsplit(self.query.url)
        headers = {"User-Agent": "autoexec-magic", "Accept": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        path = f"{parts.path.rstrip('/')}/api/v1/query?{urlencode({'query': self._expression()})}"
        connection = _connection(parts, self.query.answer_seconds)
        cutter: threading.Timer | None = None
        try:
            connection.connect()
            # a limit for each read would be none for a head that comes byte by byte
            cutter = threading.Timer(max(0.0, until - time.monotonic()), _cut, (connection.sock,))
            cutter.daemon = True
            cutter.start()
            connection.request("GET", path, headers=headers)
            with connection.getresponse() as response:
                body = b""
                while len(body) < _MOST_BYTES:
                    piece = response.read1(_MOST_BYTES - len(body))
                    if not piece:
                        return response.status, body
                    body += piece
            raise ValueError(f"it answers with more than {_MOST_BYTES:,} bytes")
        finally:
            if cutter is not None:
                cutter.cancel()
            connection.close()

    def _told(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return f"no answer within {self.query.answer_seconds:g} s"
        if isinstance(error, http.client.HTTPException):
            return "what answers does not speak HTTP"
        text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return cleaned(text, (self.token,) if self.token else ())


def _cut(line: socket.socket) -> None:
    """End all reading of a connection."""
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def _connection(parts: SplitResult, seconds: float) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, parts.port, timeout=seconds, context=context)
    return http.client.HTTPConnection(host, parts.port, timeout=seconds)

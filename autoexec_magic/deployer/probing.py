"""One look at what listens on this machine: does it answer, and well.

The whole look has one limit: an answer that comes byte by byte does not make
it longer. Of an HTTP answer only the status line is read.
"""

from __future__ import annotations

import re
import socket
import time
from urllib.parse import quote

_LINE_BYTES = 4096
_SAFE = "/?&=%:;,+$!*'()@~"  #: a `%` is one that was written as it is to be sent
_STATUS = re.compile(r"HTTP/1\.[0-9] ([1-5][0-9]{2})(?: .*)?\r?", re.DOTALL)  #: RFC 9112, section 4


def http(port: int, path: str, seconds: float, *, host: str = "127.0.0.1") -> str:
    """Return why a GET is not answered well, "" where it is: with 2xx or 3xx within so many seconds.

    Parameters
    ----------
    port : int
        Where it listens.
    path : str
        What is asked for, beginning with `/`; what no request line can hold is
        sent percent-encoded (RFC 3986, section 2.1).
    seconds : float
        For all of it, greater than 0.
    host : str, default "127.0.0.1"
        On which address.
    """
    until = time.monotonic() + seconds
    path = quote(path, safe=_SAFE)
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: {host}:{port}",
        "User-Agent: autoexec",
        "Connection: close",
    )
    try:
        with socket.create_connection((host, port), timeout=_left(until)) as line:
            line.settimeout(_left(until))
            line.sendall("".join(f"{each}\r\n" for each in (*lines, "")).encode("ascii"))
            status = _status_line(line, until)
    except TimeoutError:
        return f"GET {path}: no answer within {seconds:g} s"
    except OSError as error:
        return f"GET {path}: {error.strerror or error}"
    if not status:
        return f"GET {path}: it was closed without an answer"
    found = _STATUS.fullmatch(status.removesuffix("\n"))
    if found is None or not status.endswith("\n"):
        return f"GET {path}: what answers does not speak HTTP"
    return "" if found[1][0] in "23" else f"GET {path}: HTTP {found[1]}"


def tcp(port: int, seconds: float, *, host: str = "127.0.0.1", settle_seconds: float = 0.0) -> str:
    """Return why nobody can be connected to, "" where somebody can, within so many seconds.

    A proxy in front of a container takes a connection in any case, and closes it
    at once where nobody listens behind it: for `settle_seconds` that is waited for.
    """
    try:
        with socket.create_connection((host, port), timeout=seconds) as line:
            # where nobody listens, TCP may connect a socket that got this very port to itself
            if line.getsockname() == line.getpeername():
                return f"port {port}: nobody listens"
            return f"port {port}: it closes each connection" if _is_closed(line, settle_seconds) else ""
    except TimeoutError:
        return f"port {port}: no answer within {seconds:g} s"
    except OSError as error:
        return f"port {port}: {error.strerror or error}"


def _is_closed(line: socket.socket, seconds: float) -> bool:
    """Whether the other side hangs up within so many seconds, and says nothing."""
    if not seconds:
        return False
    line.settimeout(seconds)
    try:
        return line.recv(1, socket.MSG_PEEK) == b""
    except TimeoutError:
        return False  # it waits for us to speak


def _status_line(line: socket.socket, until: float) -> str:
    data = b""
    while b"\n" not in data and len(data) < _LINE_BYTES:
        line.settimeout(_left(until))
        more = line.recv(_LINE_BYTES)
        if not more:
            break
        data += more
    return b"".join(data.partition(b"\n")[:2]).decode("latin-1")


def _left(until: float) -> float:
    """Return the seconds that are left; a timeout of 0 would mean not to wait at all."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left

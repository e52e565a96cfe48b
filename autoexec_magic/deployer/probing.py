"""One look at what listens on this machine: does it answer, and well.

The whole look has one limit: an answer that comes byte by byte does not make
it longer. Of an HTTP answer only the status line is read.
"""

from __future__ import annotations

import socket
import time

_LINE_BYTES = 4096


def http(port: int, path: str, seconds: float, *, host: str = "127.0.0.1") -> str:
    """Return why a GET is not answered well, "" where it is: with 2xx or 3xx within so many seconds.

    Parameters
    ----------
    port : int
        Where it listens.
    path : str
        What is asked for, beginning with `/`.
    seconds : float
        For all of it, greater than 0.
    host : str, default "127.0.0.1"
        On which address.
    """
    until = time.monotonic() + seconds
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
    parts = status.split(maxsplit=2)
    if len(parts) < 2 or not parts[0].startswith("HTTP/1.") or not parts[1].isdigit():
        return f"GET {path}: what answers does not speak HTTP"
    return "" if 200 <= int(parts[1]) < 400 else f"GET {path}: HTTP {parts[1]}"


def tcp(port: int, seconds: float, *, host: str = "127.0.0.1") -> str:
    """Return why nobody can be connected to, "" where somebody can, within so many seconds."""
    try:
        with socket.create_connection((host, port), timeout=seconds):
            return ""
    except TimeoutError:
        return f"port {port}: no answer within {seconds:g} s"
    except OSError as error:
        return f"port {port}: {error.strerror or error}"


def _status_line(line: socket.socket, until: float) -> str:
    data = b""
    while b"\n" not in data and len(data) < _LINE_BYTES:
        line.settimeout(_left(until))
        more = line.recv(_LINE_BYTES)
        if not more:
            break
        data += more
    return data.partition(b"\n")[0].decode("latin-1")


def _left(until: float) -> float:
    """Return the seconds that are left; a timeout of 0 would mean not to wait at all."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left

"""Sockets that nobody may reach: TCP, UDP, and a unix socket by its path."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from dataclasses import dataclass
from pathlib import Path

SECONDS = 1.0


@dataclass(slots=True)
class Ends:
    """One line's listeners, and what came to each."""

    port: int
    udp: int
    reached: dict[str, bytes]


class Listeners:
    """Takes what comes, on a thread of its own, and answers as a web server would, with `reply`."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()
        self._wake, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        self._closing = False
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def open(self, path: Path, reply: str) -> Ends:
        """Return a line's listeners; `path` is the unix socket's."""
        tcp, udp = _internet(socket.SOCK_STREAM), _internet(socket.SOCK_DGRAM)
        unix = socket.socket(socket.AF_UNIX)
        unix.bind(str(path))
        ends = Ends(tcp.getsockname()[1], udp.getsockname()[1], {})
        for name, end in (("tcp", tcp), ("udp", udp), ("unix", unix)):
            end.setblocking(False)
            if end.type == socket.SOCK_STREAM:
                end.listen(16)
            self._add(end, (name, ends, reply))
        return ends

    def close(self) -> None:
        """Close all of them."""
        self._closing = True
        self._wake.send(b"x")
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()
        self._wake.close()

    def _add(self, end: socket.socket, what: tuple[str, Ends, str]) -> None:
        with self._lock:
            self._selector.register(end, selectors.EVENT_READ, what)
        self._wake.send(b"x")

    def _work(self) -> None:
        while not self._closing:
            for key, _ in self._selector.select():
                if key.data is None:
                    key.fileobj.recv(64)
                else:
                    with contextlib.suppress(OSError):
                        self._take(key.fileobj, *key.data)

    def _take(self, end: socket.socket, name: str, ends: Ends, reply: str) -> None:
        if name == "udp":
            ends.reached[name] = ends.reached.get(name, b"") + end.recv(1 << 16)
            return
        peer, _ = end.accept()
        ends.reached.setdefault(name, b"")
        with peer:
            peer.settimeout(SECONDS)
            with contextlib.suppress(OSError):
                ends.reached[name] += peer.recv(1 << 16)
            with contextlib.suppress(OSError):
                peer.sendall(f"HTTP/1.0 200 OK\r\nContent-Length: {len(reply)}\r\n\r\n{reply}".encode())


def _internet(kind: int) -> socket.socket:
    """Return a socket at a free port of every address, of both kinds where there are both."""
    if socket.has_dualstack_ipv6():
        end = socket.socket(socket.AF_INET6, kind)
        end.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        with contextlib.suppress(OSError):
            end.bind(("::", 0))
            return end
        end.close()
    end = socket.socket(socket.AF_INET, kind)
    end.bind(("0.0.0.0", 0))
    return end

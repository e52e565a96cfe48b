"""A look at a port ends in time, whatever is at the other end."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from autoexec_magic.deployer import probing

FAR = 60.0  # a look that has no limit would take longer than this


@contextlib.contextmanager
def answering(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """Yield the port of a server that takes one connection after the other and talks so."""
    is_over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)

        def serve() -> None:
            while not is_over.is_set():
                with contextlib.suppress(TimeoutError):
                    taken, _ = server.accept()
                    with taken, contextlib.suppress(OSError):
                        talk(taken)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            is_over.set()
            thread.join()


def saying(text: bytes) -> Callable[[socket.socket], None]:
    """Return a talk that reads the request and sends `text`."""

    def talk(taken: socket.socket) -> None:
        taken.recv(65_536)
        taken.sendall(text)

    return talk


def trickling(taken: socket.socket) -> None:
    """Send a byte now and then, for ever."""
    taken.recv(65_536)
    taken.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    until = time.monotonic() + FAR
    while time.monotonic() < until:
        taken.sendall(b"x")
        time.sleep(0.02)


@pytest.mark.parametrize("status", [200, 204, 301, 399])
def test_2xx_and_3xx_are_well(status):
    """As a load balancer takes them."""
    with answering(saying(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())) as port:
        assert probing.http_unwell(port, "/health", seconds=30) == ""


@pytest.mark.parametrize("status", [404, 500, 503])
def test_what_is_answered_badly_is_told(status):
    """With the beginning of what was said."""
    body = b"the\nday\x1b[31m is bad"
    text = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    with answering(saying(text)) as port:
        why = probing.http_unwell(port, "/health", seconds=30)
    assert why.startswith(f"GET /health is answered with HTTP {status}: the")
    assert "\n" not in why
    assert "\x1b" not in why


def test_an_answer_that_trickles_is_cut_in_time():
    """Each byte would start a socket's own limit again."""
    with answering(trickling) as port:
        began = time.monotonic()
        why = probing.http_unwell(port, "/", seconds=0.3)
        assert time.monotonic() - began < FAR / 2
    assert why == "GET /: no whole answer within 0.3 s"


def test_a_head_that_trickles_is_cut_in_time():
    """The status line itself may never end."""

    def talk(taken: socket.socket) -> None:
        until = time.monotonic() + FAR
        while time.monotonic() < until:
            taken.sendall(b"H")
            time.sleep(0.02)

    with answering(talk) as port:
        began = time.monotonic()
        assert "no whole answer within 0.3 s" in probing.http_unwell(port, "/", seconds=0.3)
        assert time.monotonic() - began < FAR / 2


def test_who_says_nothing_is_not_waited_for():
    """The connection is taken, and no more."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        why = probing.http_unwell(server.getsockname()[1], "/", seconds=0.2)
    assert why == "GET /: no whole answer within 0.2 s"


def test_nobody_listens():
    """It says so at once."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert "refused" in probing.http_unwell(port, "/", seconds=30)
    assert "refused" in probing.tcp_unwell(port, seconds=30)


def test_what_is_no_http_is_not_well():
    """A port of another protocol."""
    with answering(saying(b"SSH-2.0-OpenSSH\r\n")) as port:
        assert probing.http_unwell(port, "/", seconds=30).startswith("GET /: ")


def test_a_port_that_takes_and_keeps_a_connection_is_well():
    """It waits for us to speak, or speaks first."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert probing.tcp_unwell(server.getsockname()[1], seconds=30) == ""
    with answering(lambda taken: taken.sendall(b"220 hello\r\n")) as port:
        assert probing.tcp_unwell(port, seconds=30, settle_seconds=10) == ""


def test_a_port_that_closes_each_connection_is_not_well():
    """As a container's, behind which nobody listens."""
    with answering(lambda taken: None) as port:
        assert "closes each connection" in probing.tcp_unwell(port, seconds=30, settle_seconds=10)

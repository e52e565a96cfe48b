"""An index that does not come to an end is left, whatever it does with its time."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import pytest

from autoexec_magic.builder.wheels import fetching
from autoexec_magic.errors import Cancelled


@pytest.fixture
def server():
    """Serve one answer on loopback: what begins it, and what is sent again and again after it."""

    class Server:
        begin, again = b"", b""
        gone = threading.Event()

    found = Server()
    found.gone = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    found.url = f"http://127.0.0.1:{listener.getsockname()[1]}/"

    def serve():
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                try:
                    with connection:
                        connection.recv(65_536)
                        connection.sendall(found.begin)
                        while found.again:
                            connection.sendall(found.again)
                            time.sleep(0.02)
                except OSError:
                    found.gone.set()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield found
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


ENDLESS = [
    (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
    (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
]


@pytest.mark.parametrize(("begin", "again"), ENDLESS)
def test_an_answer_without_end_is_left_when_the_time_is_over(server, begin, again):
    """A limit to each receive would never be met; the connection is closed."""
    server.begin, server.again = begin, again
    with pytest.raises(TimeoutError):
        fetching.fetch(server.url, {}, "", lambda piece: None, fetching.Limit.of(0.3))
    assert server.gone.wait(5)


def test_an_answer_is_left_when_the_build_is_stopped(server):
    """Before its time is over."""
    server.begin, server.again = ENDLESS[0]
    began = time.monotonic()
    limit = fetching.Limit.of(60, is_stopped=lambda: time.monotonic() > began + 0.2)
    with pytest.raises(Cancelled):
        fetching.fetch(server.url, {}, "", lambda piece: None, limit)
    assert server.gone.wait(5)


def test_an_answer_is_handed_on_a_piece_at_a_time(server):
    """With its type, and where it was; what takes it may end it."""
    server.begin = b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 3\r\n\r\nabc"
    found = []
    assert fetching.fetch(server.url, {}, "", found.append, fetching.Limit.of(5)) == ("a/b", server.url)
    assert b"".join(found) == b"abc"

    def full(_):
        raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        fetching.fetch(server.url, {}, "", full, fetching.Limit.of(5))


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/x", "data:,x", "/etc/hostname"])
def test_nothing_but_http_is_asked(url):
    """A page of an index may name any address, also a file of this machine."""
    with pytest.raises(ValueError, match="no address"):
        fetching.fetch(url, {}, "", lambda piece: None, fetching.Limit.of(5))

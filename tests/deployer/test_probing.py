"""A look is told the truth within its limit, whatever listens, or does not."""

from __future__ import annotations

import contextlib
import functools
import socket
import threading
import time

import pytest

from autoexec_magic.deployer.probing import http, tcp

ANSWER_SECONDS = 30.0  # nobody waits for so long: what answers does so at once
LIMIT_SECONDS = 1.0
FAR_SECONDS = 20.0  # a look that has outlasted its limit
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Answering:
    """A server on a port of its own that answers each connection in one way, and keeps what it was sent."""

    def __init__(self, answer):
        """`answer` takes a connection and what it was sent."""
        self.requests, self._answer, self._ends = [], answer, threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(0.05)
        self.port = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self):
        """Serve."""
        self._thread.start()
        return self

    def __exit__(self, *fault):
        """End it."""
        self._ends.set()
        self._thread.join()
        self._listening.close()

    def _serve(self):
        while not self._ends.is_set():
            with contextlib.suppress(OSError):
                line, _ = self._listening.accept()
                with line:
                    line.settimeout(ANSWER_SECONDS)
                    self._take(line)

    def _take(self, line):
        data = b""
        while b"\r\n\r\n" not in data:
            if not (more := line.recv(4096)):
                return
            data += more
        self.requests.append(data)
        self._answer(line, self._ends)


def says(data):
    """Return what answers so, and closes."""
    return lambda line, ends: line.sendall(data)


def looked(answer, path="/health", seconds=ANSWER_SECONDS):
    """Return what a look at such a server says, and what the server was sent."""
    with Answering(answer) as server:
        return http(server.port, path, seconds), server.requests


@pytest.fixture
def free_port():
    """Return a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


@pytest.mark.parametrize(
    ("answer", "want"),
    [
        pytest.param(OK, "", id="200"),
        pytest.param(b"HTTP/1.0 204 \r\n\r\n", "", id="204"),
        pytest.param(b"HTTP/1.1 200\r\n\r\n", "", id="no-reason"),
        pytest.param(b"HTTP/1.1 200 OK\n\n", "", id="newlines-alone"),
        pytest.param(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", "", id="302"),
        pytest.param(b"HTTP/1.1 404 Not Found\r\n\r\n", "HTTP 404", id="404"),
        pytest.param(b"HTTP/1.1 503 \xfcnwell\r\n\r\n", "HTTP 503", id="503"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n", "HTTP 100", id="not-yet"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n", "does not speak HTTP", id="another-protocol"),
        pytest.param(b"HTTP/1.1 2000 OK\r\n\r\n", "does not speak HTTP", id="four-digits"),
        pytest.param(b"HTTP/1.1 200OK\r\n\r\n", "does not speak HTTP", id="no-space"),
        pytest.param(b"HTTP/1.1 \xb2\xb2\xb2 OK\r\n\r\n", "does not speak HTTP", id="digits-of-another-kind"),
        pytest.param(b"HTTP/1.1 " + b"9" * 4000 + b"\r\n", "does not speak HTTP", id="endless-number"),
        pytest.param(b"\x00\xff" * 3000, "does not speak HTTP", id="garbage"),
        pytest.param(b"HTTP/1.1 200", "does not speak HTTP", id="cut-in-its-first-line"),
        pytest.param(b"HTTP/1.1 20", "does not speak HTTP", id="cut-in-its-number"),
        pytest.param(b"\r\nHTTP/1.1 200 OK\r\n\r\n", "does not speak HTTP", id="an-empty-line-first"),
        pytest.param(b"", "closed without an answer", id="closed-at-once"),
    ],
)
def test_an_answer_is_taken_for_what_it_is(answer, want):
    """2xx and 3xx are well, as a whole status line says it; all else is not, and is told in words."""
    found, _ = looked(says(answer))
    assert (want in found) if want else (found == "")


def test_a_slow_trickle_does_not_outlast_the_limit():
    """Each byte comes soon, and the line never ends: the limit is for all of it."""

    def trickle(line, ends):
        for byte in b"HTTP/1.1 200 " + b"O" * 1000:
            line.sendall(bytes([byte]))
            if ends.wait(0.2):
                return

    began = time.monotonic()
    found, _ = looked(trickle, seconds=LIMIT_SECONDS)
    assert "no answer within 1 s" in found
    assert time.monotonic() - began < FAR_SECONDS


def test_one_that_takes_the_request_and_is_silent_has_not_answered():
    """A worker that hangs."""
    found, requests = looked(lambda line, ends: ends.wait(FAR_SECONDS), seconds=LIMIT_SECONDS)
    assert "no answer within" in found
    assert len(requests) == 1


def test_one_that_never_accepts_has_not_answered():
    """The system takes the connection; nobody reads from it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert "no answer within" in http(server.getsockname()[1], "/", LIMIT_SECONDS)


def test_what_is_sent_is_one_request():
    """As HTTP has it, with no connection kept."""
    _, requests = looked(says(OK), "/health?deep=1&x=%20")
    head, *fields = requests[0].split(b"\r\n")
    assert head == b"GET /health?deep=1&x=%20 HTTP/1.1"
    assert any(each.startswith(b"Host: 127.0.0.1:") for each in fields)
    assert b"Connection: close" in fields


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/a b", b"/a%20b"),
        ("/a\r\nX: y\r\n\r\nGET /b", b"/a%0D%0AX:%20y%0D%0A%0D%0AGET%20/b"),
        ("/\xe4\u20ac", b"/%C3%A4%E2%82%AC"),
        ("/a\x00#b", b"/a%00%23b"),
        ("/a%2Fb?x=[1]", b"/a%2Fb?x=%5B1%5D"),
    ],
)
def test_what_no_request_line_can_hold_is_not_sent_as_it_is(path, sent):
    """A path cannot end the line, and so cannot put another header, or request, behind it."""
    found, requests = looked(says(OK), path)
    assert found == ""
    assert [each.split(b" ")[1] for each in requests] == [sent]
    assert requests[0].startswith(b"GET " + sent + b" HTTP/1.1\r\nHost: ")
    assert requests[0].count(b"\r\n\r\n") == 1


def test_the_words_of_a_look_are_one_line():
    """Also where the path is none."""
    found, _ = looked(says(b""), "/a\r\nb")
    assert len(found.splitlines()) == 1


def test_where_nobody_listens_that_is_told(free_port):
    """By HTTP and by TCP."""
    assert "refused" in http(free_port, "/", ANSWER_SECONDS)
    assert "refused" in tcp(free_port, ANSWER_SECONDS)


def test_whoever_listens_can_be_connected_to():
    """That is all that TCP asks."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert tcp(server.getsockname()[1], ANSWER_SECONDS) == ""


def test_a_socket_that_is_connected_to_itself_is_nobody(free_port, monkeypatch):
    """Where nobody listens, a look may be given the very port that it asks for: once in some 30,000 looks."""
    own = functools.partial(socket.create_connection, source_address=("127.0.0.1", free_port))
    monkeypatch.setattr(socket, "create_connection", own)
    assert "nobody listens" in tcp(free_port, ANSWER_SECONDS)


def test_what_answers_itself_by_http_is_nobody(free_port, monkeypatch):
    """It is sent its own request."""
    own = functools.partial(socket.create_connection, source_address=("127.0.0.1", free_port))
    monkeypatch.setattr(socket, "create_connection", own)
    assert "does not speak HTTP" in http(free_port, "/", ANSWER_SECONDS)


def test_no_connection_is_left_open():
    """The server sees the end of each."""
    ends = []
    with Answering(lambda line, _: ends.append(line.recv(1))) as server:
        assert "no answer" in http(server.port, "/", LIMIT_SECONDS)
        until = time.monotonic() + FAR_SECONDS
        while not ends and time.monotonic() < until:
            time.sleep(0.01)
    assert ends == [b""]


def test_a_port_that_closes_each_connection_is_nobody_where_that_is_looked_for():
    """As a container's, behind which nobody listens; whoever waits for us to speak is somebody."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert tcp(port, 30, settle_seconds=0.05) == ""
        server.accept()[0].close()
        closing = threading.Thread(target=lambda: server.accept()[0].close())
        closing.start()
        assert "closes each connection" in tcp(port, 30, settle_seconds=10)
        closing.join()

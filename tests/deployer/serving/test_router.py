"""The proxy as a client sees it: framing, limits, what is malformed, and the routes of the moment."""

from __future__ import annotations

import socket
import threading

import pytest
import serviced
from serviced import answers, asked, connect, rest_of, said, says, to, until

from autoexec_magic.deployer.serving import router
from autoexec_magic.deployer.serving.routes import Routes, Share

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def answer_of(connection: socket.socket, end: bytes) -> bytes:
    """Return what comes up to and with `end`."""
    found = b""
    while not found.endswith(end):
        data = connection.recv(65_536)
        assert data, found
        found += data
    return found


def test_an_answer_is_passed_on(upstream, proxy):
    there = upstream(answers(b"hello"))
    found = asked(proxy(to(there)).port, "/some/path?q=1")
    assert found.startswith(b"HTTP/1.1 200 OK\r\n")
    assert found.endswith(b"\r\n\r\nhello")
    assert there.heads[0].startswith(b"GET /some/path?q=1 HTTP/1.1\r\nHost: x\r\n")


def test_a_kept_connection_is_moved_by_a_switch(upstream, proxy):
    """The choice is made for each request: who keeps a connection is not left behind."""
    old, new = upstream(answers(b"old")), upstream(answers(b"new"))
    front = proxy(to(old))
    with connect(front.port) as connection:
        connection.sendall(GET)
        answer_of(connection, b"old")
        front.router.routes = to(new)
        connection.sendall(GET)
        answer_of(connection, b"new")


def test_requests_in_one_packet_are_answered_in_their_order(upstream, proxy):
    there = upstream(lambda head, connection, stream: answers(head.split()[1])(head, connection, stream))
    two = b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    found = said(proxy(to(there)).port, two)
    assert found.index(b"/1") < found.index(b"/2")
    assert found.count(b"HTTP/1.1 200") == 2


def test_a_head_has_a_length_and_no_body(upstream, proxy):
    there = upstream(says(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"))
    found = asked(proxy(to(there)).port, method="HEAD")
    assert b"Content-Length: 500" in found
    assert found.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_an_answer_without_a_body_ends_with_its_head(upstream, proxy, status):
    there = upstream(says(b"HTTP/1.1 %s\r\nETag: x\r\n\r\n" % status))
    front = proxy(to(there))
    with connect(front.port) as connection:
        for _ in range(2):
            connection.sendall(GET)
            assert answer_of(connection, b"\r\n\r\n").startswith(b"HTTP/1.1 " + status)


def test_chunks_and_what_is_behind_them_are_passed_on(upstream, proxy):
    there = upstream(
        says(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"2\r\nab\r\n", b"0\r\nX-Sum: 7\r\n\r\n"
        )
    )
    found = asked(proxy(to(there)).port)
    assert b"transfer-encoding: chunked" in found.lower()
    assert found.endswith(b"2\r\nab\r\n0\r\nX-Sum: 7\r\n\r\n")


def test_an_old_client_gets_no_chunks(upstream, proxy):
    there = upstream(
        says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Sum: 7\r\n\r\n")
    )
    found = said(proxy(to(there)).port, b"GET / HTTP/1.0\r\n\r\n")
    assert b"chunked" not in found
    assert found.endswith(b"\r\n\r\nab")


def test_an_answer_that_ends_with_the_connection_is_whole(upstream, proxy):
    """An old upstream says neither length nor chunks."""
    front = proxy(to(upstream(says(b"HTTP/1.0 200 OK\r\n\r\nall of it"))))
    assert asked(front.port).endswith(b"9\r\nall of it\r\n0\r\n\r\n")
    assert front.counts("a").errors == 0


def test_an_answer_comes_as_it_is_written(upstream, proxy):
    """The first part is there before the second is written: a stream of events needs that."""
    may_go_on = threading.Event()

    def talk(head, connection, stream):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
        assert may_go_on.wait(serviced.PATIENCE)
        connection.sendall(b"1\r\nb\r\n0\r\n\r\n")

    with connect(proxy(to(upstream(talk))).port) as connection:
        connection.sendall(GET)
        answer_of(connection, b"1\r\na\r\n")
        may_go_on.set()
        answer_of(connection, b"0\r\n\r\n")


def test_nobody_there_is_503(proxy):
    found = asked(proxy(Routes()).port)
    assert found.startswith(b"HTTP/1.1 503 ")
    assert found.endswith(b"the service is not there at the moment\n")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        pytest.param(b"nonsense\r\n\r\n", b"400", id="no-request"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", b"400", id="no-host"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"400", id="two-hosts"),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"400",
            id="length-and-coding",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
            b"400",
            id="two-lengths",
        ),
        pytest.param(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 6\r\n\r\nhello", b"400", id="a-list"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello", b"400", id="a-sign"),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n", b"501", id="unknown-coding"
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n",
            b"501",
            id="two-codings",
        ),
        pytest.param(
            b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400", id="old-coding"
        ),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n", b"400", id="blank"),
        pytest.param(b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", b"501", id="tunnel"),
    ],
)
def test_what_is_malformed_is_refused_and_the_connection_closed(upstream, proxy, request_bytes, status):
    """Nothing of it, and nothing that hides behind it, reaches an upstream."""
    there = upstream(answers(b"reached"))
    found = said(proxy(to(there)).port, request_bytes + GET)
    assert found.startswith(b"HTTP/1.1 " + status)
    assert found.count(b"HTTP/1.1") == 1
    assert there.heads == []


def test_a_refusal_reaches_a_client_that_sends_on(proxy):
    """A connection that is closed on what was not read is reset, and the answer is lost with it."""
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert said(proxy(Routes()).port, head, b"x" * 3_000_000).startswith(b"HTTP/1.1 400 ")


def test_a_head_that_never_ends_is_refused(upstream, proxy):
    there = upstream(answers(b"reached"))
    front = proxy(to(there), head_bytes=4096)
    found = said(front.port, b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000)
    assert found.startswith(b"HTTP/1.1 431")
    assert there.heads == []


def test_a_chunk_that_is_none_is_refused(upstream, proxy):
    """The upstream is not told that the body has come to its end, and it is not its error."""
    ends = []

    def talk(head, connection, stream):
        ends.append(stream.read())

    front = proxy(to(upstream(talk)))
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    found = said(front.port, head, b"2\r\nab\r\n", b"nonsense\r\n")
    assert found.startswith(b"HTTP/1.1 400")
    assert front.counts("a").errors == 0
    until(lambda: ends)
    assert b"0\r\n\r\n" not in b"".join(ends)


def test_a_client_that_sends_nothing_is_let_go(upstream, proxy):
    there = upstream(answers(b"reached"))
    assert said(proxy(to(there), idle_seconds=0.2).port) == b""
    assert said(proxy(to(there), head_seconds=0.2).port, b"GET / HT") == b""
    assert there.heads == []


def test_there_are_not_more_connections_than_there_may_be(upstream, proxy):
    front = proxy(to(upstream(answers(b"hello"))), connections=20)
    front.router._most = 2
    with connect(front.port) as one, connect(front.port) as two:
        for each in (one, two):
            each.sendall(GET)
            answer_of(each, b"hello")
        with connect(front.port) as three:
            assert rest_of(three).endswith(b"too many connections\n")
    until(lambda: not front.router._open)
    assert asked(front.port).endswith(b"hello")


def test_requests_in_flight_end_before_the_proxy_does(upstream, proxy):
    """`close` takes no more connections, and waits for those that are being answered."""
    came, may_go_on = threading.Event(), threading.Event()

    def talk(head, connection, stream):
        came.set()
        may_go_on.wait(serviced.PATIENCE)
        answers(b"late")(head, connection, stream)

    front = proxy(to(upstream(talk)))
    with connect(front.port) as connection:
        connection.sendall(GET)
        assert came.wait(serviced.PATIENCE)
        closing = threading.Thread(target=lambda: front._do(front.router.close(serviced.PATIENCE)))
        closing.start()
        until(lambda: not front.router._server.is_serving())
        may_go_on.set()
        answer_of(connection, b"late")
        closing.join(serviced.PATIENCE)
    assert not closing.is_alive()


def test_a_release_is_idle_when_nothing_of_it_is_in_flight(upstream, proxy):
    came, may_go_on = threading.Event(), threading.Event()

    def talk(head, connection, stream):
        came.set()
        may_go_on.wait(serviced.PATIENCE)

    front = proxy(to(upstream(talk)))
    with connect(front.port) as connection:
        connection.sendall(GET)
        assert came.wait(serviced.PATIENCE)
        assert not front._do(front.router.idle("a", 0.05))
        may_go_on.set()
        assert front._do(front.router.idle("a", serviced.PATIENCE))


def test_a_port_that_is_taken_cannot_be_had(upstream, proxy):
    there = upstream(answers(b""))
    with pytest.raises(OSError, match="in use"):
        proxy(Routes())._do(router.Router(lambda share: ()).listen("127.0.0.1", there.port))


def test_no_more_connections_than_files():
    assert 16 <= router.more_files(256) <= 64


def test_a_request_is_answered_by_weight(upstream, proxy):
    there = upstream(answers(b"old")), upstream(answers(b"new"))
    shares = [
        Share(release_id=name, percent=part, ports=(each.port,))
        for name, part, each in zip("ab", (75, 25), there, strict=True)
    ]
    picks = iter([0.1, 0.7, 0.8])
    front = proxy(Routes(shares=tuple(shares)), pick=lambda: next(picks))
    assert [asked(front.port)[-3:] for _ in range(3)] == [b"old", b"old", b"new"]
    assert (front.counts("a").requests, front.counts("b").requests) == (2, 1)


def test_a_forgotten_release_begins_again(upstream, proxy):
    front = proxy(to(upstream(answers(b"x"))))
    asked(front.port)
    assert front.counts("a").requests == 1
    front.router.forget("a")
    assert front.counts("a").requests == 0

"""Who is asked next, what is asked once, and bodies that are passed on as they come."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading

import pytest
import serviced
from serviced import answers, asked, connect, nobody, rest_of, said, says, to, until

from autoexec_magic.deployer.serving import fields
from autoexec_magic.deployer.serving.exchange import ASKED_AGAIN
from autoexec_magic.deployer.serving.routes import Routes, Share

POST = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"


def breaks(head, connection, stream):
    """Reset the connection, as the end of a process that was killed does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def echoes(head, connection, stream):
    """Answer with the body."""
    length = next(
        int(line.split()[1]) for line in head.splitlines() if line.lower().startswith(b"content-length")
    )
    body = stream.read(length)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length + body)


def shares(*ports: int, fallback: int = 0) -> Routes:
    """Return routes to release `a`, and to fallback `b`."""
    spare = Share(release_id="b", ports=(fallback,)) if fallback else None
    return Routes(shares=(Share(release_id="a", ports=ports),), fallback=spare)


def test_a_port_that_is_shut_is_passed_over(upstream, proxy):
    """Also with a body: nothing of it was taken."""
    there = upstream(echoes)
    front = proxy(shares(nobody(), there.port))
    for _ in range(4):
        assert said(front.port, POST % 2, b"ab").endswith(b"\r\n\r\nab")
    assert front.counts("a").errors == 2


def test_where_every_port_is_shut_the_fallback_answers(upstream, proxy):
    there = upstream(echoes)
    front = proxy(shares(nobody(), nobody(), fallback=there.port))
    assert said(front.port, POST % 2, b"ab").endswith(b"\r\n\r\nab")
    assert (front.counts("a").errors, front.counts("b").errors) == (2, 0)


def test_where_nobody_listens_it_is_503(proxy):
    front = proxy(shares(nobody(), fallback=nobody()))
    assert asked(front.port).startswith(b"HTTP/1.1 503 ")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize(
    "broken", [breaks, says(), says(b"HTTP/1.1 2")], ids=["reset", "closed", "half-a-head"]
)
def test_a_connection_that_breaks_before_the_answer_is_asked_again(upstream, proxy, method, broken):
    front = proxy(to(upstream(broken), fallback=upstream(answers(b""))))
    assert asked(front.port, method=method).startswith(b"HTTP/1.1 200 ")
    assert (front.counts("a").errors, front.counts("b").requests) == (1, 1)


def test_another_port_of_the_release_is_asked_before_the_fallback(upstream, proxy):
    front = proxy(to(upstream(breaks), upstream(answers(b"second")), fallback=upstream(answers(b"spare"))))
    assert asked(front.port).endswith(b"second")


@pytest.mark.parametrize("status", sorted(ASKED_AGAIN))
def test_a_failure_is_asked_again_at_the_fallback_and_counted(upstream, proxy, status):
    failing = upstream(answers(b"bad", b"%d X" % status)), upstream(answers(b"bad", b"%d X" % status))
    front = proxy(to(*failing, fallback=upstream(answers(b"good"))))
    assert asked(front.port).endswith(b"good")
    assert (front.counts("a").requests, front.counts("a").errors, front.counts("b").errors) == (1, 1, 0)


def test_a_failure_that_the_fallback_has_too_is_not_the_releases(upstream, proxy):
    """Whoever asks for what always fails has no good release taken back."""
    front = proxy(to(upstream(answers(b"bad", b"500 X")), fallback=upstream(answers(b"as bad", b"500 X"))))
    assert asked(front.port).endswith(b"as bad")
    assert (front.counts("a").requests, front.counts("a").errors) == (1, 0)


def test_a_failure_is_passed_on_where_the_fallback_is_not_there(upstream, proxy):
    front = proxy(shares(upstream(answers(b"bad", b"500 X")).port, fallback=nobody()))
    found = asked(front.port)
    assert found.startswith(b"HTTP/1.1 500 X")
    assert found.endswith(b"bad")
    assert front.counts("a").in_flight == front.counts("b").in_flight == 0


@pytest.mark.parametrize("status", [b"404 X", b"501 X"])
def test_an_answer_that_is_meant_is_passed_on(upstream, proxy, status):
    spare = upstream(answers(b"spare"))
    front = proxy(to(upstream(answers(b"meant", status)), fallback=spare))
    assert asked(front.port).endswith(b"meant")
    assert spare.heads == []


@pytest.mark.parametrize("talk", [breaks, answers(b"bad", b"503 X")], ids=["broken", "failed"])
@pytest.mark.parametrize(
    "request_bytes",
    [
        POST % 2 + b"ab",
        b"DELETE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        (POST % 2 + b"ab").replace(b"POST", b"GET"),
    ],
    ids=["POST", "DELETE", "GET-with-a-body"],
)
def test_what_changes_something_is_asked_once(upstream, proxy, talk, request_bytes):
    """Nobody knows how far it came."""
    spare = upstream(answers(b"spare"))
    front = proxy(to(upstream(talk), fallback=spare))
    assert said(front.port, request_bytes).startswith((b"HTTP/1.1 502 ", b"HTTP/1.1 503 X"))
    assert spare.heads == []
    assert front.counts("a").errors == 1


def test_an_answer_that_does_not_come_is_asked_for_elsewhere(upstream, proxy):
    silent = threading.Event()
    front = proxy(
        to(upstream(lambda *told: silent.wait(10 * serviced.PATIENCE)), fallback=upstream(answers(b"spare"))),
        answer_seconds=0.2,
    )
    assert asked(front.port).endswith(b"spare")
    silent.set()
    assert front.counts("a").errors == 1


@pytest.mark.parametrize(
    "cut", [b"Content-Length: 9\r\n\r\nhal", b"Transfer-Encoding: chunked\r\n\r\n3\r\nhal\r\n"]
)
def test_an_answer_that_is_cut_off_is_cut_off_for_the_client(upstream, proxy, cut):
    """It cannot be taken for all there is."""
    front = proxy(to(upstream(says(b"HTTP/1.1 200 OK\r\n" + cut))))
    with connect(front.port) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        found = b""
        with contextlib.suppress(ConnectionResetError):
            found = rest_of(connection)
    assert not found.endswith(b"0\r\n\r\n")
    assert front.counts("a").errors == 1


def test_an_answer_that_is_cut_off_is_a_broken_connection_for_an_old_client(upstream, proxy):
    """For it the end of the connection is the end of the answer, so an orderly end would be a lie."""
    cut = says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhal\r\n")
    with pytest.raises(ConnectionResetError):
        said(proxy(to(upstream(cut))).port, b"GET / HTTP/1.0\r\n\r\n")


def test_a_client_that_went_away_is_no_error_of_the_release(upstream, proxy):
    gone = threading.Event()

    def talk(head, connection, stream):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert gone.wait(serviced.PATIENCE)
        for _ in range(1000):
            connection.sendall(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")

    front = proxy(to(upstream(talk)))
    with connect(front.port) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.recv(10)
    gone.set()
    counts = front.counts("a")
    assert (counts.requests, counts.errors, counts.in_flight) == (1, 0, 0)


def test_a_client_that_went_away_within_its_body_is_no_error_of_the_release(upstream, proxy):
    front = proxy(to(upstream(lambda head, connection, stream: stream.read())))
    with connect(front.port) as connection:
        connection.sendall(POST % 100 + b"half")
        until(lambda: front.router.counts("a").in_flight)
    assert front.counts("a").errors == 0


def test_a_client_that_takes_nothing_holds_neither_memory_nor_a_release(upstream, proxy):
    """The upstream is not read further than the client is fed, and at last both are let go."""
    sent = []

    def talk(head, connection, stream):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65_536)
            sent.append(65_536)

    front = proxy(to(upstream(talk)), stall_seconds=1.0)
    with connect(front.port) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        until(lambda: front.router.counts("a").in_flight)
        counts = front.counts("a")
    assert counts.in_flight == 0
    assert sum(sent) < 100_000_000


def test_a_large_body_goes_both_ways(upstream, proxy):
    body = bytes(range(256)) * 40_000
    front = proxy(to(upstream(echoes)))
    with connect(front.port) as connection:
        sending = threading.Thread(target=connection.sendall, args=(POST % len(body) + body,))
        sending.start()
        found = rest_of(connection)
        sending.join(serviced.PATIENCE)
    assert found.partition(b"\r\n\r\n")[2] == body


def test_a_body_in_chunks_is_passed_on_with_what_is_behind_it(upstream, proxy):
    heard = []

    def talk(head, connection, stream):
        while not heard or heard[-1] != b"\r\n":
            heard.append(stream.readline())
        answers(b"ok")(head, connection, stream)

    head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    found = said(proxy(to(upstream(talk))).port, head, b"2\r\nab\r\n", b"0\r\nX-Sum: 7\r\n\r\n")
    assert found.endswith(b"ok")
    assert b"".join(heard) == b"2\r\nab\r\n0\r\nX-Sum: 7\r\n\r\n"


def test_a_client_that_waits_for_100_is_told_by_the_upstream(upstream, proxy):
    def talk(head, connection, stream):
        assert b"expect: 100-continue" in head.lower()
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        echoes(head, connection, stream)

    with connect(proxy(to(upstream(talk))).port) as connection:
        connection.sendall((POST % 2).replace(b"Host", b"Expect: 100-continue\r\nHost"))
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"ab")
        assert rest_of(connection).endswith(b"\r\n\r\nab")


def test_what_comes_before_the_answer_is_passed_on_but_not_to_an_old_client(upstream, proxy):
    there = upstream(
        says(
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        )
    )
    front = proxy(to(there))
    assert asked(front.port).startswith(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK")
    assert said(front.port, b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 OK")


def test_an_answer_before_the_end_of_the_body_reaches_the_client(upstream, proxy):
    """An upload that is refused at once; the client is sending still."""

    def talk(head, connection, stream):
        answers(b"too much", b"413 X")(head, connection, stream)
        connection.shutdown(socket.SHUT_WR)
        stream.read()

    front = proxy(to(upstream(talk)))
    with connect(front.port) as connection:
        connection.sendall(POST % 10_000_000 + b"x" * 100_000)
        assert rest_of(connection).endswith(b"too much")
    assert front.counts("a").errors == 0


def test_an_upload_may_take_longer_than_an_answer(upstream, proxy):
    """The time for the answer begins where the request ends."""
    front = proxy(to(upstream(echoes)), answer_seconds=1.5)
    with connect(front.port) as connection:
        connection.sendall(POST % 4)
        for _ in range(4):
            threading.Event().wait(0.6)
            connection.sendall(b"x")
        assert rest_of(connection).endswith(b"xxxx")


def test_an_upstream_that_speaks_something_else_is_asked_once_and_counted(upstream, proxy):
    front = proxy(to(upstream(says(b"SSH-2.0-x\r\n\r\n"))))
    assert asked(front.port).startswith(b"HTTP/1.1 502 ")
    assert front.counts("a").errors == 1


@pytest.mark.parametrize("option", [b"Host", b"Content-Length", b"Host, close, Content-Length"])
def test_what_a_client_names_for_one_hop_is_no_fault_of_a_release(upstream, proxy, option):
    """The request is passed on whole: nobody can have a release taken back by how it asks."""
    front = proxy(to(upstream(echoes)))
    head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close, %s\r\nContent-Length: 5\r\n\r\n" % option
    assert said(front.port, head, b"hello").endswith(b"\r\n\r\nhello")
    assert front.counts("a").errors == 0


def test_a_request_that_cannot_be_passed_on_is_the_clients(upstream, proxy, monkeypatch):
    """Nobody is asked, and nobody blamed."""
    monkeypatch.setattr(fields, "for_upstream", lambda request, came: [(b"Content-Length", b"no number")])
    front = proxy(to(upstream(echoes)))
    assert asked(front.port).startswith(b"HTTP/1.1 400 ")
    assert (front.counts("a").requests, front.counts("a").errors) == (0, 0)

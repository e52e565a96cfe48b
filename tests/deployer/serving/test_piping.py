"""Connections that go over to another protocol."""

from __future__ import annotations

import serviced
from serviced import answers, connect, rest_of, said, says, to

UPGRADE = b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


def test_a_web_socket_is_passed_on_both_ways(upstream, proxy):
    """What comes in the same packet as the switch is not lost, on neither side."""

    def talk(head, connection, stream):
        assert b"upgrade: websocket" in head.lower()
        connection.sendall(SWITCH + b"\x81early")
        while data := stream.read1(100):
            connection.sendall(data.upper())

    front = proxy(to(upstream(talk)))
    with connect(front.port) as connection:
        connection.sendall(UPGRADE + b"ab")
        found = b""
        while not found.endswith(b"\x81earlyAB"):
            found += connection.recv(1000)
        assert found.startswith(b"HTTP/1.1 101 ")
        assert b"upgrade: websocket" in found.lower()
        connection.sendall(b"\x00more")
        assert connection.recv(100) == b"\x00MORE"
        assert front.router.counts("a").in_flight == 1
        connection.shutdown(serviced.socket.SHUT_WR)
        assert rest_of(connection) == b""
    assert front.counts("a").errors == 0


def test_the_end_of_the_upstream_is_the_end_for_the_client(upstream, proxy):
    front = proxy(to(upstream(says(SWITCH, b"bye"))), stall_seconds=0.5)
    with connect(front.port) as connection:
        connection.sendall(UPGRADE)
        assert rest_of(connection).endswith(b"bye")
    assert front.counts("a").in_flight == 0


def test_an_upstream_may_refuse_to_switch(upstream, proxy):
    """The connection is then used for requests as before."""
    front = proxy(to(upstream(answers(b"no"))))
    found = said(front.port, UPGRADE + UPGRADE.replace(b"Upgrade\r\n", b"close\r\n", 1))
    assert found.count(b"HTTP/1.1 200") == 2


def test_nobody_switches_who_was_not_asked(upstream, proxy):
    front = proxy(to(upstream(says(SWITCH))))
    assert serviced.asked(front.port).startswith(b"HTTP/1.1 502 ")
    assert front.counts("a").errors == 1

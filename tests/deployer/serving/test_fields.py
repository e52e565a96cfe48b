"""Which header fields go on, and which requests do not."""

from __future__ import annotations

import h11
import pytest

from autoexec_magic.deployer.serving import fields

CAME = fields.Came(client="192.0.2.7", here="127.0.0.1:80")


def request(*headers: tuple[str, str], method: str = "GET", version: str = "1.1") -> h11.Request:
    """Return a request as h11 reads one."""
    return h11.Request(method=method, target="/", headers=[("Host", "web"), *headers], http_version=version)


def names(found: fields.Fields) -> set[bytes]:
    """Return the names of fields."""
    return {name.lower() for name, _ in found}


@pytest.mark.parametrize(
    "name", ["Keep-Alive", "TE", "Trailer", "Proxy-Authorization", "Proxy-Connection", "Upgrade"]
)
def test_what_is_for_one_hop_is_taken_off(name):
    assert name.lower().encode() not in names(fields.for_upstream(request((name, "x")), CAME))


def test_what_connection_names_is_taken_off():
    """RFC 9110 7.6.1: also fields that nobody knows."""
    found = fields.for_upstream(
        request(("Connection", "close, X-Own"), ("X-Own", "1"), ("X-Kept", "1")), CAME
    )
    assert names(found) & {b"x-own", b"x-kept"} == {b"x-kept"}


@pytest.mark.parametrize("option", ["Host", "Content-Length", "content-type"])
def test_what_a_message_is_cannot_be_named_away(option):
    """A client that names it would have no host to ask, or another body than it sent."""
    fields_sent = ("Connection", f"close, {option}"), ("Content-Length", "5"), ("Content-Type", "text/plain")
    found = names(fields.for_upstream(request(*fields_sent), CAME))
    assert {b"host", b"content-length", b"content-type"} <= found


def test_where_it_came_from_is_set_and_not_believed():
    found = dict(
        fields.for_upstream(request(("X-Forwarded-For", "10.0.0.1"), ("x-forwarded-proto", "https")), CAME)
    )
    assert found[b"X-Forwarded-For"] == b"192.0.2.7"
    assert found[b"X-Forwarded-Proto"] == b"http"
    assert found[b"X-Forwarded-Host"] == found[b"Host"] == b"web"


def test_a_request_without_a_host_gets_one():
    """HTTP/1.0 needs none, and what goes on is HTTP/1.1."""
    old = h11.Request(method="GET", target="/", headers=[], http_version="1.0")
    assert dict(fields.for_upstream(old, CAME))[b"Host"] == b"127.0.0.1:80"


def test_an_old_client_expects_nothing():
    found = fields.for_upstream(request(("Expect", "100-continue"), version="1.0"), CAME)
    assert b"expect" not in names(found)


def test_a_web_socket_is_asked_for_as_the_client_did():
    found = dict(fields.for_upstream(request(("Connection", "Upgrade"), ("Upgrade", "websocket")), CAME))
    assert (found[b"Connection"], found[b"Upgrade"]) == (b"Upgrade", b"websocket")


def test_nobody_goes_over_to_http_2():
    found = dict(fields.for_upstream(request(("Connection", "Upgrade"), ("Upgrade", "h2c")), CAME))
    assert found[b"Connection"] == b"close"
    assert b"Upgrade" not in found


def test_a_length_that_a_coding_overrides_is_taken_off():
    answer = h11.Response(
        status_code=200, headers=[("Content-Length", "5"), ("Transfer-Encoding", "chunked")]
    )
    assert fields.for_client(answer) == []


def test_a_trailer_cannot_change_the_message():
    end = h11.EndOfMessage(
        headers=[("Content-Length", "5"), ("X-Sum", "1"), ("Transfer-Encoding", "chunked")]
    )
    assert fields.for_trailer(end) == [(b"X-Sum", b"1")]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (request(("Content-Length", "5"), ("Transfer-Encoding", "chunked"), method="POST"), 400),
        (request(("Transfer-Encoding", "chunked"), method="POST", version="1.0"), 400),
        (request(method="CONNECT"), 501),
    ],
)
def test_what_two_servers_may_read_differently_is_refused(asked, status):
    found = fields.refusal(asked)
    assert found is not None
    assert found[0] == status


@pytest.mark.parametrize(
    ("asked", "want"),
    [
        (request(), True),
        (request(method="HEAD"), True),
        (request(("Content-Length", "0")), True),
        (request(("Content-Length", "1")), False),
        (request(("Transfer-Encoding", "chunked")), False),
        (request(method="POST"), False),
        (request(method="DELETE"), False),
    ],
)
def test_what_may_be_asked_twice(asked, want):
    assert fields.is_repeatable(asked) is want
    assert fields.refusal(asked) is None

"""A number keeps a release only where a server really says one, and no server can hold or fool who asks."""

from __future__ import annotations

import http.server
import json
import math
import socket
import threading
import time
from dataclasses import replace

import pytest
from prometheus import Measured, measured, prometheus

from autoexec_magic.deployer.gate import NoData
from autoexec_magic.deployer.metrics import Metric
from autoexec_magic.deployer.shift import Query
from autoexec_magic.deployer.target import Unwell
from autoexec_magic.errors import DeployError

__all__ = ["Measured", "measured", "prometheus"]
NAMES = {"service": "web", "release": "abcd1234"}
SOON_SECONDS = 60.0
TOKEN = "t0ken-of-nobody"


def metric(url, expression="errors", **changes) -> Metric:
    """Return what is asked at each look."""
    bounds = {"most": 0.05, "every_seconds": 0.0} | changes
    return Metric(query=Query(url=url, expression=expression, **bounds), names=NAMES, token=TOKEN)


def eventually(look, kind):
    """Return what is seen once it is of a kind."""
    until = time.monotonic() + SOON_SECONDS
    while not isinstance(found := look(), kind):
        assert time.monotonic() < until, found
        time.sleep(0.1)
    return found


NONE = type(None)


def test_a_real_server_says_well_and_unwell(measured):
    """And nothing, as long as it has read nothing."""
    asked = metric(measured.url)
    asked.check()
    assert isinstance(asked.look(), NoData)
    measured.values["errors"] = 0.01
    eventually(asked.look, NONE)
    measured.values["errors"] = 0.5
    seen = eventually(asked.look, Unwell)
    assert seen.why == "the query says 0.5, and at most 0.05 is well"
    assert not seen.is_final
    assert seen.evidence == ("errors",)
    del measured.values["errors"]
    assert "has no data" in eventually(asked.look, NoData).why


def test_the_worst_of_several_series_counts(measured):
    """On either side."""
    measured.values |= {'some{pod="a"}': 0.01, 'some{pod="b"}': 0.9}
    eventually(metric(measured.url, "some").look, Unwell)
    assert isinstance(metric(measured.url, "some", most=None, least=0.5).look(), Unwell)
    assert metric(measured.url, "some", most=1, least=0).look() is None


def test_names_stand_in_a_query(measured):
    """Its own dollar signs stay."""
    measured.values['of{release="abcd1234"}'] = 0.0
    query = 'label_replace(of{release="$release"}, "x", "$1-$service", "release", "(.*)") * 1'
    asked = metric(measured.url, query)
    eventually(asked.look, NONE)
    assert '"$1-web"' in asked._expression()


@pytest.mark.parametrize(
    ("expression", "value"), [("vector(0)/0", math.nan), ("scalar(vector(0)/0)", math.nan)]
)
def test_no_number_is_no_data(measured, expression, value):
    """A part of nothing is neither good nor bad."""
    assert math.isnan(value)
    assert isinstance(metric(measured.url, expression).look(), NoData)


def test_a_number_alone_and_an_endless_one_are_numbers(measured):
    """Errors by no requests at all are too many."""
    assert metric(measured.url, "scalar(vector(0))").look() is None
    assert isinstance(metric(measured.url, "vector(1)/0").look(), Unwell)


@pytest.mark.parametrize(
    ("expression", "said"), [("errors{", "parse error"), ("errors[5m]", "matrix"), ('"words"', "string")]
)
def test_a_query_that_cannot_be_is_refused_before_anything_changes(measured, expression, said):
    """With the server's own words."""
    with pytest.raises(DeployError) as caught:
        metric(measured.url, expression).check()
    assert said in caught.value.why
    assert isinstance(metric(measured.url, expression).look(), NoData)


def test_a_server_is_not_asked_at_each_look(measured):
    """And each answer counts once."""
    measured.values["errors"] = 0.5
    eventually(metric(measured.url).look, Unwell)
    asked = metric(measured.url, every_seconds=1000)
    assert isinstance(asked.look(), Unwell)
    assert isinstance(asked.look(), NoData)
    measured.values["errors"] = 0.0
    eventually(metric(measured.url).look, NONE)
    good = metric(measured.url, every_seconds=1000)
    measured.values["errors"] = 0.5
    assert good.look() is None
    assert good.look() == NoData(why="it was asked just now")


class Odd(http.server.BaseHTTPRequestHandler):
    """Answers as its server's `told` says."""

    def do_GET(self):
        self.server.asked.append(dict(self.headers))
        status, body = self.server.told
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


@pytest.fixture
def odd():
    """Yield a server that says what it is told to."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Odd) as server:
        server.asked, server.told = [], (200, b"")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def answer(*values, kind="vector"):
    """Return an answer as Prometheus writes it."""
    result = [{"metric": {}, "value": [1, value]} for value in values]
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": result}}).encode()


ODD = {
    "nothing": (200, b""),
    "no JSON": (200, b"<html>"),
    "a number": (200, b"7"),
    "a list": (200, b"[]"),
    "no data": (200, b'{"status":"success"}'),
    "half": (200, answer("0")[:-9]),
    "deep": (200, b"[" * 100_000),
    "no text": (200, b"\xff\xfe"),
    "words for a number": (200, answer("well")),
    "null": (200, answer(None)),
    "huge": (200, answer(*["0"] * 40_000)),
    "no entry": (401, b"who are you, t0ken-of-nobody?"),
    "refused": (422, json.dumps({"status": "error", "error": f"no {TOKEN}"}).encode()),
    "gone": (404, b"not found"),
    "busy": (503, b"{}"),
    "moved": (302, answer("0")),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_no_answer_is_no_data(odd, name):
    """It neither passes nor fails, and no word of it has the token."""
    odd.told = ODD[name]
    asked = metric(f"http://127.0.0.1:{odd.server_port}/at/a/path/")
    seen = asked.look()
    assert isinstance(seen, NoData)
    with pytest.raises(DeployError) as caught:
        asked.check()
    assert odd.asked[0]["Authorization"] == f"Bearer {TOKEN}"
    for text in (seen.why, caught.value.why, caught.value.fix, repr(asked)):
        assert TOKEN not in text


def test_nobody_there_is_no_data():
    """And is told."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    seen = metric(f"http://127.0.0.1:{port}").look()
    assert seen == NoData(why=f"http://127.0.0.1:{port}: Connection refused")


DRIPS = {
    "nothing": (b"", b""),
    "a head": (b"HTTP/1.0 200 OK\r\n", b"X: y\r\n"),
    "a body": (b"HTTP/1.0 200 OK\r\n\r\n{", b" "),
}


@pytest.mark.parametrize(("says", "drips"), DRIPS.values(), ids=DRIPS)
def test_a_server_that_hangs_is_left(says, drips):
    """All of a request has one limit, also where it comes bit by bit."""
    left = threading.Event()

    def serve(server):
        line, _ = server.accept()
        with line:
            line.sendall(says)
            while not left.wait(0.1):
                try:
                    line.sendall(drips)
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        seen = metric(f"http://127.0.0.1:{server.getsockname()[1]}", answer_seconds=0.5).look()
        left.set()
        thread.join()
    assert isinstance(seen, NoData)
    assert "no answer within 0.5 s" in seen.why


def test_a_canary_is_asked_for_by_its_own_name():
    """Each release has its own."""
    asked = metric("http://127.0.0.1:1", "up{a='$service',b='$release',c='$servicex'}")
    assert asked._expression() == "up{a='web',b='abcd1234',c='$servicex'}"
    other = replace(asked.query, expression="1")
    assert Metric(query=other, names=NAMES)._expression() == "1"

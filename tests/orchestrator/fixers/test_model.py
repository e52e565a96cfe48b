"""A model that answers well, badly, slowly, without end, or with malice."""

from __future__ import annotations

import json
import threading
import time

import pytest
from chat import NAME, Model, message

from autoexec_magic.config import Config
from autoexec_magic.errors import AutoexecError, Cancelled, NeedsPerson, UsageError
from autoexec_magic.orchestrator.fixers.model import ModelFault, ask, endpoint

KEY = "sk-test-0123456789abcdef0123"
ENVIRONMENT = {"MODEL_KEY": KEY}


def where(model, **more):
    given = {"fix_model": NAME, "fix_url": model.url, "fix_key": "MODEL_KEY", "fix_timeout": 10.0} | more
    return endpoint(Config(**given))


def answer(model, *, seconds=10.0, environment=ENVIRONMENT, **more):
    body = json.dumps({"model": NAME, "messages": [{"role": "user", "content": "secret question"}]}).encode()
    return ask(where(model), body, environment=environment, seconds=seconds, **more)


def fault(model, **more):
    """Return what is said about an answer that is none; never what was sent, nor the key."""
    with pytest.raises(ModelFault) as caught:
        answer(model, **more)
    error = caught.value
    for cause in (
        str(error),
        repr(error.__cause__),
        repr(error.__context__ if not error.__suppress_context__ else ""),
    ):
        assert KEY not in cause
        assert "secret question" not in cause
    return error.why


def test_a_good_answer_is_its_text(model):
    """One POST to /chat/completions, with the key in its header and nowhere else."""
    model.say("a patch")
    assert answer(model) == "a patch"
    [asked] = model.asked
    assert asked["path"] == "/v1/chat/completions"
    assert asked["model"] == NAME
    [headers] = model.headers
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert KEY not in json.dumps(asked)


def test_without_a_key_none_is_sent(model):
    """A model on this machine needs none."""
    model.say("x")
    found = where(model, fix_key="")
    ask(found, b'{"messages": []}', environment=ENVIRONMENT, seconds=5)
    assert "Authorization" not in model.headers[0]


@pytest.mark.parametrize("key", ["", "  ", "a b", "line\nend", "é", "x\r\nHost: evil", "\x7f"])
def test_a_key_that_cannot_be_sent_is_not_repeated(model, key):
    """It is refused before anything is sent, and its value stays where it is."""
    with pytest.raises(UsageError) as caught:
        answer(model, environment={"MODEL_KEY": key})
    assert "MODEL_KEY" in caught.value.why
    assert not key.strip() or key not in str(caught.value)
    assert model.asked == []


BODIES = {
    "not-json": (b"<html>hello</html>", "no message"),
    "cut-json": (b'{"choices": [{"mess', "no message"),
    "empty": (b"", "no message"),
    "a-list": (b"[]", "no message"),
    "no-choices": (b'{"choices": []}', "no message"),
    "null-message": (b'{"choices": [{"message": null}]}', "no message"),
    "odd-choice": (b'{"choices": [7]}', "no message"),
    "deep": (b"[" * 100_000, "no message"),
    "not-utf-8": (b'{"choices": "\xff"}', "no message"),
    "a-number": (json.dumps(message(5)).encode(), "empty"),
    "no-text": (json.dumps(message("  ")).encode(), "empty"),
    "cut": (json.dumps(message("x", finish_reason="length")).encode(), "cut short"),
    "huge": (b" " * (2**20 + 1), "more than 1,048,576 bytes"),
    "tool": (
        json.dumps(
            {
                "choices": [
                    {
                        "message": {
                            "content": None,
                            "tool_calls": [{"function": {"name": "sh", "arguments": "rm -rf /"}}],
                        }
                    }
                ]
            }
        ).encode(),
        "wants to call a tool",
    ),
}


@pytest.mark.parametrize(("body", "why"), BODIES.values(), ids=BODIES)
def test_what_is_no_answer_is_said_without_quoting_it(model, body, why):
    """Whatever comes, it is a sentence of ours."""
    model.say(body)
    said = fault(model)
    assert why in said
    assert "rm -rf" not in said


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_a_refusal_is_told_by_its_number(model, status):
    """With what to do; the server's own words may repeat the key."""
    model.status = status
    model.say({"error": {"message": f"bad key {KEY}"}})
    assert fault(model) == f"127.0.0.1 answered {status}"
    assert len(model.asked) == 1


@pytest.mark.parametrize("kind", ["text/html", "application/octet-stream", "", "text/event-stream"])
def test_another_content_type_is_no_answer(model, kind):
    """A page of a proxy that wants a login is not read as an answer."""
    model.kind = kind
    assert "something else than JSON" in fault(model)


def test_a_packed_answer_is_none(model):
    """Nobody asked for one, and it may unpack without end."""
    model.more = {"Content-Encoding": "gzip"}
    model.say(b"x")
    assert "encoding" in fault(model)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(model, status):
    """What was sent, and the key, go nowhere else: not even to the same server."""
    with Model() as other:
        model.status = status
        model.more = {"Location": f"{other.url}/elsewhere"}
        assert "never followed" in fault(model)
        assert other.asked == other.headers == []
        assert len(model.asked) == 1


def dripping(handler):
    handler.wfile.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
    )
    while True:
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.02)


def silent(model):
    return lambda handler: model.is_over.wait(30)


def cut(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
    handler.wfile.flush()


def endless_headers(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        handler.wfile.write(b"X-A: " + b"a" * 1000 + b"\r\n")


def no_http(handler):
    handler.wfile.write(f"echo {KEY} secret question\r\n\r\n".encode())


@pytest.mark.parametrize("talk", [cut, endless_headers, no_http, lambda handler: None])
def test_an_answer_that_is_not_whole_is_none(model, talk):
    """Closed too early, no end of headers, no HTTP at all, nothing."""
    model.say(talk)
    assert fault(model)


@pytest.mark.parametrize("kind", ["silent", "dripping"])
def test_a_slow_answer_has_an_end(model, kind):
    """The limit is for all of it: a server that drips a byte at a time does not get more."""
    model.say(silent(model) if kind == "silent" else dripping)
    assert "did not answer within 0.3 s" in fault(model, seconds=0.3)


def test_whoever_waits_can_be_stopped(model):
    """At once, not when the answer comes; and no thread of ours waits on."""
    model.say(silent(model))
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        answer(model, is_stopped=stop.is_set, seconds=60)
    assert time.monotonic() - started < 5
    until = time.monotonic() + 10
    while any(thread.name == "autoexec-model" for thread in threading.enumerate()):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_nobody_there_is_said():
    """A port that nobody listens on."""
    with Model() as model:
        gone = where(model)
    with pytest.raises(ModelFault) as caught:
        ask(gone, b"{}", environment=ENVIRONMENT, seconds=5)
    assert "127.0.0.1 could not be asked" in caught.value.why


@pytest.mark.parametrize(
    "url",
    [
        "http://model.example/v1",
        "ftp://127.0.0.1/v1",
        "file:///etc/passwd",
        "https://user:password@model.example/v1",
        "https://",
        "https://model.example:99999/v1",
        "model.example",
        "http://127.0.0.1.evil.example/v1",
        "http://10.0.0.1/v1",
    ],
)
def test_an_address_that_others_could_read_is_refused(url):
    """https, or this machine; and no login in the address."""
    with pytest.raises(UsageError):
        endpoint(Config(fix_model=NAME, fix_url=url))


@pytest.mark.parametrize("missing", [{"fix_model": ""}, {"fix_url": ""}])
def test_by_default_there_is_no_model(missing):
    """Nobody is asked unless a person wrote who."""
    with pytest.raises(NeedsPerson, match="no language model is configured"):
        endpoint(Config(**{"fix_model": NAME, "fix_url": "https://a.example"} | missing))
    with pytest.raises(AutoexecError):
        endpoint(Config())


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://a.example/v1", "https://a.example/v1/chat/completions"),
        ("https://a.example/v1/", "https://a.example/v1/chat/completions"),
        ("https://a.example", "https://a.example/chat/completions"),
        ("https://a.example/d?api-version=1", "https://a.example/d/chat/completions?api-version=1"),
    ],
)
def test_the_address_is_below_what_is_configured(url, address):
    """As OpenAI's clients have it."""
    assert endpoint(Config(fix_model=NAME, fix_url=url)).address == address

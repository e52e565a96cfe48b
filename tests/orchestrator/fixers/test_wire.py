"""One POST, through a proxy where the environment names one; its limits are in `test_model`."""

from __future__ import annotations

import socket
import threading

import pytest

from autoexec_magic.orchestrator.fixers.wire import NoAnswer, post


@pytest.fixture
def proxy():
    """Yield a proxy that notes what it is asked and refuses it."""
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            while True:
                try:
                    talk, _ = server.accept()
                except OSError:
                    return
                with talk:
                    asked.append(talk.recv(65536).decode())
                    talk.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}", asked
        server.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def test_a_proxy_sees_the_host_and_no_more(proxy, monkeypatch):
    """What is sent, and the key, go through a tunnel that only its end can read."""
    place, asked = proxy
    for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", f"http://me:pass%20word@{place}")
    with pytest.raises(NoAnswer) as caught:
        post("https://model.example/v1", b"body", {"Authorization": "Bearer key"}, seconds=5)
    assert "pass" not in str(caught.value)
    [said] = asked
    assert said.startswith("CONNECT model.example:443")
    assert "Proxy-Authorization: Basic bWU6cGFzcyB3b3Jk" in said
    assert "body" not in said
    assert "Bearer" not in said


def test_this_machine_is_asked_without_a_proxy(model, proxy, monkeypatch):
    """Whatever the environment says: nobody else needs to know."""
    place, asked = proxy
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://{place}")
    assert post(f"{model.url}/chat/completions", b'{"messages": []}', {}, seconds=5).status == 200
    assert asked == []


@pytest.mark.parametrize("url", ["http://a.example", "gopher://a", "https:///x", "//a"])
def test_only_private_places_are_asked(url):
    """The rule holds here, too, not only where the setting is read."""
    with pytest.raises(NoAnswer):
        post(url, b"", {}, seconds=1)

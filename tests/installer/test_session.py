"""A quick client gives up in time, whatever the other side does."""

from __future__ import annotations

import socket
import threading
import time

import pytest
from index import Index, wheel

from autoexec_magic.installer import session
from autoexec_magic.installer.session import BeyondError, OfflineError, Session, UnreachableError

SOON_SECONDS = 20.0


@pytest.fixture
def client():
    """Return a session with short limits."""
    made = Session(seconds=0.3)
    yield made
    made.close()


def read(client, url):
    """Return status and content."""
    with client.get(url) as said:
        return said.status, b"".join(said.body)


def test_a_connection_serves_twice(client, index):
    """The second answer comes over the first one's connection."""
    index.add("frob", wheel("frob"))
    first = read(client, f"{index.url}/frob/")
    kept = {id(each) for each in client._open}
    assert (first, kept) == (read(client, f"{index.url}/frob/"), {id(each) for each in client._open})
    assert first[0] == 200


def test_redirects_are_followed_and_not_for_ever(client, index):
    """Five at most; and never to where anybody on the way could answer."""
    index.add("frob", wheel("frob"), redirect=True)
    index.add("loop", loop=True)
    assert read(client, f"{index.url}/frob/")[0] == 200
    with pytest.raises(BeyondError):
        read(client, f"{index.url}/loop/")
    with pytest.raises(BeyondError):
        read(client, "http://index.example/simple/")


def test_a_hanging_server_is_given_up(client, index):
    """It is named, and was reached."""
    index.add("frob", hang="page")
    with pytest.raises(UnreachableError, match="did not answer within") as raised:
        read(client, f"{index.url}/frob/")
    assert not isinstance(raised.value, OfflineError)


def test_nobody_there_is_said_at_once_and_not_tried_again(client, monkeypatch):
    """A port on which nobody listens, once."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/simple"
    with pytest.raises(OfflineError, match="could not be reached"):
        read(client, url)
    monkeypatch.setattr(session, "connected", None)
    with pytest.raises(OfflineError, match="could not be reached"):
        read(client, url)


def test_names_that_nobody_answers_are_given_up(client, monkeypatch):
    """A resolver that hangs does not hold anybody longer than a connection would."""
    monkeypatch.setattr(session, "CONNECT_SECONDS", 0.2)
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: released.wait(SOON_SECONDS) and [])
    start = time.monotonic()
    with pytest.raises(OfflineError, match="no address within"):
        read(client, "https://index.example/simple/")
    assert time.monotonic() - start < SOON_SECONDS / 2
    released.set()


def test_whoever_closes_it_ends_the_waits(index):
    """A read that would last is over at once."""
    index.add("frob", hang="page")
    client, faults = Session(seconds=30.0), []

    def wait():
        try:
            read(client, f"{index.url}/frob/")
        except UnreachableError as error:
            faults.append(error)

    waiter = threading.Thread(target=wait)
    waiter.start()
    while not index.asked:
        time.sleep(0.01)
    client.close()
    waiter.join(SOON_SECONDS)
    assert not waiter.is_alive()
    assert faults


def test_half_an_answer_is_none(client):
    """A server that closes before all has come is told from one that has said all."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            there, _ = server.accept()
            there.recv(1000)
            there.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
            there.close()

        threading.Thread(target=serve).start()
        with pytest.raises(UnreachableError, match="too early"):
            read(client, f"http://127.0.0.1:{server.getsockname()[1]}/x")


def test_an_index_twice(index):
    """Two servers are two connections."""
    client = Session(seconds=1.0)
    with Index() as other:
        index.add("frob")
        assert [read(client, f"{each.url}/frob/")[0] for each in (index, other)] == [200, 404]
    client.close()

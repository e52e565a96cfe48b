"""The promise: a client that asks 50 times a second sees no failure, whatever is switched or dies."""

from __future__ import annotations

import http.client
import os
import signal
import threading
import time
from collections import Counter

import pytest
import serviced
from serviced import instance, listening, until

from autoexec_magic.deployer.serving.routes import Share

SWITCHES = 50
EVERY_SECONDS = 0.02


class Client(threading.Thread):
    """Asks again and again; `is_kept` on one connection, else on a new one each time."""

    def __init__(self, port: int, *, is_kept: bool) -> None:
        super().__init__(daemon=True)
        self.port, self.is_kept = port, is_kept
        self.seen: Counter[str] = Counter()
        self.failures: list[str] = []
        self.is_done = threading.Event()

    def run(self) -> None:
        connection = self._connection()
        while not self.is_done.wait(EVERY_SECONDS):
            try:
                connection.request("GET", "/")
                answer = connection.getresponse()
                body = answer.read().decode()
                if answer.status != 200 or body not in ("a", "b"):
                    self.failures.append(f"{answer.status} {body}")
                self.seen[body] += 1
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
                connection.close()
                connection = self._connection()
            if not self.is_kept:
                connection.close()
                connection = self._connection()
        connection.close()

    def has_asked(self, times: int) -> None:
        """Wait until it has asked so often from now on, however slow this machine is."""
        before = self.seen.total() + len(self.failures)
        assert until(lambda: self.seen.total() + len(self.failures) >= before + times)

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=serviced.PATIENCE)


@pytest.mark.parametrize("is_kept", [True, False], ids=["kept", "fresh"])
def test_nobody_sees_switches_and_kills(tmp_path, service, is_kept):
    port = service.ensure()
    for name in "ab":
        service.start(instance(tmp_path, name, replicas=2))
        listening(service, name, 2)
    service.route([Share(release_id="a")], fallback="b")
    client = Client(port, is_kept=is_kept)
    client.start()
    try:
        for number in range(SWITCHES):
            live, spare = "ab"[number % 2], "ab"[(number + 1) % 2]
            service.route([Share(release_id=live)], fallback=spare, fence=number)
            if number % 5 == 0:
                one = service.state().instance(live).replicas[0]
                if one.pid:
                    os.kill(one.pid, signal.SIGKILL)
            time.sleep(2 * EVERY_SECONDS)
            client.has_asked(2)
            if number % 10 == 9:  # a pause before a start doubles; the next kill must find somebody
                assert until(lambda: len(service.state().instance("a").ports) == 2)
    finally:
        client.is_done.set()
        client.join(serviced.PATIENCE)
    assert client.failures == []
    assert client.seen["a"] > 10
    assert client.seen["b"] > 10
    state = service.state()
    assert sum(each.restarts for name in "ab" for each in state.instance(name).replicas) > 0
    assert sum(state.instance(name).requests for name in "ab") >= client.seen.total()


def test_nobody_sees_a_release_replaced_and_ended(tmp_path, service):
    """An update as a deployment makes it: start, wait until it answers, switch, stop the old one."""
    port = service.ensure()
    service.start(instance(tmp_path, "a"))
    listening(service, "a")
    service.route([Share(release_id="a")])
    clients = [Client(port, is_kept=is_kept) for is_kept in (True, False)]
    for client in clients:
        client.start()
    try:
        for old, new in ("ab", "ba", "ab", "ba"):
            service.start(instance(tmp_path, new))
            listening(service, new)
            service.route([Share(release_id=new, percent=100)], fallback=old)
            service.route([Share(release_id=new, percent=100)])
            service.stop(old)
            for client in clients:
                client.has_asked(5)
    finally:
        for client in clients:
            client.is_done.set()
        for client in clients:
            client.join(serviced.PATIENCE)
    assert [client.failures for client in clients] == [[], []]
    assert all(client.seen.total() > 10 for client in clients)

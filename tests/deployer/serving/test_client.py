"""The door: what it starts, what it says, what it refuses, and what comes back after a kill."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import serviced
from serviced import asked, instance, listening, until

from autoexec_magic import executor
from autoexec_magic.deployer.serving import place
from autoexec_magic.deployer.serving.client import Serving
from autoexec_magic.deployer.serving.routes import Routes, Share
from autoexec_magic.errors import PhaseError, UsageError

ALL = [Share(release_id="a")]


def is_gone(pid: int) -> bool:
    """Whether no such process runs."""
    found = executor.identify(pid)
    return found is None or not executor.is_alive(found)


def test_a_service_is_served_until_it_is_ended(tmp_path, service):
    assert service.state() is None
    port = service.ensure()
    assert asked(port).startswith(b"HTTP/1.1 503 ")
    service.start(instance(tmp_path, "a", labels={"digest": "sha256:1"}))
    listening(service, "a")
    assert asked(port).startswith(b"HTTP/1.1 503 ")
    service.route(ALL, fence=1)
    assert asked(port).endswith(b"a")
    state = service.state()
    seen = state.instance("a")
    assert (state.port, state.fence, state.routes) == (port, 1, Routes(shares=tuple(ALL)))
    assert (seen.requests, seen.errors, seen.labels) == (1, 0, {"digest": "sha256:1"})
    assert "listens" in Path(seen.log).read_text()
    pids = [state.pid, seen.replicas[0].pid]
    assert service.end()
    assert all(map(is_gone, pids))
    assert service.state() is None
    assert not service.end()


def test_its_folder_is_this_users_alone(service):
    service.ensure()
    for path in (service.folder, service.folder / "logs"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    for name in ("state.json", "service.json", "serving.log"):
        assert stat.S_IMODE((service.folder / name).stat().st_mode) == 0o600


def test_a_service_that_is_served_is_not_started_again(service):
    port = service.ensure()
    pid = service.state().pid
    assert service.ensure() == service.ensure(port) == port
    assert service.state().pid == pid


def test_a_port_that_was_given_is_the_port(service):
    port = serviced.nobody()
    assert service.ensure(port) == port
    with pytest.raises(UsageError) as caught:
        service.ensure(serviced.nobody())
    assert str(port) in caught.value.what


def test_a_port_that_is_taken_is_an_error_that_says_so(upstream, service):
    there = upstream(serviced.answers(b""))
    with pytest.raises(PhaseError) as caught:
        service.ensure(there.port)
    assert f"port {there.port}" in caught.value.why
    assert service.state() is None


def test_two_callers_at_once_start_one(service):
    found = []

    def ensure() -> None:
        mine = Serving(service.folder)
        found.append((mine.ensure(), mine.state().pid))

    threads = [threading.Thread(target=ensure) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(serviced.PATIENCE)
    assert len(found) == 4
    assert len(set(found)) == 1


def test_a_path_that_is_too_long_for_a_socket_is_no_hindrance(tmp_path):
    service = Serving(tmp_path / ("x" * 100) / "service")
    try:
        service.ensure()
        path = place.read(service.folder).socket
        assert not path.is_relative_to(service.folder)
        assert service.end()
        assert not path.parent.exists()
    finally:
        serviced.end_all(service)


def test_a_service_outlives_what_started_it(tmp_path, service):
    """The kernel may end; another one finds the service as it is."""
    code = """
import pathlib, sys
from autoexec_magic.deployer.serving.client import Serving
print(Serving(pathlib.Path(sys.argv[1])).ensure())
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(service.folder)], stdout=subprocess.PIPE, check=True
    )
    assert service.state().port == int(done.stdout)


def test_after_a_kill_all_comes_back_as_it_was(tmp_path, service):
    """The same port, routes, fence and instances; what the dead one left running is gone by then."""
    port = service.ensure()
    for name in "ab":
        service.start(instance(tmp_path, name, replicas=2))
    shares = [Share(release_id="a", percent=40), Share(release_id="b", percent=60)]
    service.route(shares, fallback="b", fence=7)
    listening(service, "a", 2)
    listening(service, "b", 2)
    before = service.state()
    left = [each.pid for name in "ab" for each in before.instance(name).replicas]
    serviced.kill(service)
    assert service.ensure() == port
    assert all(map(is_gone, [before.pid, *left]))
    after = service.state()
    assert (after.port, after.fence, after.routes) == (port, 7, before.routes)
    listening(service, "a", 2)
    listening(service, "b", 2)
    assert {asked(port)[-1:] for _ in range(50)} == {b"a", b"b"}


def test_what_outlives_a_kill_though_it_hides_is_ended_first(tmp_path, service):
    """A child in a session of its own, that takes no notice of TERM."""
    hides = """
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    print("child", os.getpid(), flush=True)
signal.pause()
"""
    service.ensure()
    service.start(instance(tmp_path, "a", hides))
    log = service.folder / "logs" / "a.log"
    assert until(lambda: log.exists() and "child" in log.read_text())
    child = int(log.read_text().split("child ")[1].split()[0])
    serviced.kill(service)
    service.ensure()
    assert is_gone(child)


def test_a_terminated_service_ends_in_order_and_comes_back(tmp_path, service):
    """TERM, as a machine that is shut down sends it, changes nothing of what is to be live."""
    port = service.ensure()
    service.start(instance(tmp_path, "a"))
    service.route(ALL)
    listening(service, "a")
    state = service.state()
    os.kill(state.pid, signal.SIGTERM)
    assert until(lambda: is_gone(state.pid))
    assert is_gone(state.instance("a").replicas[0].pid)
    assert service.state() is None
    assert service.ensure() == port
    listening(service, "a")
    assert asked(port).endswith(b"a")


def test_what_was_ended_does_not_come_back_but_its_port_does(tmp_path, service):
    port = service.ensure()
    service.start(instance(tmp_path, "a"))
    service.route(ALL, fence=5)
    service.end()
    assert service.ensure() == port
    state = service.state()
    assert (state.instances, state.routes, state.fence) == ((), Routes(), 5)


def test_a_switch_by_somebody_who_lost_the_lock_is_refused(tmp_path, service):
    """Also after the process that heard of the later one was killed."""
    service.ensure()
    for name in "ab":
        service.start(instance(tmp_path, name))
    service.route(ALL, fence=8)
    serviced.kill(service)
    service.ensure()
    with pytest.raises(PhaseError) as caught:
        service.route([Share(release_id="b")], fence=7)
    assert "8" in caught.value.why
    assert service.state().routes == Routes(shares=tuple(ALL))
    service.route([Share(release_id="b")], fence=8)


@pytest.mark.parametrize(
    "shares", [[Share(release_id="nobody")], [Share(release_id="a", percent=50)], [Share(release_id="a")] * 2]
)
def test_routes_that_cannot_be_are_refused(tmp_path, service, shares):
    service.ensure()
    service.start(instance(tmp_path, "a"))
    with pytest.raises(UsageError):
        service.route(shares, fence=9)
    assert service.state().fence == 0
    assert service.state().routes == Routes()


def test_ports_of_somebody_else_can_be_routed_to(upstream, service):
    """Containers are looked after by their engine."""
    port = service.ensure()
    there = upstream(serviced.answers(b"container"))
    service.route([Share(release_id="c", ports=(there.port,))])
    assert asked(port).endswith(b"container")
    assert service.state().instance("c").requests == 1


def test_a_release_is_stopped_when_its_requests_are_answered(tmp_path, service):
    port = service.ensure()
    for name in "ab":
        service.start(instance(tmp_path, name))
        listening(service, name)
    service.route(ALL, fallback="b")
    found = []
    thread = threading.Thread(target=lambda: found.append(asked(port, "/slow")))
    thread.start()
    assert until(lambda: service.state().instance("a").in_flight)
    assert service.stop("a", drain_seconds=serviced.PATIENCE)
    thread.join(serviced.PATIENCE)
    assert found[0].endswith(b"a")
    state = service.state()
    assert state.instance("a") is None
    assert state.routes == Routes(fallback=Share(release_id="b"))
    assert asked(port).endswith(b"b")
    assert not service.stop("a")


def test_a_request_that_takes_too_long_does_not_hold_up_a_stop(tmp_path, service):
    port = service.ensure()
    service.start(instance(tmp_path, "a", serviced.APP.replace("sleep(1)", "sleep(1000)")))
    listening(service, "a")
    service.route(ALL)
    with serviced.connect(port) as connection:
        connection.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        assert until(lambda: service.state().instance("a").in_flight)
        assert service.stop("a", drain_seconds=0.1)
        assert serviced.rest_of(connection).startswith(b"HTTP/1.1 502 ")


def test_an_instance_is_started_once_and_not_changed(tmp_path, service):
    service.ensure()
    web = instance(tmp_path, "a")
    service.start(web)
    service.start(web)
    with pytest.raises(UsageError):
        service.start(replace(web, replicas=2))
    with pytest.raises(UsageError):
        service.start(replace(web, release_id="b", cwd="/nowhere/at/all"))
    assert [each.release_id for each in service.state().instances] == ["a"]


def test_where_nothing_serves_a_command_says_what_to_do(tmp_path, service):
    with pytest.raises(PhaseError) as caught:
        service.route([])
    assert "ensure()" in caught.value.fix
    service.ensure()
    pid = serviced.kill(service)
    assert until(lambda: is_gone(pid))
    assert service.state() is None
    with pytest.raises(PhaseError):
        service.start(instance(tmp_path, "a"))


def test_a_process_that_does_not_answer_is_told_from_one_that_is_not_there(service):
    service.ensure()
    pid = service.state().pid
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(PhaseError) as caught:
            Serving(service.folder, answer_seconds=0.5).state()
        assert str(pid) in caught.value.why
    finally:
        os.kill(pid, signal.SIGCONT)
    assert service.state().pid == pid


def test_no_secret_is_told(tmp_path, service):
    """Neither by the state nor in what is on disk."""
    path = tmp_path / "secrets.json"
    path.write_text('{"HARMLESS": "hunter2-hunter2"}')
    path.chmod(0o600)
    service.ensure()
    code = "import os; print(os.environ['HARMLESS'], flush=True)\n" + serviced.APP
    service.start(instance(tmp_path, "a", code, secrets_file=str(path)))
    listening(service, "a")
    assert "hunter2" not in repr(service.state())
    for found in service.folder.rglob("*"):
        assert found.is_socket() or found.is_dir() or "hunter2" not in found.read_text()

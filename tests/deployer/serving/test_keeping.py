"""Instances: started once, seen, and ended."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
import serviced
from serviced import until

from autoexec_magic import executor
from autoexec_magic.deployer.serving.keeping import Keeping
from autoexec_magic.errors import UsageError


@pytest.fixture
def keeping(tmp_path):
    """Nothing runs yet; nothing is left afterwards."""
    with contextlib.closing(_Ended(tmp_path)) as found:
        yield found


class _Ended(Keeping):
    def close(self) -> None:
        self.end()


def test_each_replica_has_a_port_of_its_own(tmp_path, keeping):
    keeping.start(serviced.instance(tmp_path, "web", replicas=3))
    assert until(lambda: len(keeping.ports_of("web")) == 3)
    ports = keeping.ports_of("web")
    assert len(set(ports)) == 3
    assert until(lambda: all(map(serviced.is_listening, ports)))
    assert {serviced.asked(port)[-3:] for port in ports} == {b"web"}
    assert [each.number for each in keeping.replicas_of("web")] == [1, 2, 3]


def test_what_runs_is_not_started_twice(tmp_path, keeping):
    web = serviced.instance(tmp_path, "web")
    for _ in range(2):
        keeping.check(web)
        keeping.start(web)
    assert keeping.instances() == (web,)


def test_another_one_of_its_name_is_refused(tmp_path, keeping):
    web = serviced.instance(tmp_path, "web")
    keeping.start(web)
    with pytest.raises(UsageError):
        keeping.check(replace(web, replicas=2))


@pytest.mark.parametrize("wrong", [{"cwd": "/nowhere/at/all"}, {"secrets_file": "/nowhere/at/all"}])
def test_what_cannot_be_started_is_refused(tmp_path, keeping, wrong):
    with pytest.raises(UsageError):
        keeping.check(replace(serviced.instance(tmp_path, "web"), **wrong))


def test_a_stop_ends_one_and_leaves_the_other(tmp_path, keeping):
    for name in "ab":
        keeping.start(serviced.instance(tmp_path, name))
    assert until(lambda: keeping.ports_of("a") and keeping.ports_of("b"))
    (one,) = keeping.replicas_of("a")
    assert keeping.stop("a")
    assert not executor.is_alive(executor.ProcessId(one.pid, one.start_time))
    assert keeping.ports_of("a") is None
    assert keeping.replicas_of("a") == ()
    assert keeping.ports_of("b")
    assert not keeping.stop("a")


def test_the_end_is_the_end_of_all(tmp_path, keeping):
    for name in "abc":
        keeping.start(serviced.instance(tmp_path, name, replicas=2))
    assert until(lambda: all(len(keeping.ports_of(name)) == 2 for name in "abc"))
    seen = [each for name in "abc" for each in keeping.replicas_of(name)]
    keeping.end()
    assert not any(executor.is_alive(executor.ProcessId(each.pid, each.start_time)) for each in seen)
    assert keeping.instances() == ()

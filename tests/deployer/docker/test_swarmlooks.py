"""One look says what the Swarm, its tasks and the service itself say now; old tasks say nothing."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from deployer.docker.test_swarmservices import RELEASE, Engine, task, told

from autoexec_magic import executor
from autoexec_magic.deployer.docker import swarmlogs, swarmservices
from autoexec_magic.deployer.docker.swarmlooks import SwarmLooks
from autoexec_magic.errors import DeployError

SERVED = swarmservices.served_of(told())
BAD = {"state": "failed", "wanted": "shutdown", "Err": "task: non-zero exit (3)"}


def state(looks, *tasks, replicas=1):
    """Return what a look says of these tasks."""
    found = swarmservices.tasks_of(Engine(None, list(tasks)), SERVED)
    return looks._state(SERVED, found, replicas)


@pytest.mark.parametrize(
    ("tasks", "why"),
    [
        ([task("a")], ""),
        ([], "the Swarm has started none of it yet"),
        ([task("a", state="preparing")], "it is preparing"),
        (
            [task("a", state="pending", Err="no suitable node (host-mode port already in use on 1 node)")],
            "it is pending: no suitable node",
        ),
        ([task("a", wanted="remove")], "the Swarm has started none of it yet"),
        ([task("a", spec="another")], "the Swarm has started none of it yet"),
    ],
    ids=["runs", "none", "on its way", "no node", "about to go", "of an earlier spec"],
)
def test_what_a_service_waits_for_is_said(tasks, why):
    """And none of it is the end."""
    said, is_final = state(SwarmLooks(), *tasks)
    assert said.startswith(why)
    assert bool(said) == bool(why)
    assert not is_final


def test_one_that_has_a_health_check_waits_for_it():
    """The Swarm says that a task runs once it is well."""
    tasks = [swarmservices.task_of(task("a", state="starting"))]
    said, _ = SwarmLooks()._state(replace(SERVED, has_check=True), tasks, 1)
    assert "health check" in said


def test_tasks_that_end_again_and_again_are_the_end():
    """Those that had ended before the first look do not count."""
    looks = SwarmLooks()
    before = task("0", created="0", **BAD)
    assert state(looks, before, task("1", created="1")) == ("", False)
    ended = [before]
    for number in range(1, 4):
        ended.append(task(str(number), created=str(number), **BAD))
        said, is_final = state(looks, *ended, task(str(number + 1), created=str(number + 1)))
        assert "it ended with exit code 3" in said
        assert "was started again" in said
        assert is_final == (number == 3)
    assert state(looks, *ended, task("4", created="4"))[0] == ""


def test_a_task_that_the_swarm_has_forgotten_has_ended():
    """It keeps as few as it is told to."""
    looks = SwarmLooks()
    assert state(looks, task("1"))[0] == ""
    assert "started again 1 times" in state(looks, task("2", created="2"))[0]


def test_what_ended_before_it_was_started_again_does_not_count():
    """Nor what the Swarm has forgotten since it was seen."""
    looks = SwarmLooks()
    assert state(looks, task("1"), task("2"), replicas=2) == ("", False)
    looks.from_now(Engine(None, [task("2", **BAD), task("3", created="3")]), SERVED)
    assert state(looks, task("2", **BAD), task("3", created="3")) == ("", False)
    assert "started again 1 times" in state(looks, task("4", created="4"))[0]


class Listed(Engine):
    """Lists its service."""

    def services(self, filters):
        return [self.service] if self.service else []


def test_one_that_is_gone_or_another_is_no_service_of_the_release():
    """That is the end."""
    found = SwarmLooks().unwell(Listed(None), RELEASE)
    assert found.is_final
    assert "is not there" in found.why
    found = SwarmLooks().unwell(Listed(told()), replace(RELEASE, release_id="0190-other678"))
    assert found.is_final


def test_an_update_that_was_taken_back_is_not_ours():
    """Its tasks run, and its spec is not the release's: that is said, with how the Swarm names it."""
    other = told(1)
    other["Spec"]["TaskTemplate"]["ContainerSpec"]["Env"] = ["SAYS=two"]
    other["UpdateStatus"] = {"State": "rollback_completed"}
    running = task("1")
    running["Spec"]["ContainerSpec"]["Env"] = ["SAYS=two"]
    found = SwarmLooks().unwell(Listed(other, [running]), RELEASE)
    assert found.is_final
    assert "rollback_completed" in found.why
    assert "SAYS" in found.why


def test_the_last_lines_are_evidence_and_masked(monkeypatch):
    """With the task's own words."""
    monkeypatch.setattr(swarmlogs, "read", lambda *_, **__: b"says s3cr3t\n\nlast\n")
    looks = SwarmLooks(secrets=["s3cr3t"])
    looks._first["id"] = frozenset()
    found = looks.unwell(Listed(told(1), [task("1", **BAD)]), RELEASE)
    assert "it ended with exit code 3" in found.why
    assert found.evidence[1] == "last"
    assert "s3cr3t" not in str(found)


@pytest.mark.slow
@pytest.mark.limit(300)
def test_a_command_is_asked_by_the_swarm_itself(swarm_place):
    """As the health check of its tasks; what it says no to is not switched to."""
    place = swarm_place
    gate = replace(place.release().spec.gate, path="", command=("ls", "/tmp/well"))
    well = ("sh", "-c", ": > /tmp/well; exec python /app/main.py")
    place.deploy(place.release("1", gate=gate, command=well))

    def version():
        try:
            return place.answer()["version"]
        except OSError:  # the command says nothing of its port
            return None

    assert executor.wait_for(version, timeout=60) == "1"
    with pytest.raises(DeployError) as failed:
        place.deploy(place.release("2", gate=replace(gate, start_seconds=5)))
    assert "health check" in failed.value.why
    assert place.answer()["version"] == "1"


@pytest.mark.slow
@pytest.mark.limit(300)
def test_the_routing_mesh_is_used_where_it_works(swarm_place):
    """Without ip_vs in the kernel it is told what it needs, and nothing of it is left."""
    place = swarm_place
    gate = replace(place.release().spec.gate, start_seconds=10, answer_seconds=2)
    release = place.release("1", replicas=2, options=(("publish", "ingress"),), gate=gate)
    if Path("/proc/net/ip_vs").exists() and os.access("/proc/net/ip_vs", os.R_OK):
        place.deploy(release)
        assert place.answer()["version"] == "1"
        assert place.replicas() == {place.name(release): 2}
        return
    with pytest.raises(DeployError) as failed:
        place.deploy(release)
    assert "ip_vs" in failed.value.why
    assert executor.wait_for(lambda: place.replicas() == {} or None, timeout=60)

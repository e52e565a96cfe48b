"""What is seen of a service is what the Swarm has now: its spec, and the tasks of that spec alone."""

from __future__ import annotations

import copy
from dataclasses import replace

import docker.errors
import pytest

from autoexec_magic.deployer.docker import labels, swarmservices, swarmspec
from autoexec_magic.deployer.docker.swarmspec import Making
from autoexec_magic.releasefacts import Release, Secret, Spec

ID = f"sha256:{'aa' * 32}"
SPEC = Spec(
    artifact="image",
    reference="web:1",
    digest=ID,
    command=("serve",),
    environment=(("SAYS", "one"),),
    secrets=(Secret(name="TOKEN", reference="env:T", version="1"),),
    memory_bytes=200 << 20,
    cpus=0.5,
)
RELEASE = Release(service="web", target="docker", release_id="0190-12345678", spec=SPEC)
STORED = {"SecretID": "s1", "SecretName": "n", "File": {"Name": "TOKEN"}}


def told(replicas=2):
    """Return what the engine tells of a service of the release, as version 1.41 does."""
    making = Making(
        release=RELEASE, image={"Id": ID}, inner_port=8000, secrets=[STORED], owner="me", node_id="n"
    )
    words = swarmspec.words_of(making, name=labels.name_of(RELEASE, 1), replicas=replicas, port=20_000)
    template = {**copy.deepcopy(words["task_template"]), "ForceUpdate": 0, "Runtime": "container"}
    spec = {"Name": words["name"], "Labels": words["labels"], "TaskTemplate": template}
    spec |= {"Mode": words["mode"], "EndpointSpec": words["endpoint_spec"]}
    return {"ID": "id", "Version": {"Index": 7}, "Spec": spec, "Endpoint": {}}


class Engine:
    """Answers as an engine with one service, whose version moves on by itself for a while."""

    def __init__(self, service, tasks=(), busy=0):
        self.service, self.listed, self.busy, self.updates = service, tasks, busy, []

    def inspect_service(self, name):
        if self.service is None:
            raise docker.errors.NotFound("gone")
        return self.service

    def services(self, filters):
        return [self.service]

    def tasks(self, filters):
        assert filters == {"service": "id"}
        if self.listed is None:
            raise docker.errors.NotFound("gone")
        return self.listed

    def update_service(self, service, version, **words):
        if self.busy:
            self.busy -= 1
            self.service["Version"]["Index"] += 1
            raise docker.errors.APIError("rpc error: code = Unknown desc = update out of sequence")
        self.updates.append((version, words))


def test_a_service_is_read():
    """As a value; and its release stands on it."""
    served = swarmservices.served_of(told())
    assert (served.name, served.version, served.replicas) == (labels.name_of(RELEASE, 1), 7, 2)
    assert (served.port, served.inner_port) == (20_000, 8000)
    assert served.secrets == {"TOKEN": "s1"}
    assert served.release_id == RELEASE.release_id
    assert served.is_running
    assert served.update == ""
    assert labels.release_in(served.labels) == RELEASE
    assert swarmservices.differences(served, RELEASE) == []


def test_the_port_that_the_swarm_chose_counts():
    """It stands at the end of the service, and not in what was asked for."""
    found = told()
    found["Spec"]["EndpointSpec"]["Ports"][0].pop("PublishedPort")
    assert swarmservices.served_of(found).port == 0
    found["Endpoint"] = {"Ports": [{"TargetPort": 8000, "PublishedPort": 30_001}]}
    served = swarmservices.served_of(found)
    assert (served.port, served.inner_port) == (30_001, 8000)


def test_how_an_update_by_hand_went_is_told():
    """In the Swarm's words."""
    status = {"State": "rollback_completed", "Message": "rollback completed", "StartedAt": "2026"}
    found = swarmservices.served_of({**told(), "UpdateStatus": status})
    assert found.update == "rollback_completed, rollback completed, 2026"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"image": "web:2"}, "it runs another image"),
        ({"arguments": ("sh",)}, "its command is sh"),
        ({"arguments": ()}, "its command is its image"),
        ({"memory_bytes": 0}, "its memory is not limited"),
        ({"cpus": 2.0}, "its processors are 2"),
        ({"secrets": {}}, "its secrets are others"),
        ({"environment": {}}, "its variable SAYS is another"),
    ],
)
def test_what_is_other_than_its_release_says_is_told(changes, said):
    """In words; no value of a variable is."""
    found = swarmservices.differences(replace(swarmservices.served_of(told()), **changes), RELEASE)
    assert any(said in each for each in found)
    assert not any("one" in each for each in found)


def task(task_id, *, spec=None, state="running", wanted="running", created="1", **status):
    """Return what the engine tells of a task."""
    template = copy.deepcopy(told()["Spec"]["TaskTemplate"])
    template.pop("Runtime")
    if spec:
        template["ContainerSpec"]["Image"] = spec
    status = {"State": state, **status}
    return {
        "ID": task_id,
        "Spec": template,
        "DesiredState": wanted,
        "Status": status,
        "CreatedAt": created,
        "NodeID": "n",
    }


def test_tasks_of_an_earlier_spec_are_none_of_it():
    """They say nothing of what the service is now; the others come in the order of their making."""
    listed = [task("new", created="3"), task("old", spec="other", created="1"), task("mid", created="2")]
    served = swarmservices.served_of(told())
    assert [each.task_id for each in swarmservices.tasks_of(Engine(None, listed), served)] == ["mid", "new"]
    assert swarmservices.tasks_of(Engine(None, None), served) == []


@pytest.mark.parametrize(
    ("words", "ended", "running", "error"),
    [
        ({}, False, True, ""),
        ({"wanted": "remove"}, False, False, ""),
        ({"state": "starting"}, False, False, ""),
        (
            {"state": "failed", "wanted": "shutdown", "Err": "task: non-zero exit (3)"},
            True,
            False,
            "non-zero exit (3)",
        ),
        ({"state": "rejected", "Err": "No such image"}, True, False, "No such image"),
    ],
)
def test_a_task_is_read(words, ended, running, error):
    """One that the Swarm is about to remove does not run, though it does."""
    found = swarmservices.task_of(task("t", **words))
    assert (found.has_ended, found.is_running, found.error) == (ended, running, error)


def test_a_service_that_the_swarm_writes_at_the_same_time_is_scaled_all_the_same():
    """By its version of then; else it is as it was."""
    engine = Engine(told(), busy=3)
    swarmservices.scale(engine, "web", 0)
    ((version, words),) = engine.updates
    assert version == 10
    assert words["mode"] == {"Replicated": {"Replicas": 0}}
    assert words["task_template"] == told()["Spec"]["TaskTemplate"]
    assert words["labels"] == told()["Spec"]["Labels"]
    with pytest.raises(docker.errors.APIError):
        swarmservices.scale(Engine(told(), busy=99), "web", 0)


@pytest.mark.parametrize(("has", "published"), [(20_000, 20_000), (0, 21_000)])
def test_what_is_made_right_keeps_its_port_or_gets_one(has, published):
    """One that somebody took away is no reason to have none for ever."""
    found = told()
    if not has:
        found["Spec"]["EndpointSpec"] = {"Mode": "vip"}
    engine = Engine(found)
    making = Making(
        release=RELEASE, image={"Id": ID}, inner_port=8000, secrets=[STORED], owner="me", node_id="n"
    )
    swarmservices.changed(engine, "web", making, replicas=2, port=21_000)
    ((_, words),) = engine.updates
    assert words["endpoint_spec"]["Ports"][0]["PublishedPort"] == published


def test_past_tasks_are_those_that_ended_or_are_to_end():
    """Of an earlier spec, too; a service that goes meanwhile has none."""
    listed = [
        task("runs"),
        task("failed", state="failed", wanted="shutdown"),
        task("old", spec="other", state="shutdown", wanted="shutdown"),
        task("leaves", wanted="remove"),
        task("comes", state="pending"),
    ]
    assert swarmservices.past_tasks(Engine(told(), listed), "web") == {"failed", "old", "leaves"}
    assert swarmservices.past_tasks(Engine(told(), None), "web") == frozenset()


def test_scaling_to_what_is_there_is_nothing():
    """Nor is it with one that is gone."""
    for engine in (Engine(told(2)), Engine(None)):
        swarmservices.scale(engine, "web", 2)
        assert engine.updates == []

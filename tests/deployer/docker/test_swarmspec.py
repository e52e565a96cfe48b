"""What a Swarm is asked for: all of a release, with little power, and safe to be updated by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from autoexec_magic.deployer.docker import labels, swarmspec
from autoexec_magic.deployer.docker.swarmspec import Making
from autoexec_magic.releasefacts import Gate, Release, Secret, Spec

ID, MANIFEST = f"sha256:{'aa' * 32}", f"sha256:{'bb' * 32}"
SECOND = 10**9
SPEC = Spec(
    artifact="image",
    reference="r.example/web:1",
    digest=ID,
    command=("serve", "--fast"),
    environment=(("SAYS", "one"),),
    secrets=(Secret(name="TOKEN", reference="env:T", version="1"),),
    memory_bytes=256 << 20,
    cpus=0.5,
    options=(("stop-seconds", "3"),),
)
IMAGE = {"Id": ID, "RepoDigests": [f"r.example/web@{MANIFEST}"], "Config": {}}
STORED = {"SecretID": "s", "SecretName": "autoexec-web-1", "File": {"Name": "TOKEN"}}


def words(*, image=IMAGE, replicas=1, port=20_000, newer=False, **changes):
    """Return what a service of a release is created with."""
    release = Release(service="web", target="docker", release_id="0190-1", spec=replace(SPEC, **changes))
    making = Making(
        release=release,
        image=image,
        inner_port=8000,
        secrets=[STORED],
        owner="me",
        node_id="n1",
        has_no_new_privileges=newer,
    )
    return swarmspec.words_of(making, name="autoexec-web-1-1", replicas=replicas, port=port)


def test_it_has_all_of_its_release():
    """Its image by its id, variables, command, limits, secrets, and the release itself."""
    made = words()
    contained = made["task_template"]["ContainerSpec"]
    assert contained["Image"] == ID
    assert contained["Args"] == ["serve", "--fast"]
    assert set(contained["Env"]) == {"SAYS=one", "PORT=8000", "TOKEN_FILE=/run/secrets/TOKEN"}
    assert contained["Secrets"] == [STORED]
    assert contained["StopGracePeriod"] == 3 * SECOND
    limits = {"MemoryBytes": 256 << 20, "NanoCPUs": 500_000_000, "Pids": 512}
    assert made["task_template"]["Resources"] == {"Limits": limits}
    assert made["labels"][labels.OWNER] == "me"
    assert labels.release_in(made["labels"]).spec == SPEC
    json.dumps(made)


def test_a_tasks_container_is_not_taken_for_one_of_ours():
    """The Swarm ends it: it does not have the label by which containers are found."""
    assert labels.SERVICE not in words()["task_template"]["ContainerSpec"]["Labels"]


def test_it_has_as_little_power_as_it_can():
    """No capabilities; no new privileges where the engine knows how."""
    contained = words(newer=True)["task_template"]["ContainerSpec"]
    assert contained["CapabilityDrop"] == ["ALL"]
    assert contained["Privileges"] == {"NoNewPrivileges": True}
    assert "Privileges" not in words()["task_template"]["ContainerSpec"]


def test_by_a_port_of_the_node_a_task_is_replaced_in_its_place():
    """One port is one task's: it stops first; and it has to be where the proxy is."""
    made = words()
    (port,) = made["endpoint_spec"]["Ports"]
    assert (port["PublishMode"], port["PublishedPort"], port["TargetPort"]) == ("host", 20_000, 8000)
    assert made["update_config"]["Order"] == "stop-first"
    assert made["task_template"]["Placement"] == {"Constraints": ["node.id==n1"]}


def test_by_the_routing_mesh_any_node_may_run_it():
    """Where its image is a registry's; the Swarm chooses the port."""
    mesh = (("publish", "ingress"),)
    made = words(options=mesh, digest=MANIFEST, port=0, replicas=3)
    (port,) = made["endpoint_spec"]["Ports"]
    assert port["PublishMode"] == "ingress"
    assert "PublishedPort" not in port
    assert made["update_config"]["Order"] == "start-first"
    assert made["mode"] == {"Replicated": {"Replicas": 3}}
    assert made["task_template"]["ContainerSpec"]["Image"] == f"r.example/web@{MANIFEST}"
    assert "Placement" not in made["task_template"]
    only_here = words(options=mesh)["task_template"]  # known by its id alone
    assert only_here["ContainerSpec"]["Image"] == ID
    assert "Placement" in only_here


@pytest.mark.parametrize(("bake", "seconds"), [(0.5, 5), (30, 30), (9000, 600)])
def test_an_update_by_hand_is_taken_back_where_it_does_not_stay(bake, seconds):
    """It is watched for the bake time, within bounds; what cannot be taken back waits for a person."""
    made = words(gate=Gate(bake_seconds=bake))
    update, rollback = made["update_config"], made["rollback_config"]
    assert update["FailureAction"] == "rollback"
    assert rollback["FailureAction"] == "pause"
    assert {update["Monitor"], rollback["Monitor"]} == {seconds * SECOND}
    assert (update["MaxFailureRatio"], update["Parallelism"]) == (0, 1)


def test_the_gates_command_is_its_health_check():
    """In place of the image's own, which is asked at least every 5 s."""
    own = {"Test": ["CMD", "own"], "Interval": 30 * SECOND, "StartPeriod": 7}
    image = {**IMAGE, "Config": {"Healthcheck": own}}
    check = words(image=image)["task_template"]["ContainerSpec"]["Healthcheck"]
    assert check == {"Test": ["CMD", "own"], "Interval": 5 * SECOND, "StartPeriod": 7}
    gate = Gate(command=("./well", "now"), interval_seconds=2, answer_seconds=3, start_seconds=60, failures=4)
    check = words(image=image, gate=gate)["task_template"]["ContainerSpec"]["Healthcheck"]
    assert check == {
        "Test": ["CMD", "./well", "now"],
        "Interval": 2 * SECOND,
        "Timeout": 3 * SECOND,
        "Retries": 4,
        "StartPeriod": 60 * SECOND,
    }
    assert "Healthcheck" not in words()["task_template"]["ContainerSpec"]

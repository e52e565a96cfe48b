"""The objects of a release on a cluster."""

from __future__ import annotations

import base64
import json

import pytest

from autoexec_magic.deployer.difference import digest_of
from autoexec_magic.deployer.kubernetes import broken, names, objects
from autoexec_magic.deployer.kubernetes.settings import options_of
from autoexec_magic.deployer.spelled import release_of
from autoexec_magic.releasefacts import Gate, Release, Secret, Spec

ID = "0193a1b2-c3d4-7000-8000-0123456789ab"


def release(**spec):
    given = {"artifact": "image", "reference": "web:1", "digest": "sha256:" + "a" * 64, "port": 8080, **spec}
    return Release(service="web", target="kubernetes", release_id=ID, spec=Spec(**given), place="here/web")


def container(of: Release, *, sleeps: bool = False, **options: str):
    made = objects.deployment("web", of, options_of(options), sleeps=sleeps)
    return made["spec"]["template"]["spec"]["containers"][0]


@pytest.mark.parametrize("sleeps", [True, False])
@pytest.mark.parametrize("options", [{}, {"user": "1000", "image-pull-secret": "pull"}])
@pytest.mark.parametrize("gate", [Gate(), Gate(path="/health"), Gate(command=("true",))])
def test_what_we_make_meets_the_restricted_profile(sleeps, options, gate):
    made = objects.deployment("web", release(gate=gate), options_of(options), sleeps=sleeps)
    assert broken(made) == ()


def test_the_pods_say_which_release_they_are():
    """On the template: a Deployment's own annotations stay when somebody rolls it back."""
    of = release()
    template = objects.deployment("web", of, options_of({}), sleeps=False)["spec"]["template"]
    said = template["metadata"]["annotations"]
    assert said[names.RELEASE_ID] == ID
    assert said[names.DIGEST] == of.digest
    assert said[names.CONFIG_DIGEST] == digest_of(of.spec)
    assert release_of(json.loads(said[names.SPELLED])).spec == of.spec


def test_where_a_release_was_staged_makes_no_other_template():
    """An undo has the release as the ledger has it, without its place: its pods must not be made anew."""
    import dataclasses

    of = release()
    again = dataclasses.replace(of, place="")
    first, second = (objects.deployment("web", each, options_of({}), sleeps=False) for each in (of, again))
    assert first == second


@pytest.mark.parametrize(
    ("gate", "how"),
    [
        (Gate(path="/health"), {"httpGet": {"path": "/health", "port": 8080, "scheme": "HTTP"}}),
        (Gate(command=("check", "$HOME")), {"exec": {"command": ["check", "$$HOME"]}}),
        (Gate(), {"tcpSocket": {"port": 8080}}),
    ],
)
def test_the_probe_asks_what_the_gate_asks(gate, how):
    found = objects.readiness(gate, 8080)
    assert how.items() <= found.items()
    assert (found["periodSeconds"], found["timeoutSeconds"], found["failureThreshold"]) == (1, 2, 3)
    assert found["successThreshold"] == Gate().successes


def test_seconds_of_a_probe_are_whole_and_at_least_one():
    found = objects.readiness(Gate(interval_seconds=0.1, answer_seconds=2.4), 80)
    assert (found["periodSeconds"], found["timeoutSeconds"]) == (1, 3)


def test_a_dollar_is_no_variable_of_the_clusters():
    """To a cluster `$(HOME)` is a variable, in values and in commands."""
    of = release(environment=(("SHOWN", "$(HOME) $x $$"),), command=("echo", "$(HOME)"))
    found = container(of)
    assert {"name": "SHOWN", "value": "$$(HOME) $$x $$$$"} in found["env"]
    assert found["args"] == ["echo", "$$(HOME)"]


def test_a_container_is_told_its_port_unless_it_was_already():
    assert {"name": "PORT", "value": "8080"} in container(release())["env"]
    own = container(release(environment=(("PORT", "5000"),)))
    assert [each["value"] for each in own["env"] if each["name"] == "PORT"] == ["5000"]
    assert own["readinessProbe"]["tcpSocket"]["port"] == 5000


def test_a_value_of_a_secret_stands_in_the_secret_only():
    kept = (Secret(name="KEY", reference="env:KEY", version="ab"),)
    of = release(secrets=kept)
    made = objects.secret_object("web", of, {"KEY": "hunter2hunter2", "OTHER": "x"})
    assert made["immutable"] is True
    assert {name: base64.b64decode(value) for name, value in made["data"].items()} == {
        "KEY": b"hunter2hunter2"
    }
    whole = json.dumps(objects.deployment("web", of, options_of({}), sleeps=False))
    assert "hunter2" not in whole
    assert made["metadata"]["name"] in whole


def test_bounds_are_asked_for_and_kept():
    found = container(release(memory_bytes=2**28, cpus=0.25))["resources"]
    assert found["limits"] == found["requests"] == {"memory": "268435456", "cpu": "250m"}
    assert "resources" not in container(release())


def test_a_pod_serves_on_for_a_while_when_it_is_to_end():
    assert container(release(), sleeps=True)["lifecycle"]["preStop"] == {"sleep": {"seconds": 5}}
    assert container(release())["lifecycle"]["preStop"] == {"exec": {"command": ["sleep", "5"]}}
    assert objects.DRAIN_SECONDS < objects.GRACE_SECONDS


def test_the_service_leads_to_one_release_or_is_shared():
    of, options = release(), options_of({"service-type": "NodePort"})
    alone = objects.service_object("web", of, options, fence=7, version="12")
    shared = objects.service_object("web", of, options, fence=8, live_tail="00000000")
    assert alone["spec"]["selector"] == {names.SERVICE: "web", names.RELEASE: "456789ab"}
    assert alone["metadata"]["annotations"] == {names.FENCE: "7", names.LIVE: "456789ab"}
    assert alone["metadata"]["resourceVersion"] == "12"
    assert shared["spec"]["selector"] == {names.SERVICE: "web"}
    spare = objects.service_object("web", of, options, fence=7, before="aa")
    assert spare["metadata"]["annotations"][names.BEFORE] == "aa"
    assert shared["metadata"]["annotations"][names.LIVE] == "00000000"


def test_traffic_stays_with_pods_that_become_unready_only_while_the_gate_watches():
    of, options = release(), options_of({})
    ways = ({}, {"is_baking": False}, {"live_tail": "00000000"})
    found = [objects.service_object("web", of, options, fence=1, **way) for way in ways]
    assert [each["spec"]["publishNotReadyAddresses"] for each in found] == [True, False, False]


def test_a_budget_lets_one_pod_go_at_a_time():
    found = objects.budget("web", release(replicas=3))
    assert found["apiVersion"] == "policy/v1"
    assert found["spec"]["maxUnavailable"] == 1
    assert found["spec"]["selector"]["matchLabels"] == {names.SERVICE: "web", names.RELEASE: "456789ab"}

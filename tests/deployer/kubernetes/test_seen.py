"""What an object of the cluster says of a release."""

from __future__ import annotations

import copy

import pytest

from autoexec_magic.deployer.difference import fields_of
from autoexec_magic.deployer.kubernetes import names, objects, seen
from autoexec_magic.deployer.kubernetes.settings import options_of
from autoexec_magic.releasefacts import Gate, Release, Secret, Spec

DIGEST, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
FULL = Spec(
    artifact="image",
    reference="web:1",
    digest=DIGEST,
    command=("serve", "--text", "a $b"),
    port=8080,
    environment=(("MODE", "$(x) y"), ("EMPTY", "")),
    secrets=(Secret(name="KEY", reference="env:KEY", version="ab"),),
    replicas=2,
    memory_bytes=2**28,
    cpus=0.25,
    gate=Gate(path="/health"),
    options=(("container-port", "5000"), ("service-type", "NodePort")),
)
PLAIN = Spec(artifact="image", reference="web:1", digest=DIGEST)


def made(spec):
    release = Release(service="web", target="kubernetes", release_id="r-0123456789", spec=spec)
    options = options_of(dict(spec.options))
    deployment = objects.deployment("web", release, options, sleeps=False)
    return release, options, deployment, objects.service_object("web", release, options, fence=1)


@pytest.mark.parametrize("spec", [FULL, PLAIN, Spec(artifact="image", reference="a", digest=DIGEST, port=80)])
def test_what_nobody_changed_reads_as_it_was_written(spec):
    release, options, deployment, front = made(spec)
    assert seen.fields_in("web", deployment, front, release, options) == fields_of(spec)


def change(deployment, front, path, value):
    at = {"deployment": deployment["spec"], "front": front["spec"]}[path[0]]
    if path[1] == "container":
        at, path = deployment["spec"]["template"]["spec"]["containers"][0], path[1:]
    for key in path[1:-1]:
        at = at[key]
    at[path[-1]] = value


@pytest.mark.parametrize(
    ("path", "value", "name", "want"),
    [
        (("deployment", "replicas"), 5, "replicas", "5"),
        (("deployment", "container", "image"), f"web@{OTHER}", "digest", OTHER),
        (("deployment", "container", "image"), "web:2", "digest", "web:2"),
        (("deployment", "container", "args"), ["sleep"], "command", "sleep"),
        (
            ("deployment", "container", "resources", "limits"),
            {"memory": "1Gi", "cpu": "1"},
            "memory",
            str(2**30),
        ),
        (("deployment", "container", "resources", "limits"), {"cpu": "1"}, "cpus", "1"),
        (
            ("deployment", "container", "readinessProbe"),
            {"exec": {"command": ["true"]}},
            "health.command",
            "true",
        ),
        (("deployment", "container", "env"), [{"name": "MODE", "value": "z"}], "env.MODE", "z"),
        (("front", "ports"), [{"port": 81, "targetPort": 5000}], "port", "81"),
        (("front", "ports"), [{"port": 8080, "targetPort": 1}], "option.container-port", "1"),
        (("front", "type"), "ClusterIP", "option.service-type", "ClusterIP"),
    ],
)
def test_what_somebody_changed_shows_by_its_name(path, value, name, want):
    release, options, deployment, front = copy.deepcopy(made(FULL))
    change(deployment, front, path, value)
    assert seen.fields_in("web", deployment, front, release, options)[name] == want


def test_a_secret_from_elsewhere_shows():
    release, options, deployment, front = copy.deepcopy(made(FULL))
    env = deployment["spec"]["template"]["spec"]["containers"][0]["env"]
    env[-1]["valueFrom"]["secretKeyRef"]["name"] = "mine"
    found = seen.fields_in("web", deployment, front, release, options)
    assert found["secret.KEY"] == "the cluster's Secret mine"


def test_the_release_is_read_from_the_pod_template():
    release, _, deployment, _ = made(FULL)
    assert seen.release_in(deployment) == release
    deployment["spec"]["template"]["metadata"]["annotations"][names.SPELLED] = "{}"
    assert seen.release_in(deployment) is None
    assert seen.release_in({}) is None


@pytest.mark.parametrize(
    ("reference", "image", "ids", "want"),
    [
        pytest.param("web:1", "web:1", [f"docker://{DIGEST}"], DIGEST, id="the-same-bytes"),
        pytest.param("web:1", "web:1", [f"docker://{OTHER}"], OTHER, id="the-name-is-another-image-now"),
        pytest.param("web:1", "web:1", [OTHER], OTHER, id="containerd"),
        pytest.param("web:1", "web:1", [f"docker-pullable://web@{OTHER}"], DIGEST, id="not-to-be-compared"),
        pytest.param("web:1", "web:1", [], DIGEST, id="nothing-runs"),
        pytest.param(f"web@{DIGEST}", f"web@{DIGEST}", [OTHER], DIGEST, id="named-by-its-digest"),
        pytest.param("web:1", f"web@{OTHER}", [], OTHER, id="somebody-set-another"),
    ],
)
def test_digest_in(reference, image, ids, want):
    release = Release(
        service="web",
        target="kubernetes",
        release_id="r",
        spec=Spec(artifact="image", reference=reference, digest=DIGEST),
    )
    assert seen.digest_in(release, image, ids) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("1", 1),
        ("1500m", 1.5),
        ("1k", 1000),
        ("1Ki", 1024),
        ("1.5Gi", 1.5 * 2**30),
        ("", 0),
        ("1.2.3", 0),
        ("x", 0),
    ],
)
def test_quantity(text, want):
    assert seen.quantity(text) == want


def test_ours_is_what_says_so_and_of_which_service():
    _, _, deployment, front = made(PLAIN)
    assert seen.is_ours(deployment, "web")
    assert seen.is_ours(front, "web")
    assert not seen.is_ours(front, "other")
    assert not seen.is_ours({"metadata": {}}, "web")

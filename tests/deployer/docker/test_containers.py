"""What a container is created with, and what is seen of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autoexec_magic.deployer.docker import containers
from autoexec_magic.deployer.docker.containers import Seen
from autoexec_magic.errors import UsageError
from autoexec_magic.releasefacts import Release, Secret, Spec

SECOND = 10**9
SPEC = Spec(
    artifact="image",
    reference="web:1",
    digest=f"sha256:{'ab' * 32}",
    command=("serve",),
    environment=(("SAYS", "one"),),
    secrets=(Secret(name="TOKEN", reference="env:T", version="1"),),
    memory_bytes=5,
    cpus=0.5,
)
RELEASE = Release(service="web", target="docker", release_id="0190-12345678", spec=SPEC)
RIGHT = Seen(
    name="autoexec-web-12345678-1",
    container_id="c",
    image_id="i",
    status="running",
    labels={"autoexec.image-id": "i"},
    environment={"PATH": "/bin", "SAYS": "one", "PORT": "80", "TOKEN_FILE": "/run/secrets/TOKEN"},
    command=("serve",),
    port=20_000,
    inner_port=80,
    memory_bytes=5,
    cpus=0.5,
)
IMAGE = {"Config": {"Env": ["PATH=/bin"], "Cmd": ["sleep"]}}


def test_a_secret_is_in_the_environment_by_its_file():
    """And the port is told, unless the release says another."""
    assert containers.variables_of(SPEC, 80) == {
        "SAYS": "one",
        "PORT": "80",
        "TOKEN_FILE": "/run/secrets/TOKEN",
    }
    own = replace(SPEC, environment=(("PORT", "81"),))
    assert containers.variables_of(own, 80)["PORT"] == "81"


def test_a_variable_that_a_secret_needs_is_refused():
    """Nobody would know which is meant."""
    with pytest.raises(UsageError):
        containers.variables_of(replace(SPEC, environment=(("TOKEN_FILE", "/x"),)), 80)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, []),
        ({"image_id": "other"}, ["it runs another image"]),
        ({"environment": {**RIGHT.environment, "SAYS": "p4ssw0rd"}}, ["its variable SAYS is another"]),
        ({"environment": {**RIGHT.environment, "MORE": "p4ssw0rd"}}, ["its variable MORE is another"]),
        (
            {"environment": {"PATH": "/bin", "SAYS": "one", "PORT": "80"}},
            ["its variable TOKEN_FILE is another"],
        ),
        ({"command": ("sh",)}, ["its command is sh"]),
        ({"memory_bytes": 0}, ["its memory is not limited"]),
        ({"cpus": 2.0}, ["its processors are 2"]),
    ],
)
def test_what_differs_is_told_without_values(change, said):
    """Of variables that is: one may be a secret."""
    assert containers.differences(replace(RIGHT, **change), RELEASE, IMAGE) == said


def test_where_nobody_knows_the_image_its_variables_are_no_difference():
    """It was removed."""
    assert containers.differences(RIGHT, RELEASE, None) == []


@pytest.mark.parametrize(
    ("own", "interval"),
    [
        ({"Test": ["CMD", "true"]}, 5 * SECOND),
        ({"Test": ["CMD", "true"], "Interval": 30 * SECOND}, 5 * SECOND),
        ({"Test": ["CMD", "true"], "Interval": SECOND}, SECOND),
    ],
)
def test_an_images_own_check_is_asked_soon(own, interval):
    """Its first answer comes after its interval, and the gate waits for that."""
    assert containers.healthcheck({"Config": {"Healthcheck": own}})["interval"] == interval


@pytest.mark.parametrize("own", [None, {}, {"Test": ["NONE"]}, {"Test": []}])
def test_no_check_is_none(own):
    """Also one that was switched off."""
    assert containers.healthcheck({"Config": {"Healthcheck": own}}) == {}


def test_a_real_container_is_seen_as_it_is(place):
    """By the engine's words."""
    release = place.release("1", says="hello", memory_bytes=99 << 20)
    place.target().stage(release, place.events.append)
    seen = containers.seen(place.client, place.name(release))
    assert (seen.name, seen.status, seen.restarts) == (place.name(release), "running", 0)
    assert seen.environment["SAYS"] == "hello"
    assert seen.inner_port == 8000
    assert seen.port in range(20_000, 32_768)
    assert seen.memory_bytes == 99 << 20
    assert containers.seen(place.client, "nobody") is None
    assert [each.name for each in containers.all_of(place.client, "web")] == [place.name(release)]
    assert containers.all_of(place.client, "we") == []

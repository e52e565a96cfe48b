"""What is live is what the engine has, and not what ought to be (test_bluegreen.py reads real ones)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autoexec_magic.deployer import changes_of, fields_of
from autoexec_magic.deployer.docker import labels, reading
from autoexec_magic.deployer.docker.containers import Seen
from autoexec_magic.deployer.docker.reading import Found
from autoexec_magic.deployer.serving.routes import Routes, Share
from autoexec_magic.releasefacts import Release, Secret, Spec

ID, OTHER, MANIFEST = (f"sha256:{each * 32}" for each in ("aa", "bb", "cc"))
SPEC = Spec(
    artifact="image",
    reference="r.example/web:1",
    digest=ID,
    port=80,
    environment=(("LANG", "C"), ("SAYS", "one")),
    secrets=(Secret(name="TOKEN", reference="env:T", version="1"),),
)
RELEASE = Release(service="web", target="docker", release_id="0190-12345678", spec=SPEC)
IMAGE = {"Id": ID, "Config": {"Env": ["LANG=C", "PATH=/bin"], "Cmd": ["serve"]}}
ROUTES = Routes(shares=(Share(release_id=RELEASE.release_id, ports=(20_000,)),))


def seen(release=RELEASE, **words):
    """Return a container of a release, as it should be."""
    found = Seen(
        name=labels.name_of(release, 1),
        container_id="c",
        image_id=ID,
        status="running",
        labels=labels.labels_of(release, ID),
        environment={
            "LANG": "C",
            "SAYS": "one",
            "PATH": "/bin",
            "PORT": "8000",
            "TOKEN_FILE": "/run/secrets/TOKEN",
        },
        command=("serve",),
        port=20_000,
        inner_port=8000,
    )
    return replace(found, **words)


def live(container, *, release=RELEASE, image=IMAGE, port=80, others=()):
    """Return what is read of one container."""
    containers = (container,) if container else ()
    found = Found(seen=containers, release=release if containers else None, image=image, others=others)
    changed = reading.changes(found, ROUTES.shares[0])
    return reading.live_of(ROUTES, found, port=port, changed=changed)


def test_one_that_is_as_it_should_be_has_no_difference():
    """In no field, and nobody changed it."""
    found = live(seen())
    assert (found.digest, found.changed) == (ID, "")
    assert changes_of(found.fields, fields_of(SPEC)) == ()


@pytest.mark.parametrize(
    ("change", "field", "now"),
    [
        ({"environment": {"SAYS": "two"}}, "env.SAYS", "two"),
        ({"memory_bytes": 7}, "memory", "7"),
        ({"cpus": 1.5}, "cpus", "1.5"),
        ({"command": ("sh", "-c", "x y")}, "command", "sh -c 'x y'"),
        ({"image_id": OTHER}, "digest", OTHER),
    ],
)
def test_a_field_is_what_it_really_is(change, field, now):
    """Whatever stands on the container."""
    container = seen(**{**change, "environment": {**seen().environment, **change.get("environment", {})}})
    found = live(container)
    assert found.fields[field] == now
    assert found.changed


def test_a_secret_that_is_not_given_any_more_is_not_there():
    """Its file is not named."""
    environment = {name: value for name, value in seen().environment.items() if name != "TOKEN_FILE"}
    assert "secret.TOKEN" not in live(seen(environment=environment)).fields


def test_an_image_by_its_manifest_is_compared_by_what_the_engine_knows():
    """Where the image is gone, by what it was when its container was made."""
    release = replace(RELEASE, spec=replace(SPEC, digest=MANIFEST))
    known = {**IMAGE, "RepoDigests": [f"r.example/web@{MANIFEST}"]}
    assert live(seen(release), release=release, image=known).digest == MANIFEST
    assert live(seen(release), release=release, image=IMAGE).digest == ID
    assert live(seen(release), release=release, image=None).digest == MANIFEST
    assert live(seen(release, image_id=OTHER), release=release, image=None).digest == OTHER


def test_what_does_not_run_has_no_digest():
    """Nobody is served by it."""
    found = live(seen(status="exited"))
    assert (found.digest, found.fields) == ("", {})
    assert found.changed == "autoexec-web-12345678-1 does not run (exited)"
    assert live(None).digest == ""
    assert live(None).changed == "its containers are gone"


def test_what_nobody_can_reach_has_no_digest():
    """The proxy has ended."""
    found = live(seen(), port=0)
    assert found.digest == ""
    assert "nothing answers" in found.changed


def test_a_port_that_gets_no_traffic_shows():
    """It was made anew by somebody else."""
    assert "gets no traffic" in live(seen(port=20_001)).changed

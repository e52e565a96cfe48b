"""An image is found by its digest, pulled by it, and says on which port it listens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autoexec_magic import executor
from autoexec_magic.deployer.docker import images
from autoexec_magic.errors import DeployError, UsageError
from autoexec_magic.releasefacts import Spec

SPEC = Spec(artifact="image", reference="web:1", digest=f"sha256:{'ab' * 32}")


def image(*ports):
    """Return what an engine tells of an image that exposes ports."""
    return {"Id": SPEC.digest, "Config": {"ExposedPorts": {port: {} for port in ports}}}


def test_the_port_is_the_settings_the_images_or_the_services():
    """In this order."""
    said = replace(SPEC, port=80, options=(("container-port", "9000"),))
    assert images.port_of(said, image("8000/tcp")) == 9000
    assert images.port_of(replace(SPEC, port=80), image("8000/tcp", "53/udp")) == 8000
    assert images.port_of(replace(SPEC, port=80), image("8000/tcp", "9000/tcp")) == 80
    assert images.port_of(replace(SPEC, port=80), {"Id": "x", "Config": None}) == 80


@pytest.mark.parametrize("ports", [(), ("8000/tcp", "9000/tcp"), ("53/udp",)])
def test_a_port_that_nobody_says_is_asked_for(ports):
    """It is not guessed."""
    with pytest.raises(UsageError) as refused:
        images.port_of(SPEC, image(*ports))
    assert "container-port" in refused.value.fix


@pytest.mark.parametrize(
    ("reference", "repository"),
    [
        ("web", "web"),
        ("web:1", "web"),
        ("team/web:1", "team/web"),
        ("localhost:5000/web", "localhost:5000/web"),
        ("r.example:5000/team/web:1.2@sha256:ab", "r.example:5000/team/web"),
    ],
)
def test_a_repository_has_no_tag(reference, repository):
    """But its registry's port."""
    assert images.repository(reference) == repository


@pytest.mark.limit(300)
def test_an_image_of_a_registry_is_pulled_by_its_digest(place, registry):
    """Where the engine has it not, and its tag means another one by now; what runs is compared with it."""
    client, name = place.client, f"{registry}/web"
    client.tag(place.images["1"][0], name, "1")
    pushed = [line for line in client.push(name, "1", stream=True, decode=True) if "aux" in line]
    digest = pushed[-1]["aux"]["Digest"]
    client.remove_image(f"{name}:1")
    client.tag(place.images["2"][0], name, "1")
    place.images["r"] = (f"{name}:1", digest)
    release = place.release("r")
    place.deploy(release)
    live = place.target().live()
    assert place.answer()["version"] == "1"
    assert live.digest == digest
    assert live.changed == ""
    assert executor.wait_for(lambda: place.target().unwell(release) is None or None, timeout=60)
    client.remove_image(f"{name}:1")


def test_one_that_its_registry_has_not_is_said(place, registry):
    """With the name that was asked for."""
    place.images["r"] = (f"{registry}/nothing:1", f"sha256:{'cd' * 32}")
    with pytest.raises(DeployError) as failed:
        place.target().stage(place.release("r"), place.events.append)
    assert f"{registry}/nothing@sha256:cdcd" in failed.value.what
    assert place.containers() == {}

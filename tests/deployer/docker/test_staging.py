"""Containers come into being whole, also where an earlier try was cut short."""

from __future__ import annotations

import socket

import pytest
from engines import PYTHON

from autoexec_magic.deployer.docker import containers, labels, staging
from autoexec_magic.errors import DeployError, UsageError
from autoexec_magic.releasefacts import Secret


def test_a_value_is_one_of_its_version():
    """Another version's is none, nor is one that nobody knows."""
    known = staging.Known(values={"A": "value"}, versions={"A": "1"})
    assert known.value(Secret(name="A", reference="env:A", version="1")) == "value"
    assert known.value(Secret(name="A", reference="env:A", version="2")) is None
    assert known.value(Secret(name="B", reference="env:B", version="")) is None


def test_one_that_was_created_and_not_started_is_made_again(place):
    """Its secrets may not be in it."""
    release = place.release("1", secret="s3cr3t")
    image = place.client.inspect_image(release.digest)
    containers.create(
        place.client, release, image, name=place.name(release), port=8000, host_port=staging.free_port()
    )
    before = place.inspected(release)["Id"]
    place.deploy(release)
    assert place.inspected(release)["Id"] != before
    assert place.answer()["secrets"] == {"TOKEN": "s3cr3t"}


def test_a_port_that_is_taken_meanwhile_is_another(place):
    """And the secrets come along, though nobody else has them any more."""
    release = place.release("1", secret="s3cr3t")
    place.deploy(release)
    name = place.name(release)
    place.client.stop(name, timeout=1)
    port = containers.seen(place.client, name).port
    place.values.clear()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        place.deploy(release)
        assert containers.seen(place.client, name).port != port
    assert place.answer()["secrets"] == {"TOKEN": "s3cr3t"}


def test_one_with_our_labels_and_another_configuration_is_made_again(place):
    """What somebody else limited is as the release says."""
    release = place.release("1", memory_bytes=200 << 20)
    place.deploy(release)
    place.client.update_container(place.name(release), mem_limit=99 << 20, memswap_limit=-1)
    place.target().stage(release, place.events.append)
    assert place.inspected(release)["HostConfig"]["Memory"] == 200 << 20


def test_a_port_of_an_image_that_says_none_is_asked_for(place):
    """And nothing is made."""
    place.images["p"] = (PYTHON, place.client.inspect_image(PYTHON)["Id"])
    with pytest.raises(UsageError, match="nobody says on which port"):
        place.target().stage(place.release("p"), place.events.append)
    assert place.containers() == {}


def test_a_secret_without_a_version_is_not_taken_from_another_container(place):
    """Nobody could say that it is the same."""
    release = place.release("1", secret="s3cr3t")
    place.deploy(release)
    others = containers.all_of(place.client, "web")
    secret = Secret(name="TOKEN", reference="env:TOKEN", version="")
    assert staging._kept(place.client, others, secret) is None
    assert staging._kept(place.client, others, release.spec.secrets[0]) == "s3cr3t"


def test_a_free_port_is_nobodys():
    """And is below those that the system gives away."""
    port = staging.free_port()
    assert port in range(20_000, 32_768)
    with socket.create_server(("127.0.0.1", port)):
        pass


def test_no_port_at_all_is_said(monkeypatch):
    """It is not looked for without end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(staging, "_PORTS", [server.getsockname()[1]])
        with pytest.raises(DeployError):
            staging.free_port()


def test_labels_are_of_the_release_that_is_staged(place):
    """With its name at the engine."""
    staged = place.target().stage(place.release("1"), place.events.append)
    assert labels.release_in(place.inspected(staged)["Config"]["Labels"]) == staged

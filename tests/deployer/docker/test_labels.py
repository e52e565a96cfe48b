"""A release stands on its containers, whole, and what was changed there is no release."""

from __future__ import annotations

from dataclasses import replace

from autoexec_magic.deployer.docker import labels
from autoexec_magic.releasefacts import Gate, Release, Secret, Spec

SPEC = Spec(
    artifact="image",
    reference="web:1",
    digest=f"sha256:{'ab' * 32}",
    command=("serve", "--all"),
    environment=(("GREETING", "grüß dich"),),
    secrets=(Secret(name="TOKEN", reference="env:TOKEN", version="0123456789abcdef"),),
    gate=Gate(command=("true",), bake_seconds=1.5),
    options=(("container-port", "80"),),
)
RELEASE = Release(service="web", target="docker", release_id="0190-12345678", spec=SPEC, place="here")


def test_a_release_comes_back_as_it_was():
    """All of it."""
    assert labels.release_in(labels.labels_of(RELEASE, "sha256:1")) == RELEASE


def test_what_is_not_whole_is_none():
    """Another id, another configuration, no JSON, or nothing at all."""
    own = labels.labels_of(RELEASE, "sha256:1")
    other = labels.labels_of(replace(RELEASE, spec=replace(SPEC, cpus=2.0)), "sha256:1")
    assert labels.release_in({}) is None
    assert labels.release_in({**own, labels.RELEASE: "{"}) is None
    assert labels.release_in({**own, labels.RELEASE: "[]"}) is None
    assert labels.release_in({**own, labels.RELEASE_ID: "other"}) is None
    assert labels.release_in({**own, labels.RELEASE: other[labels.RELEASE]}) is None


def test_names_tell_releases_apart():
    """By the random part of their ids."""
    assert labels.name_of(RELEASE, 2) == "autoexec-web-12345678-2"

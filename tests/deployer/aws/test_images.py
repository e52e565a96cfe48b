"""Images in ECR: a real engine pushes to a real registry, which wants the token that ECR gives."""

from __future__ import annotations

import contextlib
import dataclasses

import pytest
import requests
from deployer.aws.conftest import breaking_engine, built, client
from deployer.aws.made import release

from autoexec_magic.deployer.aws import images
from autoexec_magic.deployer.aws.calls import Calls
from autoexec_magic.errors import DeployError, MissingTool


@pytest.fixture
def made(engine):
    """A release of an image that the engine has."""
    return release(reference="web:pushed", digest=built(engine, "web:pushed", "pushed"))


def test_an_image_is_pushed_once_and_known_by_its_digest(front, ecr, engine, made):
    """The id that the engine knows it by is the digest of what the manifest names; no tag of ours is left."""
    calls = Calls(service="web")
    uri = images.pushed(calls, "web", made)
    digest = uri.partition("@")[2]
    assert digest.startswith("sha256:")
    assert digest != made.digest
    assert images.artifact_digest(calls, "web", digest, made.digest) == made.digest
    assert images.artifact_digest(calls, "web", digest, "sha256:other") == digest
    front.seen.clear()
    assert images.pushed(calls, "web", made) == uri
    assert "ecr:GetAuthorizationToken" not in front.seen
    with contextlib.closing(engine.client()) as there:
        tags = [tag for each in there.images() for tag in each["RepoTags"] or ()]
    assert not [tag for tag in tags if "autoexec-" in tag]


def test_a_pinned_reference_is_found_without_an_engine(front, ecr, made, monkeypatch):
    """It is there already, by its digest."""
    uri = images.pushed(Calls(service="web"), "web", made)
    digest = uri.partition("@")[2]
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent.sock")
    spec = dataclasses.replace(made.spec, reference=uri, digest=digest)
    assert images.pushed(Calls(service="web"), "web", dataclasses.replace(made, spec=spec)) == uri


def test_what_nobody_has_is_told(front, ecr):
    """Neither ECR nor the engine."""
    with pytest.raises(DeployError, match="neither in ECR nor at the engine"):
        images.pushed(Calls(service="web"), "web", release(reference="nowhere:1"))


def test_a_tag_that_moved_is_told(front, ecr, made):
    """The name means another image than the one that was to be deployed."""
    spec = dataclasses.replace(made.spec, digest="sha256:" + "b" * 64)
    with pytest.raises(DeployError, match="another image by now"):
        images.pushed(Calls(service="web"), "web", dataclasses.replace(made, spec=spec))


def test_a_token_that_the_registry_does_not_take_is_told(front, ecr, made):
    """In its own words, without the token."""
    after = front.ecr_after
    front.ecr_after = lambda body: after(body).replace(b"bWU6aHVudGVyMg==", b"bWU6d3Jvbmc=")
    with pytest.raises(DeployError, match="could not be pushed") as caught:
        images.pushed(Calls(service="web"), "web", made)
    assert "wrong" not in str(caught.value)


def test_no_engine_is_a_missing_tool(front, monkeypatch):
    """Where the image has to be pushed."""
    client("ecr").create_repository(repositoryName="web")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent.sock")
    with pytest.raises(MissingTool, match="Docker Engine"):
        images.pushed(Calls(service="web"), "web", release())


def test_an_engine_that_breaks_off_is_told(monkeypatch):
    """As one that refuses is, and not as a library says it."""
    with breaking_engine() as url:
        monkeypatch.setenv("DOCKER_HOST", url)
        with pytest.raises(DeployError, match="Docker Engine") as caught, images.engine() as (there, _):
            there.inspect_image("web:1")
    assert caught.value.why
    assert caught.value.fix == "docker info"


@pytest.mark.parametrize("error", [requests.ReadTimeout("timed out"), requests.ConnectionError("gone")])
def test_an_engine_that_does_not_answer_in_time_is_told(monkeypatch, error):
    """While it is pushed, say."""
    with breaking_engine() as url:
        monkeypatch.setenv("DOCKER_HOST", url)
        with pytest.raises(DeployError, match="Docker Engine") as caught, images.engine():
            raise error
    assert str(error) in caught.value.why


def test_no_repository_is_told_with_the_command(front):
    """It is not made unasked: that is a right that a deploy need not have."""
    with pytest.raises(DeployError) as caught:
        images.pushed(Calls(service="web"), "web", release())
    assert "aws ecr create-repository --repository-name web" in caught.value.fix

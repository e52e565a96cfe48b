"""Images at a real registry: pushed with a token, read back, and not pushed twice."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest
from deployer.gcp.conftest import built
from deployer.gcp.planes import AT, release
from engines import started_registry

from autoexec_magic.deployer.gcp.asking import Asking
from autoexec_magic.deployer.gcp.image import at_registry, expected, held_by, named
from autoexec_magic.deployer.gcp.place import place_of
from autoexec_magic.errors import DeployError, MissingTool, UsageError

TOKEN = "ya29-token"
HASH = "$2b$05$abcdefghijklmnopqrstuuHjx.sDF3p.b1LL.gx188oj/DwHgJGrG"


class Asked(Asking):
    """Asking, with a token of the test's own."""

    def token(self, what):
        return self.given


def asking(repository, token=""):
    options = {"project": "my-project", "region": "europe-west1", "endpoint": "127.0.0.1:1"}
    made = Asked(place=place_of("web", {**options, "repository": repository}, {}))
    made.given = token
    return made


@pytest.fixture
def image(engine):
    with contextlib.closing(engine.client()) as client:
        return built(client, "1")


def local(digest):
    return release(reference="web:1", digest=digest)


def test_it_is_pushed_once_and_named_by_the_digest_of_the_registry(image, registry):
    """What an older release needs is there, with no engine."""
    said = []
    wanted, there = local(image), asking(f"{registry}/p/images-once")
    at = at_registry(wanted, there, said.append)
    held = held_by(f"{registry}/p/images-once/web", f"i{image[7:23]}", "")
    assert at == f"{registry}/p/images-once/web@{held.digest}"
    assert held.image == image
    os.environ["DOCKER_HOST"] = "unix:///nowhere/docker.sock"  # the fixture puts it back
    assert at_registry(wanted, there, said.append) == at
    assert len(said) == 1


def test_a_registry_that_wants_a_token_gets_it(image, tmp_path):
    """By the engine's own interface: on no command line, and in no file."""
    (tmp_path / "htpasswd").write_text(f"oauth2accesstoken:{HASH}\n")
    with started_registry(tmp_path, tmp_path / "htpasswd") as address:
        there = asking(f"{address}/p/images", TOKEN)
        assert at_registry(local(image), there, print).startswith(f"{address}/p/images/web@sha256:")
        with pytest.raises(DeployError) as caught:
            at_registry(local(image), asking(f"{address}/p/other", "wrong-token"), print)
        assert "roles/artifactregistry.writer" in caught.value.fix
        assert "wrong-token" not in str(caught.value)
    config = os.environ["DOCKER_CONFIG"]
    assert not any(TOKEN in path.read_text("utf-8", "replace") for path in Path(config).rglob("*.json"))


def test_another_image_under_our_tag_is_pushed_over(image, registry, engine):
    """The registry is believed by the bytes, and not by the tag."""
    with contextlib.closing(engine.client()) as client:
        other = built(client, "2")
        repository = f"{registry}/p/images-mixed/web"
        client.tag(other, repository, f"i{image[7:23]}")
        assert all(
            "error" not in each
            for each in client.push(repository, f"i{image[7:23]}", stream=True, decode=True)
        )
    at = at_registry(local(image), asking(f"{registry}/p/images-mixed"), print)
    assert held_by(repository, f"i{image[7:23]}", "").image == image
    assert at.startswith(repository)


def test_an_image_that_the_engine_has_not_any_more_is_told(engine, registry):
    """With what makes it again."""
    with pytest.raises(DeployError, match="was not pushed") as caught:
        at_registry(local(f"sha256:{'0' * 64}"), asking(f"{registry}/p/images"), print)
    assert "deploy it anew" in caught.value.fix


def test_without_an_engine_it_is_told(registry, monkeypatch):
    """It is a tool that is missing."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(MissingTool):
        at_registry(local(f"sha256:{'0' * 64}"), asking(f"{registry}/p/images"), print)


def test_without_a_repository_it_is_told_what_to_write():
    """It is guessed of nothing."""
    with pytest.raises(UsageError, match="registry") as caught:
        at_registry(local(f"sha256:{'0' * 64}"), asking(""), print)
    assert "europe-west1-docker.pkg.dev/my-project/REPOSITORY" in caught.value.fix


def test_an_image_that_is_named_by_its_digest_is_pushed_by_nobody():
    """With a tag before it, or without."""
    digest = AT.partition("@")[2]
    tagged = release(reference=AT.replace("@", ":1.2@"))
    assert named(tagged) == named(release()) == AT
    assert named(release(reference=f"host:5000/web@{digest}")) == f"host:5000/web@{digest}"
    assert at_registry(tagged, asking(""), print) == AT
    assert named(release(reference=AT, digest=f"sha256:{'1' * 64}")) == ""


def test_what_would_be_pushed_has_a_name_before(registry):
    """For a dry run, that pushes nothing."""
    name = expected(local(f"sha256:{'0' * 64}"), asking(f"{registry}/p/dry"))
    assert name == f"{registry}/p/dry/web:i{'0' * 16}"
    assert held_by(f"{registry}/p/dry/web", f"i{'0' * 16}", "") is None

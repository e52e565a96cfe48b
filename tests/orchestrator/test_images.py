"""An image that is there already: by its digest, or by what its name leads to."""

from __future__ import annotations

import pytest
from engines import PYTHON, engine, session_engine  # noqa: F401 (fixtures)

from autoexec_magic.errors import DeployError, MissingTool
from autoexec_magic.orchestrator.images import named_image

PINNED = "ghcr.io/team/web@sha256:" + "ab" * 32


def test_one_with_a_digest_is_what_it_says(monkeypatch):
    """Nobody is asked for that."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such/socket")
    found = named_image(PINNED)
    assert (found.reference, found.digest) == (PINNED, "sha256:" + "ab" * 32)


def test_without_an_engine_a_name_says_nothing(monkeypatch):
    """It says which engine is missing."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such/socket")
    with pytest.raises(MissingTool):
        named_image("web:1")


def test_a_name_is_what_the_engine_has_of_it(engine):  # noqa: F811
    """By its id; one that it has not is no release, and the command is told that brings it."""
    found = named_image(PYTHON)
    assert found.digest == engine.client().inspect_image(PYTHON)["Id"]
    with pytest.raises(DeployError, match="no image web:404") as caught:
        named_image("web:404")
    assert "docker pull web:404" in caught.value.fix

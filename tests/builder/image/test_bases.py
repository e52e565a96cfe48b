"""The digest of a base: its registry's or the engine's own, else a word that there is none."""

from __future__ import annotations

import contextlib

import pytest
from engines import PYTHON

from autoexec_magic.builder.image import bases
from autoexec_magic.errors import UsageError


def test_a_digest_is_read_from_the_engine_or_the_registry(engine, registry):
    """Both say the same."""
    with contextlib.closing(engine.client()) as client:
        client.tag(PYTHON, f"{registry}/base", "1")
        for _ in client.push(f"{registry}/base", tag="1", stream=True, decode=True):
            pass
        mine, digest, warning = bases.resolved(f"{registry}/base:1")
        client.remove_image(f"{registry}/base:1", noprune=True)
    assert mine == f"{registry}/base:1@{digest}"
    assert warning == ""
    assert bases.resolved(f"{registry}/base:1") == (mine, digest, "")


def test_what_has_no_digest_is_named_by_its_tag_with_a_warning(engine):
    """Made here, and from no registry."""
    name, digest, warning = bases.resolved(PYTHON)
    assert (name, digest) == (PYTHON, "")
    assert "from no registry" in warning


def test_a_digest_that_is_given_is_kept():
    """Nobody is asked."""
    name = "python:3@sha256:" + "a" * 64
    assert bases.resolved(name) == (name, "sha256:" + "a" * 64, "")
    with pytest.raises(UsageError):
        bases.resolved("Not A Name")

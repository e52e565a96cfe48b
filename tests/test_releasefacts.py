"""A release is a value: what it is made of cannot change, and what is left out means what people expect."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, replace
from typing import get_args

import pytest

from autoexec_magic.errors import DeployUnknown, RollbackFailed, RollbackUnverified, RolledBack
from autoexec_magic.releasefacts import DeployCode, Deployed, Gate, Release, Secret, Spec

SPEC = Spec(artifact="image", reference="web:1", digest="sha256:ab", options=(("drain", "3"),))
RELEASE = Release(service="web", target="local", release_id="1", spec=SPEC)


def test_an_option_is_found_by_name_and_has_a_default():
    """What a target asks for and nobody gave is the target's own to decide."""
    assert SPEC.option("drain", "10") == "3"
    assert SPEC.option("other", "10") == "10"
    assert SPEC.option("other") == ""


def test_a_releases_digest_is_its_artifacts():
    """There is one digest, and no second that could differ from it."""
    assert RELEASE.digest == "sha256:ab"
    assert replace(RELEASE, spec=replace(SPEC, digest="sha256:cd")).digest == "sha256:cd"


@pytest.mark.parametrize("value", [SPEC, RELEASE, Gate(), Secret(name="A", reference="env:A")])
def test_none_of_it_changes_once_it_is_made(value):
    """What was deployed is compared with what is live: neither may move meanwhile."""
    with pytest.raises(FrozenInstanceError):
        setattr(value, fields(value)[0].name, "other")
    assert hash(value) == hash(replace(value))


def test_nothing_is_good_unless_somebody_says_so():
    """Evidence is given, never assumed."""
    assert not Deployed(release=RELEASE, code="deployed").is_good


def test_what_an_undo_comes_to_has_a_code_of_the_ledger():
    """`end` writes an error's own code: the ledger must know each of them."""
    codes = {each.code for each in (RolledBack, RollbackFailed, RollbackUnverified, DeployUnknown)}
    assert codes <= {*get_args(DeployCode)}


def test_a_gate_that_nobody_described_asks_for_something():
    """No look at all, or none for any time, would let everything pass."""
    gate = Gate()
    assert gate.successes >= 1
    assert gate.failures >= 1
    assert gate.bake_seconds > 0
    assert 0 < gate.interval_seconds < gate.bake_seconds
    assert 0 < gate.answer_seconds <= gate.start_seconds

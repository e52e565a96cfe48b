"""Whether a revision is ready, by its own words of its own generation."""

from __future__ import annotations

import pytest
from google.cloud import run_v2

from autoexec_magic.deployer.gcp.condition import unready

C = run_v2.Condition


def revision(state="CONDITION_SUCCEEDED", *, generation=2, observed=2, reconciling=False, **reason):
    found = run_v2.Revision(generation=generation, observed_generation=observed, reconciling=reconciling)
    found.conditions = [C(type_="Ready", state=C.State[state], message="its words", **reason)]
    return found


def test_ready_is_ready():
    """Of this generation, and at rest."""
    assert unready(revision()) is None


@pytest.mark.parametrize(
    "stale",
    [
        pytest.param(revision(observed=1), id="of-the-generation-before"),
        pytest.param(revision(reconciling=True), id="still-changing"),
        pytest.param(run_v2.Revision(generation=1, observed_generation=1), id="nothing-said"),
        pytest.param(
            revision("CONDITION_FAILED", observed=1, revision_reason="HEALTH_CHECK_CONTAINER_ERROR"),
            id="a-failure-of-the-generation-before",
        ),
    ],
)
def test_what_was_so_before_is_neither_well_nor_final(stale):
    """It has to be waited for."""
    found = unready(stale)
    assert found is not None
    assert not found.is_final


@pytest.mark.parametrize(
    ("reason", "is_final"),
    [
        ({"revision_reason": "HEALTH_CHECK_CONTAINER_ERROR"}, True),
        ({"reason": "CONTAINER_MISSING"}, True),
        ({"reason": "SECRETS_ACCESS_CHECK_FAILED"}, True),
        ({"reason": "IMMEDIATE_RETRY"}, False),
        ({"revision_reason": "MIN_INSTANCES_NOT_PROVISIONED"}, False),
        ({}, False),
    ],
)
def test_what_waiting_does_not_mend_is_final(reason, is_final):
    """The rest may get well."""
    kinds = {"revision_reason": C.RevisionReason, "reason": C.CommonReason}
    given = {name: kinds[name][value] for name, value in reason.items()}
    found = unready(revision("CONDITION_FAILED", **given))
    assert found is not None
    assert found.is_final is is_final
    assert "its words" in found.why
    assert all(value in found.why for value in reason.values())


def test_a_revision_that_is_gone_is_final():
    """Nothing makes it again but a deploy."""
    found = unready(None)
    assert found is not None
    assert found.is_final

"""What is told of tests, as values."""

from __future__ import annotations

import dataclasses

import pytest

from autoexec_magic.casefacts import CaseCause, CaseFailure, FileCoverage


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(CaseFailure(), id="failure"),
        pytest.param(CaseCause(cause="c", cls="product", count=1, what="w"), id="cause"),
        pytest.param(FileCoverage(file="a.py", statements=1), id="coverage"),
    ],
)
def test_they_are_frozen_values(value):
    """They cross borders, so nobody changes one that somebody else holds."""
    name = dataclasses.fields(value)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, name, "other")


def test_a_failure_of_which_nothing_is_known_claims_nothing():
    """Its class is "", and how sure that is "unknown"."""
    assert (CaseFailure().cls, CaseFailure().confidence) == ("", "unknown")

"""The alias that people call; what it does with others beside it is seen in `test_function`."""

from __future__ import annotations

import pytest
from deployer.aws.conftest import client
from deployer.aws.test_versions import code, configuration, function, stamp  # noqa: F401 - a fixture

from autoexec_magic.deployer.aws import aliases
from autoexec_magic.deployer.aws.faults import Refused


@pytest.fixture
def two(function):  # noqa: F811
    """A function with two versions."""
    for name in ("r1", "r2"):
        function.published(code(), configuration(name), stamp(name))
    return function


def test_what_was_written_is_read(two):
    """With weights, and whose turn it was."""
    assert aliases.read(two, "live") is None
    aliases.point(two, "live", "1", fence=3)
    aliases.point(two, "live", "1", fence=3, weights={"2": 0.25})
    found = aliases.read(two, "live")
    assert (found.version, found.weights, found.turn.fence, found.changed) == ("1", (("2", 0.25),), 3, "")
    assert found.shares == {"1": 75.0, "2": 25.0}


def test_a_version_that_is_not_there_is_refused_by_aws(two):
    """And the alias stays."""
    aliases.point(two, "live", "1", fence=1)
    with pytest.raises(Refused) as caught:
        aliases.point(two, "live", "9", fence=2)
    assert caught.value.error == "ResourceNotFoundException"
    assert aliases.read(two, "live").version == "1"


def test_an_update_whose_answer_was_lost_is_no_conflict(front, two):
    """It is asked again with the old revision; what is there is what was wanted."""
    aliases.point(two, "live", "1", fence=1)
    made = front.lambdas._UpdateAlias
    lost = []

    def update(**given):
        found = made(**given)
        if not lost:
            lost.append(found)
            from deployer.aws.front import Fault

            raise Fault("ServiceException", "the answer is lost", 500)
        return found

    front.lambdas._UpdateAlias = update
    aliases.point(two, "live", "2", fence=2)
    assert lost
    assert aliases.read(two, "live").version == "2"


def test_who_changed_it_by_hand_is_told(two):
    """Its description, its version or its weights."""
    aliases.point(two, "live", "1", fence=1)
    theirs = client("lambda")
    theirs.update_alias(
        FunctionName="web", Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}}
    )
    assert aliases.read(two, "live").changed.endswith("to version 1, 50 % to version 2")
    theirs.update_alias(FunctionName="web", Name="live", Description="mine")
    assert "not ours" in aliases.read(two, "live").changed


def test_to_take_away_nothing_is_nothing(two):
    """It is done already."""
    aliases.remove(two, "live", fence=1)
    aliases.point(two, "live", "1", fence=2)
    aliases.remove(two, "live", fence=3)
    aliases.remove(two, "live", fence=3)
    assert aliases.read(two, "live") is None

"""A conflict reduced to its pair."""

from __future__ import annotations

import pytest

from autoexec_magic.diagnosis.pairs import Want, clash, conflict
from autoexec_magic.diagnosis.spots import spot_at


@pytest.mark.parametrize(
    ("wants", "pair"),
    [
        ([("a", "x<2"), ("b", "y>1"), ("c", "x>=2")], ("a", "c")),
        ([("a", "My_Name<2"), ("b", "my-name>=2")], ("a", "b")),
        ([("a", "x<2"), ("b", "x<2")], None),
        ([("a", "x<2"), ("a", "x>=2")], None),
        ([], None),
        ([("a", "!!"), ("b", "??")], None),
    ],
)
def test_the_first_two_that_want_the_same_differently_are_the_pair(wants, pair):
    """By the package's name, however it is spelled."""
    found = clash([Want(*each) for each in wants])
    assert (found and tuple(want.who for want in found)) == pair


def test_a_conflict_names_both_sides():
    """Who wants what, and who else wants what."""
    spot = spot_at("ERROR", 0)
    seen = conflict(spot, Want("a 1", "x<2"), Want("b 2", "x>=2"), last=spot, evidence=("chain",))
    assert (seen.code, seen.why) == ("version-conflict", "a 1 wants x<2, but b 2 wants x>=2")
    assert seen.evidence == ("chain",)

"""Traffic is always by name, sums to a hundred, and keeps what is live."""

from __future__ import annotations

import pytest

from autoexec_magic.deployer.gcp.traffic import Part, all_to, alone, beside, shares_of, some_to
from autoexec_magic.errors import UsageError

OLD, NEW = "web-00000001", "web-00000002"
LIVE = (Part(revision=OLD, percent=100, tag="r00000001", uri="https://r1---web"),)


def sums(parts):
    return sum(each.percent for each in parts)


def test_a_new_revision_gets_a_tag_and_nothing_else():
    """What is live keeps all of it."""
    parts = beside(LIVE, NEW)
    assert shares_of(parts) == {OLD: 100}
    assert parts[-1] == Part(revision=NEW, tag="r00000002")
    assert beside(parts, NEW) == parts


def test_a_revision_that_serves_untagged_gets_its_tag_where_it_is():
    """And stays once in the list."""
    assert beside([Part(revision=OLD, percent=100)], OLD) == (
        Part(revision=OLD, percent=100, tag="r00000001"),
    )


def test_all_goes_to_one_and_the_others_keep_their_tags():
    """A tag is how an older one is asked."""
    parts = all_to(beside(LIVE, NEW), NEW)
    assert shares_of(parts) == {NEW: 100}
    assert Part(revision=OLD, tag="r00000001") in parts
    assert sums(parts) == 100


@pytest.mark.parametrize("percent", [1, 10, 99])
def test_a_part_leaves_the_rest_to_who_has_most(percent):
    """Also where it has some already."""
    once = some_to(beside(LIVE, NEW), NEW, percent)
    twice = some_to(once, NEW, percent)
    assert shares_of(once) == shares_of(twice) == {OLD: 100 - percent, NEW: percent}
    assert sums(twice) == 100


@pytest.mark.parametrize("percent", [0.5, 0, 100, 12.5])
def test_what_is_no_whole_percent_is_refused(percent):
    """Cloud Run has none."""
    with pytest.raises(UsageError, match="cannot give"):
        some_to(LIVE, NEW, percent)


def test_alone_there_is_one_tag():
    """The others cost their least instances."""
    assert alone(NEW) == (Part(revision=NEW, percent=100, tag="r00000002"),)

"""What the installer is told of its surroundings, and what follows from the settings."""

from __future__ import annotations

import math

import pytest

from autoexec_magic.installer.context import LONGEST_HOURS, toolbox


@pytest.mark.parametrize(
    ("hours", "seconds"), [(0.0, 0.0), (1.5, 5400.0), (100.0, 3600 * LONGEST_HOURS), (math.inf, 86_400.0)]
)
def test_an_answer_of_the_index_counts_for_a_day_at_most(desk, hours, seconds):
    """Whatever is set: a release may have been withdrawn since."""
    desk.settings["index_hours"] = hours
    assert desk.context.search.keep_seconds == seconds


def test_blocked_names_are_compared_as_indexes_compare_them(desk):
    """However they are spelt (PEP 503)."""
    desk.settings["blocked"] = ("Frob_Core", "a.b")
    assert desk.context.search.blocked == {"frob-core", "a-b"}


def test_an_install_looks_ahead_and_asks_the_same_sources(desk):
    """What it needs is looked into on the way; a search alone does not."""
    context = desk.context
    assert not context.search.ahead
    assert toolbox(context).sources == context.search.sources
    assert toolbox(context).store is not None

"""The traffic goes over in rising parts, or the words that say otherwise are refused."""

from __future__ import annotations

import dataclasses
import json
import math
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autoexec_magic.deployer.shift import AT_ONCE, Query, Shift, shift_of, steps_of
from autoexec_magic.errors import UsageError

NUMBERS = st.one_of(st.integers(), st.floats(allow_nan=True, allow_infinity=True), st.integers(1, 99))


@given(st.lists(NUMBERS, max_size=5))
@example([10**400])
@example([50, 10])
@example([10, 10])
@example([0])
@example([100])
@example([math.nan])
@example([math.inf])
def test_steps_rise_and_are_parts_or_are_refused(percents):
    """Whatever is given: steps between 0 and 100 that rise, or one clear error."""
    try:
        found = steps_of(percents)
    except UsageError:
        return
    assert all(0 < each < 100 for each in found)
    assert all(one < other for one, other in pairwise(found))
    assert list(found) == percents
    assert all(type(each) is float for each in found)


@given(st.sets(st.floats(0.01, 99.99), max_size=6))
def test_what_rises_is_taken_as_it_is(percents):
    """Sensible steps are never refused."""
    assert steps_of(sorted(percents)) == tuple(sorted(percents))


def test_no_steps_are_all_at_once():
    """The plain deploy."""
    assert steps_of([]) == AT_ONCE.steps == ()
    assert not AT_ONCE.pauses


def test_the_error_shows_what_was_given_but_not_all_of_an_endless_number():
    """One line, whatever stands there."""
    with pytest.raises(UsageError, match="cannot be 50, 10") as caught:
        steps_of([50, 10])
    assert "--canary" in caught.value.fix
    with pytest.raises(UsageError) as caught:
        steps_of([10**400])
    assert len(caught.value.what) < 80


QUERIES = st.builds(
    Query, url=st.text(), expression=st.text(), most=st.none() | st.integers(-9, 9), token=st.text()
)


@given(st.booleans(), st.none() | QUERIES)
def test_a_shift_is_the_same_after_the_record(pauses, query):
    """A canary that is resumed is judged by what it was begun with."""
    shift = Shift(steps=(10.0, 50.0), samples=3, pauses=pauses, query=query)
    read = shift_of(json.loads(json.dumps(dataclasses.asdict(shift))))
    assert read == dataclasses.replace(shift, pauses=False)


@pytest.mark.parametrize("query", ["x", 7, ["a"], {"url": "u"}, {"url": "u", "expression": "e", "other": 1}])
def test_a_record_of_another_kind_is_none(query):
    """What is written there by somebody else is not believed in parts."""
    body = dataclasses.asdict(Shift(steps=(10.0,))) | {"query": query}
    assert shift_of(body) is None

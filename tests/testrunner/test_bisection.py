"""Which of the tests that ran before matter."""

from __future__ import annotations

from math import ceil, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.testrunner.bisection import needed


@st.composite
def suites(draw, most=3):
    """Draw how many tests there are, and which of them matter."""
    count = draw(st.integers(1, 300))
    wanted = draw(st.sets(st.integers(0, count - 1), min_size=1, max_size=most))
    return [f"t{n}" for n in range(count)], [f"t{n}" for n in sorted(wanted)]


@given(suites())
def test_those_that_matter_are_found(suite):
    """Whatever few tests matter together are found, in order, with about log2(n) questions each."""
    names, wanted = suite
    asked = []

    def holds(some):
        asked.append(list(some))
        return set(wanted) <= set(some)

    assert needed(names, holds) == tuple(wanted)
    assert len(asked) <= len(wanted) * (ceil(log2(max(2, len(names)))) + 1)
    assert all(sorted(some, key=names.index) == some for some in asked)


@given(st.integers(1, 200), st.randoms(use_true_random=False))
def test_what_is_returned_was_seen_to_be_enough(count, random):
    """Of answers that make no sense nothing is returned that was not answered with yes."""
    names = [f"t{n}" for n in range(count)]
    said = {}

    def holds(some):
        said[tuple(some)] = random.random() < 0.5
        return said[tuple(some)]

    found = needed(names, holds)
    assert found == () or said.get(found) or found == tuple(names)


def test_too_many_are_not_named():
    """Where it takes more tests than can be named, none is."""
    names = [str(n) for n in range(64)]
    assert needed(names, lambda some: len(some) > 10) == ()


def test_a_test_that_cleans_up_between_two():
    """A polluter behind one that cleans up is found, and the one before it is not blamed."""
    names = ["a", "dirty1", "b", "clean", "c", "dirty2", "d"]

    def holds(some):
        last = [name for name in some if name.startswith(("dirty", "clean"))][-1:]
        return last == ["dirty2"] or last == ["dirty1"]

    (found,) = needed(names, holds)
    assert found.startswith("dirty")


def test_what_is_raised_ends_the_search():
    """A run that cannot be made is the caller's to explain."""

    def holds(some):
        raise LookupError

    with pytest.raises(LookupError):
        needed("abc", holds)

"""Sizes are read as people write them, and written so that they are read as the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.sizes import more_than, size_of, spelled


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("512M", 512 * 2**20),
        ("512m", 512 * 2**20),
        ("2G", 2**31),
        ("2GiB", 2**31),
        ("2 GB", 2**31),
        ("0.5K", 512),
        ("1T", 2**40),
        (" 7 ", 7),
        ("100b", 100),
    ],
)
def test_a_size_is_read(text, size):
    """With or without a unit, however that is written."""
    assert size_of(text) == size


@pytest.mark.parametrize(
    "text", ["", "0", "-1", "M", "1X", "1.M", "nan", "1e9", "9" * 19, "9999999T", "1,5G", "١"]
)
def test_what_is_no_size_is_refused(text):
    """A limit that is not what was meant is worse than none."""
    with pytest.raises(ValueError, match="no size"):
        size_of(text)


@given(st.integers(1, 2**62))
def test_what_is_written_is_read_as_the_same(size):
    """A command that is typed again has the same limit."""
    assert size_of(spelled(size)) == size


@given(st.one_of(st.integers(1, 2**60), st.floats(0.01, 1e9)))
def test_the_next_one_to_try_is_at_least_twice_as_much(value):
    """And not more than ten times, so that raising it stays a small step."""
    more = more_than(value)
    assert 2 * value <= more <= max(2, 10 * value)

"""The kinds that rule files may name."""

from __future__ import annotations

import pytest

from autoexec_magic.executor.policy.found import Found
from autoexec_magic.executor.policy.kinds import KINDS, LAST

WORDS = [
    "",
    "-",
    "--",
    "a",
    "/",
    "//",
    ":",
    "@",
    "=",
    "a=",
    "=a",
    "\n",
    "\udcff",
    "a:b",
    "a::b",
    "'",
    "[",
    "\\",
    "%",
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("word", WORDS, ids=ascii)
def test_a_kind_takes_any_word(kind, word):
    """The odd ones too."""
    KINDS[kind](word, Found())


@pytest.mark.parametrize("kind", LAST)
@pytest.mark.parametrize("word", WORDS, ids=ascii)
def test_a_kind_takes_any_words_that_are_left(kind, word):
    """None at all, too."""
    LAST[kind]((), Found())
    LAST[kind]((word, word), Found())


def test_a_kind_is_of_one_sort():
    """A name in a rule file means one thing."""
    assert set(KINDS) & set(LAST) == set()
    assert all(kind == kind.lower() and "_" not in kind for kind in {*KINDS, *LAST})

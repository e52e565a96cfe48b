"""Rust's tables."""

from __future__ import annotations

import pytest

from autoexec_magic.diagnosis.rusttable import CARGO, COMPILER, PANICS, PLAIN


@pytest.mark.parametrize("number", COMPILER)
def test_a_code_of_rustc_is_explained_in_plain_words(number):
    """Code of ours, what it means, and what to do."""
    code, meaning, fix = COMPILER[number]
    assert number[0] == "E"
    assert number[1:].isdecimal()
    assert len(number) == 5
    assert code == code.lower()
    assert meaning
    assert fix


def test_the_codes_that_everybody_meets_are_there():
    """The issue names them."""
    wanted = "E0382 E0499 E0502 E0505 E0308 E0425 E0432 E0433 E0277 E0599 E0106 E0373"
    assert set(wanted.split()) <= set(COMPILER)


def test_every_other_row_has_a_fix():
    """A row that says nothing is none."""
    assert all(mark and code and fix for mark, code, fix in (*CARGO, *PANICS, *PLAIN))

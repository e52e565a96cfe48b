"""What earns the word certain."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from autoexec_magic.diagnosis import diagnose_text, tables
from autoexec_magic.diagnosis.plain import compose
from autoexec_magic.diagnosis.rows import Row, says
from autoexec_magic.diagnosis.sureness import COARSE, WRAPPERS, earned

DOCS = Path(__file__).parents[2] / "docs" / "diagnoses.md"


@pytest.mark.parametrize("code", sorted(COARSE))
def test_a_code_that_names_a_family_is_never_certain(code):
    """Whoever composes it: a row of Python's, or a reader of logs."""
    assert earned(code, "certain") == compose(code, "why", "fix", "certain").confidence == "likely"
    assert says(code, "fix").confidence == "likely"
    assert earned(code, "unknown") == "unknown"


def test_every_coarse_code_is_public():
    """A code that nobody gives would guard nothing."""
    public = set(re.findall(r"^\| `([a-z-]+)` \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE))
    assert COARSE >= WRAPPERS
    assert public >= COARSE


def test_no_row_claims_more_than_its_code_can_earn():
    """The tables are asked, not only their constructor."""
    rows = [row for row in tables.ROWS.values() if isinstance(row, Row)]
    assert len(rows) > 100
    assert not [row for row in rows if row.confidence != earned(row.code, row.confidence)]


def raised(error, frame, code):
    return f'Traceback (most recent call last):\n  File "{frame}", line 3, in f\n    {code}\n{error}\n'


def test_the_interpreters_words_in_a_packages_mouth_are_likely():
    """A package may raise a TypeError with the same words, and mean something else."""
    words = "TypeError: 'Frame' object is not iterable"
    assert diagnose_text(raised(words, "/tmp/x/a.py", "for x in frame:")).confidence == "certain"
    package = "/usr/lib/python3.11/site-packages/odd/a.py"
    assert diagnose_text(raised(words, package, "raise TypeError(words)")).confidence == "likely"


def test_a_wrapper_gives_way_to_what_was_said_before_it():
    """make only repeats that a command failed."""
    said = raised("AssertionError", "/tmp/x/a.py", "assert 1 == 2") + "make: *** [Makefile:2: test] Error 1\n"
    assert diagnose_text(said, language="bash").code == "assertion-failed"

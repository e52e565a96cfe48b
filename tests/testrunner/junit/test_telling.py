"""What a case is called and what is said of it in a line, over reports that the tools really wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoexec_magic.testrunner import junit
from autoexec_magic.testrunner.cases import Case, Problem, Said
from autoexec_magic.testrunner.junit.telling import id_of, line_of

DATA = Path(__file__).parents[2] / "data" / "junit"


def told(name):
    """Return the ids and lines of what failed in a real report."""
    return {id_of(case): line_of(case) for case in junit.read(DATA / name).cases if case.is_bad}


@pytest.mark.parametrize(
    ("name", "nodeid", "line"),
    [
        ("pytest-xunit1-reruns.xml", "test_broken.py", "ModuleNotFoundError: No module named 'nosuchthing'"),
        ("pytest-xunit1-reruns.xml", "test_cart.py::TestCart::TestFull::test_deep", "KeyError: 'port'"),
        ("pytest.xml", "test_cart::test_totals", "AssertionError: the <total>"),
        ("unittest.xml", "unit.py::Cart::test_breaks", "KeyError: 'port'"),
        ("surefire-junit5.xml", "shop.CartTest::breaks", "IllegalStateException: no database"),
        ("gotestsum.xml", "shop::TestTotals", "cart_test.go:10: got 4, want 5"),
        ("gotestsum.xml", "shop::TestPanics", "panic: assignment to entry in nil map [recovered]"),
        ("googletest.xml", "a.cc::Cart::Totals", "a.cc:3: Expected equality of these values:"),
        (
            "phpunit.xml",
            "/tmp/x/CartTest.php::CartTest::testTotals",
            'ExpectationFailedException: the total of "two"',
        ),
        (
            "cargo-two-documents.xml",
            "cart::totals",
            'assertion `left == right` failed: the "total" & <two>',
        ),
        ("ctest.xml", "totals", "got 4"),
        ("node.xml", "cart::full::fails & &quot;burns&quot;", "nodatabase"),
        ("jest.xml", "cart breaks", 'Error: no "database" & <more>'),
        ("tap.xml", "a_t", "Dubious, test returned 1 (wstat 256, 0x100)"),
    ],
)
def test_what_tools_really_write_is_told_in_one_line(name, nodeid, line):
    """Whatever they put in front of it, or wherever they hide it."""
    assert told(name)[nodeid] == line


def test_a_case_with_nothing_said_has_an_empty_line():
    """Nothing is invented."""
    assert line_of(Case("a", verdict="failed")) == ""
    assert line_of(Case("a")) == ""


def test_what_is_skipped_says_why():
    """Its reason, and of what was flaky the first attempt."""
    assert line_of(Case("a", verdict="skipped", said=Said(reason="\n later\nmore"))) == "later"
    flaky = Said(problems=(Problem(kind="flaky-failure", message="once"),))
    assert line_of(Case("a", said=flaky)) == "once"

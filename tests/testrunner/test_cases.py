"""One test of anybody's."""

from __future__ import annotations

from autoexec_magic.testrunner.cases import Case, Problem, Said


def test_a_case_is_flaky_that_passed_in_the_end():
    """One that never passed is not."""
    once = Said(problems=(Problem(kind="flaky-failure", message="m"),))
    assert Case("a", said=once).is_flaky
    assert not Case("a", verdict="failed", said=once).is_flaky
    assert not Case("a").is_flaky


def test_what_is_said_of_it_is_one_line():
    """The first problem that says something, else why it was skipped."""
    said = Said(problems=(Problem(kind="error"), Problem(kind="failure", text="\n  first\nsecond")))
    assert Case("a", verdict="error", said=said).message == "first"
    assert Case("a", verdict="skipped", said=Said(reason="later\nor never")).message == "later"


def test_a_case_is_known_by_the_best_id_there_is():
    """pytest's own, else where it is written and what it is called."""
    assert Case("t", "c", said=Said(nodeid="a.py::t")).key == "a.py::t"
    assert Case("t", "c", said=Said(file="a.py")).key == "a.py::t"
    assert Case("t", "c").key == "c::t"

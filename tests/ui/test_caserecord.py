"""A test as a record for machines."""

from __future__ import annotations

from autoexec_magic.testrunner import Case, Problem, Said
from autoexec_magic.ui.caserecord import case_record


def test_a_failed_test_has_its_class_and_its_line():
    """What is known of it: id, verdict, seconds, what kind of fault, and the first line of what it said."""
    problem = Problem(kind="failure", type="ValueError", message="no size\nand more")
    said = Said(nodeid="tests/test_a.py::test_b[x]", problems=(problem,))
    assert case_record(Case("test_b[x]", "tests.test_a", "failed", (), 0.5, said), "product") == {
        "kind": "Case",
        "nodeid": "tests/test_a.py::test_b[x]",
        "verdict": "failed",
        "seconds": 0.5,
        "class": "product",
        "message": "ValueError: no size",
    }


def test_attempts_are_counted_where_there_were_several():
    """A test that passed at its second attempt says so."""
    said = Said(nodeid="a.py::b", problems=(Problem(kind="flaky-failure", message="once"),))
    record = case_record(Case("b", "a", "passed", (), 0.1, said))
    assert (record["attempts"], record["flaky"], record["class"]) == (2, True, "")

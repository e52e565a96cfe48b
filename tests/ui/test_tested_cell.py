"""What is said of the tests of a cell that did not pass."""

from __future__ import annotations

import pytest

from autoexec_magic.testrunner import Case, Problem, Said, Spot, Told
from autoexec_magic.ui import tested_cell


def case(name, verdict, **more):
    """Return a case, with a problem where it is bad."""
    problem = Problem(kind="failure", type="E", message="it is\x1b[31m so", spot=Spot(phase="call", **more))
    problems = (problem,) if verdict in ("failed", "error") else ()
    return Case(name, "cell", verdict, seconds=0.5, said=Said(nodeid=f"cell::{name}", problems=problems))


PASSED, FAILED, NOT_RUN = case("a", "passed"), case("b", "failed"), case("c", "not-run")


@pytest.mark.parametrize(
    ("told", "what"),
    [
        (Told(cases=(PASSED,), exit=0), None),
        (Told(cases=(PASSED, FAILED), exit=1), "1 of 2 tests did not pass"),
        (Told(cases=(PASSED, FAILED, NOT_RUN), exit=1), "1 of 2 tests did not pass"),
        (Told(cases=(), unread=(case("x", "error"),), exit=2), "the cell could not be collected"),
        (Told(cases=(), unread=(case("x", "skipped"),), exit=5), None),
        (Told(cases=(), exit=5), "no test was found"),
        (Told(cases=(PASSED,), exit=0, faults=("torn",)), "the tests did not run to their end"),
        (Told(cases=(PASSED,), exit=3), "pytest had an internal error"),
        (Told(cases=(PASSED, NOT_RUN), missing=1, exit=0), "1 tests were collected and did not run"),
        (Told(cases=(PASSED,), exit=77), "pytest ended with exit code 77"),
    ],
)
def test_what_did_not_pass_is_said(told, what):
    """Whatever pytest ended with: what did not run has not passed."""
    found = tested_cell.fault(told)
    assert (found and found.what) == what
    assert found is None or (found.why and found.fix)


def test_the_line_of_a_cell_that_cannot_be_read_is_named():
    """It is the next thing to mend."""
    bad = case("x", "error", file="cell", line=7)
    found = tested_cell.fault(Told(cases=(), unread=(bad,), exit=2))
    assert found.fix == "mend line 7 of the cell"


def test_a_case_is_told_in_one_line():
    """Without anything that a terminal would obey."""
    event = tested_cell.plain(FAILED)
    assert (event.nodeid, event.verdict, event.seconds) == ("cell::b", "failed", 0.5)
    assert "\x1b" not in event.message

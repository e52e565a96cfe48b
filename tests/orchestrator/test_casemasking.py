"""Secrets in what was told of tests: masked in words and names, or in words alone."""

from __future__ import annotations

from autoexec_magic.orchestrator.casemasking import masked, masked_run, masked_words
from autoexec_magic.testrunner import Case, Problem, Told
from autoexec_magic.testrunner.cases import Said

SECRET = "hunter2hunter2"
NODEID = f"test_a.py::test_a[{SECRET}]"


def test_names_are_masked_for_people_and_kept_to_run_again():
    """A test is found again by nothing but its name."""
    problem = Problem(kind="failure", message=f"it was {SECRET[:9]}…")
    case = Case(f"test_a[{SECRET}]", said=Said(nodeid=NODEID, problems=(problem,), stdout=f"…{SECRET[4:]}"))
    shown, kept = masked(case, (SECRET,)), masked_words(case, (SECRET,))
    assert (shown.name, shown.key) == ("test_a[***]", "test_a.py::test_a[***]")
    assert (kept.name, kept.key) == (case.name, NODEID)
    assert shown.said.problems == kept.said.problems == (Problem(kind="failure", message="it was ***…"),)
    assert shown.said.stdout == kept.said.stdout == "…***"


def test_most_cases_say_nothing_and_stay_the_same_object():
    """There may be a million of them."""
    case = Case("test_a", "test_a", said=Said(nodeid="test_a.py::test_a"))
    assert masked(case, (SECRET,)) is case
    assert masked_words(case, (SECRET,)) is case
    named = masked(Case(f"test_a[{SECRET}]", said=Said(nodeid=NODEID)), (SECRET,))
    assert (named.name, named.key) == ("test_a[***]", "test_a.py::test_a[***]")


def test_of_a_run_all_is_masked_that_anybody_is_told():
    """Cases, files that could not be read, and reasons not to believe it."""
    case = Case(f"test_a[{SECRET}]", said=Said(nodeid=NODEID, reason=SECRET))
    told = Told(cases=(case,), unread=(case,), faults=(f"pytest itself failed: {SECRET}",))
    assert SECRET not in repr(masked_run(told, (SECRET,)))
    again = masked_run(told, (SECRET,), with_names=False)
    assert ([each.key for each in again.all], again.all[0].said.reason) == ([NODEID, NODEID], "***")
    assert again.faults == ("pytest itself failed: ***",)

"""What became of the cases from one run to the next."""

from __future__ import annotations

from autoexec_magic.testrunner.cases import Case, Problem, Said
from autoexec_magic.testrunner.junit.comparing import compare, merged


def names(cases):
    return [case.name for case in cases]


def test_each_case_is_in_the_lists_it_belongs_to():
    """New failures, fixed, still failing, added and gone."""
    old = [Case("a"), Case("b", verdict="failed"), Case("c", verdict="error"), Case("d")]
    new = [Case("a", verdict="failed"), Case("b"), Case("c", verdict="failed"), Case("e", verdict="failed")]
    found = compare(old, new)
    assert names(found.failing) == ["a", "e"]
    assert names(found.fixed) == ["b"]
    assert names(found.still) == ["c"]
    assert names(found.added) == ["e"]
    assert names(found.gone) == ["d"]


def test_what_failed_and_is_skipped_now_is_not_fixed():
    """Nobody mended it."""
    assert compare([Case("a", verdict="failed")], [Case("a", verdict="skipped")]).fixed == ()


def test_slower_is_by_a_factor_and_by_an_amount():
    """A test of a millisecond that takes two is no news."""
    old = [Case("a", seconds=0.001), Case("b", seconds=1.0), Case("c", seconds=1.0), Case("d", seconds=None)]
    new = [Case("a", seconds=0.01), Case("b", seconds=1.6), Case("c", seconds=1.4), Case("d", seconds=9.0)]
    assert [now.name for _, now in compare(old, new).slower] == ["b"]


def test_of_several_with_one_id_the_worst_counts():
    """A failure is not hidden by a case of the same name that passed."""
    found = compare([Case("a")], [Case("a", verdict="failed"), Case("a")])
    assert names(found.failing) == ["a"]


def test_a_later_report_replaces_the_cases_it_ran_again():
    """And two cases of one name in one report stay two."""
    first = [Case("a", verdict="failed"), Case("b"), Case("b", verdict="failed")]
    found = merged([first, [Case("a")]])
    assert [(case.name, case.verdict) for case in found] == [
        ("a", "passed"),
        ("b", "passed"),
        ("b", "failed"),
    ]


def failed(message, verdict="failed", kind="failure"):
    """Return a case that failed."""
    problem = Problem(kind=kind, message=message)
    return Case("a", verdict=verdict, seconds=2.0, said=Said(problems=(problem,), stdout="out"))


def test_no_failure_is_lost_by_a_later_report():
    """It is an attempt of the case that is kept, with its own output and time."""
    (case,) = merged([[failed("first")], [failed("second", "error", "error")], [Case("a")]])
    assert (case.verdict, case.is_flaky) == ("passed", True)
    told = [(each.kind, each.message, each.stdout, each.seconds) for each in case.said.problems]
    assert told == [("flaky-failure", "first", "out", 2.0), ("flaky-error", "second", "out", 2.0)]


def test_what_fails_again_was_run_again():
    """Its last failure decides, the one before it does not."""
    (case,) = merged([[failed("first")], [failed("second")]])
    assert [each.kind for each in case.said.problems] == ["rerun-failure", "failure"]
    assert case.said.problems[1].message == "second"


def test_what_was_skipped_later_did_not_run():
    """A report of something else does not take a failure away."""
    (case,) = merged([[failed("first")], [Case("a", verdict="skipped")]])
    assert case.verdict == "failed"


def test_two_of_one_id_keep_the_failure_on_the_worst():
    """Nothing tells which of them it was."""
    found = merged([[failed("first")], [Case("a"), failed("second")]])
    assert [len(case.said.problems) for case in found] == [0, 2]


def test_what_did_not_run_is_not_slower():
    """A skipped test took no time; that is no measure."""
    old = [Case("a", verdict="skipped", seconds=0.0), Case("b", seconds=0.0)]
    new = [Case("a", seconds=5.0), Case("b", verdict="not-run", seconds=5.0)]
    assert compare(old, new).slower == ()


def test_new_failures_come_in_the_new_order():
    """Those of new tests among the others."""
    old = [Case("b"), Case("c")]
    new = [Case(name, verdict="failed") for name in "abc"]
    assert names(compare(old, new).failing) == ["a", "b", "c"]


def test_classes_in_one_file_are_told_apart():
    """Two tests of one name in two classes are two."""
    old = [Case("t", "m.A", said=Said(file="m.py")), Case("t", "m.B", "failed", said=Said(file="m.py"))]
    new = [old[0]._replace(verdict="failed"), old[1]._replace(verdict="passed")]
    found = compare(old, new)
    assert (len(found.failing), len(found.fixed)) == (1, 1)

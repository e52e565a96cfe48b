"""How often tests fail, and how sure that is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.errors import UsageError
from autoexec_magic.testrunner.cases import Case, Problem, Said
from autoexec_magic.testrunner.rates import failure_bounds, history

COUNTS = st.integers(1, 10_000).flatmap(lambda runs: st.tuples(st.integers(0, runs), st.just(runs)))


@pytest.mark.parametrize(
    ("failures", "runs", "low", "high"),
    [
        (0, 10, 0.0, 0.27753279),
        (1, 10, 0.01787620, 0.40415002),
        (5, 10, 0.23659309, 0.76340691),
        (15, 30, 0.33154137, 0.66845863),
        (1, 1, 0.20654931, 1.0),
        (3, 1000, 0.00102081, 0.00878260),
    ],
)
def test_wilson(failures, runs, low, high):
    """The bounds of a few counts are the known ones."""
    ((found_low, found_high),) = failure_bounds([failures], runs)
    assert found_low == pytest.approx(low, abs=1e-5)
    assert found_high == pytest.approx(high, abs=1e-5)


@given(COUNTS, st.floats(0, 6))
def test_the_rate_lies_within(counts, z):
    """The bounds hold what was seen, within 0 and 1, and swap with passed for failed."""
    failures, runs = counts
    (low, high), (other_low, other_high) = failure_bounds([failures, runs - failures], runs, z=z)
    assert 0 <= low <= failures / runs + 1e-12
    assert failures / runs - 1e-12 <= high <= 1
    assert low == pytest.approx(1 - other_high)
    assert high == pytest.approx(1 - other_low)


@given(COUNTS, st.floats(0.5, 4))
def test_the_bounds_are_wilsons(counts, z):
    """At each bound the score test is just at its limit, by which Wilson defines them."""
    failures, runs = counts
    for rate in failure_bounds([failures], runs, z=z)[0]:
        if 0 < rate < 1:
            assert (rate - failures / runs) ** 2 == pytest.approx(z * z * rate * (1 - rate) / runs, rel=1e-6)


@given(COUNTS)
def test_more_runs_are_surer(counts):
    """Ten times as many runs that fail as often narrow the interval."""
    failures, runs = counts
    ((low, high),) = failure_bounds([failures], runs)
    ((closer_low, closer_high),) = failure_bounds([10 * failures], 10 * runs)
    assert closer_high - closer_low < high - low


@pytest.mark.parametrize(("failures", "runs", "z"), [(1, 0, 1.0), (3, 2, 1.0), (-1, 2, 1.0), (1, 2, -1.0)])
def test_what_cannot_be_counted(failures, runs, z):
    """Counts that cannot be are refused, with what to give instead."""
    with pytest.raises(UsageError) as refused:
        failure_bounds([failures], runs, z=z)
    assert refused.value.fix


def case(verdict, name="t", problems=()):
    return Case(name, verdict=verdict, said=Said(nodeid=name, problems=problems))


def runs_of(*verdicts):
    return {f"run{at}": [case(verdict)] for at, verdict in enumerate(verdicts)}


def test_history():
    """Each test's runs and failures are counted, with the last that failed."""
    found = history(runs_of("passed", "failed", "error", "passed", "xfailed"))["t"]
    assert (found.runs, found.failures, found.changes, found.last_failure) == (5, 2, 2, "run2")
    assert found.low < 0.4 < found.high
    assert found.is_unsteady


def test_a_test_that_broke_is_not_unsteady():
    """A test that passed, then failed and went on failing, changed once."""
    found = history(runs_of("passed", "passed", "failed", "failed"))["t"]
    assert (found.changes, found.is_unsteady) == (1, False)


def test_what_did_not_end_does_not_count():
    """A skipped run, or one that did not get there, says nothing of how often a test fails."""
    assert history(runs_of("skipped", "not-run")) == {}
    found = history(runs_of("failed", "not-run", "skipped", "failed"))["t"]
    assert (found.runs, found.changes) == (2, 0)


def test_a_second_attempt_counts():
    """A test that passed at its second attempt is unsteady, and did not fail."""
    again = case("passed", problems=(Problem(kind="flaky-failure"),))
    found = history({"run0": [again]})["t"]
    assert (found.failures, found.flaky, found.is_unsteady) == (0, 1, True)


def test_two_tests_of_one_id():
    """Of two tests with one id the one that failed counts, once a run."""
    found = history({"run0": [case("passed"), case("failed"), case("passed")]})["t"]
    assert (found.runs, found.failures) == (1, 1)

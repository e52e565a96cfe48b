"""Runs of tests in chosen company."""

from __future__ import annotations

import pytest

from autoexec_magic.testrunner.trials import SEED, Bench, Spent, Trial


def bench_of(order="abc", most_runs=5, verdicts=None):
    runs, counts = [], []

    def run(nodeids, *, seed):
        runs.append((tuple(nodeids), seed))
        return dict.fromkeys(nodeids, "passed") if verdicts is None else verdicts

    return Bench(run, order, most_runs, counts.append), runs, counts


def test_a_run_of_all_is_made_once():
    """Each test asks how it ended among all, and one run in each direction answers."""
    bench, runs, counts = bench_of()
    found = [bench.whole(name, is_reverse=back).before for name in "abc" for back in (False, True)]
    assert found == [(), ("c", "b"), ("a",), ("c",), ("a", "b"), ()]
    assert runs == [(("a", "b", "c"), SEED), (("c", "b", "a"), SEED)]
    assert counts == [1, 2]


def test_after_others():
    """A test runs behind those that are named, with the seed that is asked for."""
    bench, runs, _ = bench_of()
    assert bench.after(["x", "y"], "a", seed=None) == Trial(before=("x", "y"), seed=None, verdict="passed")
    assert runs == [(("x", "y", "a"), None)]


def test_no_run_beyond_the_last():
    """What would be a run too many is not begun."""
    bench, runs, _ = bench_of(most_runs=1)
    bench.after((), "a")
    with pytest.raises(Spent):
        bench.after((), "a")
    assert len(runs) == 1


@pytest.mark.parametrize(
    ("verdict", "has_failed", "has_passed"),
    [
        ("failed", True, False),
        ("error", True, False),
        ("passed", False, True),
        ("xfailed", False, True),
        ("skipped", False, False),
        ("not-run", False, False),
    ],
)
def test_how_it_ended(verdict, has_failed, has_passed):
    """A test that was skipped or not reached neither failed nor passed."""
    trial = Trial(before=(), seed=None, verdict=verdict)
    assert (trial.has_failed, trial.has_passed) == (has_failed, has_passed)


def test_a_test_that_the_run_does_not_tell_of():
    """What a run says nothing of did not run."""
    bench, _, _ = bench_of(verdicts={})
    assert bench.after((), "a").verdict == "not-run"
    assert bench.whole("b", is_reverse=False).verdict == "not-run"


def test_what_mattered_is_remembered_once():
    """Names that mattered to two tests stand once."""
    bench, _, _ = bench_of()
    bench.remember(("a",))
    bench.remember(("a",))
    assert bench.known == [("a",)]

"""Flaky tests by what makes them so: simulated suites, and a real one."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from math import ceil, log2

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexec_magic.testrunner.causes import Cause
from autoexec_magic.testrunner.flaky import Judgement, combined, examine
from autoexec_magic.testrunner.trials import SEED


class Suite:
    """A suite of which it is known what makes its victim fail."""

    def __init__(self, names, victim, fails):
        self.names, self.victim, self.fails = names, victim, fails
        self.runs = []

    def __call__(self, nodeids, *, seed):
        self.runs.append((tuple(nodeids), seed))
        verdicts = dict.fromkeys(nodeids, "passed")
        if self.victim in nodeids:
            before = nodeids[: list(nodeids).index(self.victim)]
            ended = self.fails(before, seed)
            verdicts[self.victim] = ended if isinstance(ended, str) else ("failed" if ended else "passed")
        return verdicts

    def examine(self, **options):
        (found,) = examine([self.victim], self.names, self, **options)
        return found


NAMES = [f"t{n}" for n in range(100)]


@st.composite
def polluted(draw, most=1):
    """Draw a suite, a victim in it and those that must have run for it to fail."""
    count = draw(st.integers(3, 400))
    names = [f"t{n}" for n in range(count)]
    chosen = draw(st.lists(st.sampled_from(names), min_size=most + 1, max_size=most + 1, unique=True))
    return names, chosen[0], sorted(chosen[1:], key=names.index)


@given(polluted())
def test_a_polluter_is_always_found(suite):
    """A hidden polluter is named, before or behind its victim, in about log2(n) runs."""
    names, victim, polluters = suite
    bench = Suite(names, victim, lambda before, seed: polluters[0] in before)
    found = bench.examine()
    assert (found.cls, found.polluters, found.setters) == ("flaky-order", tuple(polluters), ())
    assert found.confidence == "certain" or len(found.trials) < 12
    assert len(bench.runs) <= 2 * log2(len(names)) + 15


@given(polluted())
def test_a_setter_is_always_found(suite):
    """A test that passes only after another is told by whose help."""
    names, victim, setters = suite
    bench = Suite(names, victim, lambda before, seed: setters[0] not in before)
    found = bench.examine()
    assert (found.cls, found.setters, found.polluters) == ("flaky-order", tuple(setters), ())
    assert len(bench.runs) <= 2 * log2(len(names)) + 15


@given(polluted(most=2))
def test_two_that_pollute_together_are_found(suite):
    """Where it takes two tests, both are named, if they run before the victim in one of the orders."""
    names, victim, pair = suite
    bench = Suite(names, victim, lambda before, seed: set(pair) <= set(before))
    found = bench.examine()
    at = sorted(names.index(name) for name in (*pair, victim))
    if names.index(victim) == at[1]:  # between the two: neither order shows it
        assert found.cls == "flaky"
    else:
        assert set(found.polluters) == set(pair)
    assert len(bench.runs) <= 2 * (ceil(log2(len(names))) + 1) + 15


def test_many_that_pollute_together_are_not_named():
    """Where it takes more tests than can be named, the order is named, and nobody is blamed."""
    found = Suite(NAMES, "t99", lambda before, seed: len(before) > 50).examine()
    assert (found.cls, found.polluters, found.confidence) == ("flaky-order", (), "likely")


def test_always_fails():
    """A test that fails in each run is not flaky, and with enough runs that is certain."""
    found = Suite(NAMES, "t50", lambda before, seed: True).examine()
    assert (found.cls, found.confidence) == ("always-fails", "certain")
    found = Suite(NAMES, "t50", lambda before, seed: True).examine(times=1)
    assert (found.cls, found.confidence) == ("always-fails", "likely")


def test_the_seed_decides():
    """A test that ends alike with a fixed seed and not without depends on chance."""
    ends = iter([True, False, True])
    found = Suite(NAMES, "t50", lambda before, seed: seed is None and next(ends)).examine()
    assert (found.cls, found.confidence) == ("flaky-time", "likely")
    assert found.evidence == ("alone, seed fixed: failed 0 of 3", "alone, seed free: failed 2 of 3")


def test_neither_order_nor_seed():
    """A test that differs alone with the same seed is flaky otherwise; that it is, is certain."""
    ends = iter([True, False, True] * 9)
    found = Suite(NAMES, "t50", lambda before, seed: next(ends)).examine()
    assert (found.cls, found.confidence) == ("flaky", "certain")


def test_it_did_not_fail_again():
    """A test that failed once and never again is likely flaky."""
    found = Suite(NAMES, "t50", lambda before, seed: False).examine()
    assert (found.cls, found.confidence, len(found.trials)) == ("flaky", "likely", 8)


def test_a_run_that_does_not_get_there():
    """A test that no run reaches is not called flaky, nor failing."""
    found = Suite(NAMES, "t50", lambda before, seed: "not-run").examine()
    assert (found.cls, found.confidence) == ("unknown", "unknown")


def test_an_order_that_fails_only_at_times():
    """What fails among all and not again behind the same tests is flaky, and no test is blamed."""
    seen = []

    def fails(before, seed):
        seen.append(before)
        return len(before) > 5 and sum(len(each) > 5 for each in seen) == 1

    found = Suite(NAMES, "t50", fails).examine()
    assert (found.cls, found.polluters) == ("flaky", ())


@pytest.mark.parametrize("most_runs", range(16))
def test_the_runs_are_bounded(most_runs):
    """No more runs are made than are allowed, and what is known by then is said."""
    bench = Suite(NAMES, "t50", lambda before, seed: "t20" in before)
    counts = []
    found = bench.examine(most_runs=most_runs, on_run=counts.append)
    assert len(bench.runs) == most_runs == len(counts)
    assert found.cls == ("unknown" if most_runs < 8 else "flaky-order")
    assert found.polluters in ((), ("t20",))
    assert len(found.trials) >= most_runs - 1


def test_one_polluter_of_many():
    """Who spoiled one test is asked first about the next, and the runs of all tests are made once."""
    victims = [f"t{n}" for n in range(40, 80)]

    def run(nodeids, *, seed):
        runs.append(nodeids)
        dirty = nodeids.index("t20") if "t20" in nodeids else len(nodeids)
        return {
            name: "failed" if name in victims and at > dirty else "passed" for at, name in enumerate(nodeids)
        }

    runs = []
    found = examine(victims, NAMES, run, times=2, most_runs=1000)
    assert all(each.polluters == ("t20",) for each in found)
    assert len(runs) <= len(victims) * 8 + log2(len(NAMES)) + 5
    assert sum(len(each) == len(NAMES) for each in runs) <= 2


def test_a_test_that_is_in_no_order():
    """An id that the order does not hold is run alone only."""
    bench = Suite(NAMES, "elsewhere", lambda before, seed: True)
    assert bench.examine().cls == "always-fails"
    assert {nodeids for nodeids, _ in bench.runs} == {("elsewhere",)}


@given(st.integers(0, 2**32))
@settings(max_examples=60, derandomize=True)
def test_chance_is_never_surely_an_order(number):
    """A test that fails by pure chance is never certainly put down to another test."""
    chance = random.Random(number)
    found = Suite(NAMES, "t50", lambda before, seed: chance.random() < 0.3).examine()
    assert not (found.cls in ("flaky-order", "always-fails") and found.confidence == "certain")


PROJECT = {
    "state.py": "CACHE = {}\nREADY = []\n",
    "test_a.py": """
import random
import pytest
import state


@pytest.fixture(autouse=True)
def seeded():
    import os
    random.seed(int(os.environ["SEED"]) if os.environ.get("SEED") else None)


def test_sets_up():
    state.READY.append(1)


def test_clean():
    assert 1 + 1 == 2


def test_pollutes():
    state.CACHE["rate"] = 2


@pytest.mark.parametrize("n", range(6))
def test_filler(n):
    assert n < 6


def test_lucky():
    assert random.random() < 0.5


def test_wrong():
    assert 1 == 2
""",
    "test_b.py": """
import state


class TestRates:
    def test_rate(self):
        assert state.CACHE.get("rate", 1) == 1


def test_needs_ready():
    assert state.READY
""",
}


def test_a_real_suite(tmp_path):
    """In a real project with real runs of pytest the polluter, the setter and the rest are told apart."""
    for name, text in PROJECT.items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    def pytest_of(arguments, seed=None):
        env = {"PATH": os.environ["PATH"], "SEED": "" if seed is None else str(seed)}
        argv = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *arguments]
        return subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, check=False).stdout

    def run(nodeids, *, seed):
        lines = pytest_of(["-rA", "--tb=no", *nodeids], seed).splitlines()
        words = {"PASSED": "passed", "FAILED": "failed", "ERROR": "error"}
        pairs = (line.split(" ", 1) for line in lines if line.split(" ", 1)[0] in words)
        return {rest.partition(" - ")[0]: words[word] for word, rest in pairs}

    order = [line for line in pytest_of(["--collect-only"]).splitlines() if "::" in line]
    victims = ["test_b.py::TestRates::test_rate", "test_b.py::test_needs_ready", "test_a.py::test_wrong"]
    rate, ready, wrong = examine(victims, order, run, times=1, most_runs=60)
    assert (rate.cls, rate.polluters) == ("flaky-order", ("test_a.py::test_pollutes",))
    assert (ready.cls, ready.setters) == ("flaky-order", ("test_a.py::test_sets_up",))
    assert wrong.cls == "always-fails"


def test_a_fixed_seed_is_the_same_in_each_run():
    """Every run with a fixed seed has the same one, so that only company differs."""
    bench = Suite(NAMES, "t50", lambda before, seed: "t20" in before)
    bench.examine()
    assert {seed for _, seed in bench.runs} == {SEED, None}
    assert all(seed == SEED for nodeids, seed in bench.runs if len(nodeids) > 1)


TIMED = Cause(cls="flaky-time", code="timing", why="it asserts how long", fix="do not", confidence="likely")
PLAIN = Cause(cls="product", why="it is wrong", fix="mend it", confidence="likely", where="shop/a.py:3")


@pytest.mark.parametrize(
    ("cause", "found", "cls", "why"),
    [
        (PLAIN, "unknown", "product", "it is wrong"),
        (PLAIN, "always-fails", "product", "it is wrong"),
        (PLAIN, "flaky-order", "flaky-order", "seen"),
        (TIMED, "flaky", "flaky-time", "it asserts how long"),
        (TIMED, "always-fails", "product", "seen"),
        (PLAIN, "flaky", "flaky", "seen"),
    ],
)
def test_combined(cause, found, cls, why):
    """What running again showed counts more than what one failure said, and keeps its place."""
    judgement = Judgement(nodeid="t", cls=found, why="seen", fix="f", confidence="certain", evidence=("e",))
    both = combined(cause, judgement)
    assert (both.cls, both.why, both.where, both.evidence) == (cls, why, cause.where, ("e",))

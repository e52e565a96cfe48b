"""Shards are a partition of the tests, the same for whoever asks; and real runs of them agree."""

from __future__ import annotations

import collections
import importlib.util
import json
import sys
from pathlib import Path

import pytest
import suites
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.testrunner import Shard, inside

spec = importlib.util.spec_from_file_location(
    "choosing_under_test", Path(inside.__file__).parent / "own" / "autoexec_choosing.py"
)
choosing = importlib.util.module_from_spec(spec)
spec.loader.exec_module(choosing)
shard = choosing.shard

NAMES = st.text(min_size=1, max_size=4)
IDS = st.lists(
    st.builds(
        lambda file, name, parameter: f"{file}.py::{name}" + (f"[{parameter}]" if parameter else ""),
        st.sampled_from(["a", "b", "tests/c", "ä"]),
        NAMES,
        st.sampled_from(["", "x", "1::2", "a/b.py::c", "]["]),
    ),
    max_size=30,
)
SECONDS = st.one_of(
    st.floats(0, 1e6), st.floats(allow_nan=True, allow_infinity=True), st.sampled_from([0.1, 0.2, 0.3, 1.0])
)


@given(ids=IDS, count=st.integers(1, 8), data=st.data())
def test_each_test_is_in_exactly_one_shard(ids, count, data):
    """Whatever their ids and times are, duplicates and nonsense among them; and the order stays."""
    seconds = data.draw(st.dictionaries(st.sampled_from(ids) if ids else NAMES, SECONDS))
    parts = [shard(ids, index=at + 1, count=count, seconds=seconds) for at in range(count)]
    assert collections.Counter(nodeid for part in parts for nodeid in part) == collections.Counter(ids)
    for part in parts:
        places = iter(ids)
        assert all(any(nodeid == place for place in places) for nodeid in part)


@given(ids=IDS, count=st.integers(1, 8), data=st.data())
def test_a_machine_that_collects_in_another_order_cuts_alike(ids, count, data):
    """A plugin that shuffles the tests shuffles them otherwise on each machine; times come as text."""
    seconds = data.draw(st.dictionaries(st.sampled_from(ids) if ids else NAMES, SECONDS))
    shuffled = data.draw(st.permutations(ids))
    travelled = json.loads(json.dumps(seconds))
    for index in range(1, count + 1):
        here = shard(ids, index=index, count=count, seconds=seconds)
        there = shard(shuffled, index=index, count=count, seconds=travelled)
        assert sorted(here) == sorted(there)


@given(count=st.integers(1, 6), times=st.lists(st.floats(0.01, 100), min_size=1, max_size=40))
def test_no_shard_is_much_longer_than_it_has_to_be(count, times):
    """At most 4/3 of the best there can be, where each test is a file of its own (Graham, 1969)."""
    seconds = {f"{at}.py::t": each for at, each in enumerate(times)}
    loads = [
        sum(seconds[nodeid] for nodeid in shard(list(seconds), index=at, count=count, seconds=seconds))
        for at in range(1, count + 1)
    ]
    best = max(sum(times) / count, max(times), sum(sorted(times)[-count - 1 :][:2]) * (len(times) > count))
    assert max(loads) <= best * 4 / 3 + 1e-6


def test_a_file_stays_together_unless_it_is_longer_than_a_share():
    """Its fixtures are made once then."""
    ids = [f"{file}.py::t{at}" for file in "abcd" for at in range(5)]
    for index in (1, 2):
        files = collections.Counter(nodeid[0] for nodeid in shard(ids, index=index, count=2, seconds={}))
        assert set(files.values()) == {5}
    long = {nodeid: 100.0 if nodeid.startswith("a.py") else 1.0 for nodeid in ids}
    parts = [shard(ids, index=at, count=2, seconds=long) for at in (1, 2)]
    assert all(any(nodeid.startswith("a.py") for nodeid in part) for part in parts)


def test_more_shards_than_tests_leave_some_empty():
    """None fails for that, and none is run twice."""
    parts = [shard(["a.py::t", "b.py::t"], index=at, count=5, seconds={}) for at in range(1, 6)]
    assert sorted(map(len, parts)) == [0, 0, 0, 1, 1]


SUITE = {
    "test_a.py": """
        import pytest

        @pytest.mark.parametrize("x", ["a", "b c", "1::2", "e/f.py::g", "ü", "]["])
        def test_param(x): pass

        class TestC:
            def test_in(self): pass
        """,
    "test_b.py": "def test_b(): pass",
    "sub/test_a.py": "def test_same(): pass",
    "sub/__init__.py": "",
}


@pytest.mark.parametrize("more", [pytest.param((), id="alone"), pytest.param(("-n", "2"), id="xdist")])
def test_shards_of_a_real_suite_run_each_test_once(tmp_path, more):
    """Also where pytest-xdist's workers choose, each for itself; each part passes."""
    pytest.importorskip("xdist")
    seen = collections.Counter()
    times = {"test_a.py::test_param[a]": 5.0}
    for index in (1, 2):
        ran = suites.go(tmp_path, SUITE, *more, job={"shard": Shard(index=index, count=2, seconds=times)})
        assert ran.fault is None
        assert len(ran.verdicts) < 9
        seen.update(list(ran.verdicts))
    assert len(seen) == 9
    assert set(seen.values()) == {1}


def test_an_order_is_kept_and_what_is_not_in_it_does_not_run(tmp_path):
    """One that there is not is no error: it may have been removed since."""
    order = ("test_b.py::test_b", "test_a.py::test_param[1::2]", "gone.py::test", "test_a.py::TestC::test_in")
    ran = suites.go(tmp_path, SUITE, job={"order": order})
    assert [case.key for case in ran.cases] == [order[0], order[1], order[3]]
    assert ran.fault is None


def test_a_seed_is_set_before_each_test(tmp_path):
    """The same numbers and the same order of sets, in each run and in each test."""
    files = {
        "test_r.py": """
            import random

            def show(name):
                print(random.random(), list({"a", "b", "c", "d", "e"}))

            def test_1(): show("1")
            def test_2(): show("2")
            """
    }
    one, other = (suites.go(tmp_path, files, job={"seed": 7}) for _ in range(2))
    words = [[case.said.stdout for case in ran.done.told.all] for ran in (one, other)]
    assert words[0] == words[1]
    assert words[0][0] == words[0][1] != ""


def test_a_seed_reaches_numpy_only_where_it_is_loaded(monkeypatch):
    """Else each run would wait for its import."""
    seeds = []

    class Random:
        seed = staticmethod(seeds.append)

    class Numpy:
        random = Random

    monkeypatch.setitem(sys.modules, "numpy", Numpy)
    choosing.Choosing({"seed": 2**32 + 5}).pytest_runtest_setup(None)
    assert seeds == [5]
    monkeypatch.delitem(sys.modules, "numpy")
    choosing.Choosing({"seed": 1}).pytest_runtest_setup(None)
    choosing.Choosing({}).pytest_runtest_setup(None)
    assert "numpy" not in sys.modules

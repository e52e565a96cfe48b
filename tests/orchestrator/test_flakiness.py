"""What failed runs again: real runs name what spoils a test, and leave nothing when they are stopped."""

from __future__ import annotations

import os
import random
from pathlib import Path
from types import SimpleNamespace

import pytest

from autoexec_magic import api, executor
from autoexec_magic.errors import Cancelled, CasesFailed
from autoexec_magic.orchestrator import flakiness
from autoexec_magic.orchestrator.flakiness import MOST_TESTS, RUNS_EACH, examined
from autoexec_magic.testrunner import Case, Done, Interpreter, Job, Past, Problem, Said, Told, junit
from autoexec_magic.testrunner.inside import BEGIN
from autoexec_magic.testrunner.trials import SEED
from autoexec_magic.values import Outcome

LEAN = ("-p", "no:cacheprovider")
SUITE = f"""
import random

DIRTY = []

def test_well():
    pass

def test_spoils():
    DIRTY.append(1)

def test_spoilt():
    assert not DIRTY

def test_by_chance():  # passes with the seed that is set, and practically never without
    assert random.random() == {random.Random(SEED).random()!r}
"""


def standing() -> set[int]:
    """Return the processes of tests that this process has started, and that are there."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and str(BEGIN).encode() in (folder / "cmdline").read_bytes():
                found.add(int(folder.name))
        except OSError:  # it ended meanwhile
            continue
    return found


def told(emit, kind):
    """Return the events of one kind."""
    return [event for event in emit if type(event).__name__ == kind]


def test_what_spoils_a_test_is_named_and_so_is_chance(tmp_path, emit):
    """Each is told again with what was found, in the list of causes, and in the report's records."""
    (tmp_path / "test_a.py").write_text(SUITE)
    before = standing()
    with pytest.raises(CasesFailed) as caught:
        api.test(*LEAN, flaky=1, caller=api.Caller(cwd=tmp_path, emit=emit))
    last = {event.nodeid: event.failure for event in told(emit, "CaseFinished") if event.failure}
    assert {key.rpartition("::")[2]: failure.cls for key, failure in last.items()} == {
        "test_spoilt": "flaky-order",
        "test_by_chance": "flaky-time",
    }
    assert "test_a.py::test_spoils" in last["test_a.py::test_spoilt"].why
    assert "test_well" not in last["test_a.py::test_spoilt"].why
    assert "test_a.py::test_spoils test_a.py::test_spoilt" in last["test_a.py::test_spoilt"].fix
    (causes,) = told(emit, "CausesFound")
    assert sorted(cause.cls for cause in causes.causes) == ["flaky-order", "flaky-time"]
    assert set(caught.value.report.classes.values()) == {"flaky-order", "flaky-time"}
    counted = [event.number for event in told(emit, "Progress")]
    assert counted == list(range(1, len(counted) + 1))
    assert len(counted) < 20
    assert len(told(emit, "CaseStarted")) <= 4  # what runs again is not told as tests of this run
    assert standing() <= before


def test_a_search_that_is_stopped_leaves_nothing_and_keeps_what_was_known(tmp_path, emit):
    """No process that waits for the next run; the tests that had run are in the report and its XML."""
    (tmp_path / "test_a.py").write_text(SUITE)
    before, cancel, seen = standing(), executor.Cancel(), []

    def stop(event):
        emit(event)
        if type(event).__name__ == "Progress" and event.number == 3:
            seen.extend(standing() - before)
            cancel.set()

    try:
        with pytest.raises(Cancelled) as caught:
            api.test(
                *LEAN, "--junitxml=o.xml", flaky=3, caller=api.Caller(cwd=tmp_path, emit=stop, cancel=cancel)
            )
    finally:
        cancel.close()
    assert seen  # they were there, in the middle
    assert standing() <= before
    assert told(emit, "Progress")[-1].number == 3
    verdicts = [case.verdict for case in caught.value.report.cases]
    assert verdicts == ["passed", "passed", "failed", "failed"]
    assert [case.verdict for case in junit.read(tmp_path / "o.xml").cases] == verdicts
    assert emit[-1].verdict == "cancelled"


def test_nothing_runs_again_where_nothing_failed(tmp_path, emit):
    """Nor where a file alone could not be collected."""
    (tmp_path / "test_a.py").write_text("def test_a():\n    pass\n")
    api.test(*LEAN, flaky=3, caller=api.Caller(cwd=tmp_path, emit=emit))
    (tmp_path / "test_b.py").write_text("raise ValueError\n")
    with pytest.raises(CasesFailed):
        api.test(*LEAN, flaky=3, caller=api.Caller(cwd=tmp_path, emit=emit))
    assert not told(emit, "Progress")


def test_a_search_is_bounded(tmp_path, emit, monkeypatch):
    """Of a thousand failures some are looked at, each with so many runs."""
    asked = []

    def run(run, warm, job):
        asked.append(job)
        return Told(cases=())

    monkeypatch.setattr(flakiness, "_told", run)
    problem = Problem(kind="failure", message="no")
    cases = [
        Case(f"t{at}", verdict="failed", said=Said(nodeid=f"a::t{at}", problems=(problem,)))
        for at in range(1000)
    ]
    teller = SimpleNamespace(causes={}, tell_again=lambda case, cause: pytest.fail("nothing was found out"))
    testing = SimpleNamespace(
        here=SimpleNamespace(is_cancelled=lambda: False), emit=emit, teller=teller, own={}, past=Past()
    )
    outcome = Outcome(argv=("x",), returncode=1, ended="exited", seconds=1.0)
    job = Job(python=Interpreter(tmp_path, is_own=True), cwd=tmp_path, workspace=tmp_path, cover=())
    examined(testing, job, Done(outcome=outcome, told=Told(cases=tuple(cases), exit=1)), 100)
    assert len(asked) <= MOST_TESTS * RUNS_EACH == told(emit, "Progress")[0].total
    assert {name for each in asked for name in each.order} <= {case.key for case in cases}
    assert all(each.cover is None and each.shard is None for each in asked)


def test_a_run_that_did_not_end_is_not_searched(tmp_path, emit):
    """A person stopped it, or its time was over: nobody waits for more."""
    outcome = Outcome(argv=("x",), returncode=-15, ended="timed-out", seconds=1.0)
    case = Case("t", verdict="failed", said=Said(nodeid="a::t", problems=(Problem(kind="failure"),)))
    job = Job(python=Interpreter(tmp_path, is_own=True), cwd=tmp_path, workspace=tmp_path)
    examined(SimpleNamespace(), job, Done(outcome=outcome, told=Told(cases=(case,))), 3)
    assert not emit

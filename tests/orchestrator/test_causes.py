"""Equal failures are one cause."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autoexec_magic.errors import Cancelled, MemoryLimit, ScriptError
from autoexec_magic.orchestrator import Child, Combination, PhaseReport, causes
from autoexec_magic.orchestrator.causes import cause_of
from autoexec_magic.values import Diagnosis, LimitHit, Outcome, Verdict


def child(label: str, code: str = "", where: str = "", why: str = "", error: type = ScriptError) -> Child:
    """Return a run that failed so; without a code it passed."""
    found = Diagnosis(code=code, why=why, fix=f"fix of {label}", where=where) if code else None
    failed = error("the script failed") if code else None
    report = PhaseReport(
        phase="run",
        verdict=Verdict(failed.verdict if failed else "passed"),
        seconds=1.0,
        diagnosis=found,
        error=failed,
    )
    return Child(combination=Combination(label=label), report=report)


def test_the_same_place_is_the_same_cause():
    """Whatever value the message names: it is the line that is wrong."""
    found = causes(
        [
            child("a=1", "key-not-found", "script.py:3", "the key 'x' is not there"),
            child("a=2"),
            child("a=3", "key-not-found", "script.py:3", "the key 'y' is not there"),
            child("a=4", "key-not-found", "script.py:9", "the key 'x' is not there"),
        ]
    )
    assert [(cause.key, cause.children) for cause in found] == [
        ("key-not-found at script.py:3", ("a=1", "a=3")),
        ("key-not-found at script.py:9", ("a=4",)),
    ]
    assert found[0].why == "key-not-found at script.py:3: the key 'x' is not there"
    assert found[0].fix == "fix of a=1"


@pytest.mark.parametrize(
    ("first", "second", "are_one"),
    [
        ("it used 1.5 s", "it used 2.25 s", True),
        ("pid 17 at 0x7fff01 in /tmp/a1/x.py", "pid 18 at 0x7eee02 in /tmp/b2/x.py", True),
        ("no module a", "no module b", False),
    ],
)
def test_without_a_place_reasons_are_compared_without_what_varies(first, second, are_one):
    """Numbers, addresses and temporary paths differ from run to run."""
    found = causes([child("a=1", "killed", why=first), child("a=2", "killed", why=second)])
    assert (len(found) == 1) is are_one


def test_one_limit_is_one_cause_wherever_it_was_hit():
    """What asks for memory last is not what has it."""
    hit = LimitHit(kind="memory", most=2**20, seen="x", confidence="certain")
    outcome = Outcome(argv=("x",), returncode=-9, ended="exited", seconds=1.0, limit=hit)
    found = [child(label, "memory-limit", f"script.py:{label}", error=MemoryLimit) for label in "12"]
    found = [replace(one, report=replace(one.report, outcome=outcome)) for one in found]
    assert [cause.children for cause in causes(found)] == [("1", "2")]


def test_the_most_frequent_comes_first():
    """That is where to begin."""
    found = causes([child("1", "a", "x:1"), child("2", "b", "x:2"), child("3", "b", "x:2")])
    assert [len(cause.children) for cause in found] == [2, 1]


def test_who_was_ended_or_passed_has_no_cause():
    """Nor has one that was never started."""
    ended = child("1", "cancelled", error=Cancelled)
    assert causes([ended, child("2"), Child(combination=Combination(label="3"))]) == ()


def test_without_a_diagnosis_the_error_is_the_cause():
    """It says what failed, and why."""
    error = MemoryLimit("it wanted too much", why="the kernel killed it", fix="--memory 2G")
    report = PhaseReport(phase="run", verdict=Verdict.TIMED_OUT, seconds=1.0, error=error)
    cause = cause_of(report)
    assert (cause.why, cause.fix) == (
        "memory-limit: it wanted too much: the kernel killed it",
        "--memory 2G",
    )

"""Why tests failed: real failures, each with what a person says of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexec_magic.testrunner.cases import Case, Problem, Said
from autoexec_magic.testrunner.causes import sort
from autoexec_magic.testrunner.facts import Project
from autoexec_magic.testrunner.told import Fold

FOLDER = Path(__file__).parents[1] / "data" / "testcauses"
PROJECT = Project(root="/tmp/x/proj", modules=("shop", "shop_old", "checks", "conftest"))


def cases_of(run):
    """Return the cases of a captured run by their ids."""
    fold = Fold(lambda nodeid: None, lambda case: None)
    fold.feed((FOLDER / "records" / f"{run}.jsonl").read_bytes())
    told = fold.end(1)
    return {case.said.nodeid: case for case in (*told.unread, *told.cases)}


def labels(name="labels.txt"):
    for line in (FOLDER / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            run, nodeid, cls, code, confidence = (part.strip() for part in line.split(" | "))
            yield pytest.param(run, nodeid, cls, code, confidence, id=f"{run}-{nodeid}")


@pytest.fixture(scope="module")
def captured():
    return {path.stem: cases_of(path.stem) for path in (FOLDER / "records").glob("*.jsonl")}


def as_junit(case):
    """Return a case as pytest's own JUnit file has it: no type, no place but in the text."""
    problems = []
    for problem in case.said.problems:
        message = (
            f"{problem.type}: {problem.message}" if problem.type != "AssertionError" else problem.message
        )
        phase = problem.spot.phase
        if phase in ("setup", "teardown"):
            message = f'failed on {phase} with "{message}"'
        message = "collection failure" if phase == "collect" else message
        problems.append(replace(problem, type="", message=message, spot=None))
    return case._replace(said=replace(case.said, problems=tuple(problems)))


@pytest.mark.parametrize(("run", "nodeid", "cls", "code", "confidence"), list(labels()))
def test_real_failures(captured, run, nodeid, cls, code, confidence):
    """Each failure is sorted as the person who wrote the suite sorts it, and as surely."""
    found = sort(captured[run][nodeid], PROJECT)
    assert (found.cls, found.confidence) == (cls, confidence), found
    assert code in ("-", found.code)
    assert found.why
    assert found.fix


@pytest.mark.parametrize(("run", "nodeid", "cls", "code", "confidence"), list(labels()))
def test_a_report_alone_is_enough(captured, run, nodeid, cls, code, confidence):
    """The class is the same from a JUnit file; where it shows no place it may be unknown, never another."""
    case = captured[run][nodeid]
    if case.verdict == "not-run":
        return
    found = sort(as_junit(case), PROJECT)
    wanted = {cls} | ({"unknown"} if run == "line" or run == "no" else set())
    assert found.cls in wanted, found
    assert found.confidence == confidence or found.confidence != "certain", found


def test_failures_of_another_suite(captured):
    """Of a suite written after the rules, nearly all are sorted right, and all that is certain is."""
    wrong, surely_wrong, count = [], [], 0
    for param in labels("heldout_labels.txt"):
        run, nodeid, cls, _, _ = param.values
        found = sort(captured[run][nodeid], PROJECT)
        count += 1
        if found.cls not in cls.split("/"):
            wrong.append((nodeid, found))
            surely_wrong += [nodeid] if found.confidence == "certain" else []
    assert count == 58
    assert not surely_wrong
    assert len(wrong) <= 1, wrong


def test_all_that_failed_is_labelled(captured):
    """No failure of the suites is left out because it would be sorted wrong."""
    named = {param.values[:2] for name in ("labels.txt", "heldout_labels.txt") for param in labels(name)}
    failed = {
        (run, nodeid) for run, cases in captured.items() for nodeid, case in cases.items() if case.is_bad
    }
    left_out = {nodeid for run, nodeid in failed - named if run != "again"}
    assert left_out <= {"styles/test_styles.py::test_chained", "tests/test_orders.py::TestUnit::test_sub"}


def failed(text="", *, kind="failure", message="", named="", verdict="failed", **fields):
    problem = Problem(kind=kind, type=named, message=message, text=text)
    said = Said(nodeid="tests/test_a.py::test_a", file="tests/test_a.py", problems=(problem,), **fields)
    return Case("test_a", verdict=verdict, said=said)


@pytest.mark.parametrize("verdict", ["passed", "skipped", "xfailed", "xpassed"])
def test_what_did_not_fail_has_no_cause(verdict):
    """Nothing is said of a test that did not fail."""
    assert sort(Case("test_a", verdict=verdict)) is None


def test_a_second_attempt_that_passed():
    """A test that failed and passed within one run is flaky, and that is certain."""
    problem = Problem(kind="flaky-failure", type="AssertionError", message="assert 1 > 1")
    found = sort(Case("test_a", said=Said(problems=(problem,))))
    assert (found.cls, found.confidence, found.evidence) == ("flaky", "certain", ("assert 1 > 1",))


def test_attempts_that_all_failed():
    """A test that failed each time is not called flaky."""
    attempt = Problem(kind="rerun-failure", type="AssertionError", message="assert 1 > 2")
    last = Problem(
        kind="failure",
        type="AssertionError",
        message="assert 1 > 2",
        text="tests/test_a.py:3: AssertionError",
    )
    found = sort(
        Case(
            "test_a", verdict="failed", said=Said(nodeid="tests/test_a.py::test_a", problems=(attempt, last))
        )
    )
    assert found.cls == "product"
    assert "it failed 2 times of 2 in this run" in found.evidence


@pytest.mark.parametrize(
    ("ended", "cls", "confidence"),
    [
        ("", "worker-crash", "likely"),
        ("crash", "worker-crash", "certain"),
        ("timeout", "timeout", "certain"),
        ("cancelled", "unknown", "unknown"),
    ],
)
def test_what_was_running_at_the_end(ended, cls, confidence):
    """What a test that did not end is put down to depends on how the process ended."""
    case = Case(
        "test_a", verdict="not-run", said=Said(file="test_a.py", reason="it began, and its end was not told")
    )
    found = sort(case, ended=ended)
    assert (found.cls, found.confidence) == (cls, confidence)
    assert sort(Case("test_b", verdict="not-run"), ended=ended).code == "not-run"


def test_own_raise_of_a_systems_exception():
    """A product that raises `PermissionError` by itself is no matter of permissions."""
    text = (
        "> raise PermissionError('not yours')\nE   PermissionError: not yours\n\nshop/a.py:3: PermissionError"
    )
    assert sort(failed(text), PROJECT).cls == "product"
    text = (
        ">       open('/etc/shadow')\nE       PermissionError: [Errno 13] no\n\nshop/a.py:3: PermissionError"
    )
    assert sort(failed(text), PROJECT).cls == "environment"


def test_words_of_an_assertion_are_not_the_environment():
    """An assertion whose values speak of a refused connection is an assertion."""
    said = "AssertionError: assert 'Connection refused' == 'ok'"
    text = f">       assert a == b\nE       {said}\n\ntests/test_a.py:3: AssertionError"
    assert sort(failed(text), PROJECT).cls == "product"


def test_braces_in_a_message_are_data():
    """What an exception says is put into our sentence as it is."""
    text = "E       ValueError: {fix} {0} {why!r}\n\nshop/a.py:3: ValueError"
    assert "{fix} {0} {why!r}" in sort(failed(text), PROJECT).why


@given(
    st.text(max_size=300),
    st.sampled_from(["", "KeyError", "AssertionError", "ImportError", "a.B", "\x00"]),
    st.sampled_from(["failure", "error"]),
)
@settings(max_examples=200, deadline=None)
def test_no_text_makes_it_raise(text, named, kind):
    """Whatever a report says, there is an answer, and an unknown class and confidence go together."""
    found = sort(failed(text, message=text, named=named, kind=kind))
    assert (found.cls == "unknown") == (found.confidence == "unknown")

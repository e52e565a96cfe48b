"""What is told of tests while they run: short, with the cause, and without what must not be told."""

from __future__ import annotations

import json

import pytest

from autoexec_magic import api
from autoexec_magic.errors import CasesFailed
from autoexec_magic.events import (
    CaseFinished,
    CasesCollected,
    CasesCounted,
    CaseStarted,
    CausesFound,
    Envelope,
    to_line,
)
from autoexec_magic.orchestrator.casetelling import MOST_CAUSES, MOST_NAMES, MOST_WHOLE, Teller, message_of
from autoexec_magic.testrunner import (
    CRASHED,
    TIMED_OUT,
    Case,
    Past,
    Problem,
    Project,
    Said,
    Spot,
    file_of_past,
)
from autoexec_magic.testrunner.causes import Cause
from autoexec_magic.testrunner.past import Remembered
from autoexec_magic.ui.records import json_lines
from autoexec_magic.ui.speak import of_error, of_report

LEAN = ("-p", "no:cacheprovider")


@pytest.fixture
def teller(emit, tmp_path):
    """Return one that tells of a run in an empty folder."""
    return Teller(emit=emit, project=Project(root=str(tmp_path)), folder=tmp_path, past=Past())


def failed(nodeid="a.py::t", message="no", *, kind="AssertionError", text="", spot=None, **said):
    """Return a case that failed."""
    problem = Problem(kind="failure", type=kind, message=message, text=text or message, spot=spot)
    return Case(
        "t", "a", "failed", (), 0.5, Said(nodeid=nodeid, file="a.py", line=3, problems=(problem,), **said)
    )


def test_how_many_there_are_and_how_long_they_will_take(emit, tmp_path):
    """By what is remembered; nothing is known of the first run."""
    past = Past({"a": Remembered(1.0, "p"), "b": Remembered(2.0, "p")})
    for known in (past, Past()):
        Teller(emit=emit, project=Project(), folder=tmp_path, past=known).on_count(["a", "b", "c"])
    assert emit == [CasesCollected(count=3, seconds=4.5), CasesCollected(count=3, seconds=0.0)]


def test_a_test_is_told_when_it_begins_and_ends(teller, emit):
    """What passed has no failure; how often it was tried is counted."""
    teller.on_start("a.py::t")
    again = Said(
        nodeid="a.py::t", file="a.py", line=3, problems=(Problem(kind="flaky-failure", message="no"),)
    )
    teller.on_case(Case("t", "a", "passed", (), None, again))
    started, ended = emit
    assert started == CaseStarted(nodeid="a.py::t")
    assert (ended.verdict, ended.seconds, ended.attempts, ended.failure) == ("passed", 0.0, 2, None)


def test_a_failure_is_told_with_its_place_and_its_cause(teller, emit, tmp_path):
    """Paths are as the person in this folder has them."""
    spot = Spot(
        phase="setup",
        file=f"{tmp_path}/sub/a.py",
        line=7,
        source="assert x == y",
        op="==",
        left="1",
        right="2",
    )
    teller.on_case(failed(message="assert 1 == 2", spot=spot, stdout="out", stderr="err"))
    told = emit[0].failure
    assert (told.file, told.line, told.source, told.phase) == ("sub/a.py", 7, "assert x == y", "setup")
    assert (told.op, told.left, told.right, told.stdout, told.stderr) == ("==", "1", "2", "out", "err")
    assert told.cls != ""
    assert teller.causes["a.py::t"].cls == told.cls
    teller.on_case(failed())  # without a spot: a report's
    assert (emit[1].failure.file, emit[1].failure.line) == ("a.py", 3)


def test_what_is_told_is_short_and_shorter_after_many(teller, emit):
    """A million failures of a megabyte each are no gigabyte on record; begin and end of each stay."""
    big = "A" * 50_000 + "middle" + "Z" * 50_000
    spot = Spot(phase="call", left=big, right=big)
    for _ in range(MOST_WHOLE + 1):
        teller.on_case(failed(message=big, text=big, spot=spot, stdout=big, stderr=big))
    first, last = emit[0], emit[-1]
    assert len(first.message) <= 500
    assert first.failure.text.startswith("AAA")
    assert first.failure.text.endswith("ZZZ")
    assert len(to_line(Envelope(run_id="0" * 32, seq=1, at=1, event=first))) < 60_000
    assert len(to_line(Envelope(run_id="0" * 32, seq=1, at=1, event=last))) < 6_000


@pytest.mark.parametrize(
    ("kind", "message", "want"),
    [
        ("AssertionError", "assert 1 == 2", "assert 1 == 2"),
        ("builtins.ValueError", "bad", "ValueError: bad"),
        ("ValueError", "ValueError: bad", "ValueError: bad"),
        ("Failed", "DID NOT RAISE", "DID NOT RAISE"),
        ("", "words", "words"),
        ("KeyError", "two\nlines\x1b[31m\u202e", "KeyError: two"),
    ],
)
def test_a_message_is_one_line_with_the_exceptions_name(kind, message, want):
    """Where that is not an assertion; what turns the direction of writing is left out."""
    assert message_of(failed(kind=kind, message=message)) == want


def test_a_skip_says_why():
    """Without the name of an exception."""
    assert message_of(Case("t", verdict="skipped", said=Said(reason="no gpu"))) == "no gpu"
    assert message_of(Case("t")) == ""


def test_how_often_it_failed_before_is_told(teller, emit, tmp_path):
    """With the interval in which the rate lies; nothing where it never ran."""
    past = Past({"a": Remembered(1.0, "pfpfp" * 4), "b": Remembered(1.0, "f"), "c": Remembered(1.0, "s")})
    told = Teller(emit=emit, project=Project(), folder=tmp_path, past=past)
    assert told.before("a") == "failed in 8 of its last 20 runs (22% to 61%)"
    assert told.before("b").startswith("failed in 1 of its last run (")
    assert told.before("c") == told.before("new") == ""


def test_failures_of_one_cause_are_one(teller, emit):
    """The most frequent first; of many tests some names, of many causes some."""
    cases = [
        failed(f"a.py::t[{at}]", "No module named 'gone'", kind="ModuleNotFoundError") for at in range(150)
    ]
    teller.on_end([*cases, failed("a.py::other", "assert 1 == 2"), Case("fine")])
    in_all, found = emit
    assert in_all == CasesCounted(counts={"failed": 151, "passed": 1})
    assert (found.failed, [cause.count for cause in found.causes]) == (151, [150, 1])
    assert found.causes[0].cls == "environment"
    assert len(found.causes[0].nodeids) == MOST_NAMES
    emit.clear()
    names = "abcdefghijklmnopqrstuvwxyz"
    teller.on_end([failed(f"a.py::{x}{y}", f"assert {x}{y}") for x in names for y in "abc"])
    assert (emit[1].failed, len(emit[1].causes)) == (78, MOST_CAUSES)
    emit.clear()
    teller.on_end([Case("fine"), Case("left", verdict="not-run")])
    teller.on_end([])
    assert emit == [CasesCounted(counts={"passed": 1, "not-run": 1})]


@pytest.mark.parametrize(("kind", "want"), [(CRASHED, "worker-crash"), (TIMED_OUT, "timeout")])
def test_what_ran_when_the_process_ended_is_apart(teller, emit, kind, want):
    """It has no failure of its own to share."""
    problem = Problem(kind="error", type=kind, message="while it ran", spot=Spot(phase="call", file="a.py"))
    broke = Case("t", "a", "error", said=Said(nodeid="a.py::t", file="a.py", problems=(problem,)))
    teller.on_case(broke)
    teller.on_end([broke, failed("a.py::u", "assert 0")])
    assert emit[0].failure.cls == want
    assert [cause.cls for cause in emit[2].causes][-1:] == [want]
    assert emit[2].causes[-1].nodeids == ("a.py::t",)


@pytest.mark.parametrize("kind", [CRASHED, TIMED_OUT])
def test_an_exception_of_the_projects_own_is_no_end_of_a_process(teller, emit, kind):
    """Whatever it is called: it was raised at a place."""
    spot = Spot(phase="call", file="a.py", line=3, origin="shop.py", origin_line=9)
    teller.on_case(failed(kind=kind, message="the queue", spot=spot))
    assert emit[0].failure.cls not in ("worker-crash", "timeout")


def test_what_running_again_showed_is_what_a_cause_says(teller, emit):
    """Also in the list of causes: one polluted test is no fault of the product."""
    case = failed(message="assert not [1]")
    teller.on_case(case)
    cause = Cause(cls="flaky-order", why="it fails after a.py::spoils", fix="undo it", confidence="certain")
    teller.tell_again(case, cause)
    teller.on_end([case, failed("a.py::u", "assert 2 == 3")])
    first, again, _, causes = emit
    assert (first.failure.cls, again.failure.cls) == ("product", "flaky-order")
    assert {each.nodeids[0]: (each.cls, each.what) for each in causes.causes}["a.py::t"] == (
        "flaky-order",
        "it fails after a.py::spoils",
    )
    assert teller.causes["a.py::t"] is cause


SECRETS = """
import os
import pytest

PLAIN, TOKEN = os.environ["MY_SETTING"], os.environ["DEPLOY_TOKEN"]

def test_prints():
    print(PLAIN, TOKEN)

def test_environment():
    print(PLAIN, TOKEN)
    assert os.environ == {}

def test_compares():
    assert [PLAIN, TOKEN] == ["x"]

def test_raises():
    raise ValueError(PLAIN + TOKEN)

def test_skips():
    pytest.skip(PLAIN + " " + TOKEN)

@pytest.mark.xfail(reason=PLAIN + TOKEN)
def test_expected():
    assert 0

@pytest.mark.parametrize("x", [PLAIN, TOKEN])
def test_named(x):
    pass

@pytest.fixture
def broken():
    yield
    raise OSError(TOKEN, PLAIN)

def test_teardown(broken, record_property):
    record_property("token", TOKEN)
"""


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("value-4711-secret", id="plain"),
        pytest.param('it\'s "quoted"\\4711\nnext-4711-line', id="escaped"),
    ],
)
def test_secrets_are_told_nowhere(tmp_path, emit, monkeypatch, value):
    """Whatever a test prints, compares, raises, or is called by."""
    monkeypatch.setenv("MY_SETTING", value)
    monkeypatch.setenv("DEPLOY_TOKEN", f"token-{value}")
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "test_a.py").write_text(SECRETS)
    names = ["MY_SETTING", "DEPLOY_TOKEN"]
    with pytest.raises(CasesFailed) as caught:
        api.test(*LEAN, "--junitxml=o.xml", env=names, caller=api.Caller(cwd=tmp_path, emit=emit))
    report = caught.value.report
    assert len(report.cases) == 9
    _, envelopes = api.show(report.run_id)
    past = file_of_past(api.store().folder.parent / "cache", tmp_path)
    texts = {
        "events": "\n".join(map(repr, emit)),
        "cases": repr(report.cases),
        "classes": repr(report.classes),
        "outcome": repr(report.outcome),
        "error": f"{caught.value} {caught.value.why} {caught.value.fix} {caught.value.evidence}",
        "xml": (tmp_path / "o.xml").read_text(),
        "model": str(list(report.to_junitparser().tostring())) + report.to_junitparser().tostring().decode(),
        "records": json_lines(of_report(report)) + json_lines(of_error("test", caught.value)),
        "store": b"".join(map(to_line, envelopes)).decode(),
        "past": past.read_text(),
    }
    assert {name for name, text in texts.items() if "4711" in text} == set()
    assert "***" in texts["events"]
    assert "***" in texts["xml"]


def test_times_that_are_none_are_told_as_json(tmp_path, emit):
    """A suite may turn back pytest's clock: what is on record stays readable for every reader of JSON."""
    (tmp_path / "conftest.py").write_text(
        "import pytest\n"
        "@pytest.hookimpl(tryfirst=True)\n"
        "def pytest_runtest_logreport(report):\n"
        "    report.duration = float('nan')\n"
    )
    (tmp_path / "test_a.py").write_text("def test_a():\n    pass\ndef test_b():\n    assert 0\n")
    with pytest.raises(CasesFailed):
        api.test(*LEAN, caller=api.Caller(cwd=tmp_path, emit=emit))
    kinds = {type(event) for event in emit}
    assert {CaseStarted, CausesFound} & kinds or CaseFinished not in kinds

    def refuse(word):
        raise AssertionError(word)

    for event in emit:
        json.loads(to_line(Envelope(run_id="0" * 32, seq=1, at=1, event=event)), parse_constant=refuse)

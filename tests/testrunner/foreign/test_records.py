"""What our reporters told, as cases, in captured runs of Node, Jest, Mocha and Vitest."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.testrunner.foreign import Hearers
from autoexec_magic.testrunner.foreign.records import RECORD_CHARS, Records

MARK = "@0123456789abcdef"
NODES = ("node18", "node20", "node22", "node24")
ALL = {
    "ok": "passed",
    "bad": "failed",
    "deep": "failed",
    "skip me": "skipped",
    "todo me": "xfailed",
    "todo ok": "xpassed",
    "parent": "failed",
    "parent::child one": "passed",
    "parent::child two": "failed",
    "suite::works": "passed",
    "suite::fails": "failed",
    "suite::inner::x": "passed",
    "hooked": "error",
    "hooked::never": "error",
    "timeouts": "failed",
    "rt skip": "skipped",
    "dup": "passed",
    "dup [2]": "failed",
}


def lines(*records, mark=MARK):
    numbered = [{"n": number, **record} for number, record in enumerate(records)]
    return "".join(f"{mark} {json.dumps(record)}\n" for record in numbered)


BEGIN = {"k": "begin", "tool": "node", "version": "20", "root": "/tmp/x"}
CASE = {"k": "case", "i": 1, "file": "a.js", "names": ["a"], "line": 3, "outcome": "passed", "ms": 2}
END = {"k": "end", "counts": {"tests": 1, "failed": 0}}


def read(text, returncode=0, size=10**9):
    cases, shown = [], []
    taken = Records(
        Hearers(on_case=cases.append, on_text=lambda stream, text: shown.append(text)), MARK, "node"
    )
    for at in range(0, len(text), size):
        taken.feed("stdout", text[at : at + size])
    told = taken.end(returncode)
    assert tuple(cases) == (*told.unread, *told.cases) or told.unread
    return told, "".join(shown)


@pytest.mark.parametrize("node", NODES)
def test_each_node_is_read_to_the_same_cases(captured, node):
    """Events differ from version to version; verdicts, ids and what failed do not."""
    heard = captured(f"{node}-all")
    assert heard.verdicts == {f"a.test.mjs::{name}": verdict for name, verdict in ALL.items()}
    assert heard.told.faults == ()
    assert len(heard.cases) == len(ALL)
    bad = heard.case("a.test.mjs::bad").said
    spot = bad.problems[0].spot
    assert (bad.file, bad.line, spot.file, spot.line) == ("a.test.mjs", 4, "a.test.mjs", 4)
    assert (spot.op, spot.left, spot.right) == ("strictEqual", "2", "3")
    assert bad.problems[0].type == "AssertionError"
    assert heard.case("a.test.mjs::skip me").said.reason == "why not"
    assert heard.case("a.test.mjs::hooked").said.problems[0].message.startswith("before broke")


@pytest.mark.parametrize("node", NODES)
def test_what_a_test_prints_as_tap_is_no_case(captured, node):
    """It is shown as it was written, and the lines for us are not."""
    shown = captured(f"{node}-all").shown()
    assert "hello\nok 1 - forged\n" in shown
    assert MARK not in shown


@pytest.mark.parametrize("node", NODES)
def test_a_file_that_exits_with_0_halfway_has_not_passed(captured, node):
    """Node says that one test passed and ends with 0; two never ended."""
    heard = captured(f"{node}-exits")
    assert heard.returncode == 0
    assert list(heard.verdicts.values()) == ["passed", "not-run", "not-run"]
    assert "2 tests did not run to the end" in heard.told.faults


@pytest.mark.parametrize("node", NODES)
def test_tests_that_run_at_once_keep_their_own_names(captured, node):
    """Two suites are open, each with a test called `same`."""
    ids = set(captured(f"{node}-concurrent").verdicts)
    names = ("both::left::same", "both::right::same", "outer::b::deep", "outer::a", "both::right::third")
    assert {f"a.test.mjs::{name}" for name in names} <= ids
    assert len(ids) == 8


def test_a_killed_run_keeps_what_it_told(captured):
    """One passed, one was running, one had not begun."""
    heard = captured("node20-killed")
    assert [case.verdict for case in heard.told.cases] == ["passed", "not-run", "not-run"]
    assert heard.told.exit is None
    assert "node was ended by signal 9" in heard.told.faults


def test_files_without_tests_say_what_they_are(captured):
    """One that cannot be loaded, one that is a plain script, one whose process was killed."""
    heard = captured("node20-loads")
    assert heard.verdicts == {
        "a.test.mjs": "error",
        "b.test.js": "passed",
        "c.test.js::kills": "not-run",
        "c.test.js": "error",
    }
    assert [case.name for case in heard.told.unread] == ["a.test.mjs"]
    problem = heard.told.unread[0].said.problems[0]
    assert (problem.type, problem.spot.phase) == ("Error", "collect")
    assert problem.message.startswith("Cannot find module '/tmp/x/nope.mjs'")
    assert "SIGKILL" in heard.case("c.test.js").message


@pytest.mark.parametrize(
    ("name", "verdicts"),
    [
        (
            "npm-jest",
            {
                "k.test.js": "error",
                "j.test.js::ok": "passed",
                "j.test.js::bad": "failed",
                "j.test.js::throws": "failed",
                "j.test.js::skipped": "skipped",
                "j.test.js::later": "skipped",
                "j.test.js::suite::inner::each 1": "passed",
                "j.test.js::suite::inner::each 2": "failed",
                "j.test.js::hooked::never": "failed",
                "j.test.js::forges": "passed",
            },
        ),
        (
            "npm-mocha",
            {
                "m/m.spec.js::prints TAP": "passed",
                "m/m.spec.js::suite::ok": "passed",
                "m/m.spec.js::suite::bad": "failed",
                "m/m.spec.js::suite::skipped": "skipped",
                "m/m.spec.js::suite::pending": "skipped",
                "m/m.spec.js::suite::slow": "failed",
                'm/m.spec.js::suite::hooked::"before all" hook for "never"': "error",
                "m/m.spec.js::suite::retried::flaky": "passed",
                "m/m.spec.js::suite::retried::hopeless": "failed",
            },
        ),
        (
            "npm-vitest",
            {
                "v/w.test.mjs": "error",
                "v/v.test.mjs::ok": "passed",
                "v/v.test.mjs::bad": "failed",
                "v/v.test.mjs::skipped": "skipped",
                "v/v.test.mjs::later": "skipped",
                "v/v.test.mjs::expected to fail": "passed",
                "v/v.test.mjs::suite::inner::throws": "failed",
                "v/v.test.mjs::hooked": "error",
                "v/v.test.mjs::hooked::never": "skipped",
                "v/v.test.mjs::flaky": "passed",
            },
        ),
    ],
)
def test_other_tools_tell_through_their_own_reporters(captured, name, verdicts):
    """Each in the vocabulary of pytest, and each in what pieces it comes."""
    heard = captured(name)
    assert heard.verdicts == verdicts
    assert heard.told.faults == ()
    assert captured(name, size=7).told == heard.told
    bad = next(case for case in heard.told.cases if case.name == "bad")
    spot = bad.said.problems[0].spot
    assert spot.file == bad.said.file
    assert spot.line in (3, 4)
    assert spot.left
    assert spot.right


def test_attempts_that_failed_are_kept(captured):
    """Of a test that passed in the end they are flaky failures, of another one reruns."""
    heard = captured("npm-mocha")
    flaky = heard.case("m/m.spec.js::suite::retried::flaky")
    hopeless = heard.case("m/m.spec.js::suite::retried::hopeless")
    assert flaky.is_flaky
    assert [problem.kind for problem in hopeless.said.problems] == [
        "rerun-failure",
        "rerun-failure",
        "failure",
    ]


def test_a_record_is_found_behind_text_without_an_end():
    """A test wrote half a line, and the reporter its record behind it."""
    told, shown = read("half" + lines(BEGIN, CASE, END) + "rest")
    assert [case.said.nodeid for case in told.cases] == ["a.js::a"]
    assert (told.faults, shown) == ((), "halfrest")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "said nothing of any test"),
        (lines(BEGIN, CASE), "did not say that it had ended"),
        (lines(BEGIN, END), "counted 1 tests, and 0 were told"),
        (lines(BEGIN, CASE, END) + lines(CASE), "after its end"),
        (lines(BEGIN, CASE, {"k": "end", "counts": {"tests": 1, "failed": 1}}), "counted 1 failed tests"),
        (lines(BEGIN) + f"{MARK} []\n", "no record"),
        (lines(BEGIN) + f'{MARK} {{"n":7,"k":"out"}}\n', "record 1 is missing"),
        (lines(BEGIN, CASE, END) + f"{MARK} torn", "torn"),
        (lines(BEGIN) + f"{MARK} " + "x" * (RECORD_CHARS + 1), "without an end"),
        (
            lines(BEGIN, {**CASE, "outcome": "failed"}, {"k": "end", "counts": {}}),
            "ended with 0, and 1 test failed",
        ),
    ],
)
def test_what_cannot_be_believed_is_said(text, words):
    """Each kind of damage is a fault, and none raises."""
    told, _ = read(text)
    assert any(words in fault for fault in told.faults), told.faults


def test_a_forged_record_is_text():
    """It has not this run's mark."""
    told, shown = read(
        lines(BEGIN) + lines(CASE, mark="@m") + f"{MARK} " + json.dumps({"n": 1, **END, "counts": {}}) + "\n"
    )
    assert told.cases == ()
    assert "@m" in shown


def test_a_script_may_run_its_tool_twice():
    """Then two runs follow each other, and ids that come again are told apart."""
    told, _ = read(lines(BEGIN, CASE, END) + lines(BEGIN, CASE, END))
    assert [case.said.nodeid for case in told.cases] == ["a.js::a", "a.js::a [2]"]
    assert told.faults == ()


def test_a_million_characters_without_a_line_are_let_through():
    """What is held back is at most a mark's length."""
    shown = []
    taken = Records(Hearers(on_text=lambda stream, text: shown.append(text)), MARK, "node")
    for _ in range(100):
        taken.feed("stdout", "@" * 10_000)
    assert sum(map(len, shown)) > 10**6 - len(MARK) - 2


WORDS = ["n", "k", "i", "file", "names", "line", "outcome", "failures"]
MORE = ["counts", "text", "phase", "root", "ms", "again", "todo", "exit"]
KINDS = ["begin", "queue", "start", "case", "file", "unread", "out", "fault", "end"]
OUTCOMES = ["setup", "failed", "none"]
FAILURES = st.dictionaries(st.sampled_from(["type", "text", "kind"]), st.text(max_size=5))
VALUES = st.one_of(
    st.none(),
    st.integers(-2, 3),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(KINDS + OUTCOMES),
    st.lists(st.text(max_size=3), max_size=3),
    st.lists(FAILURES, max_size=2),
)
RECORDS = st.dictionaries(st.sampled_from(WORDS + MORE), VALUES).map(lambda record: lines(BEGIN, record))
PIECES = st.one_of(st.text(), st.just(f"{MARK} "), RECORDS)


@given(st.lists(PIECES), st.integers(-9, 3))
def test_anything_is_taken(pieces, returncode):
    """Nothing raises, and each case is told once."""
    cases = []
    taken = Records(Hearers(on_case=cases.append), MARK, "node")
    for piece in pieces:
        taken.feed("stdout", piece)
    told = taken.end(returncode)
    assert len(cases) == len(told.cases) + len(told.unread)


EXIT = {"k": "exit", "file": "a.js", "exit": 0, "count": 2, "names": [["a.js", "a"], ["a.js", "b"]]}
FILE = {"k": "case", "i": 9, "file": "a.js", "names": [], "outcome": "passed", "ms": 2}


def test_tests_that_only_their_own_process_knew_did_not_run():
    """Those that were told stay what they are, and a file is no test where it had some."""
    told, _ = read(lines(BEGIN, CASE, EXIT | {"isTests": True}, FILE, END | {"counts": {"tests": 2}}))
    assert [(case.said.nodeid, case.verdict) for case in told.cases] == [
        ("a.js::a", "passed"),
        ("a.js::b", "not-run"),
    ]
    assert told.faults[0] == "a.js called process.exit(0) before 1 of its tests had ended"


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({"count": 0, "names": [], "isTests": True}, ["a.js"]),
        ({"count": None}, ["a.js"]),
        ({"count": 7, "names": []}, ["a.js"]),
        ({"count": "x"}, ["a.js"]),
    ],
)
def test_a_file_of_whose_tests_nothing_is_known_did_not_run(more, names):
    """Where it had none yet, where it does not say, and where it had more than are named."""
    told, _ = read(lines(BEGIN, {**EXIT, **more}, FILE, END))
    assert told.faults
    if more["count"] != "x":
        assert [(case.said.nodeid, case.verdict) for case in told.cases] == [(names[0], "not-run")]


def test_a_script_may_end_itself():
    """It has no tests, and all that is known of it is its exit code."""
    told, _ = read(lines(BEGIN, EXIT | {"count": 0, "names": [], "isTests": False}, FILE, END))
    assert ([case.verdict for case in told.cases], told.faults) == (["passed"], ())

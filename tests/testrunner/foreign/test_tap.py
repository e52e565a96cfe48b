"""TAP of tools that write nothing else, captured and made up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.testrunner.foreign import Hearers
from autoexec_magic.testrunner.foreign.tap import Tap

NESTED = """TAP version 14
# Subtest: outer
    # Subtest: inner
        ok 1 - deep
        not ok 2 - deeper
          ---
          message: 'it''s wrong'
          expected: 3
          actual: 2
          operator: strictEqual
          location: '/tmp/x/a.js:4:9'
          duration_ms: 12.5
          ...
        1..2
    not ok 1 - inner
    1..1
not ok 1 - outer
ok 2 - alone # time=5ms
1..2
"""


def read(text, returncode=0, size=10**9):
    started, cases = [], []
    taken = Tap(Hearers(on_start=started.append, on_case=cases.append))
    for at in range(0, len(text), size):
        taken.feed("stdout", text[at : at + size])
    told = taken.end(returncode)
    assert tuple(cases) == told.cases
    return told, started


def verdicts(told):
    return {case.said.nodeid: case.verdict for case in told.cases}


@pytest.mark.parametrize(
    ("name", "want"),
    [
        (
            "npm-ava",
            {"ok": "passed", "bad": "failed", "skipped": "skipped", "later": "xfailed", "expected": "passed"},
        ),
        (
            "npm-tape",
            {
                "first::ones": "passed",
                "first::differ": "failed",
                "second::fine": "passed",
                "second::not now": "skipped",
            },
        ),
    ],
)
def test_what_real_tools_write(captured, name, want):
    """Each point is a case, in whatever pieces it comes."""
    heard = captured(name)
    assert heard.verdicts == want
    assert heard.told.faults == ()
    assert captured(name, size=3).told == heard.told


def test_where_and_what_a_point_says(captured):
    """AVA tells of a place in AVA itself, which is none."""
    ava = captured("npm-ava").case("bad").said.problems[0]
    tape = captured("npm-tape").case("first::differ").said.problems[0]
    assert (ava.type, ava.spot.file, ava.spot.line) == ("AssertionError", "", 0)
    assert (tape.spot.file, tape.spot.line) == ("/tmp/x/t/t.js", 2)
    assert (tape.spot.op, tape.spot.left, tape.spot.right) == ("==", "1", "2")


def test_subtests_carry_the_names_around_them():
    """A point that stands for its subtests is no case: they said all there is."""
    told, started = read(NESTED, 1)
    assert verdicts(told) == {
        "outer::inner::deep": "passed",
        "outer::inner::deeper": "failed",
        "alone": "passed",
    }
    assert started == ["outer", "outer::inner"]
    case = told.cases[1]
    problem = case.said.problems[0]
    assert (problem.message, case.said.file, case.said.line, case.seconds) == (
        "it's wrong",
        "/tmp/x/a.js",
        4,
        0.0125,
    )
    assert (problem.spot.op, problem.spot.left, problem.spot.right) == ("==", "2", "3")
    assert told.cases[2].seconds == 0.005
    assert told.faults == ()


def test_nodes_own_tap_is_read(captured):
    """Where a project chose it: what a test forged makes the numbers wrong."""
    heard = captured("npm-nodetap")
    verdict = heard.verdicts
    assert verdict["bad"] == "failed"
    assert verdict["suite::inner::x"] == "passed"
    assert verdict["hooked::never"] == "failed"


@pytest.mark.parametrize(
    ("text", "returncode", "words"),
    [
        ("1..2\nok 1 - a\n", 0, "the plan has 2 tests, and 1 were told"),
        ("ok 1 - a\n", 0, "the plan is missing"),
        ("1..1\nok 1 - a\nok 1 - forged\n", 0, "test 2 is missing"),
        ("1..1\nnot ok 1 - a\n", 0, "ended with 0, and 1 test failed"),
        ("1..1\nok 1 - a\n", 1, "nothing that it told of had failed"),
        ("ok 1 - a\nBail out! no disk\n1..1\n", 0, "gave up: no disk"),
        (NESTED.replace("        1..2\n", ""), 1, "the plan of inner is missing"),
        (NESTED.replace("        1..2\n", "        1..3\n"), 1, "the plan of inner has 3"),
    ],
)
def test_what_cannot_be_believed_is_said(text, returncode, words):
    """Plans, numbers and the exit code have to agree."""
    told, _ = read(text, returncode)
    assert any(words in fault for fault in told.faults), told.faults


@pytest.mark.parametrize(
    ("line", "verdict", "name", "reason"),
    [
        ("ok 1 - a # SKIP no net", "skipped", "a", "no net"),
        ("ok 1 # skipped", "skipped", "(no name)", ""),
        ("not ok 1 - a # TODO later", "xfailed", "a", "later"),
        ("ok 1 a # todo", "xpassed", "a", ""),
        ("ok 1 - a \\# b", "passed", "a # b", ""),
        ("ok", "passed", "test 1", ""),
        ("not ok 1 - a # SKIP x", "failed", "a", "x"),
    ],
)
def test_directives(line, verdict, name, reason):
    """In the words of pytest."""
    told, _ = read(f"1..1\n{line}\n", int(verdict == "failed"))
    (case,) = told.cases
    assert (case.verdict, case.name, case.said.reason) == (verdict, name, reason)
    assert told.faults == ()


LINES = st.sampled_from(
    [
        *("TAP version 14", "1..2", "1..0 # skip", "ok 1 - a", "not ok 2 - b", "  ---", "  ...", "Bail out!"),
        *("  message: x", "    ok 1", "# Subtest: s", "    1..1", "        ok 9", "# note", ""),
    ]
)


@given(st.lists(LINES | st.text(max_size=12)), st.integers(-9, 3))
def test_anything_is_taken(lines, returncode):
    """Nothing raises, whatever its lines and wherever they are cut."""
    text = "\n".join(lines)
    told, _ = read(text, returncode)
    assert read(text, returncode, size=2)[0] == told

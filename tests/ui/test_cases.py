"""How a run of tests stands, from its events, in pytest's own vocabulary."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.casefacts import CaseCause, CaseFailure, FileCoverage
from autoexec_magic.events import (
    CaseFinished,
    CasesCollected,
    CasesCounted,
    CaseStarted,
    CausesFound,
    Covered,
    PhaseFinished,
    PhaseStarted,
)
from autoexec_magic.ui import cases as module
from autoexec_magic.ui.cases import LETTERS, MOST_LINES, MOST_WHOLE, Cases, cover_lines, ranges, share, whole
from autoexec_magic.values import Verdict

VERDICTS = list(LETTERS)


def case(nodeid: str, verdict: str = "passed", **fields: object) -> CaseFinished:
    """Return how a test ended."""
    return CaseFinished(**{"nodeid": nodeid, "verdict": verdict, "seconds": 0.0} | fields)


def failed(nodeid: str, message: str = "m", **fields: object) -> CaseFinished:
    """Return that a test failed, with a text."""
    failure = CaseFailure(**{"text": f"text of {nodeid}\n"} | fields)
    return case(nodeid, "failed", message=message, failure=failure)


def fed(*events: object) -> tuple[Cases, str]:
    """Return what came of events, and what was written meanwhile."""
    cases = Cases()
    return cases, "".join([cases.feed(event) for event in events])


def test_a_letter_a_test_and_a_line_a_file():
    """As pytest writes them."""
    _, text = fed(
        *(case(f"a.py::{verdict}", verdict) for verdict in VERDICTS), case("b.py::x"), case("a.py::y")
    )
    assert text == "a.py .FEsxX-\nb.py .\na.py ."


def test_an_odd_verdict_has_a_letter_too():
    """Whoever says it."""
    assert fed(case("a.py::t", "odd"))[1] == "a.py ?"


def test_long_lines_are_broken_with_how_much_is_done():
    """Where the number is known; no line is longer than a terminal."""
    _, text = fed(CasesCollected(count=300), *(case(f"a.py::t{n}") for n in range(300)))
    lines = text.split("\n")
    assert len(lines) > 4
    assert max(map(len, lines)) <= 80
    assert lines[0].endswith("%]")
    assert sum(line.replace("a.py", "").count(".") for line in lines) == 300


def test_the_last_line_counts_all_there_are():
    """With those that never began, of which none was told; until tests are collected again."""
    told = (CasesCollected(count=4), case("a.py::a"), case("a.py::b", "not-run"))
    end = PhaseFinished(phase="test", verdict=Verdict.FAILED, seconds=0.5)
    cases, _ = fed(*told)
    assert cases.end(end) == "1 passed, 1 not run in 0.50 s"
    cases, text = fed(*told, CasesCounted(counts={"not-run": 3, "passed": 1}))
    assert cases.end(end) == "1 passed, 3 not run in 0.50 s"
    assert text == "a.py .-"
    cases.feed(CasesCollected(count=1))
    assert cases.summary() == "1 passed, 1 not run"


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from(VERDICTS), st.sampled_from(["", "x.py"]))
    )
)
def test_counts_are_those_of_the_last_time_each_was_told(told):
    """Over all, and in the files together; whatever file is said of it."""
    cases, _ = fed(*(case(f"f.py::{name}", verdict, file=file) for name, verdict, file in told))
    last = {name: verdict for name, verdict, _ in told}
    assert cases.done == len(last)
    expected = {verdict: list(last.values()).count(verdict) for verdict in set(last.values())}
    assert dict(+cases.counts) == expected
    found: dict[str, int] = {}
    for counts in cases.files.values():
        assert min(counts.values(), default=0) >= 0
        for verdict, count in counts.items():
            found[verdict] = found.get(verdict, 0) + count
    assert {verdict: count for verdict, count in found.items() if count} == expected
    bad = {f"f.py::{name}" for name, verdict in last.items() if verdict in module.WORDS}
    assert set(cases.bad) == bad


def test_a_file_that_could_not_be_collected_is_forgotten_when_a_test_of_it_ends():
    """It was healed, and is no error any more."""
    cases, _ = fed(case("a.py", "error", message="no module"), case("a.py::t"))
    assert (cases.summary(), list(cases.bad)) == ("1 passed", [])


def test_what_stands_is_said_in_a_line():
    """How much, what failed so far, and what runs."""
    cases, _ = fed(
        CasesCollected(count=2_000), case("a.py::1"), failed("a.py::2"), case("a.py::3", "error"),
        CaseStarted(nodeid="a.py::4"),
    )  # fmt: skip
    assert cases.standing() == "3 of 2,000 done, 1 failed, 1 error · a.py::4"
    cases.feed(case("a.py::4"))
    assert "·" not in cases.standing()
    assert fed(case("a"))[0].standing() == "1 done"


def test_what_is_left_comes_from_earlier_runs_or_from_this_one(monkeypatch):
    """Nothing is said where nobody knows, nor in the first second."""
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    known, _ = fed(PhaseStarted(phase="test"), CasesCollected(count=4, seconds=40.0), case("a::1"))
    new, _ = fed(PhaseStarted(phase="test"), CasesCollected(count=4), case("a::1"))
    assert "left" not in known.standing()
    now[0] += 10
    assert "about 30 s left" in known.standing()
    assert "about 30 s left" in new.standing()
    now[0] += 90  # it takes longer than it ever took
    assert "about 300 s left" in known.standing()


def test_the_share_is_never_more_than_all():
    """Also where more ended than were counted; 0 where nobody knows."""
    assert fed(case("a::1"))[0].share == 0
    assert fed(CasesCollected(count=1), case("a::1"), case("a::2"))[0].share == 1


def test_the_end_is_told_in_pytests_words():
    """Counts and time; attempts that passed late are named."""
    end = PhaseFinished(phase="test", verdict=Verdict.FAILED, seconds=1.234)
    cases, _ = fed(failed("a::1"), case("a::2", attempts=2), case("a::3", "skipped"))
    assert cases.end(end) == "1 failed, 1 passed, 1 skipped, 1 of them at a later attempt in 1.23 s"
    assert Cases().end(end) == "no tests ran in 1.23 s"
    assert not Cases()


def test_each_failure_is_told_in_full_and_in_a_line():
    """The reason of the line is not cut; what passed is not named."""
    long = "m" * 500
    cases, _ = fed(failed("a.py::1", long), case("a.py::2"), case("a.py::3", "not-run", message="ended"))
    lines = cases.lines()
    assert "―――― a.py::1 ――――" in lines
    assert "text of a.py::1" in lines
    assert f"FAILED a.py::1 - {long}" in lines
    assert "NOT RUN a.py::3 - ended" in lines
    assert not any("a.py::2" in line for line in lines)


def test_of_many_failures_the_first_are_told_in_full():
    """And very many are not all told in a line."""
    cases, _ = fed(*(failed(f"a.py::t{n}") for n in range(MOST_LINES + 5)))
    lines = cases.lines()
    assert sum(line.startswith("――――") for line in lines) == MOST_WHOLE
    assert sum(line.startswith("FAILED") for line in lines) == MOST_LINES
    assert "… 5 more: --junitxml PATH has them all" in lines


def test_a_failure_has_all_that_is_known_of_it():
    """What it wrote, what it compared, why it is and what to type."""
    event = failed(
        "a.py::1", stdout="out\n", stderr=" \n", op="==", left="1", right="2",
        cls="product", confidence="likely", why="it is so", fix="type this", past="failed in 1 of 2",
    )  # fmt: skip
    assert whole(event) == [
        "―――― a.py::1 ――――",
        "text of a.py::1",
        "  stdout:",
        "    out",
        "  compared:",
        "    1",
        "    ==",
        "    2",
        "  product (likely): it is so",
        "  failed in 1 of 2",
        "  fix: type this",
    ]


def cause(what: str, count: int, **fields: object) -> CaseCause:
    """Return what tests failed by."""
    return CaseCause(**{"cause": what, "cls": "product", "count": count, "what": what} | fields)


def test_what_failures_have_in_common_is_told():
    """ "37 failures, 2 causes", each with where and what to type; not where each was told in full."""
    found = CausesFound(
        failed=37,
        causes=(
            cause("gone", 36, where="a.py:3", fix="type this", confidence="certain"),
            cause("odd", 1, cls="unknown"),
        ),
    )
    cases, _ = fed(*(failed(f"a.py::{n}") for n in range(37)), found)
    assert cases.lines()[-4:] == [
        "37 failures, 2 causes",
        "  36 × product (certain) at a.py:3: gone",
        "      fix: type this",
        "  1 × unknown: odd",
    ]
    alone, _ = fed(failed("a.py::1"), CausesFound(failed=1, causes=(cause("gone", 1),)))
    assert alone.causes() == []


def test_the_slowest_are_kept():
    """Ten of them, the slowest first."""
    cases, _ = fed(*(case(f"a.py::{n}", seconds=n / 10) for n in range(50)))
    assert cases.slow == [(n / 10, f"a.py::{n}") for n in range(49, 39, -1)]


@pytest.mark.parametrize(
    ("lines", "text"),
    [((), ""), ((3,), "3"), ((1, 2, 3, 7, 9, 10), "1-3, 7, 9-10"), (tuple(range(1, 100)), "1-99")],
)
def test_lines_in_a_row_are_a_range(lines, text):
    """As coverage.py writes them."""
    assert ranges(lines) == text


@pytest.mark.parametrize(
    ("statements", "missed", "text"),
    [(0, 0, "100 %"), (4, 0, "100 %"), (4, 1, " 75 %"), (1000, 1, " 99 %"), (4, 4, "  0 %")],
)
def test_all_is_said_only_where_all_ran(statements, missed, text):
    """It is not rounded up."""
    assert share(statements, missed) == text


def test_coverage_is_a_table_with_a_total():
    """Nothing of nothing."""
    files = (
        FileCoverage(file="a.py", statements=4, missed=(2,)),
        FileCoverage(file="longer.py", statements=1_000),
    )
    assert cover_lines(Covered(files=files)) == [
        "a.py            4   75 %  2",
        "longer.py   1,000  100 %",
        "TOTAL       1,004   99 %",
    ]
    assert cover_lines(Covered(files=())) == []


def test_many_tests_are_taken_in_linear_time():
    """Ten times as many take not much more than ten times as long (measured in steps, not in seconds)."""

    def steps(count: int) -> int:
        cases, found = Cases(), [0]
        events = [failed(f"f{n % 50}.py::t{n}") for n in range(count)]
        sys.setprofile(lambda *_: found.__setitem__(0, found[0] + 1))
        try:
            for event in events:
                cases.feed(event)
        finally:
            sys.setprofile(None)
        return found[0]

    assert steps(3_000) < 11 * steps(300)


def test_what_a_test_wrote_moves_nothing_and_erases_nothing():
    """Only its colours stay, up to its own end: the lines around it, and its own, are all there."""
    wild = "seen\x1b[2J\x1b[3;4H\x1b[1A\x1b[31mred\rPASSED\b\b"
    fields = {"text": wild, "left": wild, "op": "==", "right": "1", "why": wild, "cls": "product"}
    event = failed("a.js::te\x1b[2Jst\rx", stdout="10 %\r\x1b[2J20 %\r\n\x1b[Kdone\n", **fields)
    lines = whole(event)
    assert lines == [
        "―――― a.js::te st x ――――",
        "seen\x1b[31mred",
        "PASSED\x1b[0m",
        "  stdout:",
        "    20 %",
        "    done",
        "  compared:",
        "    seen\x1b[31mred",
        "    PASSED\x1b[0m",
        "    ==",
        "    1",
        f"  product ({event.failure.confidence}): seen red PASSED",
    ]
    (line,) = fed(event)[0].short()
    assert line == "FAILED a.js::te st x - m"

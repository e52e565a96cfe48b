"""What the runs of a sweep look like: lines with names, and a table."""

from __future__ import annotations

import pytest

from autoexec_magic.events import ChildFinished, ChildStarted, Output, PhaseFinished, RunFinished, RunStarted
from autoexec_magic.ui import text
from autoexec_magic.ui.children import ROWS, Labelled, Table
from autoexec_magic.values import Verdict


def wrote(child: str, words: str, stream: str = "stdout") -> Output:
    """Return what a child wrote."""
    return Output(phase="run", stream=stream, text=words, child=child)


def ended(child: str, verdict: Verdict = Verdict.PASSED, why: str = "", cause: str = "") -> ChildFinished:
    """Return how a child ended."""
    return ChildFinished(
        child=child, verdict=verdict, seconds=1.5, why=why, cause=cause, fix="mend it" if why else ""
    )


def table(*finished: ChildFinished, total: int = 0) -> Table:
    """Return the table of these."""
    made = Table()
    for number, event in enumerate(finished, start=1):
        made.feed(ChildStarted(child=event.child, number=number, total=total or len(finished)))
        made.feed(event)
    return made


def test_lines_of_several_do_not_mix():
    """Each waits for its end, and has the name of who wrote it."""
    lines = Labelled()
    assert lines.feed(wrote("a=1", "one ")) == ""
    assert lines.feed(wrote("a=2", "two\nthree\nfo")) == "[a=2] two\n[a=2] three\n"
    assert lines.feed(wrote("a=1", "more\n", "stderr")) == "[a=1] more\n"
    assert lines.feed(wrote("a=1", "line\n")) == "[a=1] one line\n"
    assert lines.rest("a=2") == [("stdout", "[a=2] fo\n")]
    assert lines.rest("a=2") == []
    assert lines.rest("a=1") == []


def test_a_bar_that_rewrites_its_line_shows_once():
    """As it was in the end: a name in front of each state would be a flood."""
    lines = Labelled()
    words = "".join(lines.feed(wrote("a=1", piece)) for piece in ("10 %", "\r50 %", "\r100 %\n"))
    assert words + "".join(text for _, text in lines.rest("a=1")) == "[a=1] 100 %\n"


def test_the_table_is_in_the_order_of_the_combinations():
    """Whoever ended first."""
    made = Table()
    for number, name in enumerate("abc", start=1):
        made.feed(ChildStarted(child=name, number=number, total=4))
    for name in "cab":
        made.feed(ended(name))
    assert [line.split()[1] for line in made.lines()[:3]] == ["a", "b", "c"]
    assert made.lines()[3] == "  3 passed, 1 not run"
    assert made.standing() == "3 of 4 done"


def test_equal_failures_are_told_once():
    """With all that have them, and the fix."""
    bad = Verdict.FAILED
    made = table(
        ended("a", bad, "x at 1", "x"), ended("b"), ended("c", bad, "x at 1", "x"), ended("d", bad, "y", "y")
    )
    assert made.lines()[4:] == [
        "  3 failed, 1 passed, 2 causes",
        "  2 × x at 1  (a, c)",
        "      fix: mend it",
        "  1 × y  (d)",
        "      fix: mend it",
    ]
    assert made.standing() == "4 of 4 done, 3 failed"


def test_of_many_only_those_are_shown_that_did_not_pass():
    """A thousand lines that say `passed` hide the one that does not."""
    finished = [ended(f"n={number}") for number in range(1000)]
    finished[500] = ended("n=500", Verdict.TIMED_OUT, "memory-limit: too much", "memory-limit")
    lines = table(*finished).lines()
    assert len(lines) < 8
    assert "n=500" in lines[0]
    assert "999 more" in lines[1]
    assert len(table(*finished[:ROWS]).lines()) == ROWS + 1


def test_the_html_shows_text_as_text():
    """A value or a reason is data."""
    shown = table(ended('a="<b>"', Verdict.FAILED, "<script>alert(1)</script>", "x")).html()
    assert "<script>" not in shown
    assert "&lt;b&gt;" in shown
    assert shown.startswith("<table>")


@pytest.mark.parametrize("settled", [(), ("stdout", "stderr")])
def test_a_terminal_and_a_log_see_the_same(settled):
    """How many, each that fails when it does, at the end the table."""
    written: list[str] = []
    sink = text.show(lambda stream, words: written.append(words), settled=settled)
    sink(RunStarted(verb="script", title="t", cage="open"))
    for number, name in enumerate("ab", start=1):
        sink(ChildStarted(child=name, number=number, total=2))
    sink(wrote("a", "hel"))
    sink(wrote("b", "world\n"))
    sink(wrote("a", "lo"))
    sink(ended("a"))
    sink(ended("b", Verdict.FAILED, "why", "cause"))
    sink(PhaseFinished(phase="run", verdict=Verdict.FAILED, seconds=2.0))
    sink(RunFinished(verdict=Verdict.FAILED, seconds=2.0))
    assert "".join(written).splitlines() == [
        "… 2 runs",
        "[b] world",
        "[a] hello",
        "✗ b · failed · 1.50 s · why",
        "  ✓ a  passed        1.50 s",
        "  ✗ b  failed        1.50 s  why",
        "  1 passed, 1 failed",
        "  1 × why  (b)",
        "      fix: mend it",
        "✗ failed · script · 2.00 s",
    ]

"""A run of tests as HTML: failures first, what is wrong with each, and nothing of it is markup of theirs."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.casefacts import CaseCause, CaseFailure
from autoexec_magic.events import CaseFinished, CasesCollected, CaseStarted, CausesFound
from autoexec_magic.ui.cases import Cases
from autoexec_magic.ui.casetree import MOST_FILES, MOST_OPEN, bar, tree

NASTY = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&<b data-commandlinker-command=x>"


def fed(*events: object) -> Cases:
    """Return what came of events."""
    cases = Cases()
    for event in events:
        cases.feed(event)
    return cases


def ended(nodeid: str, verdict: str = "failed", text: str = "", **fields: object) -> CaseFinished:
    """Return how a test ended; all that is said of it is the same text."""
    failure = CaseFailure(
        cls=text, why=text, fix=text, file=text, line=3, source=text, op=text, left=text, right=text,
        text=text, stdout=text, stderr=text,
    )  # fmt: skip
    own = {"nodeid": nodeid, "verdict": verdict, "seconds": 0.0, "message": text}
    return CaseFinished(**own | ({"failure": failure} if verdict in ("failed", "error") else {}) | fields)


class Seen(HTMLParser):
    """Which elements there are, whether each is closed, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.names: set[str] = set()
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element."""
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Take its end."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Take text."""
        self.text += data


TAGS = {
    "b",
    "br",
    "code",
    "details",
    "div",
    "meter",
    "pre",
    "progress",
    "span",
    "summary",
    "table",
    "td",
    "th",
    "tr",
}


@given(st.text())
def test_no_text_is_markup(text):
    """Whatever a test is called, prints or raises."""
    for nasty in (text, NASTY + text):
        cases = fed(
            CasesCollected(count=3),
            ended(nasty, text=nasty),
            ended(nasty + "::x", "error", nasty, seconds=1.0, file=nasty),
            ended("b.py::y", "not-run", nasty),
            CaseStarted(nodeid=nasty),
            CausesFound(
                failed=2, causes=(CaseCause(cause=nasty, cls=nasty, count=2, what=nasty, fix=nasty),)
            ),
        )
        seen = Seen(tree(cases) + bar(cases))
        assert set(seen.tags) <= TAGS
        assert seen.names <= {"style", "aria-label", "scope", "max", "value"}


def test_a_failure_can_be_opened():
    """With its place, both sides, what to type, and pytest's text without its colours."""
    failure = CaseFailure(
        cls="product", confidence="likely", why="it is so", fix="type this", file="a.py", line=7,
        source="assert x == 1", op="==", left="L", right="R", text="\x1b[31mE  assert\x1b[0m", stdout="said",
    )  # fmt: skip
    event = CaseFinished(nodeid="a.py::t", verdict="failed", seconds=0.0, message="m", failure=failure)
    seen = Seen(tree(fed(event)))
    assert seen.tags.count("details") == 1
    words = ("F failed", "a.py::t", "product", "it is so", "type this", "a.py:7", "assert x == 1")
    for word in (*words, "L", "R", "E  assert", "stdout", "said"):
        assert word in seen.text
    assert "\x1b" not in seen.text
    assert "31m" not in seen.text


def test_many_failures_stand_in_lines():
    """The first ones can be opened; the page stays small."""
    cases = fed(*(ended(f"a.py::t{n}", text="x" * 100) for n in range(MOST_OPEN + 20)))
    seen = Seen(tree(cases))
    assert "20 more" in seen.text
    assert f"a.py::t{MOST_OPEN + 19}" in seen.text
    many = fed(*(ended(f"a.py::t{n}", text="x" * 100) for n in range(5_000)))
    assert len(tree(many)) < 1_000_000


def test_files_stand_with_the_worst_first():
    """Where there are several, and not very many."""
    cases = fed(
        ended("a.py::1", "passed"), ended("b.py::1", "passed"), ended("b.py::2"), ended("c.py::1", "skipped")
    )
    text = Seen(tree(cases)).text
    assert "3 files" in text
    table = text[text.index("3 files") :]
    assert table.index("b.py") < table.index("a.py") < table.index("c.py")
    assert "1 failed, 1 passed" in table
    assert "files" not in tree(fed(ended("a.py::1", "passed")))
    many = fed(*(ended(f"f{n}.py::t", "passed") for n in range(MOST_FILES + 1)))
    assert "files" not in tree(many)


def test_the_slowest_are_shown_where_any_is_slow():
    """A tenth of a second, at least."""
    assert "the slowest" not in tree(fed(ended("a.py::1", "passed", seconds=0.09)))
    text = Seen(
        tree(fed(ended("a.py::1", "passed", seconds=2.5), ended("a.py::2", "passed", seconds=0.01)))
    ).text
    assert "2.50 s" in text
    assert "a.py::2" not in text


def test_causes_come_first():
    """Where they say more than the failures do."""
    found = CausesFound(failed=2, causes=(CaseCause(cause="c", cls="product", count=2, what="gone"),))
    text = Seen(tree(fed(ended("a.py::1"), ended("a.py::2"), found))).text
    assert text.index("2 failures, 1 cause") < text.index("a.py::1")


def test_how_far_it_has_got_is_a_meter_with_words():
    """For who sees it and for who hears it; nothing where nobody knows how many there are."""
    assert bar(Cases()) == ""
    cases = fed(CasesCollected(count=4), ended("a.py::1"), CaseStarted(nodeid="a.py::2"))
    html = bar(cases)
    assert '<progress max="4" value="1"' in html
    assert 'aria-label="tests done"' in html
    assert "1 of 4 done, 1 failed · a.py::2" in Seen(html).text


def test_nothing_of_nothing():
    """A run without tests has no tree."""
    assert tree(Cases()) == ""

"""The diagnosis as a person sees it: nothing in it is trusted, and its lines say what its HTML says."""

from __future__ import annotations

import html
from html.parser import HTMLParser

import pytest

from autoexec_magic.ui import card
from autoexec_magic.values import Diagnosis, Frame

FOUND = Diagnosis(
    code="name-not-defined",
    why="'totl' is not defined",
    fix="perhaps total is meant",
    confidence="likely",
    where="In [3]:2",
    evidence=("total is defined in cell 2", "it is one letter away"),
    frame=Frame(line=2, cell="3", cell_id="6f1c-a_B", source="totl"),
)
SCRIPT = "<script>alert(1)</script>"
HOSTILE = (
    f"{SCRIPT}<img src=x onerror=alert(1)>\" onclick=\"alert(1)' x='",
    "\x1b]52;c;cm0gLXJm\x07\x1b]8;;http://evil.example\x1b\\here\x1b]8;;\x1b\\\x1b[6n\x9b6n",
    "abc\u202etxt.exe\u2066\u200b\u2028\u0000\ud800",
    "&lt;b&gt; &amp; </pre></details></div>",
    "x" * 1_000_000,
    "line\nline\r\nline\ttab",
)


class Reader(HTMLParser):
    """Keeps the tags with their attributes, what is left open, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of each element of a kind."""
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_lines_say_what_where_why_because_and_the_fix():
    """In this order, the fix last: it is the next thing to type."""
    assert card.text_of(FOUND).splitlines() == [
        "name-not-defined at In [3]:2: 'totl' is not defined",
        "  because: total is defined in cell 2",
        "  because: it is one letter away",
        "  fix: perhaps total is meant",
    ]


def test_what_is_not_known_makes_no_line():
    """No place, no evidence, no fix: one line."""
    assert card.text_of(Diagnosis(code="unknown", why="it failed")) == "unknown: it failed"
    assert "fix" not in Reader(card.html_of(Diagnosis(code="unknown", why="it failed"))).text


def test_the_html_says_what_the_lines_say():
    """The same words, in the same order."""
    read = Reader(card.html_of(FOUND))
    words = " ".join(card.text_of(FOUND).split()).replace(":2: ", ":2:").replace(" because", "because")
    assert read.open == []
    squeezed = "".join(read.text.replace("(likely)", "").split())
    assert squeezed == "".join(words.split())


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("field", ["code", "why", "fix", "where", "evidence"])
def test_nothing_of_a_diagnosis_becomes_more_than_text(field, hostile):
    """Whatever it holds: no element, no attribute, no control character, no turned direction, no megabyte."""
    value = (hostile, hostile) if field == "evidence" else hostile
    found = Diagnosis(**{"code": "c", "why": "w", field: value})
    shown, lines = card.html_of(found), card.text_of(found)
    read = Reader(shown)
    assert read.open == []
    assert {tag for tag, _ in read.tags} <= {"div", "span", "code"}
    assert not any(name.startswith("on") for _, attributes in read.tags for name in attributes)
    for text in (shown, lines):
        assert len(text) < 20_000
        assert text.replace("\n", "").isprintable()
        text.encode()
    assert all(line.startswith(("  because: ", "  fix: ")) for line in lines.splitlines()[1:])


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_of_a_traceback_becomes_more_than_text(hostile):
    """A megabyte loses its middle, and says so; colours go; lines stay."""
    shown = card.html_of(FOUND, whole=f"\x1b[31mfirst\x1b[0m\n{hostile}\nlast")
    read = Reader(shown)
    assert read.open == []
    assert [tag for tag, _ in read.tags if tag in ("script", "img", "b")] == []
    assert "first\n" in read.text
    assert "\nlast" in read.text
    assert not {"\x1b", "\x07", "\x9b", "\u202e", "\u2066", "\x00", "\ud800"}.intersection(shown)
    assert len(shown) < 2 * card.TRACEBACK_CHARS
    assert len(hostile) < card.TRACEBACK_CHARS or "characters are not shown" in read.text


def test_a_place_in_a_cell_is_a_link_that_a_notebook_follows():
    """By the notebook's name and the cell's id; the line is for who can go there."""
    (link,) = Reader(card.html_of(FOUND, folder="/x")).all("a")
    assert link["href"] == "#cell-id=6f1c-a_B"
    assert link["data-autoexec-line"] == "2"
    (link,) = Reader(card.html_of(FOUND)).all("a")
    assert link["href"] == "#cell-id=6f1c-a_B"


@pytest.mark.parametrize(
    "cell_id", ["", "a b", 'x" onclick="alert(1)', "a/../b", "x" * 65, "javascript:alert(1)"]
)
def test_a_place_that_no_link_leads_to_is_text(cell_id):
    """What is no cell's id makes no link, whatever it looks like."""
    found = Diagnosis(code="c", why="w", where="In [3]:2", frame=Frame(line=2, cell="3", cell_id=cell_id))
    read = Reader(card.html_of(found))
    assert read.all("a") == []
    assert "In [3]:2" in read.text


def test_colours_are_the_themes():
    """No colour of our own: light, dark and high contrast look right."""
    shown = html.unescape(card.html_of(FOUND, whole="t"))
    styles = ";".join(attributes.get("style") or "" for _, attributes in Reader(shown).tags)
    for declaration in styles.split(";"):
        name, _, value = declaration.partition(":")
        if "color" in name or name.startswith(("background", "border")):
            assert "var(--jp-" in value, declaration


def test_the_traceback_unfolds_without_a_script():
    """By the element that does so, and it can be scrolled with the keyboard."""
    read = Reader(card.html_of(FOUND, whole="File a.py, line 1"))
    assert "open" not in read.all("details")[0]
    assert len(read.all("summary")) == 1
    assert read.all("pre")[0]["tabindex"] == "0"


def test_a_place_in_a_file_beside_the_notebook_is_a_link():
    """Relative to the notebook, which resolves it; the editor counts lines from 0."""
    frame = Frame(file="/srv/desk/src/my file.py", line=3)
    found = Diagnosis(code="c", why="w", where="my file.py:3", frame=frame)
    (link,) = Reader(card.html_of(found, folder="/srv/desk")).all("a")
    assert link["href"] == "src/my%20file.py#line=2"


@pytest.mark.parametrize("folder", ["/srv/de", "/srv/desk/deeper", "", ".", "desk"])
def test_a_file_elsewhere_is_no_link(folder):
    """Nor is one that only looks as if it lay there."""
    for file in (
        "/srv/desk/a.py",
        "/srv/desk/deeper/../../../etc/passwd",
        "a.py",
        "<string>",
        "javascript:1",
    ):
        found = Diagnosis(code="c", why="w", where="a.py:3", frame=Frame(file=file, line=3))
        assert Reader(card.html_of(found, folder=folder)).all("a") == []


@pytest.mark.parametrize(
    ("found", "want"),
    [
        (Diagnosis(code="c", why="w", where="In [3]:2"), Frame(cell="3", cell_id="three", line=2)),
        (Diagnosis(code="c", why="w", where="In [4]:2"), None),
        (Diagnosis(code="c", why="w", where="a.py:2"), None),
        (
            Diagnosis(code="c", why="w", frame=Frame(cell="3", line=1)),
            Frame(cell="3", cell_id="three", line=1),
        ),
        (
            Diagnosis(code="c", why="w", frame=Frame(cell="3", cell_id="known")),
            Frame(cell="3", cell_id="known"),
        ),
        (Diagnosis(code="c", why="w", frame=Frame(file="a.py")), Frame(file="a.py")),
    ],
)
def test_a_cell_is_known_by_its_number(found, want):
    """Its id is what a link needs; one that is known already stays."""
    assert card.placed(found, {"3": "three", "4": ""}).frame == want


def test_the_frame_of_a_live_exception_gets_its_cell():
    """It knows only the file that the kernel compiled the cell as; the place says which cell that is."""
    frame = Frame(file="/tmp/ipykernel_1/2.py", line=2, source="totl", function="f")
    found = card.placed(Diagnosis(code="c", why="w", where="In [3]:2", frame=frame), {"3": "three"})
    assert found.frame == Frame(
        file="/tmp/ipykernel_1/2.py", line=2, source="totl", function="f", cell="3", cell_id="three"
    )
    assert 'href="#cell-id=three"' in card.html_of(found)


def test_what_was_just_read_is_not_said_again():
    """A why that ends the text above is left out; another one, or one without a place, stays."""
    assert (
        card.text_of(FOUND, said="NameError: 'totl' is not defined").splitlines()[0].endswith(" at In [3]:2")
    )
    assert "not defined" not in card.html_of(FOUND, said="NameError: 'totl' is not defined")
    assert "not defined" in card.text_of(FOUND, said="NameError: name 'totl' is missing")
    assert card.text_of(Diagnosis(code="c", why="w"), said="E: w") == "c: w"


def test_a_place_in_an_app_is_told_by_notebook_and_cell():
    """In lines and HTML, which leads to the cell."""
    found = Diagnosis(
        code="no-key",
        why="there is no 'plum'",
        where="model.ipynb cell 4 line 2",
        frame=Frame(file="model.ipynb", line=2, cell_id="6f1c-a_B"),
    )
    assert card.text_of(found).startswith("no-key at model.ipynb cell 4 line 2: ")
    assert '<a class="jp-Autoexec-where"' in card.html_of(found)
    assert 'cell-id=6f1c-a_B" data-autoexec-line="2">model.ipynb cell 4 line 2</a>' in card.html_of(found)

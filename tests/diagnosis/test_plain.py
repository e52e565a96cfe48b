"""Text without escape sequences, and on one line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.diagnosis.plain import LIMIT, last_line, lines, lines_back, make_plain, one_line

TEXTS = st.text(st.sampled_from("ab\x1b[]m0;? (\x07\\\n\r\ud800é\u202e\x00 "), max_size=60)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        pytest.param("\x1b[1;31mred\x1b[0m", "red", id="colour"),
        pytest.param("\x1b[38;5;255mred\x1b[39;49m", "red", id="256-colours"),
        pytest.param("\x1b]8;;http://x\x07link\x1b]8;;\x1b\\", "link", id="link"),
        pytest.param("a\x1b(Bb", "ab", id="character-set"),
        pytest.param("a\x1b[2Kb\x1b7c", "abc", id="erase-and-save"),
        pytest.param("a\x1b]never ends", "anever ends", id="open-string"),
        pytest.param("a\x1b[12", "a12", id="cut-sequence"),
        pytest.param("a\x1b", "a\x1b", id="cut-escape"),
    ],
)
def test_escape_sequences_are_taken_out(text, plain):
    """What steers a terminal is no part of what was said."""
    assert make_plain(text).text == plain


@given(TEXTS)
def test_a_range_of_the_plain_text_is_found_in_the_original(text):
    """The bytes that are named, without their escapes, are the characters that were meant."""
    plain = make_plain(text)
    data = text.encode("utf-8", "surrogatepass")
    for at, character in enumerate(plain.text):
        start, end = plain.byte_range(at, at + 1)
        assert data[start:end].decode("utf-8", "surrogatepass") == character
    start, end = plain.byte_range(0, len(plain.text))
    assert make_plain(data[start:end].decode("utf-8", "surrogatepass")).text.startswith(plain.text)


def test_an_empty_range_stays_empty():
    """Nothing explained is no bytes, wherever it is."""
    assert make_plain("\x1b[0mé").byte_range(0, 0) == (4, 4)
    assert make_plain("\x1b[0me").byte_range(0, 0) == (4, 4)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("as it is", "as it is", id="nothing-to-do"),
        pytest.param("a\n  b\tc\u2028d", "a b c d", id="white-space"),
        pytest.param("a\x00b\x9bc\u202ed", "a\ufffdb\ufffdc\ufffdd", id="unseen"),
        pytest.param("a\ud800b", "a\ufffdb", id="half-a-pair"),
        pytest.param("\x1b[31mred\x1b[0m", "red", id="colour"),
        pytest.param("x" * LIMIT, "x" * LIMIT, id="just-fits"),
        pytest.param("x" * (LIMIT + 1), "x" * (LIMIT - 1) + "…", id="one-too-long"),
        pytest.param("a" + " " * 10_000 + "b", "a…", id="cut-in-white-space"),
    ],
)
def test_a_text_is_shown_on_one_line(text, line):
    """What is shown in a cell is one line that shows what is in it."""
    assert one_line(text) == line


@given(st.text())
def test_one_line_is_one_printable_line(text):
    """Whatever the text, the line fits and nothing in it is unseen."""
    line = one_line(text, limit=20)
    assert len(line) <= 20
    assert line.isprintable()


@given(TEXTS)
def test_lines_back_are_the_lines_from_the_end(text):
    """Both directions see the lines that `split` sees; only empty ones are nobody's concern."""
    for spans in (list(lines(text, 0, len(text))), list(lines_back(text, 0, len(text)))[::-1]):
        seen = [text[start:end] for start, end in spans if end > start]
        assert seen == [line for line in text.split("\n") if line]


@pytest.mark.parametrize(
    ("text", "line"),
    [("", ""), (" \n\t\n", ""), ("a\n b \n\n", "b"), ("one", "one"), ("a\n\n", "a")],
)
def test_the_last_line_is_the_last_that_says_something(text, line):
    """Blank lines at the end say nothing."""
    start, end = last_line(text)
    assert text[start:end] == line

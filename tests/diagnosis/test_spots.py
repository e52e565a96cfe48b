"""A line of a text, its surroundings, and what was seen there."""

from __future__ import annotations

import pytest

from autoexec_magic.diagnosis.spots import LONGEST_LINE, Seen, known, quoted, saying, seen, spot_at

TEXT = "one\n  two\n\nthree \nfour"


def test_a_spot_is_a_line_without_the_white_space_at_its_end():
    """Where it begins and ends is told in the text; the line is what a reader reads."""
    spot = spot_at(TEXT, 11)
    assert (spot.start, spot.end, spot.line) == (11, 17, "three")
    assert spot_at(TEXT, 18).line == "four"


def test_the_lines_around_it_come_nearest_first():
    """Below and above, blank ones too, and no further than asked."""
    spot = spot_at(TEXT, 4)
    assert [each.line for each in spot.below()] == ["", "three", "four"]
    assert [each.line for each in spot.below(1)] == [""]
    assert [each.line for each in spot_at(TEXT, 18).above(3)] == ["three", "", "  two"]
    assert [each.line for each in spot.above()] == ["one"]


def test_a_very_long_line_is_looked_at_in_part():
    """So that no line makes a reader slow, and a search back ends."""
    text = "x" * 10 * LONGEST_LINE + "\nend"
    assert len(spot_at(text, 0).line) == LONGEST_LINE
    (above,) = spot_at(text, len(text) - 3).above()
    assert len(above.line) == LONGEST_LINE


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("pathspec 'a b' did not match", "a b"),
        ("crate `serde` is missing", "serde"),
        ("unknown option `x'", "x"),
        ("‘totl’ undeclared", "totl"),
        ("no quotes", ""),
        ("an 'open one", ""),
        (f"'{'x' * 101}'", ""),
    ],
)
def test_the_first_quoted_words_are_found(line, name):
    """Every program quotes in its own way."""
    assert quoted(line) == name


def test_a_saying_may_name_what_it_is_said_of():
    """Without a name the fix stays a sentence."""
    rows = (("is gone", "gone", "look for {name}"),)
    assert saying("'a.txt' is gone", rows) == ("gone", "look for a.txt")
    assert saying("it is gone", rows) == ("gone", "look for it")
    assert saying("it is there", rows) is None
    assert known(spot_at(TEXT, 0), rows) is None


def test_what_was_seen_becomes_a_diagnosis_with_its_frame():
    """The place is also told in its parts; a certain one may be held back."""
    found = seen(spot_at(TEXT, 4), "a-code", "why", "fix", where="a.c:3", evidence=("one", " ", "two\n"))
    assert (found.start, found.end) == (6, 9)
    reading = found.reading()
    assert (reading.diagnosis.frame.file, reading.diagnosis.frame.line) == ("a.c", 3)
    assert reading.diagnosis.evidence == ("one", "two")
    assert reading.diagnosis.confidence == "certain"
    assert found.reading(at_most_likely=True).diagnosis.confidence == "likely"
    bare = Seen(code="a", why="b", fix="c", start=0, end=1, where="no place", confidence="unknown")
    assert bare.reading(at_most_likely=True).diagnosis.confidence == "unknown"
    assert bare.reading().diagnosis.frame is None

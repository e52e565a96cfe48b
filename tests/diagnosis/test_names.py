"""What the source of a cell says of global names, without running it."""

from __future__ import annotations

import pytest
from anytext import ANY_TEXT
from hypothesis import given

from autoexec_magic.diagnosis.names import Names, line_of, names_of, parsed


def bound(source: str) -> list[str]:
    """Return `name:line:how` of each binding."""
    return [f"{each.name}:{each.line}:{each.how}" for each in names_of(source).bound]


@given(ANY_TEXT)
def test_any_text_is_answered(text):
    """No source makes it raise, and it is asked of anything that a cell may hold."""
    assert isinstance(names_of(text), Names)
    assert isinstance(names_of("%%time\n" + text), Names)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000,
        "x = " + "-" * 50_000 + "1",
        "\0",
        "x" * 200_000,
        "if 1:\n" * 200,
        "x = '" + "\\" * 9999,
        "\ud800",
    ],
)
def test_a_hostile_source_is_answered(text):
    """Too deep, too long, or no text at all."""
    assert isinstance(names_of(text), Names)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("total = (\nrows = 1\n", ["total:1:maybe", "rows:2:maybe"]),
        ("import numpy as np\ndef f(:\n    inner = 1", ["np:1:maybe", "f:2:maybe"]),
        ("from os import sep\nclass A(\nx == 1", ["sep:1:maybe", "A:2:maybe"]),
        ("# x = 1\nreturn x ===", []),
    ],
)
def test_what_does_not_parse_is_read_line_by_line(source, found):
    """A cell with a mistake would define something, once it is corrected; nothing of it is sure."""
    assert (bound(source), names_of(source).is_parsed) == (found, False)


def test_a_line_is_short_and_on_one_line():
    """What is shown of a cell fits into a sentence."""
    assert line_of("a\n   b = 1  \nc", 2) == "b = 1"
    assert (line_of("a", 0), line_of("a", 2), line_of("", 1)) == ("", "", "")
    assert len(line_of("x" * 1000, 1)) == 60


def test_a_source_is_parsed_once():
    """What was read is remembered, by its text."""
    assert parsed("x = 1")[0] is parsed("x = 1")[0]

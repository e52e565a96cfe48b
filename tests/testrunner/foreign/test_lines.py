"""Streams as lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.testrunner.foreign.lines import Lines


def cut(pieces, **options):
    seen = []
    lines = Lines(seen.append, **options)
    for piece in pieces:
        lines.feed(piece)
    rest = lines.rest
    lines.flush()
    return seen, rest


@given(st.lists(st.text(alphabet="ab\n")))
def test_pieces_make_the_same_lines(pieces):
    """Wherever a stream is cut."""
    text = "".join(pieces)
    want = text.split("\n")
    assert cut(pieces) == (want if want[-1] else want[:-1], want[-1])


def test_a_line_that_does_not_end_is_let_go():
    """In parts, so that it is not kept."""
    seen, rest = cut(["x" * 70] * 4, most=100)
    assert "".join(seen) == "x" * 280
    assert max(map(len, seen)) <= 100
    assert len(rest) <= 100


def test_a_carriage_return_is_no_part_of_a_line():
    """As Windows ends them."""
    assert cut(["a\r\nb\n"])[0] == ["a", "b"]

"""What was rewritten shows once, in whatever pieces it came, and the rest is as it was written."""

from __future__ import annotations

import itertools
import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autoexec_magic.screen import COLUMNS, HEIGHT, Screen, Settled, collapsed, is_moving

ESC = "\x1b"
DATA = Path(__file__).with_name("data") / "screens.jsonl"
CASES = [json.loads(line) for line in DATA.read_text("ascii").splitlines()]
EACH = pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
PIECES = [
    *("a", "bc", "déf", "\n", "\r", "\b", "\r\n", " ", f"{ESC}[31m", f"{ESC}[0m", f"{ESC}[K", f"{ESC}[1K"),
    *(f"{ESC}[2K", f"{ESC}[A", f"{ESC}[2A", f"{ESC}[B", f"{ESC}[3C", f"{ESC}[D", f"{ESC}[1G", f"{ESC}[4G"),
    *(f"{ESC}[E", f"{ESC}[F", f"{ESC}[H", f"{ESC}[2;3H", f"{ESC}[J", f"{ESC}[1J", f"{ESC}[2J", f"{ESC}[2d"),
    *(f"{ESC}[99999999999999999999C", f"{ESC}[m", ESC, f"{ESC}[", f"{ESC}[{'1;' * 40}m"),
]
TEXT = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
PLAIN = st.lists(st.sampled_from(["a", "bc", "\n", "\r\n", f"{ESC}[31m", f"{ESC}[0m", "ü "]), max_size=40)


def cut(text: str, places: list[int]) -> list[str]:
    """Return `text` in pieces."""
    at = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    return [text[start:end] for start, end in itertools.pairwise(at)]


def shown(pieces: list[str], lines: int = 1000, columns: int = COLUMNS) -> tuple[list[str], int]:
    """Return what a screen shows of `pieces`, and how many lines it does not."""
    screen = Screen(lines=lines, columns=columns)
    for piece in pieces:
        screen.feed(piece)
    return screen.lines, screen.cut


@EACH
def test_what_real_programs_write_shows_once(case):
    """Captured from tqdm, pip, npm, rich, git, docker and others: the panel's twin reads the same file."""
    text = collapsed(case["text"]).replace("\r\n", "\n")
    assert text.rstrip("\n").split("\n") == case["shown"]


@settings(max_examples=500)
@given(text=TEXT, places=st.lists(st.integers(0, 500)), lines=st.integers(1, 5), columns=st.integers(1, 9))
def test_pieces_do_not_matter(text, places, lines, columns):
    """Nor for what is kept where lines and columns are few."""
    assert shown(cut(text, places), lines, columns) == shown([text], lines, columns)
    assert shown(list(text)) == shown([text])


@given(text=PLAIN.map("".join))
def test_what_nothing_goes_back_to_is_as_it_was(text):
    """Colours included; a line's end is a line's end, whichever."""
    assert collapsed(text) == text
    assert "\n".join(shown([text])[0]) == text.replace("\r\n", "\n")
    settled = Settled()
    assert "".join(map(settled.feed, text)) + settled.flush() == text
    assert not is_moving(text)


@settings(max_examples=300)
@example(text=f"{ESC}[0m{ESC}[99999999999999999999Ca ", places=[4])
@given(text=TEXT, places=st.lists(st.integers(0, 500)))
def test_what_comes_through_shows_the_same_in_the_end(text, places):
    """However it comes: a sink gets each line as it is in the end, in order."""
    settled = Settled()
    through = "".join([*map(settled.feed, cut(text, places)), settled.flush()])
    got = iter([without_colour(line).rstrip(" ") for line in shown([through])[0]])
    for line in shown([text])[0]:
        wanted = without_colour(line).rstrip(" ")
        assert not wanted or wanted in got  # `in` goes on to where it is


def without_colour(line: str) -> str:
    """Return a line without the sequences that colour it, or begin to."""
    import re

    return re.sub(rf"{ESC}(\[[0-9;]*m?)?", "", line)


def test_a_bar_is_one_line_of_a_log():
    """Ten thousand states come through as the last, and a line comes at once."""
    settled = Settled()
    assert settled.feed("start\n") == "start\n"
    assert [settled.feed(f"\r{number:5} of 10000") for number in range(10_000)] == [""] * 10_000
    assert settled.feed("\ndone\n") == " 9999 of 10000\ndone\n"
    assert settled.feed("Go on? ") == "Go on? "
    assert settled.feed("yes") + settled.flush() == "yes"


def test_bars_below_one_another_come_twice_at_most():
    """Their first state, and their last."""
    settled = Settled()
    through = [settled.feed("first 0\nsecond 0\n")]
    for number in range(1, 100):
        through.append(settled.feed(f"{ESC}[2A\r{ESC}[2Kfirst {number}\n{ESC}[2Ksecond {number}\n"))
    through.append(settled.feed("done\n") + settled.flush())
    assert "".join(through) == "first 0\nsecond 0\nfirst 99\nsecond 99\ndone\n"


def test_lines_come_at_once_again_when_nothing_moves_any_more():
    """A program that had bars at its beginning is not late for ever."""
    settled = Settled()
    settled.feed(f"a\nb\n{ESC}[2Ac\nd\n")
    for number in range(2 * HEIGHT):
        settled.feed(f"{number}\n")
    assert settled.feed("now\n") == "now\n"
    assert settled.feed("Go on? ") == "Go on? "


@pytest.mark.parametrize(
    "piece",
    [
        "x" * 65_536,
        "x\r",
        "x\b\b",
        "\n",
        f"{ESC}[9999C",
        f"{ESC}[31m",
        f"x{ESC}[A",
        "y\n" * 30_000,
        "\rz" * 99,
    ],
    ids=repr,
)
def test_memory_is_bounded(piece):
    """Of a line that never ends, and of whatever else does not end."""
    screen, settled = Screen(lines=200, columns=4096), Settled()
    for _ in range(3):
        screen.feed(piece)
        settled.feed(piece)
    tracemalloc.start()
    try:
        for _ in range(300):
            screen.feed(piece)
            settled.feed(piece)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 4 * 2**20
    assert max(map(len, screen.lines)) <= 4096


def test_the_number_of_lines_is_known():
    """Also of those that are not kept."""
    for text in ("a\n" * 999, "a\n" * 3, "a\n" * 999 + "\rb\n" * 7):
        lines, gone = shown([text], lines=10)
        assert len(lines) + gone == text.count("\n") + 1

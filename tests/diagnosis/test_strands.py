"""A log taken apart into what each source wrote."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.diagnosis.strands import named, strands, structured

LINES = st.lists(
    st.sampled_from(
        [
            "2026-01-01T00:00:00.000Z ",
            "web-1  | ",
            "[pod/a/b] ",
            "##[error]",
            "Jan  1 00:00:00 host app[3]: ",
            "3 | code",
            "\n",
            "boom",
            "  ",
            "é",
            "|",
            "\t",
        ]
    ),
    max_size=20,
).map("".join)


@pytest.mark.parametrize(
    "before",
    [
        "2026-01-01T00:00:00.000Z ",
        "2026-01-01T00:00:00.1234567Z ##[error]",
        "2026-01-01 00:00:00,123 ",
        "[2026-01-01T00:00:00Z] ",
        "[00:00:01] ",
        "00:00:01 ",
        "Jan  1 00:00:00 host app[123]: ",
        "Jan 11 00:00:00 host ",
        "web-1  | ",
        "web-1 | 2026-01-01T00:00:00Z ",
        "[pod/web-6d4b75cb6d-hx2kq/web] ",
        "##[error]",
        "#7 0.412 ",
        "2026-01-01T00:00:00.000000000Z stderr F ",
        "build\tRun tests\t2026-01-01T00:00:00.0000000Z ",
    ],
)
def test_what_others_put_before_a_line_is_taken_off(before):
    """And the place of what is left is still known."""
    text = f"{before}boom\n{before}  File x\n"
    (strand,) = strands(text, {0: {1}})
    assert strand.text == "boom\n  File x\n\n" or strand.text == "boom\n  File x\n"
    assert text[strand.place(0) :].startswith("boom")
    assert text[strand.place(strand.text.index("File")) :].startswith("File x")
    assert strand.marked == {0: {1}}


@pytest.mark.parametrize(
    "line", ["3 | int main()", "a plain line", "1. a list", "  | rest", "make[1]: *** [x] Error 1"]
)
def test_what_is_the_program_s_own_stays(line):
    """A compiler's margin, a list and make's depth are no source."""
    (strand,) = strands(f"{line}\nend\n", {})
    assert strand.text.startswith(line)


def test_lines_of_several_sources_become_strands():
    """Each source is read for itself, in the order in which they begin."""
    text = "a-1  | one\nb-1  | two\na-1  | three\nfree\n"
    found = strands(text, {11: {7}})
    assert [each.text.split("\n")[:2] for each in found] == [["one", "three"], ["two", ""], ["free", ""]]
    assert found[1].marked == {0: {7}}
    assert text[found[0].place(4) :].startswith("three")


def test_more_sources_than_there_can_be_are_words_of_the_text():
    """A table is no log of a hundred containers."""
    text = "".join(f"name{number} | value\n" for number in range(100))
    assert len(strands(text, {})) <= 66


@given(LINES)
def test_no_character_is_lost_or_moved(text):
    """Each character of a strand is the log's at the place that is told."""
    for strand in strands(text, {}):
        for at, character in enumerate(strand.text[: len(strand.text) - 1]):
            place = strand.place(at)
            assert text[place : place + 1] in (character, "")
            assert text[place : place + 1] == character or character == "\n"


def test_what_is_said_behind_a_name_is_a_strand_of_its_own():
    """With the places of its characters; fewer than three lines are no name's."""
    text = "Pushing\n  git: To x\n  git:  ! [rejected] main\n  git: error: failed\nbye\n"
    found = named(text)
    assert found.text == "To x\n ! [rejected] main\nerror: failed\n"
    at = found.text.index("error")
    assert text[found.place(at) :].startswith("error: failed")
    assert named("git: a\ngit: b\n") is None
    assert named("") is None


def test_what_a_record_of_json_holds_is_read_as_it_was_written():
    """Its escapes undone, each character with its place; records of one line each are left alone."""
    trace = 'Traceback:\n\tFile "é"\nOdd: \\'
    line = json.dumps({"level": "error", "exc": trace})
    text = f"begins\n{line}\n"
    found = structured(text)
    assert found.text == trace + "\n"
    assert text[found.place(found.text.index("Odd"))] == "O"
    assert text[found.place(found.text.index("é")) :].startswith("\\u00e9")
    assert structured('{"msg": "fine"}\n') is None
    assert structured('{"cut": "a\\nb') is None


@given(st.text(), st.text())
def test_any_text_of_a_record_is_unfolded(first, second):
    """Whatever characters it holds, but for those that move a terminal, and for halves of one."""
    value = f"{first}\n{second}"
    found = structured(json.dumps({"exc": value}))
    kept = "".join(sign for sign in value if sign in "\n\t" or unicodedata.category(sign) != "Cc")
    if "\x1b" not in value:
        assert (
            found.text
            == "".join("\ufffd" if unicodedata.category(each) == "Cs" else each for each in kept) + "\n"
        )
    assert found.text.encode()
    assert not {"\x1b", "\r", "\b"} & set(found.text)


def test_a_record_that_does_not_end_is_read_once():
    """Each escaped quote could begin a text: to try them all would take hours."""
    assert structured('{"exc": "' + '\\"' * 500_000 + "\\n}") is None


def test_of_a_long_text_the_names_at_its_end_are_found():
    """What is far above decides nothing, and is not looked at."""
    text = "old: x\n" * 20_000 + "git: a\n" * 9_000
    found = named(text)
    assert set(found.text.split()) == {"a"}
    assert text[found.place(0) - 5 :].startswith("git: a")

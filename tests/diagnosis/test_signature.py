"""A failure that comes back is known again; another failure is not taken for it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.diagnosis.signature import MOST_CHARS, normalised, signature
from autoexec_magic.values import Action, Diagnosis, Frame

SAME = [
    ("Killed process 1234 (python)", "Killed process 99 (python)"),
    ("<a.B object at 0x7f31aa00> has no 'x'", "<a.B object at 0x55d0> has no 'x'"),
    ("no file '/tmp/tmpab12cd_x/in.csv'", "no file '/var/tmp/other/in.csv'"),
    ("no file 'C:\\Users\\me\\in.csv'", "no file 'D:\\in.csv'"),
    ("run 0199c5a2-7c1d-7e3a-9b4f-2d6c8e0f1a35 is lost", "run 11111111-2222-3333-4444-555555555555 is lost"),
    ("2024-01-02T03:04:05.123Z: refused", "2025-11-12 13:14:15,9: refused"),
    ("it still ran after 5.0 s", "it still ran after 19.97 s"),
    ("used 2.5 GiB of 2G", "used 512M of 1 GiB"),
    ("commit deadbeef12 is gone", "commit 0a1b2c3d4e5f is gone"),
    ("\x1b[31mshapes (3,4) and (5,)\x1b[0m", "shapes (30,4) and (7,)"),
    ("cannot open /tmp/autoexec-1x2y3z/script.py", "cannot open /tmp/autoexec-9q8w7e/script.py"),
    ("In [3]: boom", "In [17]: boom"),
    ("<ipython-input-3-8c1>: boom", "<ipython-input-9-77a>: boom"),
    ("https://host:8080/a?b=1 refused", "https://host:9090/c refused"),
    ("a   b\n c", "a b c"),
]
OTHER = [
    ("No module named 'numpy'", "No module named 'pandas'"),
    ("no column 'price1' in df2", "no column 'price2' in df2"),
    ("no file 'a/in.csv'", "no file 'a/out.csv'"),
    ("name 'tmp_total' is not defined", "name 'tmp_sum' is not defined"),
    ("https://one.example refused", "https://two.example refused"),
    ("expected int", "expected str"),
]


@pytest.mark.parametrize(("first", "again"), SAME)
def test_what_differs_between_two_runs_does_not_count(first, again):
    """Paths, addresses, process ids, times, numbers, names made up for the run."""
    assert normalised(first) == normalised(again)


@pytest.mark.parametrize(("first", "second"), OTHER)
def test_what_a_person_named_counts(first, second):
    """A second missing module is another failure than the first."""
    assert normalised(first) != normalised(second)


def test_the_place_counts_without_its_line():
    """A fix above the place moves it; another function, or another line of code, is another failure."""
    frame = Frame(file="/tmp/autoexec-1/script.py", line=3, source="pritn(1)", function="main")
    found = Diagnosis(code="name-not-defined", why="pritn is not defined", frame=frame)
    moved = replace(found, frame=replace(frame, line=9, file="/tmp/autoexec-2/script.py"))
    assert signature(found) == signature(moved)
    assert signature(found) != signature(replace(found, frame=replace(frame, function="other")))
    assert signature(found) != signature(replace(found, frame=replace(frame, source="pritn(x)")))
    assert signature(found) != signature(replace(found, code="syntax"))


def test_what_to_do_does_not_count():
    """A fix, an action, evidence and confidence say nothing of what happened."""
    found = Diagnosis(code="timeout", why="it still ran after 5 s")
    action = Action(kind="limit", values=("--timeout", "20"))
    assert signature(found) == signature(
        replace(found, fix="raise it", action=action, confidence="certain", evidence=("a",), bytes=(0, 9))
    )


@given(st.text(max_size=300))
def test_a_signature_is_one_line(text):
    """Whatever is in the text, nothing is raised and it is one line."""
    assert "\n" not in normalised(text)
    assert "\n" not in signature(
        Diagnosis(code="a", why=text, where=text, frame=Frame(file=text, source=text, function=text))
    )


@pytest.mark.parametrize("piece", ["/", "a/", "0x", "1,", "tmp", "x", "\\", "a://", "\x1b["])
def test_only_the_beginning_of_a_text_counts(piece):
    """A megabyte of anything is no more work than a page: a failure is known by its beginning."""
    text = piece * (2**20 // len(piece))
    assert normalised(text) == normalised(text[: 2 * MOST_CHARS])
    assert len(normalised(text)) <= MOST_CHARS

"""What Rust's panics say, in its old words and its new ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.testrunner.foreign.panics import Panics, problem

OLD = """thread 'tests::a' panicked at 'assertion failed: `(left == right)`
  left: `2`,
 right: `3`: with words', src/lib.rs:9:5
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
"""
HELPED = """
thread 'tests::a' (12) panicked at src/help.rs:3:5:
no
stack backtrace:
   0: core::panicking::panic_fmt
             at /rustc/0/library/core/src/panicking.rs:80:14
   1: demo::help
             at ./src/help.rs:3:5
   2: demo::tests::a
             at ./src/lib.rs:42:9
"""
THREADS = """
thread '<unnamed>' (12) panicked at src/lib.rs:3:5:
in a thread
note: run with `RUST_BACKTRACE=1`

thread 'tests::a' (11) panicked at src/lib.rs:8:5:
called `Result::unwrap()` on an `Err` value: Any { .. }
note: x
"""


def test_old_words_are_read():
    """As Rust wrote them before 1.73."""
    found = problem("tests::a", OLD)
    spot = found.spot
    assert found.message.startswith("assertion failed: `(left == right)`")
    assert (spot.file, spot.line, spot.op, spot.left) == ("src/lib.rs", 9, "==", "2")


def test_a_helpers_panic_is_told_where_the_test_called_it():
    """And where it was raised, with a backtrace."""
    spot = problem("tests::a", HELPED).spot
    assert (spot.file, spot.line, spot.origin, spot.origin_line) == ("src/lib.rs", 42, "src/help.rs", 3)


def test_the_tests_own_panic_counts():
    """Not that of a thread, which came first."""
    assert problem("tests::a", THREADS).message.startswith("called `Result::unwrap()`")


@pytest.mark.parametrize("op", ["==", "!="])
def test_values_of_many_lines_are_kept(op):
    """As `{:#?}` would not write them, and a text's own line ends would."""
    where = "thread 't' panicked at a.rs:1:1:\n"
    text = f'{where}assertion `left {op} right` failed\n  left: "a\\nb"\n right: [1, 2]\n'
    spot = problem("t", text).spot
    assert (spot.op, spot.left, spot.right) == (op, '"a\\nb"', "[1, 2]")


def test_panics_that_went_past_the_capture_are_kept_by_name():
    """Each once; of too many the newest."""
    panics = Panics()
    for number in range(1500):
        for line in (f"thread 't{number}' panicked at a.rs:1:1:", "no", "", "other words"):
            panics.line(line)
    assert panics.of("t1499") == "thread 't1499' panicked at a.rs:1:1:\nno"
    assert panics.of("t1499") == panics.of("t0") == ""


@given(st.text(), st.text())
def test_any_text_is_taken(name, text):
    """Nothing raises."""
    problem(name, text)
    where = f"thread 't' panicked at {text}:1:1:\n"
    problem("t", f"{where}assertion `left == right` failed\n  left: {text}\n right: {text}")

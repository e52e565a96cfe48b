"""Why a process failed."""

from __future__ import annotations

import pytest
from anytext import ANY_TEXT, FAILURES, HEADER, LANGUAGES, is_shown_on_one_line, outcome
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.diagnosis import diagnose_outcome


@given(ANY_TEXT, ANY_TEXT, st.integers(-70, 255), LANGUAGES)
def test_any_outcome_is_answered_on_one_line(stderr, stdout, returncode, language):
    """The same for what a process left behind."""
    seen = diagnose_outcome(outcome(returncode, stderr, stdout), language=language)
    assert (seen is None) == (returncode == 0)
    if seen is not None:
        is_shown_on_one_line(seen)
        assert seen.bytes is None


def test_what_passed_has_no_diagnosis():
    """A traceback that was only logged is no failure."""
    assert diagnose_outcome(outcome(0, stderr=HEADER + "KeyError: 1")) is None


@pytest.mark.parametrize(
    ("ended", "code", "why"),
    [
        ("timed-out", "timeout", "it still ran after 12.3 s; last line: waiting for the lock"),
        ("cancelled", "cancelled", "a person stopped it after 12.3 s"),
    ],
)
def test_who_ended_it_comes_before_what_it_wrote(ended, code, why):
    """A process that was ended from outside did not fail by what it said before."""
    seen = diagnose_outcome(outcome(-15, HEADER + "KeyError: 1\nwaiting for the lock\n", ended=ended))
    assert (seen.code, seen.why, seen.confidence) == (code, why, "certain")


def test_standard_error_is_read_before_standard_output():
    """Standard output counts where standard error says nothing that is known."""
    key, name = "KeyError: 1", "NameError: name 'a' is not defined"
    assert diagnose_outcome(outcome(1, HEADER + key, HEADER + name)).code == "key-not-found"
    assert diagnose_outcome(outcome(1, "bye", HEADER + name)).code == "name-not-defined"
    assert diagnose_outcome(outcome(1, "", "half done")).why == "exit code 1; last line: half done"
    assert diagnose_outcome(outcome(1, "bye", "half done")).why == "exit code 1; last line: bye"


def test_an_interrupt_keeps_the_place_that_python_wrote():
    """Python writes a traceback when it is interrupted, and nothing when it is killed."""
    text = (FAILURES / "python" / "interrupted.txt").read_text(encoding="utf-8")
    seen = diagnose_outcome(outcome(-2, text))
    assert (seen.code, seen.where, seen.confidence) == ("interrupted", "/tmp/x/script.py:5", "certain")
    assert diagnose_outcome(outcome(-9, text)).code == "killed"


def test_two_texts_that_say_different_things_leave_it_open():
    """Standard error counts, and is certain only where standard output names no other failure."""
    key, name = HEADER + "KeyError: 1\n", HEADER + "NameError: name 'a' is not defined\n"
    assert diagnose_outcome(outcome(1, key, key)).confidence == "certain"
    assert diagnose_outcome(outcome(1, key, "half done")).confidence == "certain"
    seen = diagnose_outcome(outcome(1, key, name))
    assert (seen.code, seen.confidence) == ("key-not-found", "likely")

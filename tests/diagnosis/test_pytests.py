"""What pytest shows of tests that failed."""

from __future__ import annotations

import pytest
from anytext import FAILURES

from autoexec_magic.diagnosis import diagnose_log, diagnose_text


def text(name):
    return (FAILURES / "logs" / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("pytest-key", [("key-not-found", "test_key.py:3", "certain")]),
        (
            "pytest-line",
            [("assertion-failed", "test_eq.py:3", "certain"), ("key-not-found", "test_key.py:3", "certain")],
        ),
        ("pytest-many", [("module-not-found", "test_imp.py:1", "certain")]),
        ("pytest-short", [("assertion-failed", "", "likely")]),
    ],
)  # fmt: skip
def test_a_captured_run_tells_each_test_that_failed(name, found):
    """In the long form, in the short one, and where only the summary is left."""
    seen = diagnose_log(text(name))
    assert [(each.code, each.where, each.confidence) for each in seen] == found


def test_the_error_is_read_as_python_s_own():
    """Its row has the fix; the lines of the comparison are evidence."""
    (seen,) = diagnose_log(text("pytest-many"))
    assert seen.fix == "%autoexec resolve nosuch_module_x"
    first, _ = diagnose_log(text("pytest-line"))
    assert "At index 1 diff: 2 != 3" in first.evidence
    assert first.why == "assert [1, 2] == [1, 3]"


def test_the_whole_error_is_explained_by_its_bytes():
    """From its first E to its place."""
    data = text("pytest-key").encode()
    (seen,) = diagnose_log(data.decode())
    assert data[slice(*seen.bytes)].decode().split("\n")[0].startswith("E       KeyError")
    assert data[slice(*seen.bytes)].decode().endswith("test_key.py:3: KeyError")


def test_a_text_of_pytest_is_read_without_being_asked_for():
    """It is what a failed test run of a person looks like."""
    assert diagnose_text(text("pytest-key")).code == "key-not-found"


@pytest.mark.parametrize(
    "line", ["E   so it begins", "FAILED to start", "ERROR in a.py", "E   KeyError: 'a'", "ERROR: a.py"]
)
def test_words_that_only_look_alike_are_left_alone(line):
    """Without a place in a file of Python's there is no test."""
    assert diagnose_log(f"{line}\n") == ()

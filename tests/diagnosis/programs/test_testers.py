"""What test runners other than pytest say."""

from __future__ import annotations

import pytest

from autoexec_magic.diagnosis import diagnose_log, diagnose_text


@pytest.mark.parametrize(
    "text",
    [
        "TAP version 13\nnot ok 1 - ten percent off\n  ---\n  location: '/tmp/x/a.test.js:4:1'\n",
        "1 items had failures:\n***Test Failed*** 1 failures.\n",
        "--- FAIL: TestAdd (0.00s)\n    a_test.go:5: want 2\nFAIL\n",
        "Tests:       1 failed, 3 passed, 4 total\n",
        "  3 passing (9ms)\n  1 failing\n",
    ],
)
def test_a_verdict_is_told(text):
    """The runner's own words, which say no more than that."""
    seen = diagnose_text(text, language="node")
    assert (seen.code, seen.confidence) == ("test-failed", "likely")


def test_what_is_to_do_or_skipped_is_no_failure():
    """TAP marks it."""
    assert diagnose_log("not ok 2 - later # TODO\n") == ()

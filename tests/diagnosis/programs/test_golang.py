"""What Go's compiler says."""

from __future__ import annotations

import pytest
from anytext import FAILURES, outcome

from autoexec_magic.diagnosis import diagnose_outcome, diagnose_text
from autoexec_magic.diagnosis.sureness import earned

CAPTURED = (
    *("syntax", "name-not-declared", "type-mismatch", "return-missing"),
    *("no-such-member", "wrong-arguments", "package-not-found", "compile-failed"),
)


@pytest.mark.parametrize("code", CAPTURED)
def test_a_captured_failure_is_explained(code):
    """Its words have a row, and its place is where the compiler says."""
    text = (FAILURES / "compilers" / f"{code}.go.txt").read_text(encoding="utf-8")
    seen = diagnose_outcome(outcome(1, text), language="bash")
    assert (seen.code, seen.confidence) == (code, earned(code, "certain"))
    assert seen.where.startswith("a.go:")


@pytest.mark.parametrize("line", ["    a_test.go:9: got 1, want 2", "see main.go: it is short", "a.go:1:2:"])
def test_what_only_names_a_file_of_go_is_none(line):
    """A test's own words have a line and no column."""
    assert diagnose_text(line, language="bash").code == "error"


STACK = (
    "\n\ngoroutine 1 [running]:\npanic({0x5, 0x6})\n\t/usr/local/go/src/runtime/panic.go:884 +0x212\n"
    "main.main()\n\t/tmp/x/store.go:9 +0x18\nexit status 2\n"
)


@pytest.mark.parametrize(
    ("words", "code", "confidence"),
    [
        (
            "panic: runtime error: invalid memory address or nil pointer dereference",
            "null-dereference",
            "certain",
        ),
        ("panic: runtime error: index out of range [5] with length 3", "index-out-of-range", "certain"),
        ("panic: runtime error: integer divide by zero", "division-by-zero", "certain"),
        ("panic: assignment to entry in nil map", "null-dereference", "certain"),
        ("panic: interface conversion: interface {} is string, not int", "wrong-cast", "certain"),
        ("panic: no database", "panic", "likely"),
        ("panic: my own index out of range", "index-out-of-range", "likely"),
        ("fatal error: all goroutines are asleep - deadlock!", "deadlock", "certain"),
    ],
)
def test_a_panic_is_explained_with_the_first_line_of_ones_own(words, code, confidence):
    """The words are those of Go's runtime, or the program's own."""
    found = diagnose_outcome(outcome(2, words + STACK), language="bash")
    assert (found.code, found.confidence, found.where) == (code, confidence, "/tmp/x/store.go:9")


def test_a_panic_says_more_than_the_test_that_failed_of_it():
    """And without a stack nothing is Go's."""
    text = "--- FAIL: TestIt (0.00s)\npanic: runtime error: index out of range [1] with length 0" + STACK
    assert diagnose_outcome(outcome(2, text), language="bash").code == "index-out-of-range"
    assert diagnose_text("panic: no database\n", language="bash").code == "error"

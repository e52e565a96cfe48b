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

"""tsc's numbers, plain and coloured."""

from __future__ import annotations

import pytest
from anytext import FAILURES

from autoexec_magic.diagnosis import diagnose_log, diagnose_text, typescript
from autoexec_magic.diagnosis.sureness import earned


@pytest.mark.parametrize(
    ("name", "where", "fix"),
    [
        ("type-mismatch.tsc", "b.ts:1", "convert the value"),
        ("no-such-member.tsc", "d.ts:2", "correct the name"),
        ("syntax.tsc", "c.ts:1", "that line"),
        ("file-not-found.tsc", "", "the path"),
        ("possibly-undefined.tsc", "i.ts:1", "check it for undefined"),
    ],
)
def test_a_captured_failure_is_explained(name, where, fix):
    """The place is told as everywhere: file and line."""
    seen = diagnose_text((FAILURES / "compilers" / f"{name}.txt").read_text(encoding="utf-8"))
    assert (seen.where, seen.confidence) == (where, earned(seen.code, "certain"))
    assert fix in seen.fix


def test_a_number_without_a_row_is_a_type_error_or_syntax():
    """Below 2000 it is the grammar, above it the types."""
    assert diagnose_text("a.ts(1,2): error TS1999: x").code == "syntax"
    assert diagnose_text("a.ts(1,2): error TS2999: x").code == "type-error"


def test_its_own_suggestion_is_the_fix():
    """tsc knows the nearest name of the type."""
    seen = diagnose_text("a.ts(3,4): error TS2551: Property 'lenght' does not exist. Did you mean 'length'?")
    assert seen.fix == "write 'length' there, or correct the name"


@pytest.mark.parametrize("line", ["error TS: no number", "error TSX: y", "error TS12"])
def test_what_has_no_number_is_not_tscs(line):
    """The literal alone is not enough."""
    assert diagnose_log(line) == ()


def test_every_row_has_a_code_and_a_fix():
    """A row without them would say nothing."""
    assert all(code and fix for code, fix in typescript.CODES.values())

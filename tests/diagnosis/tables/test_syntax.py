"""What Python says of code that it cannot read."""

from __future__ import annotations

import pytest
from tablerows import holds_as_a_table

from autoexec_magic.diagnosis import diagnose_exception, python
from autoexec_magic.diagnosis.tables import syntax


def test_each_row_has_a_fix_and_was_captured():
    """But for those that need what is not here; their words are below."""
    holds_as_a_table(syntax, set())


@pytest.mark.parametrize(
    ("type_name", "message", "code", "confidence"),
    [
        ("SyntaxError", "'break' outside loop", "syntax", "certain"),
        ("SyntaxError", "f-string: expecting '}'", "syntax", "certain"),
        ("IndentationError", "odd", "indentation", "certain"),
        ("SyntaxError", "odd", "syntax", "certain"),
    ],
)
def test_words_that_were_not_captured_here(type_name, message, code, confidence):
    """As other versions, other machines and other printers write them."""
    seen = python.explain(type_name, message)
    assert (seen[0], seen[3]) == (code, confidence)


@pytest.mark.parametrize(
    "source", ["match x y:\n  case 1: pass", "match (x:\n  case 1: pass", "type X = [", "def f[T] x: pass"]
)
def test_a_fault_in_a_statement_of_a_newer_python_is_no_sure_sign_of_an_old_one(source):
    """A Python that has the statement finds faults in it as well."""
    with pytest.raises(SyntaxError) as caught:
        compile(source, "a.py", "exec")
    found = diagnose_exception(caught.value, is_user_frame=lambda file: True)
    assert (found.code, found.confidence) != ("version-too-old", "certain")

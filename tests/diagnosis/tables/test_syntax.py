"""What Python says of code that it cannot read."""

from __future__ import annotations

import pytest
from tablerows import holds_as_a_table

from autoexec_magic.diagnosis import python
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

"""What Python's own types of exception say."""

from __future__ import annotations

import pytest
from tablerows import holds_as_a_table

from autoexec_magic.diagnosis import python
from autoexec_magic.diagnosis.tables import language


def test_each_row_has_a_fix_and_was_captured():
    """But for those that need what is not here; their words are below."""
    holds_as_a_table(language, set())


@pytest.mark.parametrize(
    ("type_name", "message", "code", "confidence"),
    [
        ("TypeError", "odd", "wrong-type", "likely"),
        ("ValueError", "max() iterable argument is empty", "empty-sequence", "certain"),
        (
            "TypeError",
            "Can't instantiate abstract class A without an implementation for abstract method 'f'",
            "abstract-class",
            "certain",
        ),
        ("TypeError", "sequence item 0: expected str instance, int found", "wrong-type", "likely"),
        (
            "RecursionError",
            "maximum recursion depth exceeded while calling a Python object",
            "recursion-limit",
            "certain",
        ),
        ("OverflowError", "(34, 'Numerical result out of range')", "number-too-large", "certain"),
        ("TypeError", "missing a required argument: 'x'", "wrong-type", "likely"),
    ],
)
def test_words_that_were_not_captured_here(type_name, message, code, confidence):
    """As other versions, other machines and other printers write them."""
    seen = python.explain(type_name, message)
    assert (seen[0], seen[3]) == (code, confidence)

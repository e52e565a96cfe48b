"""What NumPy and pandas say."""

from __future__ import annotations

import pytest
from tablerows import holds_as_a_table

from autoexec_magic.diagnosis import python
from autoexec_magic.diagnosis.tables import arrays


def test_each_row_has_a_fix_and_was_captured():
    """But for those that need what is not here; their words are below."""
    holds_as_a_table(arrays, set())


@pytest.mark.parametrize(
    ("type_name", "message", "code", "confidence"),
    [
        (
            "ValueError",
            "operands could not be broadcast together with shapes (3,) (4,)",
            "shape-mismatch",
            "certain",
        ),
        ("numpy.core._exceptions._ArrayMemoryError", "Unable to allocate 7 GiB", "out-of-memory", "certain"),
        ("TypeError", "unsupported operand type(s) for +: 'int' and 'str'", "unsupported-operand", "certain"),
        ("pandas.errors.UnsortedIndexError", "x", "duplicate-labels", "likely"),
    ],
)
def test_words_that_were_not_captured_here(type_name, message, code, confidence):
    """As other versions, other machines and other printers write them."""
    seen = python.explain(type_name, message)
    assert (seen[0], seen[3]) == (code, confidence)

"""What cannot be read or written."""

from __future__ import annotations

import pytest
from tablerows import holds_as_a_table

from autoexec_magic.diagnosis import python
from autoexec_magic.diagnosis.tables import formats


def test_each_row_has_a_fix_and_was_captured():
    """But for those that need what is not here; their words are below."""
    holds_as_a_table(formats, set())


@pytest.mark.parametrize(
    ("type_name", "message", "code", "confidence"),
    [
        ("ValueError", "unsupported pickle protocol: 9", "damaged-file", "likely"),
        ("re.PatternError", "missing ) at position 0", "invalid-regex", "certain"),
        ("error", "odd", "error", "unknown"),
        ("Error", "Incorrect padding", "wrong-padding", "likely"),
        ("yaml.parser.ParserError", "while parsing a block mapping", "invalid-yaml", "certain"),
    ],
)
def test_words_that_were_not_captured_here(type_name, message, code, confidence):
    """As other versions, other machines and other printers write them."""
    seen = python.explain(type_name, message)
    assert (seen[0], seen[3]) == (code, confidence)

"""What fails when a module is imported."""

from __future__ import annotations

import pytest
from tablerows import holds_as_a_table

from autoexec_magic.diagnosis import python
from autoexec_magic.diagnosis.tables import imports


def test_each_row_has_a_fix_and_was_captured():
    """But for those that need what is not here; their words are below."""
    holds_as_a_table(imports, {"library-too-old", "wrong-architecture", "version-conflict"})


@pytest.mark.parametrize(
    ("type_name", "message", "code", "confidence"),
    [
        (
            "ImportError",
            "/lib/libc.so.6: version `GLIBC_2.34' not found (required by a.so)",
            "library-too-old",
            "certain",
        ),
        (
            "ValueError",
            "numpy.dtype size changed, may indicate binary incompatibility. Expected 96",
            "binary-mismatch",
            "likely",
        ),
        ("ImportError", "No module named yaml", "module-not-found", "certain"),
        ("ImportError", "odd", "import-failed", "likely"),
    ],
)
def test_words_that_were_not_captured_here(type_name, message, code, confidence):
    """As other versions, other machines and other printers write them."""
    seen = python.explain(type_name, message)
    assert (seen[0], seen[3]) == (code, confidence)

"""What the operating system says."""

from __future__ import annotations

import pytest
from tablerows import holds_as_a_table

from autoexec_magic.diagnosis import python
from autoexec_magic.diagnosis.tables import files


def test_each_row_has_a_fix_and_was_captured():
    """But for those that need what is not here; their words are below."""
    holds_as_a_table(files, {"process-limit"})


@pytest.mark.parametrize(
    ("type_name", "message", "code", "confidence"),
    [
        ("OSError", "[Errno 30] Read-only file system: 'a'", "read-only", "certain"),
        ("OSError", "[Errno 5] Input/output error", "io-error", "likely"),
        ("OSError", "[Errno 122] Disk quota exceeded", "disk-full", "certain"),
        ("OSError", "[Errno 4711] odd", "os-error", "likely"),
        ("PermissionError", "[Errno 1] Operation not permitted: 'a'", "operation-not-permitted", "certain"),
        ("PermissionError", "[Errno 13] Permission denied: 'a'", "permission-denied", "certain"),
    ],
)
def test_words_that_were_not_captured_here(type_name, message, code, confidence):
    """As other versions, other machines and other printers write them."""
    seen = python.explain(type_name, message)
    assert (seen[0], seen[3]) == (code, confidence)

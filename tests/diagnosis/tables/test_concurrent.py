"""What fails beside the main line."""

from __future__ import annotations

import pytest
from tablerows import holds_as_a_table

from autoexec_magic.diagnosis import python
from autoexec_magic.diagnosis.tables import concurrent


def test_each_row_has_a_fix_and_was_captured():
    """But for those that need what is not here; their words are below."""
    holds_as_a_table(concurrent, {"thread-not-started", "too-many-threads"})


@pytest.mark.parametrize(
    ("type_name", "message", "code", "confidence"),
    [
        ("RuntimeError", "cannot join thread before it is started", "thread-not-started", "certain"),
        ("RuntimeError", "can't start new thread", "too-many-threads", "likely"),
        ("asyncio.exceptions.IncompleteReadError", "0 bytes read", "connection-lost", "likely"),
        (
            "RuntimeError",
            "Cannot run the event loop while another loop is running",
            "event-loop-running",
            "certain",
        ),
    ],
)
def test_words_that_were_not_captured_here(type_name, message, code, confidence):
    """As other versions, other machines and other printers write them."""
    seen = python.explain(type_name, message)
    assert (seen[0], seen[3]) == (code, confidence)

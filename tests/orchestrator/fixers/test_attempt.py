"""What is run, as a value."""

from __future__ import annotations

from autoexec_magic.orchestrator.fixers.attempt import Failure
from autoexec_magic.values import Diagnosis, Frame


def test_the_line_that_failed_is_the_frames():
    """Where there is no frame there is no line."""
    assert Failure(diagnosis=Diagnosis(code="a", why="b")).failed_line == ""
    found = Diagnosis(code="a", why="b", frame=Frame(source="x = 1"))
    assert Failure(diagnosis=found).failed_line == "x = 1"

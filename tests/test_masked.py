"""What the record sees of output that its caller gets as it is."""

from __future__ import annotations

import pytest

from autoexec_magic.events import Output, PhaseFinished, PhaseStarted, RunFinished
from autoexec_magic.masked import masked
from autoexec_magic.values import Verdict

SECRET = "hunter2-hunter2"
END = PhaseFinished(phase="run", verdict=Verdict.PASSED, seconds=0.0)


def said(stream, *pieces):
    """Return what each piece is as an event."""
    return [Output(phase="run", stream=stream, text=piece) for piece in pieces]


def texts(events, stream):
    """Return what came of a stream."""
    return "".join(event.text for event in events if isinstance(event, Output) and event.stream == stream)


@pytest.fixture
def sink(monkeypatch):
    """Return the events that came through, and the sink."""
    monkeypatch.setenv("MY_PASSWORD", SECRET)
    monkeypatch.setenv("PLAIN_NAME", "anything-else")
    events = []
    return events, masked(events.append, ["PLAIN_*"])


def test_a_secret_split_over_two_pieces_is_masked(sink):
    """And one that was named, in the other stream."""
    events, emit = sink
    for event in (
        *said("stdout", f"a {SECRET[:7]}", f"{SECRET[7:]} b\n"),
        *said("stderr", "anything-else\n"),
        END,
    ):
        emit(event)
    assert texts(events, "stdout") == "a *** b\n"
    assert texts(events, "stderr") == "***\n"


def test_what_is_held_back_comes_before_the_end(sink):
    """The beginning of a secret that never went on is output like any other."""
    events, emit = sink
    for event in (PhaseStarted(phase="run"), *said("stdout", "a hunter2"), END):
        emit(event)
    assert texts(events, "stdout") == "a hunter2"
    assert events[-1] is END


def test_the_end_of_the_run_is_an_end_too(sink):
    """Where a phase did not come to its own."""
    events, emit = sink
    emit(said("stderr", "hunter2")[0])
    emit(RunFinished(verdict=Verdict.FAILED, seconds=0.0))
    assert [type(event).__name__ for event in events][-2:] == ["Output", "RunFinished"]


def test_escapes_are_made_harmless(sink):
    """A record is shown in terminals."""
    events, emit = sink
    emit(said("stdout", "a\x1b]52;c;aGk=\x07b\n")[0])
    emit(END)
    assert texts(events, "stdout") == "ab\n"

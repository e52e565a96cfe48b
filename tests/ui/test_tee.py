"""The writer through which an in-kernel run is recorded."""

from __future__ import annotations

import io
import logging
import sys
import threading

import pytest

from autoexec_magic.events import Displayed, Output, PhaseStarted, Truncated
from autoexec_magic.ui.tee import Tee, Writer


class Publisher:
    """What a shell's display_pub and displayhook are for a tee."""

    def __init__(self):
        self.seen = []

    def publish(self, data, metadata=None, **rest):
        self.seen.append(data)

    def write_format_data(self, data, metadata=None):
        self.seen.append(data)


class Shell:
    """A shell with the two places where rich output passes."""

    def __init__(self):
        self.display_pub = Publisher()
        self.displayhook = Publisher()


def test_everything_arrives_in_order_from_one_thread(emit):
    """Two streams and an event between them, as they came."""
    threads = set()

    def sink(event):
        threads.add(threading.current_thread().name)
        emit(event)

    writer = Writer(sink, 10**6)
    for number in range(1000):
        writer.write("stdout", f"out {number}\n")
    writer.put(PhaseStarted(phase="run"))
    writer.write("stderr", "err\n")
    writer.close()
    assert emit.text("stdout") == "".join(f"out {number}\n" for number in range(1000))
    assert emit.kinds()[-2:] == ["PhaseStarted", "Output"]
    assert threads == {"autoexec-writer"}


def test_fast_lines_are_coalesced(emit):
    """A line an event would be a write a line."""
    writer = Writer(emit, 10**7)
    for number in range(20_000):
        writer.write("stdout", f"{number}\n")
    writer.close()
    assert len(emit) < 2_000
    assert emit.text("stdout").count("\n") == 20_000


def test_a_lone_line_does_not_wait_for_the_next():
    """It is emitted without anything following it."""
    arrived = threading.Event()
    writer = Writer(lambda event: arrived.set(), 10**6)
    writer.write("stdout", "alone\n")
    assert arrived.wait(10)
    writer.close()


def test_what_exceeds_the_limit_is_counted(emit):
    """Memory and disk are bounded whatever a cell prints."""
    writer = Writer(emit, 10)
    for _ in range(5):
        writer.write("stdout", "0123456789")
    writer.close()
    assert emit.text("stdout") == "0123456789"
    assert emit[-1] == Truncated(phase="run", stream="stdout", dropped_bytes=40)


def test_a_secret_in_two_writes_is_masked(emit, monkeypatch):
    """What goes on record is masked; what the cell shows is the user's own."""
    monkeypatch.setenv("MY_TOKEN", "hunter2-hunter2")
    writer = Writer(emit, 10**6)
    writer.write("stdout", "it is hunter2")
    writer.write("stdout", "-hunter2.\n")
    writer.close()
    assert emit.text() == "it is ***.\n"


def test_streams_keep_their_identity_and_old_references_are_recorded(emit, monkeypatch):
    """A handler that took the stream long ago writes to the same object."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", _Stream(stream))
    handler = logging.StreamHandler(sys.stderr)
    before = sys.stderr
    writer = Writer(emit, 10**6)
    tee = Tee(Shell(), writer)
    tee.start()
    handler.emit(logging.LogRecord("x", 30, "", 1, "from the handler", (), None))
    assert sys.stderr is before
    tee.stop()
    handler.emit(logging.LogRecord("x", 30, "", 1, "after the end", (), None))
    writer.close()
    assert emit.text("stderr") == "from the handler\n"
    assert stream.getvalue() == "from the handler\nafter the end\n"
    assert "write" not in vars(before)


def test_rich_outputs_are_noted_with_their_sizes(emit):
    """Not their content: types and sizes."""
    shell = Shell()
    writer = Writer(emit, 10**6)
    tee = Tee(shell, writer)
    tee.start()
    shell.display_pub.publish({"text/plain": "abc", "image/png": b"12345"})
    shell.displayhook.write_format_data({"text/plain": "4"}, {})
    tee.stop()
    shell.display_pub.publish({"text/plain": "not ours"})
    writer.close()
    assert [event.mimes for event in emit if isinstance(event, Displayed)] == [
        {"text/plain": 3, "image/png": 5},
        {"text/plain": 1},
    ]
    assert len(shell.display_pub.seen) == 2


@pytest.mark.parametrize("error", [OSError("full"), ValueError("closed")])
def test_a_sink_that_fails_does_not_stop_the_writer(error):
    """`close` returns, whatever became of the sink."""
    from autoexec_magic.history import fan_out

    def broken(event):
        raise error

    writer = Writer(fan_out(broken), 10**6)
    writer.write("stdout", "x\n")
    writer.write("stdout", "y\n")
    writer.close()
    assert not writer._thread.is_alive()


class _Stream:
    """A text stream whose `write` can be wrapped, as a kernel's."""

    def __init__(self, target):
        self._target = target

    def write(self, text):
        return self._target.write(text)

    def flush(self):
        """Nothing is buffered."""


def test_output_events_keep_their_stream(emit):
    """What stderr wrote is not shown as stdout's."""
    writer = Writer(emit, 10**6)
    writer.write("stderr", "e\n")
    writer.write("stdout", "o\n")
    writer.close()
    assert [(event.stream, event.text) for event in emit if isinstance(event, Output)] == [
        ("stderr", "e\n"),
        ("stdout", "o\n"),
    ]

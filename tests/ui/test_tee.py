"""The writer through which an in-kernel run is recorded."""

from __future__ import annotations

import io
import logging
import os
import sys
import threading
from pathlib import Path

import pytest
from skips import requires

from autoexec_magic.events import Displayed, Output, PhaseStarted, RunFinished, Truncated
from autoexec_magic.ui.tee import TAIL_BYTES, Tee, Writer
from autoexec_magic.values import Verdict


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
    """Memory and disk are bounded whatever a cell prints; the end of it, where errors are, is kept."""
    writer = Writer(emit, 10)
    for number in range(100_000):
        writer.write("stdout", f"{number:08}é\n")
    writer.put(RunFinished(verdict=Verdict.PASSED, seconds=1.0))
    writer.close()
    cuts = [event.dropped_bytes for event in emit if isinstance(event, Truncated)]
    text = emit.text("stdout")
    assert len(cuts) == 2
    assert cuts[0] == 11
    assert sum(cuts) + len(text.encode()) == 11 * 100_000
    assert text.startswith("00000000é\n000")
    assert text.endswith("00099999é\n")
    assert TAIL_BYTES - 11 <= len(text.encode()) <= TAIL_BYTES + 22
    assert emit.kinds()[-1] == "RunFinished"
    assert emit.kinds()[:2] == ["Output", "Truncated"]


def test_the_limit_is_in_bytes(emit):
    """A text of four-byte characters is four times as long as it has characters."""
    writer = Writer(emit, 40)
    for _ in range(3):
        writer.write("stdout", "🙂" * 10)
    writer.close()
    assert emit.kinds() == ["Output", "Truncated", "Output"]
    assert [event.dropped_bytes for event in emit if isinstance(event, Truncated)] == [40]


def test_one_long_piece_past_the_limit_is_bounded(emit):
    """What is kept of it is its end, from a line's beginning."""
    writer = Writer(emit, 1)
    writer.write("stderr", "xx")
    writer.write("stderr", "first\n")
    writer.write("stderr", "a" * 10**6 + "\nlast\n")
    writer.close()
    assert emit.text("stderr") == "xxlast\n"
    dropped = sum(event.dropped_bytes for event in emit if isinstance(event, Truncated))
    assert dropped + len("xxlast\n") == 2 + 6 + 10**6 + 6


def test_a_secret_at_the_cut_is_not_recorded_in_part(emit, monkeypatch):
    """The beginning that was held back is dropped with the rest."""
    monkeypatch.setenv("MY_TOKEN", "hunter2-hunter2")
    writer = Writer(emit, 12)
    writer.write("stdout", "it is hunter2")
    writer.write("stdout", "-hunter2.\n")
    writer.write("stdout", "end\n")
    writer.close()
    assert "hunter2" not in emit.text()
    assert emit.text().endswith("end\n")


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


def test_what_a_child_wrote_is_recorded_before_the_end(emit):
    """A thread of the kernel reads what children write; it may be a turn behind the cell's end."""
    reader, writer_end = os.pipe()
    seen = io.StringIO()
    stream = _Stream(seen)
    released = threading.Event()

    def work() -> None:
        while data := os.read(reader, 1000):
            released.wait(5)  # it has read, and not yet written
            stream.write(data.decode())

    stream._fid = reader
    stream.watch_fd_thread = threading.Thread(target=work, daemon=True)
    stream.watch_fd_thread.start()
    writer = Writer(emit, 10**6)
    tee = Tee(Shell(), writer)
    before, sys.stdout = sys.stdout, stream
    try:
        tee.start()
        os.write(writer_end, b"from a child\n")
        threading.Timer(0.01, released.set).start()
        tee.stop()
    finally:
        sys.stdout = before
        os.close(writer_end)
        stream.watch_fd_thread.join()
        os.close(reader)
    writer.close()
    requires(Path("/proc/self/syscall").exists(), "there is no /proc/self/syscall", "run it on Linux")
    assert emit.text("stdout") == "from a child\n"

"""How fast does much output pass? For information: nobody asked for a bar.

A child writes 50 MB of text lines (coloured ones: 10 MB); they are read and
thrown away, run through the executor, and through the executor onto the record.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import measure
from measure import Method, Note, now_ns, own_folder, seconds_since, table

from autoexec_magic import executor
from autoexec_magic.events import Emit, Event, Output
from autoexec_magic.history import Meta, Owner, Store, host, new_id, now_ms

BLOCK_BYTES = 65_536
PROGRAM = """\
import os, sys
line, count, size = sys.argv[1].encode() + b"\\n", int(sys.argv[2]), int(sys.argv[3])
block = (line * (size // len(line) + 1))[:size - 1] + b"\\n"
for _ in range(count):
    left = memoryview(block)
    while left:
        left = left[os.write(1, left):]
"""
TEXTS = {
    "plain": ("2026-11-01 12:00:00 INFO step 1234 of 5000: loss 0.0312, 14.2 examples a second", 50),
    "coloured": ("\x1b[32m2026-11-01 12:00:00\x1b[0m INFO step 1234 of 5000: loss \x1b[1m0.0312\x1b[0m", 10),
}


def discarded(argv: tuple[str, ...], size: int, name: str) -> Method:
    """Return a method that reads 64 kB at a time and forgets it."""

    def method(note: Note) -> None:
        start, count = now_ns(), 0
        with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, bufsize=0) as child:
            assert child.stdout is not None
            while data := os.read(child.stdout.fileno(), BLOCK_BYTES):
                count += len(data)
        note(name, seconds_since(start))
        assert count == size, count

    return method


def executed(argv: tuple[str, ...], size: int, name: str) -> Method:
    """Return a method that runs it and counts what its sink gets."""

    def method(note: Note) -> None:
        note(name, timed(argv, size, lambda event: None))

    return method


def recorded(argv: tuple[str, ...], size: int, name: str, root: Path) -> Method:
    """Return a method that runs it on the record."""
    store = Store(root, lambda pid, start: True)

    def method(note: Note) -> None:
        owner = Owner(pid=os.getpid(), start_time=0, host=host())
        meta = Meta(run_id=new_id(), verb="sh", title="", started=now_ms(), cage="open", owner=owner)
        recorder = store.create(meta)
        note(name, timed(argv, size, recorder.emit))
        recorder.close()
        os.truncate(recorder.folder / "events.jsonl", 0)  # the next one finds the same machine

    return method


def timed(argv: tuple[str, ...], size: int, sink: Emit) -> float:
    """Return the seconds that a run takes; all `size` characters of it reach the sink."""
    count = 0

    def emit(event: Event) -> None:
        nonlocal count
        sink(event)
        if isinstance(event, Output):
            count += len(event.text)

    start = now_ns()
    executor.run(argv, emit=emit)
    seconds = seconds_since(start)
    assert count == size, count
    return seconds


def rate_of(size: int) -> Callable[[float], str]:
    """Return what spells the MB/s of `size` bytes in so many seconds."""
    return lambda seconds: f"{size / 1e6 / seconds:,.0f}"


def bulk(options: argparse.Namespace) -> None:
    """Print the time for all of it, and MB/s."""
    with own_folder() as folder:
        for kind, (text, millions) in TEXTS.items():
            blocks = millions * 1_000_000 // BLOCK_BYTES // (5 if options.quick else 1)
            size = blocks * BLOCK_BYTES
            argv = (sys.executable, "-I", "-S", "-c", PROGRAM, text, str(blocks), str(BLOCK_BYTES))
            methods = [
                discarded(argv, size, "read 64 kB and discard"),
                executed(argv, size, "executor.run"),
                recorded(argv, size, "executor.run, on the record", folder / kind),
            ]
            samples = measure.interleaved(methods, 2 if options.quick else 5, warm_ups=1)
            table(
                f"{size / 1e6:.0f} MB of {kind} lines",
                samples,
                floor="read 64 kB and discard",
                extra={"MB/s": rate_of(size)},
            )


if __name__ == "__main__":
    measure.main("How fast does much output pass? (for information)", [bulk])

"""How fast does much output pass? Asked for: to a Jupyter client ≥ 0.5× a bare loop, ≥ 100× `%%bash`.

A child writes 50 MB of text lines (coloured ones: 10 MB); they are read and
thrown away, run through the executor, and through the executor onto the record.
Then, in a real kernel, 20 MB of them go to a client: by a cell that reads 64 kB,
writes and flushes, by `%autoexec sh`, on the record and with secrets to be
looked for, and, of a twentieth as much, by `%%bash`.
"""

from __future__ import annotations

import argparse
import os
import shlex
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import measure
from measure import Kernel, Method, Note, now_ns, own_folder, seconds_since, table

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


LOOP = """\
import os, subprocess, sys
with subprocess.Popen({argv!r}, stdout=subprocess.PIPE, bufsize=0) as child:
    while data := os.read(child.stdout.fileno(), 65536):
        sys.stdout.write(data.decode())
        sys.stdout.flush()
"""
SECRETS = (
    "import os; os.environ['API_TOKEN'] = 'tr0ub4dor-and-3'; os.environ['DB_PASSWORD'] = 'correct-horse-7'"
)


def at_client(there: Kernel, name: str, code: str, size: int) -> Method:
    """Return a method that notes the seconds per byte from the request to the reply; all of it arrives."""

    def method(note: Note) -> None:
        heard = there.run(code)
        assert sum(len(text) for _, text in heard.texts) >= size
        note(name, heard.reply_seconds / size)

    return method


def client(options: argparse.Namespace) -> None:
    """Print what a client gets, in MB/s, and whether that is what was asked for."""
    bare, ours, bash = "read 64 kB, write, flush", "%autoexec sh", "%%bash"
    with own_folder() as folder, measure.kernel(folder / "kernel") as there:
        there.run(SECRETS)
        for kind, (text, _) in TEXTS.items():
            program = folder / f"{kind}.py"  # with the text in it: a line with an escape in it is refused
            program.write_text(PROGRAM.replace("sys.argv[1]", repr(text)), encoding="utf-8")
            blocks = 20_000_000 // BLOCK_BYTES // (5 if options.quick else 1)
            argv = [sys.executable, "-I", "-S", str(program), kind, str(blocks), str(BLOCK_BYTES)]
            few = [*argv[:-2], str(blocks // 20), str(BLOCK_BYTES)]
            size = blocks * BLOCK_BYTES
            methods = [
                at_client(there, bare, LOOP.format(argv=argv), size),
                at_client(there, ours, f"%autoexec sh {shlex.join(argv)}", size),
                at_client(there, bash, f"%%bash\n{shlex.join(few)}", blocks // 20 * BLOCK_BYTES),
            ]
            samples = measure.interleaved(methods, 2 if options.quick else 5, warm_ups=1)
            rates = {name: 1e-6 / statistics.median(values) for name, values in samples.items()}
            print(f"\n{size / 1e6:.0f} MB of {kind} lines to a client, store and redaction on: MB/s")
            for name, rate in rates.items():
                print(f"  {name:26} {rate:8.1f}")
            for floor, bar in ((bare, 0.5), (bash, 100.0)):
                ratio = rates[ours] / rates[floor]
                verdict = "met" if ratio >= bar else "not met"
                print(f"  {ours} is {ratio:.2f} x {floor} (bar >= {bar:g})  {verdict}")
            sys.stdout.flush()


if __name__ == "__main__":
    measure.main("How fast does much output pass?", [bulk, client])

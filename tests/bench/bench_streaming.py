"""How long from a line being written to its being seen? Asked for: less than 10 ms p50.

A child writes a line about every 30 ms and says in it when. It is seen by our
sink, in the run's `events.jsonl` once `write()` has returned, in the same file
by another process that looks every 0.2 ms, and by a Jupyter client, there
beside IPython's `!` and `%%bash`. A `%%autoexec` cell, which prints in the
kernel itself, is looked at in the store; how soon its output is at the client
is the kernel's affair (it sends every 200 ms) and shown beside a plain cell.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import select
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import measure
from measure import Kernel, Method, Note, Stamps, now_ns, own_folder, table

from autoexec_magic import executor
from autoexec_magic.events import Event, Output, from_line
from autoexec_magic.executor import is_alive
from autoexec_magic.history import Meta, Owner, Store, fan_out, host, new_id, now_ms

BAR = 10e-3
LINES = 10  # of one child
POLL_SECONDS = 0.0002
READY_SECONDS = 30.0

TICKER = """\
import os, random, sys, time
for _ in range(int(sys.argv[1])):
    time.sleep(random.uniform(0.02, 0.04))
    os.write(1, b"T%d\\n" % time.clock_gettime_ns(time.CLOCK_MONOTONIC))
time.sleep(0.02)
"""
CELL = """\
import random, time
for _ in range({lines}):
    time.sleep(random.uniform(0.02, 0.04))
    print(f"T{{time.clock_gettime_ns(time.CLOCK_MONOTONIC)}}")
time.sleep(0.02)
"""
# What the kernel was to flush for the cell before would flush the next one's first lines, too early.
QUIET = "import time; time.sleep(0.25)"


def watch(runs: Path) -> None:
    """Be another process: look into the next run's log, at the end of stdin print what its lines took."""
    old = set(os.listdir(runs)) if runs.is_dir() else set()
    log, rest, stamps, is_over = -1, b"", Stamps(), False
    print("ready", flush=True)
    while not is_over:
        time.sleep(POLL_SECONDS)
        is_over = bool(select.select([sys.stdin], [], [], 0)[0])
        if log < 0:
            log = next_log(runs, old)
        while log >= 0 and (data := os.read(log, 65_536)):
            seen_ns = now_ns()
            *lines, rest = (rest + data).split(b"\n")
            for envelope in map(from_line, lines):
                if envelope and isinstance(envelope.event, Output):
                    stamps.feed(envelope.event.text, seen_ns)
    print(json.dumps(stamps.seconds))


def next_log(runs: Path, old: set[str]) -> int:
    """Return a descriptor of the log of a run that is not one of `old`, or -1."""
    for name in set(os.listdir(runs)) - old if runs.is_dir() else ():
        with contextlib.suppress(FileNotFoundError):  # its folder is there, its log not yet
            return os.open(runs / name / "events.jsonl", os.O_RDONLY)
    return -1


@contextlib.contextmanager
def watched(runs: Path) -> Iterator[Callable[[], list[float]]]:
    """Yield what ends the watcher, once the run is over, and returns the seconds it saw."""
    argv = [sys.executable, __file__, "--watch", str(runs)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                raise RuntimeError("the watcher did not start")
            yield lambda: json.loads(process.communicate(timeout=READY_SECONDS)[0])
        finally:
            process.kill()


def ticking(folder: Path) -> tuple[str, ...]:
    """Return the command that writes stamped lines."""
    program = folder / "ticker.py"
    program.write_text(TICKER, encoding="utf-8")
    return (sys.executable, "-I", "-S", str(program), str(LINES))


def noted(note: Note, name: str, seconds: list[float]) -> None:
    """Note each line, and that none is missing."""
    assert len(seconds) == LINES, f"{name}: {len(seconds)} of {LINES} lines were seen"
    for each in seconds:
        note(name, each)


def read_plainly(argv: tuple[str, ...]) -> Method:
    """Return a method that waits in `read`: nothing can be faster."""

    def method(note: Note) -> None:
        stamps = Stamps()
        with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, bufsize=0) as child:
            assert child.stdout is not None
            while data := os.read(child.stdout.fileno(), 65_536):
                stamps.feed(data.decode(), now_ns())
        noted(note, "read of a pipe", stamps.seconds)

    return method


def run_on_record(argv: tuple[str, ...], root: Path) -> Method:
    """Return a method that runs it as `api.sh` does, on the record, and watches all the way."""
    store = Store(root, lambda pid, start: is_alive(executor.ProcessId(pid, start)))
    store.folder.mkdir(parents=True)

    def method(note: Note) -> None:
        at_sink, written = Stamps(), Stamps()
        owner = Owner(pid=os.getpid(), start_time=0, host=host())
        meta = Meta(run_id=new_id(), verb="sh", title="", started=now_ms(), cage="open", owner=owner)

        def seen(stamps: Stamps) -> Callable[[Event], None]:
            def sink(event: Event) -> None:
                if isinstance(event, Output):
                    stamps.feed(event.text, now_ns())

            return sink

        with watched(store.folder) as seconds_seen:
            recorder = store.create(meta)
            executor.run(argv, emit=fan_out(seen(at_sink), recorder.emit, seen(written)), run_id=meta.run_id)
            recorder.close()
            noted(note, "executor.run → our sink", at_sink.seconds)
            noted(note, "executor.run → written to the store", written.seconds)
            noted(note, "executor.run → another process reads it", seconds_seen())

    return method


def at_client(there: Kernel, name: str, code: str) -> Method:
    """Return a method that runs `code` and looks at the client."""

    def method(note: Note) -> None:
        there.run(QUIET)
        noted(note, f"{name} → client", there.run(code).latencies())

    return method


def in_store(there: Kernel, runs: Path, name: str, code: str) -> Method:
    """Return a method that runs `code` and looks at the store, from another process."""

    def method(note: Note) -> None:
        with watched(runs) as seconds_seen:
            there.run(code)
            noted(note, f"{name} → another process reads it", seconds_seen())

    return method


def streaming(options: argparse.Namespace) -> None:
    """Print how long lines take, all the ways."""
    with own_folder() as folder, measure.kernel(folder / "kernel") as there:
        runs = measure.data_of(folder / "kernel") / "runs"
        argv = ticking(folder)
        line = shlex.join(argv)
        cell = CELL.format(lines=LINES)
        methods = [
            read_plainly(argv),
            run_on_record(argv, folder / "data"),
            at_client(there, "%autoexec sh", f"%autoexec sh {line}"),
            at_client(there, "!", f"!{line}"),
            at_client(there, "%%bash", f"%%bash\n{line}"),
            in_store(there, runs, "%%autoexec cell", f"%%autoexec\n{cell}"),
            at_client(there, "%%autoexec cell", f"%%autoexec\n{cell}"),
            at_client(there, "plain cell", cell),
        ]
        samples = measure.interleaved(methods, 2 if options.quick else 12, warm_ups=1)
    ours = [
        "executor.run → our sink",
        "executor.run → written to the store",
        "executor.run → another process reads it",
        "%%autoexec cell → another process reads it",
    ]
    bars = dict.fromkeys([*ours, "%autoexec sh → client"], BAR)
    table(
        "a line written → seen in the run store",
        samples,
        names=["read of a pipe", *ours],
        floor="read of a pipe",
        bars=bars,
    )
    table(
        "a line written → at a Jupyter client",
        samples,
        names=["%autoexec sh → client", "! → client", "%%bash → client"],
        floor="%autoexec sh → client",
        bars=bars,
    )
    table(
        "a line printed in the kernel → at a Jupyter client (for information)",
        samples,
        names=["%%autoexec cell → client", "plain cell → client"],
        floor="plain cell → client",
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--watch"]:
        watch(Path(sys.argv[2]))
    else:
        measure.main("How long from a line being written to its being seen?", [streaming])

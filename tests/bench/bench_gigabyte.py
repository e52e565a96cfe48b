"""What does a gigabyte of output cost? Asked for: ≤ 1.5× the CPU of discarding it, ≤ 16 MB more memory.

A child writes 1 GiB of lines. It is read and thrown away by a loop of
`os.read(fd, 65536)`, and run through the executor onto the record. What is kept
is decoded, masked and stored, and costs what that costs; what is beyond must
cost what discarding costs. So the executor is measured with nothing kept, with
1 MiB kept, and with the default kept; and at the default what each *further*
GiB costs (2 GiB less 1 GiB). Time is CPU time of our process; each memory
figure is of a process of its own, the most it ever held less what it held before.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import measure
from measure import GIB, Method, Note, own_folder, table

from autoexec_magic import executor
from autoexec_magic.history import Meta, Owner, Store, host, new_id, now_ms

BLOCK_BYTES = 65_536
MEMORY_BAR = 16e6
CPU_BAR = 1.5
KEPT = {"nothing kept": 0, "1 MiB kept": 2**20, "the default kept": executor.KEEP_BYTES}
PROGRAM = """\
import os, sys
line = b"2026-11-01 12:00:00 INFO step 1234 of 5000: loss 0.0312, 14.2 examples a second\\n"
count = int(sys.argv[1])
block = (line * (65536 // len(line) + 1))[:65535] + b"\\n"
for _ in range(count):
    left = memoryview(block)
    while left:
        left = left[os.write(1, left):]
"""


def writer(size: int) -> tuple[str, ...]:
    """Return the command that writes `size` bytes."""
    return (sys.executable, "-I", "-S", "-c", PROGRAM, str(size // BLOCK_BYTES))


def discard(size: int) -> None:
    """Read it, and forget it."""
    count = 0
    with subprocess.Popen(writer(size), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, bufsize=0) as child:
        assert child.stdout is not None
        while data := os.read(child.stdout.fileno(), BLOCK_BYTES):
            count += len(data)
    assert count == size, count


def record(size: int, keep_bytes: int, root: Path) -> None:
    """Run it on the record, and throw the record away."""
    store = Store(root, lambda pid, start: True)
    owner = Owner(pid=os.getpid(), start_time=0, host=host())
    meta = Meta(run_id=new_id(), verb="sh", title="", started=now_ms(), cage="open", owner=owner)
    recorder = store.create(meta)
    outcome = executor.run(writer(size), emit=recorder.emit, keep_bytes=keep_bytes)
    recorder.close()
    assert outcome.passed
    assert outcome.dropped_bytes >= size - keep_bytes
    os.truncate(recorder.folder / "events.jsonl", 0)


def discarded(name: str, size: int) -> Method:
    """Return a method that notes the CPU seconds of discarding."""

    def method(note: Note) -> None:
        start = time.process_time()
        discard(size)
        note(name, time.process_time() - start)

    return method


def recorded(name: str, size: int, keep_bytes: int, root: Path) -> Method:
    """Return a method that notes the CPU seconds of a run."""

    def method(note: Note) -> None:
        start = time.process_time()
        record(size, keep_bytes, root)
        note(name, time.process_time() - start)

    return method


def cpu(options: argparse.Namespace) -> None:
    """Print the CPU time of a GiB, and of each further one."""
    size = GIB // (8 if options.quick else 1)
    with own_folder() as folder:
        methods = [discarded("read 64 kB and discard", size)]
        methods += [recorded(name, size, kept, folder / str(kept)) for name, kept in KEPT.items()]
        twice = "the default kept, of twice as much"
        methods.append(recorded(twice, 2 * size, executor.KEEP_BYTES, folder / "twice"))
        samples = measure.interleaved(methods, 2 if options.quick else 9, warm_ups=1)
    one, two = samples["the default kept"], samples.pop(twice)
    further = "each further one, the default kept"
    samples[further] = [more - less for more, less in zip(two, one, strict=True)]
    floor = statistics.median(samples["read 64 kB and discard"])
    bars = dict.fromkeys(("nothing kept", "1 MiB kept", further), CPU_BAR * floor)
    table(f"{size / GIB:g} GiB of lines: CPU time", samples, floor="read 64 kB and discard", bars=bars)


def memory(options: argparse.Namespace) -> None:
    """Print how much more memory a run takes."""
    size = GIB // (8 if options.quick else 1)
    print(f"\n{size / GIB:g} GiB of lines: memory beyond what was held before (bar < 16 MB)")
    for kept in KEPT.values():
        argv = [sys.executable, __file__, "--memory", str(size), str(kept)]
        found = json.loads(subprocess.run(argv, capture_output=True, check=True).stdout)
        verdict = "met" if found < MEMORY_BAR else "not met"
        print(f"  {kept / 2**20:g} MiB kept: {found / 1e6:.1f} MB  {verdict}")


def most_memory(size: int, kept: int) -> int:
    """Return the bytes that a run took at its most (proc(5): VmHWM, counted anew)."""
    with own_folder() as folder:
        record(BLOCK_BYTES, BLOCK_BYTES, folder)  # what is imported late is imported now
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        before = resident("VmRSS")
        record(size, kept, folder)
        return resident("VmHWM") - before


def resident(name: str) -> int:
    """Return a figure of /proc/self/status, in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--memory"]:
        print(most_memory(int(sys.argv[2]), int(sys.argv[3])))
    else:
        measure.main("What does a gigabyte of output cost?", [cpu, memory])

"""What does it cost a run that it is kept, and the first one that its keeper is started?

Runs are timed from the call to the first byte: as they are, without being
kept (no keeper, no table), and without the mark as well; beside `os.posix_spawn`.
First runs are each in a new process. Then, how long what ignores TERM in a
session of its own lives on after a kill of the process that ran it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import measure
from measure import Note, now_ns, seconds_since, table

from autoexec_magic import executor
from autoexec_magic.events import Event
from autoexec_magic.executor import mark

ECHO = (shutil.which("echo") or "echo", "x")
PAUSE_SECONDS = 0.003  # a person's runs do not follow each other at once, and caches are cold
WAYS = ("as it is", "not kept", "not kept, no mark")
KEPT, PUT = executor.kept, mark.put
DEAF = "import os, signal, time; os.setsid() if os.fork() == 0 else None; signal.signal(15, signal.SIG_IGN)"
OWNER = f"""
import sys
from autoexec_magic import executor
rules = executor.policy.exactly(sys.executable)
code = {DEAF + "; print(os.getpid(), flush=True); time.sleep(60)"!r}
emit = lambda event: print(event.text, end="", flush=True)
executor.run([sys.executable, "-c", code], emit=emit, policy=rules)
"""


@contextlib.contextmanager
def not_kept(run_id: str) -> Iterator[Callable[[executor.ProcessId], None]]:
    """Keep nothing."""
    yield lambda leader: None


def no_mark(pid: int, run_id: str) -> None:
    """Mark nothing."""


def set_way(way: str) -> None:
    """Have this process run things in that way."""
    executor.kept = KEPT if way == "as it is" else not_kept
    mark.put = no_mark if way == "not kept, no mark" else PUT


def first_byte() -> float:
    """Return the seconds from the call to the first byte."""
    first = 0.0
    start = now_ns()

    def emit(event: Event) -> None:
        nonlocal first
        first = first or seconds_since(start)

    executor.run(ECHO, emit=emit)
    return first


def spawn(note: Note) -> None:
    """Run it with as little as there can be."""
    time.sleep(PAUSE_SECONDS)
    start = now_ns()
    reader, writer = os.pipe()
    pid = os.posix_spawn(ECHO[0], ECHO, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, writer, 1)])
    os.close(writer)
    os.read(reader, 1)
    note("os.posix_spawn", seconds_since(start))
    os.waitpid(pid, 0)
    os.close(reader)


def running(way: str) -> measure.Method:
    """Return what times a run in that way."""

    def method(note: Note) -> None:
        time.sleep(PAUSE_SECONDS)
        set_way(way)
        note(way, first_byte())

    return method


def later_runs(options: argparse.Namespace) -> None:
    """Print the time to the first byte while the keeper is there."""
    set_way("as it is")
    executor.run(["sleep", "0.1"], emit=lambda event: None)
    samples = measure.interleaved([*map(running, WAYS), spawn], 50 if options.quick else 400)
    table("call → first byte", samples, names=(*WAYS, "os.posix_spawn"), floor="not kept, no mark")


def first_runs(options: argparse.Namespace) -> None:
    """Print the same of the first run of a process, which starts the keeper."""

    def first(way: str) -> measure.Method:
        def method(note: Note) -> None:
            argv = [sys.executable, __file__, "--first", way]
            done = subprocess.run(argv, capture_output=True, text=True, check=True)
            note(way, json.loads(done.stdout))

        return method

    samples = measure.interleaved([first(way) for way in WAYS], 5 if options.quick else 40, warm_ups=1)
    table("first run: call → first byte", samples, names=WAYS, floor="not kept, no mark")


def first_run(way: str) -> None:
    """Print how long the first run that is kept takes, where all else has been done before."""
    set_way("not kept")
    for _ in range(3):
        first_byte()
    set_way(way)
    print(json.dumps(first_byte()))


def killed(options: argparse.Namespace) -> None:
    """Print how long what is hard to end outlives its killed owner."""

    def method(note: Note) -> None:
        with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True) as owner:
            assert owner.stdout is not None
            members = [executor.identify(int(owner.stdout.readline())) for _ in range(2)]
            start = now_ns()
            owner.kill()
            while any(member is not None and executor.is_alive(member) for member in members):
                time.sleep(0.001)
            note("kill -9 → all gone", seconds_since(start))

    table("a killed owner (the grace is 0.5 s)", measure.interleaved([method], 3 if options.quick else 10))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--first"]:
        first_run(sys.argv[2])
    else:
        measure.main(str(__doc__).splitlines()[0], [later_runs, first_runs, killed])

"""How long from the call to the first byte of a command? Asked for: less than 50 ms.

Measured from a small process and from one that holds 1 GiB, as a kernel with
data does: what forks pays for every page of it. Then at a Jupyter client of a
real kernel, beside IPython's `!` and `%%bash`, from the request to the first
message with output and to the reply.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import measure
from measure import GIB, Kernel, Method, Note, now_ns, own_folder, seconds_since, table

from autoexec_magic import executor
from autoexec_magic.events import Event

BAR = 50e-3
BALLAST_MIB = 1024
ECHO = (shutil.which("echo") or "echo", "x")
MAGICS = {
    "%autoexec sh": "%autoexec sh echo x",
    "!": "!echo x",
    "%%bash": "%%bash\necho x",
    "no process: print": "print('x', flush=True)",
}


def with_executor() -> dict[str, float]:
    """Run it as every verb does."""
    first = 0.0
    start = now_ns()

    def emit(event: Event) -> None:
        nonlocal first
        first = first or seconds_since(start)

    executor.run(("echo", "x"), emit=emit)
    assert first
    return {"executor.run": first, "executor.run, to its return": seconds_since(start)}


def with_popen() -> dict[str, float]:
    """Run it as plain Python does."""
    start = now_ns()
    child = subprocess.Popen(ECHO, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, bufsize=0)
    assert child.stdout is not None
    os.read(child.stdout.fileno(), 1)
    first = seconds_since(start)
    child.wait()
    child.stdout.close()
    return {"subprocess.Popen": first, "subprocess.Popen, to its end": seconds_since(start)}


def with_posix_spawn() -> dict[str, float]:
    """Run it with as little as there can be."""
    start = now_ns()
    reader, writer = os.pipe()
    pid = os.posix_spawn(ECHO[0], ECHO, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, writer, 1)])
    os.close(writer)
    os.read(reader, 1)
    first = seconds_since(start)
    os.waitpid(pid, 0)
    os.close(reader)
    return {"os.posix_spawn": first}


def with_fork() -> dict[str, float]:
    """Run it as pexpect, and so `!`, does: a copy of this process first."""
    start = now_ns()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.dup2(writer, 1)
            os.execv(ECHO[0], ECHO)
        finally:
            os._exit(127)
    os.close(writer)
    os.read(reader, 1)
    first = seconds_since(start)
    os.waitpid(pid, 0)
    os.close(reader)
    return {"os.fork + exec": first}


NAMES = (
    "executor.run",
    "subprocess.Popen",
    "os.posix_spawn",
    "os.fork + exec",
    "executor.run, to its return",
    "subprocess.Popen, to its end",
)
WAYS = {"executor": with_executor, "popen": with_popen, "posix_spawn": with_posix_spawn, "fork": with_fork}


def work(ballast_mib: int) -> None:
    """Be a process of a size: run each way that a line of stdin names, answer with its seconds."""
    ballast = b"\1" * (ballast_mib * 2**20)
    print(measure.resident_bytes(), flush=True)
    for line in sys.stdin:
        print(json.dumps(WAYS[line.strip()]()), flush=True)
    del ballast


@contextlib.contextmanager
def worker(ballast_mib: int) -> Iterator[subprocess.Popen[str]]:
    """Yield such a process."""
    argv = [sys.executable, __file__, "--work", str(ballast_mib)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def ask(process: subprocess.Popen[str], line: str) -> str:
    """Return the worker's answer to a line; to an empty one, what it says first."""
    assert process.stdin is not None
    assert process.stdout is not None
    if line:
        process.stdin.write(line + "\n")
        process.stdin.flush()
    answer = process.stdout.readline()
    if not answer:
        raise RuntimeError("the worker is gone")
    return answer


def from_process(options: argparse.Namespace) -> None:
    """Print the time to the first byte, from a small and from a large process."""
    with contextlib.ExitStack() as stack:
        methods: list[Method] = []
        sizes = []
        for ballast in sizes_here():
            process = stack.enter_context(worker(ballast))
            size = f"{int(ask(process, '')) / 2**20:,.0f} MiB"
            sizes.append(size)
            methods += [asking(process, way, size) for way in WAYS]
        samples = measure.interleaved(methods, 10 if options.quick else 50)
    for size in sizes:
        table(
            f"call → first byte of `echo x`, from a process of {size}",
            {name: samples[f"{name} · {size}"] for name in NAMES},
            floor="os.posix_spawn",
            bars={"executor.run": BAR},
        )


def asking(process: subprocess.Popen[str], way: str, size: str) -> Method:
    """Return a method that has the worker run it one way."""

    def method(note: Note) -> None:
        for name, seconds in json.loads(ask(process, way)).items():
            note(f"{name} · {size}", seconds)

    return method


def from_kernel(options: argparse.Namespace) -> None:
    """Print the time to the first output and to the reply, from a small and from a large kernel."""
    with own_folder() as folder, contextlib.ExitStack() as stack:
        methods: list[Method] = []
        sizes = []
        for ballast in sizes_here():
            there = stack.enter_context(measure.kernel(folder / str(ballast)))
            size = "a new kernel" if not ballast else f"a kernel that holds {ballast} MiB"
            there.run(f"ballast = b'\\1' * ({ballast} * 2**20)")
            sizes.append(size)
            methods += [executing(there, magic, size) for magic in MAGICS]
        samples = measure.interleaved(methods, 5 if options.quick else 20)
    for size in sizes:
        for what in ("first output", "reply"):
            table(
                f"request → {what} at a Jupyter client of {size}",
                {magic: samples[f"{magic} → {what} · {size}"] for magic in MAGICS},
                floor="no process: print",
                bars={"%autoexec sh": BAR},
            )


def executing(there: Kernel, magic: str, size: str) -> Method:
    """Return a method that runs `echo x` by a magic."""

    def method(note: Note) -> None:
        heard = there.run(MAGICS[magic])
        assert "x" in heard.texts[0][1], heard
        note(f"{magic} → first output · {size}", heard.first_seconds)
        note(f"{magic} → reply · {size}", heard.reply_seconds)

    return method


def sizes_here() -> tuple[int, ...]:
    """Return the MiB to hold, 1 GiB only where there is room for it."""
    if measure.available_bytes() > 3 * GIB:
        return (0, BALLAST_MIB)
    print(f"\nfrom {BALLAST_MIB} MiB: not measured (less than 3 GiB of memory is available)")
    return (0,)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(int(sys.argv[2]))
    else:
        measure.main("How long from the call to the first byte of a command?", [from_process, from_kernel])

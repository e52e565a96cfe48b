"""What a cage costs: spawn and exit, plain and in each level, from a small and from a large process.

Run it alone: `python tests/bench/bench_cage.py`. The bar is that of the
executor: with the whole `workspace` cage at most 1.8 times `os.posix_spawn`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from measure import GIB, Method, Note, interleaved, main, table

from autoexec_magic.errors import CageError
from autoexec_magic.executor.cage import Cage, CageRequest, build, lend

ARGV = ["/bin/true"]
ENV = {"PATH": os.defpath}
FLOOR = "posix_spawn"


def spawn_and_exit(note: Note) -> None:
    """The floor."""
    start = time.perf_counter()
    os.waitpid(os.posix_spawn(ARGV[0], ARGV, ENV), 0)
    note(FLOOR, time.perf_counter() - start)


def popen(note: Note) -> None:
    """What the executor does without a cage."""
    start = time.perf_counter()
    started(ARGV, ENV).wait()
    note("Popen", time.perf_counter() - start)


def started(argv: list[str], env: dict[str, str], fds: tuple[int, ...] = ()) -> subprocess.Popen[bytes]:
    """Start a child as the executor does."""
    return subprocess.Popen(
        argv, env=env, cwd="/", stdin=subprocess.DEVNULL, start_new_session=True, pass_fds=fds
    )


def caged(name: str, cage: Cage) -> Method:
    """Return a method that starts a child in a cage that is there."""

    def method(note: Note) -> None:
        start = time.perf_counter()
        argv, env = list(cage.argv(ARGV)), cage.environment(ENV)
        cage.spawn(lambda: started(argv, env, cage.pass_fds)).wait()
        note(name, time.perf_counter() - start)

    return method


def whole(name: str, request: CageRequest) -> Method:
    """Return a method that makes a cage, starts a child in it, and removes it."""

    def method(note: Note) -> None:
        start = time.perf_counter()
        cage = build(request)
        built = time.perf_counter()
        argv, env = list(cage.argv(ARGV)), cage.environment(ENV)
        cage.spawn(lambda: started(argv, env, cage.pass_fds)).wait()
        ended = time.perf_counter()
        cage.close()
        note(f"{name}, made for it", ended - start)
        note(f"  of it, building {name}", built - start)
        note(f"  closing {name}", time.perf_counter() - ended)

    return method


def lent(name: str, request: CageRequest) -> Method:
    """Return a method that takes a cage that waits, uses it and gives it back, as each run does."""

    def method(note: Note) -> None:
        start = time.perf_counter()
        with lend(request) as cage:
            taken = time.perf_counter()
            argv, env = list(cage.argv(ARGV)), cage.environment(ENV)
            cage.spawn(lambda: started(argv, env, cage.pass_fds)).wait()
            ended = time.perf_counter()
        note(f"{name}, lent", ended - start)
        note(f"  of it, looking whether {name} is still right", taken - start)
        note(f"  emptying {name}", time.perf_counter() - ended)

    return method


@contextmanager
def methods() -> Iterator[list[Method]]:
    """Give the methods; what they need is removed afterwards."""
    with ExitStack() as stack:
        workspace = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="autoexec-bench-")))
        (workspace / ".git/hooks").mkdir(parents=True)
        (workspace / "pyproject.toml").touch()
        requests = {
            "workspace": CageRequest(level="workspace", workspace=workspace, mounts=False),
            "workspace+mounts": CageRequest(level="workspace", workspace=workspace),
            "sealed": CageRequest(level="sealed", workspace=workspace),
        }
        found: list[Method] = [spawn_and_exit, popen]
        for name, request in requests.items():
            try:
                cage = stack.enter_context(build(request))
            except CageError as error:
                print(f"{name}: {error}")
                continue
            found += [caged(name, cage), whole(name, request)]
            if name != "sealed":
                found.append(lent(name, request))
        yield found


def small(options: argparse.Namespace) -> None:
    """From a process of a few megabytes."""
    with methods() as found:
        samples = interleaved(found, 20 if options.quick else 200)
    table("spawn and exit, from a small process", samples, floor=FLOOR)


def large(options: argparse.Namespace) -> None:
    """From a process of 1 GiB, every page of it touched."""
    ballast = bytearray(GIB)
    for at in range(0, GIB, 4096):
        ballast[at] = 1
    with methods() as found:
        samples = interleaved(found, 20 if options.quick else 100)
    table("spawn and exit, from a process of 1 GiB", samples, floor=FLOOR)
    del ballast


if __name__ == "__main__":
    main("What does a cage cost?", [small, large])

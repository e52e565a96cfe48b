"""How near is a sweep to the ideal? Asked for: 8 runs of 1 s on 2 cores in 1.15 times 4 s.

`api.script(…, repeat=8, jobs=2)` in the cage `workspace`, with all that a run
has, from the call to its return: once with a script that sleeps for a second,
once with one that uses a second of a processor. Beside each, two threads that
start the same eight with `os.posix_spawn` and nothing else: on a machine that
others use, what is busy takes longer for them, too, and the ratio to that says
more than the one to four seconds. The load before and after is printed.
"""

from __future__ import annotations

import argparse
import os
import queue
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import measure
from measure import Method, now_ns, own_folder, seconds_since, table

from autoexec_magic import api

RUNS, JOBS, SECONDS = 8, 2, 1.0
IDEAL = RUNS * SECONDS / JOBS
BAR = 1.15 * IDEAL
SLEEPS = f"import time\ntime.sleep({SECONDS})\n"
BUSY = f"import time\nwhile time.process_time() < {SECONDS}:\n    pass\n"


def sweep(source: str) -> None:
    """Run it as a person does."""
    report = api.script(source, repeat=RUNS, jobs=JOBS, level="workspace")
    assert len(report.children) == RUNS


def bare(file: Path) -> None:
    """Start the same from as many threads, and wait for each."""
    left: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in range(RUNS):
        left.put(number)

    def work() -> None:
        while True:
            try:
                left.get_nowait()
            except queue.Empty:
                return
            pid = os.posix_spawn(sys.executable, (sys.executable, "-u", str(file)), os.environ)
            os.waitpid(pid, 0)

    threads = [threading.Thread(target=work) for _ in range(JOBS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def compared(title: str, source: str, rounds: int) -> None:
    """Print both, beside the bar."""
    with own_folder() as folder:
        home = project(folder)
        file = home / "script.py"
        file.write_text(source)
        api.script("pass", repeat=2, jobs=JOBS, level="workspace")  # what is made once

        def method(name: str, run: Callable[[], object]) -> Method:
            def timed(note: measure.Note) -> None:
                start = now_ns()
                run()
                note(name, seconds_since(start))

            return timed

        load = os.getloadavg()[0]
        samples = measure.interleaved(
            [method("posix_spawn", lambda: bare(file)), method("sweep", lambda: sweep(source))],
            rounds,
            warm_ups=0,
        )
    samples["ideal"] = [IDEAL]
    names, bars = ("ideal", "posix_spawn", "sweep"), {"sweep": BAR}
    table(f"{RUNS} × {title}, {JOBS} at a time", samples, names=names, unit="s", floor="ideal", bars=bars)
    floor, own = sorted(samples["posix_spawn"]), sorted(samples["sweep"])
    print(f"  sweep to posix_spawn: {own[len(own) // 2] / floor[len(floor) // 2]:.3f}", end="")
    print(f"; best of sweep to ideal: {own[0] / IDEAL:.3f}; load {load:.1f} → {os.getloadavg()[0]:.1f}")


def sleeping(options: argparse.Namespace) -> None:
    """Wait for a second each: what the machine does beside it counts little."""
    compared("1 s of sleep", SLEEPS, 1 if options.quick else 7)


def working(options: argparse.Namespace) -> None:
    """Use a second of a processor each."""
    compared("1 s of a processor", BUSY, 1 if options.quick else 5)


def project(folder: Path) -> Path:
    """Make a project and go there."""
    home = folder / "project"
    (home / ".git" / "hooks").mkdir(parents=True)
    (home / "pyproject.toml").touch()
    os.environ["AUTOEXEC_DATA_DIR"] = str(folder / "data")
    os.chdir(home)
    return home


if __name__ == "__main__":
    measure.main(__doc__, [sleeping, working])

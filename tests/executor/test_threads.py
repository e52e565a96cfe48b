"""Runs from many threads at once: each is whole, none ends another, and one keeper is enough."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import pytest

from autoexec_magic import executor
from autoexec_magic.events import Output
from autoexec_magic.executor.cage import kept

MANY = """
import json, os, sys, threading
from pathlib import Path
from autoexec_magic import executor
from autoexec_magic.events import Output
level = sys.argv[1]
sys.setswitchinterval(1e-6)
barrier, said = threading.Barrier(8), {}
def work(number):
    barrier.wait()
    for turn in range(3):
        pieces = []
        def emit(event):
            if isinstance(event, Output):
                assert threading.get_ident() == me
                pieces.append(event.text)
        me = threading.get_ident()
        code = f"import os; print({number}, {turn}, os.umask(0), flush=True)"
        executor.run((sys.executable, "-c", code), emit=emit, level=level,
            policy=executor.policy.exactly(sys.executable))
        said[number, turn] = "".join(pieces)
threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
mine = []
for path in Path("/proc").glob("[0-9]*"):
    try:
        words = (path / "cmdline").read_bytes().split(b"\\0")
    except OSError:
        continue
    if str(os.getpid()).encode() in words and any(b"executor import keeper" in word for word in words):
        mine.append(path.name)
import resource
limits = resource.prlimit(0, 10)
print(json.dumps([sorted(said.values()), len(mine), limits[0] == resource.RLIM_INFINITY]))
"""


@pytest.mark.parametrize("level", ["open", "workspace"])
def test_the_first_runs_of_a_process_may_come_all_at_once(tmp_path, level):
    """Each has its own output; there is one keeper; nothing of the mark is left on this process."""
    done = subprocess.run(
        [sys.executable, "-c", MANY, level], cwd=tmp_path, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr[-3000:]
    said, keepers, is_unmarked = json.loads(done.stdout)
    umask = os.umask(0)
    os.umask(umask)
    assert said == sorted(f"{number} {turn} {umask}\n" for number in range(8) for turn in range(3))
    assert (keepers, is_unmarked) == (1, True)


def test_many_look_at_the_mounts_at_once():
    """poll(2) by two threads on one object is an error of Python's."""
    faults = []

    def look() -> None:
        try:
            for _ in range(300):
                kept._mounts.changes()
        except RuntimeError as error:
            faults.append(error)

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_one_that_is_ended_ends_no_other(tmp_path):
    """They have ids of their own, also within one run."""
    said: dict[int, str] = {}
    cancels = [executor.Cancel() for _ in range(6)]

    def work(number: int) -> None:
        def emit(event: object) -> None:
            if isinstance(event, Output):
                said[number] = said.get(number, "") + event.text
                if number % 2 and said[number] == "begun\n":
                    cancels[number].set()

        code = "import time; print('begun', flush=True); time.sleep(1); print('ended')"
        executor.run(
            (sys.executable, "-c", code),
            emit=emit,
            cwd=tmp_path,
            level="workspace",
            within="the-whole",
            cancel=cancels[number],
            policy=executor.policy.exactly(sys.executable),
        )

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for cancel in cancels:
        cancel.close()
    assert said == {n: "begun\n" if n % 2 else "begun\nended\n" for n in range(6)}


def test_a_part_of_a_run_ends_with_it(tmp_path):
    """Whoever ends the whole finds its parts by the variable that names it."""
    said = []

    def emit(event: object) -> None:
        if isinstance(event, Output):
            said.append(event.text)

    names = "['AUTOEXEC_OUTER_RUNS', 'AUTOEXEC_RUN_ID']"
    code = f"import json, os; print(json.dumps([os.environ[name] for name in {names}]))"
    executor.run(
        (sys.executable, "-c", code),
        emit=emit,
        cwd=tmp_path,
        run_id="the-part",
        within="the-whole",
        policy=executor.policy.exactly(sys.executable),
    )
    outer, own = json.loads("".join(said))
    assert own == "the-part"
    assert "the-whole" in outer.split(":")

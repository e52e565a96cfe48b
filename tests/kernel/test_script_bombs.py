"""The kernel survives every script: each ends with its verdict and its code, and leaves nothing."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from skips import requires

from autoexec_magic.executor import ProcessId, is_alive, wait_for
from autoexec_magic.history import Store
from autoexec_magic.values import Verdict

if TYPE_CHECKING:
    from harness import Kernel

    from autoexec_magic.values import Run

GONE_SECONDS = 5.0
FORKS = "import os\nwhile True: os.fork()"
THREADS = (
    "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
)
ZOMBIES = "import os\nwhile True:\n    if os.fork() == 0: os._exit(0)"
MEMORY = "a = []\nwhile True: a.append(bytearray(2**24))"
SHARED = """
import mmap
a = []
while True:
    a.append(mmap.mmap(-1, 2**24))
    a[-1].write(b"x" * 2**24)
"""
GIGABYTE = "import sys\nfor _ in range(1024): sys.stdout.write('x' * 2**20)"
FILES = "a = []\nwhile True: a.append(open('/dev/null'))"
BY_ITSELF = "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)"
ROOT_ONLY = pytest.mark.skipif(
    os.geteuid() != 0, reason="control groups are root's here | provide: run it as root"
)

#: script, code of the error, code of the diagnosis
FAILS = {
    "segfault": ("import ctypes\nctypes.string_at(0)", "killed-by-signal", "segmentation-fault"),
    "abort": ("import os\nos.abort()", "killed-by-signal", "aborted"),
    "exit": ("import os\nos._exit(3)", "script-failed", "nonzero-exit"),
    "kill-its-group": ("import os\nos.kill(0, 9)", "killed-by-signal", "killed"),
    "bash-kills-its-group": ("#!/bin/bash\nkill -9 0", "killed-by-signal", "killed"),
    "kill-all": ("#!/bin/bash\nkill -9 -1\nkill -9 $$", "killed-by-signal", "killed"),
    "kill-the-kernel": ("#!/bin/bash\nkill -9 $PPID; exit 5", "script-failed", ""),
    "all-open-files": (FILES, "script-failed", ""),
}
#: options, script, code of both
LIMITS = {
    "memory": ("--memory 200M", MEMORY, "memory-limit"),
    "cpu": ("--cpu 1", "while True: pass", "cpu-limit"),
    "forks": ("--processes 40", FORKS, "process-limit"),
    "threads": ("--processes 40", THREADS, "process-limit"),
    "zombies": ("--processes 40", ZOMBIES, "process-limit"),
    "open-files": ("--open-files 64", FILES, "open-files-limit"),
    "file-size": ("--file-size 1M", "open('x', 'wb').write(bytes(2**21))", "file-size-limit"),
    "output": ("--output-limit 1M", GIGABYTE, "output-limit"),
    "stops-itself": ("--timeout 1", BY_ITSELF, "timeout"),
    "sleeps": ("--timeout 1", "import time\ntime.sleep(60)", "timeout"),
}


def survived(kernel: Kernel, run: Run) -> None:
    """Fail unless the kernel answers, and nothing of the run is left."""
    assert kernel.value("6 * 7") == "42"
    left = wait_for(lambda: not processes_of(run.run_id) or None, timeout=GONE_SECONDS)
    assert left, processes_of(run.run_id)
    assert in_groups(kernel) == []


def processes_of(run_id: str) -> list[str]:
    """Return the living processes that carry a run's id."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if run_id.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes().decode("utf-8", "replace"))
        except OSError:
            continue
    return found


def in_groups(kernel: Kernel) -> list[str]:
    """Return who is in the control groups that this kernel has made."""
    pid = kernel.value("__import__('os').getpid()")
    found = []
    for folder, _, _ in os.walk("/sys/fs/cgroup"):  # in which groups of others come and go
        if Path(folder).name.startswith(f"autoexec-{pid}-"):
            found += Path(folder, "cgroup.procs").read_text().split()
    return found


@pytest.mark.parametrize(("script", "code", "diagnosis"), FAILS.values(), ids=FAILS)
def test_the_kernel_survives_what_breaks_itself(kernel: Kernel, script, code, diagnosis):
    """The cell says what it was, and the kernel goes on as if nothing had been."""
    cell = kernel.execute(f"%%autoexec script --timeout 60\n{script}")
    run = kernel.last("script")
    assert run.verdict == Verdict.FAILED, (cell.error, cell.text()[-500:])
    assert cell.error.startswith(f"{code}: "), cell.error
    assert f"because: {diagnosis}" in cell.error
    survived(kernel, run)


@pytest.mark.parametrize(("options", "script", "code"), LIMITS.values(), ids=LIMITS)
def test_the_kernel_survives_what_takes_all(kernel: Kernel, options, script, code):
    """Each limit has its verdict, its code, and the option that raises it."""
    limit = "" if "--timeout" in options else "--timeout 60"
    cell = kernel.execute(f"%%autoexec script {options} {limit}\n{script}")
    run = kernel.last("script")
    assert run.verdict == Verdict.TIMED_OUT, (cell.error, cell.text()[-500:])
    assert cell.error.startswith(f"{code}: "), cell.error
    assert f"because: {code}" in cell.error
    assert f"or raise it: {options.split()[0]} " in cell.error
    survived(kernel, run)


@ROOT_ONLY
def test_memory_that_is_shared_counts_too(kernel: Kernel):
    """Where a control group counts it, for the run as a whole."""
    cell = kernel.execute(f"%%autoexec script --memory 200M --timeout 60\n{SHARED}")
    assert cell.error.startswith("memory-limit: ")
    survived(kernel, kernel.last("script"))


@pytest.mark.parametrize(
    ("options", "script"),
    [
        pytest.param("", "import os\nprint('bye', flush=True)\nos._exit(0)", id="exit"),
        pytest.param("", GIGABYTE, id="a-gigabyte"),
        pytest.param("--processes 40", "#!/bin/bash\n:(){ :|:& };:", id="bash-bomb"),
    ],
)
def test_what_passes_all_the_same_leaves_nothing_either(kernel: Kernel, options, script):
    """A bomb that its own first process does not wait for ends with that."""
    kernel.execute(f"%%autoexec script --timeout 60 {options}\n{script}").must_pass()
    run = kernel.last("script")
    assert run.verdict == Verdict.PASSED
    survived(kernel, run)


def test_a_fork_bomb_ends_at_the_usual_limit(kernel: Kernel):
    """Nobody has to name one: in a cage there always is."""
    cell = kernel.execute(
        f"%%autoexec script --timeout 100\n{ZOMBIES}",
    )
    assert cell.error.startswith("process-limit: the script came up against its process limit of 1024")
    survived(kernel, kernel.last("script"))


@pytest.mark.parametrize("level", ["workspace", "open"])
def test_it_may_delete_its_own_directory(new_kernel: Callable[..., Kernel], level):
    """In the cage its content, without one itself: the kernel says where it stands, and goes on."""
    import harness

    kernel = new_kernel()
    kernel.execute(harness.LOAD).must_pass()
    kernel.write("data.txt", "x")
    script = "import os, shutil\nshutil.rmtree(os.getcwd())\nprint(os.path.exists(os.getcwd()))"
    kernel.execute(f"%%autoexec script --cage {level} --timeout 30\n{script}")
    run = kernel.last("script")
    assert not (kernel.cwd / "data.txt").exists()
    assert kernel.cwd.exists() is (level == "workspace")
    survived(kernel, run)
    again = kernel.execute("%%autoexec script --cage open\nprint('again')")
    if level == "workspace":
        assert again.must_pass().stdout.startswith("again")
    else:
        assert "working directory is gone" in again.error
        kernel.execute(f"%cd {kernel.data}").must_pass()
        assert (
            kernel.execute("%%autoexec script --cage open\nprint('again')")
            .must_pass()
            .stdout.startswith("again")
        )


def test_a_sweep_of_bombs_is_a_table(kernel: Kernel):
    """Each child is held by itself."""
    script = (
        "import os\n"
        "if kind == 'memory':\n    a = []\n    while True: a.append(bytearray(2**24))\n"
        "if kind == 'kill': os.kill(0, 9)\n"
        "if kind == 'fork':\n    while True: os.fork()\n"
    )
    cell = kernel.execute(
        "%%autoexec script --matrix kind=memory,none,kill,fork --repeat 2 --timeout 60"
        f" --memory 600M --processes 40\n{script}"
    )
    assert cell.error.startswith("sweep-failed: 6 of 8 runs failed")
    assert "3 causes" in cell.error
    rows = {
        line.split()[1] + line.split()[2]: line for line in cell.stdout.splitlines() if line.startswith("  ")
    }
    assert "memory-limit" in rows["kind=memory#1"]
    assert "passed" in rows["kind=none#2"]
    assert "killed" in rows["kind=kill#1"]
    assert "process-limit" in rows["kind=fork#2"]
    survived(kernel, kernel.last("script"))


def test_a_killed_kernel_leaves_no_child_of_a_sweep(new_kernel: Callable[..., Kernel]):
    """Eight at once, each with a process that left it: the keeper knows them all."""
    import harness

    requires(Path("/proc").exists(), "there is no /proc", "Linux")
    kernel = new_kernel()
    kernel.execute(harness.LOAD).must_pass()
    tree = shutil.copy(Path(__file__).parent.parent / "executor" / "programs" / "tree.py", kernel.cwd)
    words = [sys.executable, str(tree), str(kernel.cwd), "deaf", "session", "bare-daemon"]
    cell = kernel.start(
        f"%%autoexec script --repeat 64 --jobs 8\nimport os\nos.execv({sys.executable!r}, {words!r})"
    )
    cell.until(lambda: cell.text().count("ready") >= 8, "eight children")
    lines = (kernel.cwd / "family").read_text().splitlines()
    members = [ProcessId(int(pid), int(start)) for pid, start, _ in map(str.split, lines)]
    assert len(members) == 24
    assert all(map(is_alive, members))
    pid = kernel._manager.provisioner.pid
    kernel.kill()
    wait_for(lambda: not any(map(is_alive, members)) or None, timeout=GONE_SECONDS)
    assert [member for member in members if is_alive(member)] == []
    store = Store(kernel.data, lambda pid, start: is_alive(ProcessId(pid, start)))
    assert [run.verdict for run in store.runs()] == [Verdict.LOST]
    gone = wait_for(
        lambda: not list(Path("/sys/fs/cgroup").rglob(f"autoexec-{pid}-*")) or None, timeout=GONE_SECONDS
    )
    assert gone

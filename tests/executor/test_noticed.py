"""Which limit a run came up against: by the kernel's counters, by signals, by its own words."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import jupyter_core
import platformdirs
import pytest
from skips import requires

import autoexec_magic
from autoexec_magic import executor
from autoexec_magic.executor.cage import Limits
from autoexec_magic.executor.noticed import limit_hit
from autoexec_magic.values import LimitHit, Outcome

MEMORY = Limits(memory_bytes=2**28)
PYTHON = {
    "memory": ("a = []\nwhile True: a.append(bytearray(2**24))", Limits(memory_bytes=160 * 2**20)),
    "cpu": ("while True: pass", Limits(cpu_seconds=1)),
    "file-size": ("open('x', 'wb').write(bytes(2**21))", Limits(file_bytes=2**20)),
    "processes": ("import os\nwhile True: os.fork()", Limits(processes=24)),
    "open-files": ("a = []\nwhile True: a.append(open('/dev/null'))", Limits(open_files=64)),
    "output": ("while True: print('x' * 1000)", Limits(output_bytes=2**20)),
}
BASH = {
    "memory": ('x=aaaaaaaa; while :; do x="$x$x"; done', Limits(memory_bytes=160 * 2**20)),
    "cpu": ("while :; do :; done", Limits(cpu_seconds=1)),
    "file-size": (
        "sleep 0.1; while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done > y",
        Limits(file_bytes=2**16),
    ),
    "processes": ("f() { sleep 5 & f; }; f", Limits(processes=24)),
    "output": ("yes", Limits(output_bytes=2**20)),
}
NODE = {
    "memory": (
        "const a = []; for (;;) a.push(Buffer.alloc(2 ** 24, 1))",
        Limits(memory_bytes=300 * 2**20),
    ),
    "cpu": ("for (;;);", Limits(cpu_seconds=1)),
    "file-size": (
        "require('fs').writeFileSync('z', Buffer.alloc(2 ** 21))",
        Limits(file_bytes=2**20),
    ),
    "open-files": (
        "for (;;) require('fs').openSync('/dev/null')",
        Limits(open_files=64),
    ),
    "output": (
        "const f = require('fs'); for (;;) try { f.writeSync(1, 'x'.repeat(1000) + '\\n') } catch {}",
        Limits(output_bytes=2**20),
    ),
}
REAL = [
    pytest.param(*case, id=f"{program}-{kind}")
    for program, cases in (("python", PYTHON), ("bash", BASH), ("node", NODE))
    for kind, (code, limits) in cases.items()
    for case in [(program, kind, code, limits)]
]


def ended(returncode: int, text: str = "", **fields: object) -> Outcome:
    """Return how a process ended."""
    values = {"argv": ("x",), "returncode": returncode, "ended": "exited", "seconds": 1.0, "stderr": text}
    return Outcome(**{**values, **fields})


def hit(outcome: Outcome, limits: Limits, timeout: float | None = None, **refused: int) -> tuple[str, str]:
    """Return the kind and the confidence, or ("", "")."""
    found = limit_hit(outcome, limits, refused=refused, timeout=timeout)
    assert found is None or (found.seen and found.most > 0)
    return (found.kind, found.confidence) if found else ("", "")


def run(program: str, code: str, limits: Limits, cwd: Path, level: str) -> Outcome:
    """Run code as an argument."""
    found = sys.executable if program == "python" else shutil.which(program)
    requires(found, f"there is no {program}", f"install {program}")
    argv = (found, "-e" if program == "node" else "-c", code)
    return executor.run(
        argv,
        emit=lambda event: None,
        cwd=cwd,
        policy=executor.policy.exactly(found),
        level=level,
        limits=limits,
        timeout=30.0,
        grace=0.0,
        keep_bytes=2**16,
    )


@pytest.mark.parametrize("level", ["workspace", "open"])
@pytest.mark.parametrize(("program", "kind", "code", "limits"), REAL)
def test_each_limit_is_noticed_for_what_it_is(tmp_path, program, kind, code, limits, level):
    """In each language, in a cage and without one."""
    outcome = run(program, code, limits, tmp_path, level)
    assert outcome.limit is not None, outcome
    assert outcome.limit.kind == kind
    assert outcome.limit.most == next(value for value in _values(limits) if value)
    assert not outcome.passed


def _values(limits: Limits) -> tuple[int | None, ...]:
    return tuple(getattr(limits, name) for name in Limits.__slots__)


def test_what_the_kernel_counts_is_certain(tmp_path):
    """As root, or in a delegated group: a counter needs no words."""
    requires(os.geteuid() == 0, "only root has control groups here", "run it as root")
    outcome = run("python", *PYTHON["memory"], tmp_path, "workspace")
    assert (outcome.returncode, outcome.limit.confidence) == (-9, "certain")
    assert "killed a process" in outcome.limit.seen


def test_a_run_within_its_limits_hits_none(tmp_path):
    """Also where it fails for a reason of its own."""
    limits = Limits(memory_bytes=2**30, cpu_seconds=20, processes=64, file_bytes=2**20, output_bytes=2**20)
    assert run("python", "print(1)", limits, tmp_path, "workspace").limit is None
    failed = run("python", "1/0", limits, tmp_path, "workspace")
    assert (failed.returncode, failed.limit) == (1, None)


def test_a_kept_group_counts_for_each_run_anew(tmp_path):
    """The next run in the same cage did not hit what the one before it did."""
    limits = Limits(processes=24)
    code = (
        "import os\ntry:\n    while True:\n        if not os.fork(): os._exit(0)\n"
        "except OSError: raise SystemExit(7)"
    )
    assert run("python", code, limits, tmp_path, "workspace").limit
    for _ in range(3):
        assert run("python", "raise SystemExit(7)", limits, tmp_path, "workspace").limit is None


@pytest.mark.parametrize(
    ("outcome", "limits", "refused", "seen"),
    [
        (ended(-9), MEMORY, {"memory": 1}, ("memory", "certain")),
        (ended(137), MEMORY, {"memory": 1}, ("memory", "certain")),
        (ended(1, "KeyError: 1"), MEMORY, {"memory": 1}, ("memory", "likely")),
        (ended(0), MEMORY, {"memory": 1}, ("memory", "certain")),
        (ended(-9), MEMORY, {"memory": 0}, ("", "")),
        (ended(1, "MemoryError\n"), MEMORY, {"memory": 0}, ("", "")),
        (ended(1, "MemoryError\n"), MEMORY, {}, ("memory", "likely")),
        (ended(1, "MemoryError\n"), Limits(), {}, ("", "")),
        (ended(0, "MemoryError\n"), MEMORY, {}, ("", "")),
        (ended(-signal.SIGXCPU), Limits(cpu_seconds=1), {}, ("cpu", "certain")),
        (ended(128 + signal.SIGXCPU), Limits(cpu_seconds=1), {}, ("cpu", "likely")),
        (ended(-9, cpu_seconds=2.0), Limits(cpu_seconds=2), {}, ("cpu", "likely")),
        (ended(-9, cpu_seconds=1.0), Limits(cpu_seconds=2), {}, ("", "")),
        (ended(-signal.SIGXCPU), Limits(), {}, ("", "")),
        (ended(-signal.SIGXFSZ), Limits(file_bytes=1), {}, ("file-size", "certain")),
        (ended(128 + signal.SIGXFSZ), Limits(file_bytes=1), {}, ("file-size", "likely")),
        (ended(1, "OSError: [Errno 27] File too large"), Limits(file_bytes=1), {}, ("file-size", "likely")),
        (ended(1, "OSError: [Errno 27] File too large"), Limits(), {}, ("", "")),
        (
            ended(1, "BlockingIOError: [Errno 11] x"),
            Limits(processes=9),
            {"pids": 3},
            ("processes", "certain"),
        ),
        (ended(1, "KeyError: 1"), Limits(processes=9), {"pids": 3}, ("processes", "likely")),
        (
            ended(1, "[Errno 11] x"),
            Limits(processes=9, memory_bytes=9),
            {"pids": 3, "memory": 1},
            ("processes", "certain"),
        ),
        (ended(0, ""), Limits(processes=9), {"pids": 3}, ("processes", "certain")),
        (ended(1, "RuntimeError: can't start new thread"), Limits(processes=9), {}, ("processes", "likely")),
        (
            ended(1, "fork: retry: Resource temporarily unavailable"),
            Limits(processes=9),
            {},
            ("processes", "likely"),
        ),
        (ended(1, "Error: spawn sleep EAGAIN"), Limits(processes=9), {}, ("processes", "likely")),
        (ended(1, "RuntimeError: can't start new thread"), Limits(processes=9), {"pids": 0}, ("", "")),
        (ended(1, "recv: Resource temporarily unavailable"), Limits(processes=9), {}, ("", "")),
        (
            ended(1, "OSError: [Errno 24] Too many open files"),
            Limits(open_files=9),
            {},
            ("open-files", "likely"),
        ),
        (ended(1, "OSError: [Errno 24] Too many open files"), Limits(), {}, ("", "")),
        (ended(-15, ended="limited", output_bytes=9), Limits(output_bytes=5), {}, ("output", "certain")),
        (ended(-15, ended="cancelled"), MEMORY, {"memory": 1}, ("", "")),
    ],
)
def test_what_is_certain_and_what_is_likely(outcome, limits, refused, seen):
    """A message alone is never certain, and counts only for a limit that was set."""
    assert hit(outcome, limits, **refused) == seen


def test_to_try_again_later_may_be_said_of_a_socket():
    """Unless the code starts processes; where a control group counts those, it is not asked."""
    outcome, limits = (
        ended(1, "BlockingIOError: [Errno 11] Resource temporarily unavailable"),
        Limits(processes=9),
    )
    fork, socket = "import os\nos.fork()", "s.setblocking(False)\ns.recv(1)"
    assert limit_hit(outcome, limits, refused={}, timeout=None, code=fork).confidence == "likely"
    assert limit_hit(outcome, limits, refused={}, timeout=None, code=socket) is None
    assert limit_hit(outcome, limits, refused={"pids": 0}, timeout=None, code=fork) is None


def test_the_clock_is_ours():
    """A time limit is certain, and says which it was."""
    found = limit_hit(ended(-15, ended="timed-out"), Limits(), refused={}, timeout=0.5)
    assert found == LimitHit(kind="timeout", most=0.5, seen="it still ran after 1.0 s", confidence="certain")


def test_a_hostile_text_takes_no_time():
    """It is looked at for its end only, and no expression goes back and forth in it."""
    text = ("fork(" * 40 + "thread process spawn " * 20 + "\n") * 2000
    assert hit(ended(1, text), Limits(processes=9, memory_bytes=9, file_bytes=9, open_files=9)) == ("", "")


NOBODY, SYSTEMS_PYTHON, EVERYBODYS = 65534, "/usr/bin/python3", "/var/tmp"
AS_USER = f"""
import json, os, sys
os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
from autoexec_magic import executor
from autoexec_magic.executor.cage import Limits
level, cases = sys.argv[1], json.loads(sys.argv[2])
for name, (code, limits) in cases.items():
    outcome = executor.run((sys.executable, "-c", code), emit=lambda event: None, level=level, code=code,
        limits=Limits(**limits), timeout=30.0, grace=0.0, policy=executor.policy.exactly(sys.executable))
    hit = outcome.limit
    print(json.dumps([name, hit and hit.kind, hit and hit.confidence, outcome.returncode]), flush=True)
"""


@pytest.mark.parametrize("level", ["workspace", "open"])
def test_a_user_without_a_control_group_hears_of_each_limit_too(level):
    """By rlimits: what the kernel signals is certain, what only the program says is likely."""
    requires(os.geteuid() == 0, "only root can become somebody else", "run as root")
    requires(os.access(SYSTEMS_PYTHON, os.X_OK), f"there is no {SYSTEMS_PYTHON}", "apt-get install python3")
    cases = {
        name: (code, {field: value for field in Limits.__slots__ if (value := getattr(limits, field))})
        for name, (code, limits) in PYTHON.items()
    }
    cases["processes"] = ("import os, time\nwhile os.fork(): pass\ntime.sleep(20)", {"processes": 24})
    cases["none"] = ("print(1)", {"memory_bytes": 2**28, "processes": 64, "cpu_seconds": 5})
    with tempfile.TemporaryDirectory(dir=EVERYBODYS) as folder:
        for package in (autoexec_magic, jupyter_core, platformdirs):
            shutil.copytree(Path(package.__file__).parent, Path(folder, package.__name__))
        work = Path(folder, "work")
        work.mkdir()
        os.chown(work, NOBODY, NOBODY)
        Path(folder).chmod(0o755)
        env = {"PATH": os.defpath, "HOME": "/nonexistent", "PYTHONPATH": folder, "TMPDIR": EVERYBODYS}
        argv = [SYSTEMS_PYTHON, "-B", "-c", AS_USER, level, json.dumps(cases)]
        ended = subprocess.run(argv, env=env, cwd=work, capture_output=True, text=True, timeout=100)
    requires("SyntaxError" not in ended.stderr, f"{SYSTEMS_PYTHON} is too old", "Python 3.11 or newer")
    seen = {name: (kind, sure) for name, kind, sure, _ in map(json.loads, ended.stdout.splitlines())}
    assert seen == {
        "memory": ("memory", "likely"),
        "cpu": ("cpu", "certain"),
        "file-size": ("file-size", "likely"),
        "processes": ("processes", "likely"),
        "open-files": ("open-files", "likely"),
        "output": ("output", "certain"),
        "none": (None, None),
    }, ended.stderr[-2000:]

"""A process that waits for a run: it is one run's, once, and nobody else's; it outlives nobody."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import family
import pytest
from skips import requires

from autoexec_magic import executor
from autoexec_magic.errors import AutoexecError, CageError, MissingTool, UsageError
from autoexec_magic.executor import cage, identity
from autoexec_magic.executor.identity import identify

VARIABLE = "TEST_RECORDS"
PROGRAM = f"""
import os, sys, time
ready = os.environ.get("READY", "")
told = sys.stdin.readline()
print("out", told, end="")
os.write(int(os.environ[{VARIABLE!r}]), f"pid={{os.getpid()}} {{told}}".encode())
exec(told or "pass")
"""

pytestmark = pytest.mark.skipif(not identity.HAS_PROC, reason="there is no /proc | provide: Linux")


@pytest.fixture
def argv(tmp_path) -> tuple[str, ...]:
    """Return a program that runs the line of Python that it reads."""
    (tmp_path / "program.py").write_text(PROGRAM)
    return (sys.executable, "-I", "-S", str(tmp_path / "program.py"))


@pytest.fixture
def stood(tmp_path, argv):
    """Return a function that starts a process which waits; all are ended after the test."""
    with contextlib.ExitStack() as stack:

        def stand(*words: str, **options: object) -> executor.Standing:
            options = {
                "cwd": tmp_path,
                "variable": VARIABLE,
                "policy": executor.policy.exactly(argv[0]),
            } | options
            standing = executor.stand((*argv, *words), **options)
            stack.callback(standing.close)
            return standing

        yield stand


def pid_of(standing: executor.Standing) -> int:
    """Return the number of the process that waits."""
    return standing._children.pids[0]


def is_there(pid: int) -> bool:
    """Return whether it lives, or is a zombie of ours."""
    return identify(pid) is not None


@pytest.fixture
def go(tmp_path, argv, emit):
    """Return a function that runs the program with a line, by a process that waits if one is given."""

    def run(line: str = "pass", *words: str, standing: executor.Standing | None = None, **options: object):
        taken: list[bytes] = []
        options = {
            "cwd": tmp_path,
            "policy": executor.policy.exactly(argv[0]),
            "records": executor.Records(variable=VARIABLE, take=taken.append),
        } | options
        outcome = executor.run((*argv, *words), emit=emit, stdin=line + "\n", standing=standing, **options)
        return outcome, b"".join(taken).decode()

    return run


def test_it_is_the_run_that_it_waited_for(stood, go, emit):
    """What it reads, writes and tells is as of any run; its group is noted before it reads anything."""
    standing = stood()
    pid = pid_of(standing)
    spawned: list[executor.ProcessId] = []
    outcome, records = go("raise SystemExit(7)", standing=standing, on_spawn=spawned.append)
    assert records == f"pid={pid} raise SystemExit(7)\n"
    assert (outcome.returncode, outcome.ended, outcome.stdout) == (7, "exited", "out raise SystemExit(7)\n")
    assert emit.text("stdout") == "out raise SystemExit(7)\n"
    assert [process.pid for process in spawned] == [pid]
    assert not is_there(pid)


def test_it_is_one_runs_once(stood, go):
    """The second one starts its own."""
    standing = stood()
    pid = pid_of(standing)
    assert f"pid={pid} " in go(standing=standing)[1]
    outcome, records = go(standing=standing)
    assert outcome.passed
    assert f"pid={pid} " not in records


@pytest.mark.parametrize(
    "other",
    [
        {"env": {"A": "2"}},
        {"cwd": "elsewhere"},
        {"limits": executor.cage.Limits(cpu_seconds=50)},
        {"level": "workspace"},
        {"project": "elsewhere"},
        {"records": executor.Records(variable="OTHER", take=lambda data: None), "env": {VARIABLE: "1"}},
        {"records": None, "env": {VARIABLE: "1"}},
        {"pty": True},
        {"words": ("more",)},
    ],
    ids=lambda other: "-".join(other),
)
def test_what_waits_for_something_else_is_ended_and_not_used(stood, go, tmp_path, other):
    """Another environment, folder, cage, limit, pipe or command: the run starts its own, as asked for."""
    (tmp_path / "elsewhere").mkdir()
    standing = stood()
    pid = pid_of(standing)
    options = {
        name: tmp_path / value if value == "elsewhere" else value
        for name, value in other.items()
        if name != "words"
    }
    outcome, records = go("pass", *other.get("words", ()), standing=standing, **options)
    assert outcome.ended == "exited"
    assert f"pid={pid} " not in records
    assert not is_there(pid)


def test_a_file_is_not_handed_over(stood, go, tmp_path, argv, emit):
    """What is read from a file is its own input from the beginning."""
    (tmp_path / "line").write_text("pass\n")
    standing = stood()
    pid = pid_of(standing)
    outcome = executor.run(
        argv,
        emit=emit,
        cwd=tmp_path,
        stdin=tmp_path / "line",
        policy=executor.policy.exactly(argv[0]),
        records=executor.Records(variable=VARIABLE, take=lambda data: None),
        standing=standing,
    )
    assert outcome.stdout == "out pass\n"
    assert not is_there(pid)


def test_a_protected_file_that_changed_meanwhile_is_seen(stood, go, tmp_path):
    """The cage that was built for it is not the one that a run gets now."""
    try:
        cage.build(cage.CageRequest(level="workspace", workspace=tmp_path)).close()
    except CageError as error:
        requires(False, error.why, error.fix)
    standing = stood(level="workspace")
    pid = pid_of(standing)
    (tmp_path / ".git" / "hooks").mkdir(parents=True)
    outcome, records = go("open('.git/hooks/x', 'w')", standing=standing, level="workspace")
    assert outcome.returncode
    assert f"pid={pid} " not in records


@pytest.mark.parametrize("level", ["workspace", "sealed"])
def test_it_waits_in_its_cage(stood, go, tmp_path, level):
    """It can write no further than the run could."""
    try:
        cage.build(cage.CageRequest(level=level, workspace=tmp_path)).close()
    except CageError as error:
        requires(False, error.why, error.fix)
    outside = tmp_path.with_name(f"{tmp_path.name}-outside")
    standing = stood(level=level)
    pid = pid_of(standing)
    outcome, records = go(f"open({str(outside)!r}, 'w')", standing=standing, level=level)
    assert outcome.ended == "exited"
    assert not outside.exists()
    assert "pid=" in records
    assert level == "sealed" or (outcome.returncode, f"pid={pid} " in records) == (1, True)


def test_one_that_was_killed_while_it_waited_is_not_used(stood, go):
    """The run starts its own."""
    standing = stood()
    pid = pid_of(standing)
    os.kill(pid, signal.SIGKILL)
    assert family.until(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z")
    outcome, records = go(standing=standing)
    assert outcome.passed
    assert f"pid={pid} " not in records


def test_one_that_ends_at_once_is_not_used(stood, go, tmp_path):
    """Nor is it left as a zombie."""
    standing = stood()
    pid = pid_of(standing)
    (tmp_path / "program.py").write_text("raise SystemExit(3)")
    other = stood()
    assert family.until(lambda: other._children.have_ended())
    (tmp_path / "program.py").write_text(PROGRAM)
    assert go(standing=other)[0].passed
    assert not is_there(pid_of(other))
    assert is_there(pid)


def test_time_counts_from_the_run(stood, go):
    """However long it waited before."""
    standing = stood()
    time.sleep(2.1)
    outcome, _ = go("pass", standing=standing, timeout=2)
    assert (outcome.ended, outcome.seconds < 2) == ("exited", True)


def test_it_has_the_limits_that_the_run_asks_for(stood, go, tmp_path):
    """Set before it began to wait."""
    limits = executor.cage.Limits(file_bytes=1_000, open_files=50)
    standing = stood(limits=limits)
    pid = pid_of(standing)
    line = (
        "import resource as r; print(r.getrlimit(r.RLIMIT_NOFILE)[0]); open('big', 'w').write('x' * 10_000)"
    )
    outcome, records = go(line, standing=standing, limits=limits)
    assert f"pid={pid} " in records
    assert outcome.returncode
    assert "\n50\n" in outcome.stdout
    assert (tmp_path / "big").stat().st_size <= 1_000


def test_it_is_ended_as_any_run(stood, go, tmp_path):
    """A time limit, a person who stops it; with all that it started."""
    start = "import subprocess; subprocess.Popen(['sleep', '61.5'], start_new_session=True); time.sleep(60)"
    outcome, _ = go(start, standing=stood(), timeout=0.5, grace=0.1)
    assert outcome.ended == "timed-out"
    assert not family.living("61.5")
    cancel = executor.Cancel()
    cancel.set()
    outcome, _ = go("time.sleep(60)", standing=stood(), cancel=cancel, grace=0.1)
    assert outcome.ended == "cancelled"


def test_what_takes_its_records_may_raise(stood, go):
    """It is ended, and the reason goes on."""
    standing = stood()
    pid = pid_of(standing)

    def no(data: bytes) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        go("time.sleep(60)", standing=standing, records=executor.Records(variable=VARIABLE, take=no))
    assert not is_there(pid)


def test_who_is_told_of_it_may_raise(stood, go):
    """Before it has read anything."""
    standing = stood()
    pid = pid_of(standing)

    def no(process: executor.ProcessId) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        go("time.sleep(60)", standing=standing, on_spawn=no)
    assert not is_there(pid)


def test_secrets_of_the_run_are_masked(stood, go, monkeypatch, emit):
    """Which are those at its time."""
    monkeypatch.setenv("API_TOKEN", "t0ps3cr3t-value")
    outcome, _ = go("print('t0ps3cr3t' + '-value')", standing=stood())
    assert outcome.passed
    assert "t0ps3cr3t-value" not in emit.text()


def test_close_ends_it_and_all_it_started(stood, tmp_path, argv):
    """Twice is once."""
    (tmp_path / "program.py").write_text(
        "import subprocess, sys\n"
        "child = subprocess.Popen(['sleep', '62.5'], start_new_session=True)\n"
        "open('child', 'w').write('x')\n"
        "sys.stdin.readline()\n"
    )
    standing = stood()
    pid = pid_of(standing)
    assert family.until(lambda: (tmp_path / "child").exists())
    standing.close()
    standing.close()
    assert not is_there(pid)
    assert not family.living("62.5")


def test_it_leaves_no_descriptor(stood, go):
    """Used, closed or refused."""
    go(standing=stood())
    stood().close()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        go(standing=stood())
        stood().close()
        go("pass", "more", standing=stood())
    assert len(os.listdir("/proc/self/fd")) <= before


def test_it_does_not_matter_who_forks_meanwhile(stood, go):
    """A fork holds copies of all pipes, and is no owner: it neither ends it nor keeps it from its run."""
    standing = stood()
    pid = pid_of(standing)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            standing.close()
            os.write(writer, b"x")
            time.sleep(60)
        finally:
            os._exit(0)
    try:
        os.read(reader, 1)
        assert is_there(pid)
        outcome, records = go("pass", standing=standing, timeout=20)
        assert outcome.ended == "exited"
        assert f"pid={pid} " in records
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reader)
        os.close(writer)


def test_a_fork_cannot_use_it(stood, tmp_path, argv):
    """It starts its own: the process is its owner's child."""
    standing = stood()
    pid = pid_of(standing)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            taken: list[bytes] = []
            executor.run(
                argv,
                emit=lambda event: None,
                cwd=tmp_path,
                stdin="pass\n",
                policy=executor.policy.exactly(argv[0]),
                records=executor.Records(variable=VARIABLE, take=taken.append),
                standing=standing,
            )
            os.write(writer, b"".join(taken))
        finally:
            os._exit(0)
    os.close(writer)
    told = b""
    while data := os.read(reader, 1000):
        told += data
    os.waitpid(child, 0)
    os.close(reader)
    assert told.startswith(b"pid=")
    assert f"pid={pid} ".encode() not in told
    assert is_there(pid)


def test_two_who_want_it_are_not_both_served(stood, go, monkeypatch):
    """One has it; the other starts its own, also where both looked at the same time."""
    standing = stood()
    both = threading.Barrier(2)
    look = cage.look

    def look_together(*given: object) -> object:
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(5)
        return look(*given)

    monkeypatch.setattr(cage, "look", look_together)
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(go("time.sleep(0.1)", standing=standing)[1]))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({text.split()[0] for text in found}) == 2


def test_closing_does_not_end_what_a_run_has(stood, go):
    """Whose timer comes too late."""
    standing = stood()
    outcome, _ = go(
        "time.sleep(0.3)",
        standing=standing,
        on_spawn=lambda process: threading.Timer(0.05, standing.close).start(),
    )
    assert outcome.passed


OWNER = """
import sys
from pathlib import Path
from autoexec_magic import executor
standing = executor.stand({argv!r}, variable={variable!r}, cwd=Path({cwd!r}), level={level!r},
                          policy=executor.policy.exactly({program!r}))
print(standing._children.pids[0], flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("level", ["open", "workspace"])
def test_it_does_not_outlive_a_killed_owner(tmp_path, argv, level):
    """Also where it would not notice by itself, and has left its group."""
    (tmp_path / "program.py").write_text(
        "import os, time\nif os.fork(): time.sleep(60)\nos.setsid()\n"
        "open('left', 'w').write(str(os.getpid()))\ntime.sleep(60)\n"
    )
    code = OWNER.format(argv=argv, variable=VARIABLE, cwd=str(tmp_path), level=level, program=argv[0])
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path
    ) as owner:
        try:
            pid = int(owner.stdout.readline())
            assert family.until(lambda: (tmp_path / "left").exists() and (tmp_path / "left").read_text())
            left = int((tmp_path / "left").read_text())
            assert is_there(pid)
        finally:
            owner.kill()
    assert family.until(lambda: not is_there(pid))
    assert family.until(lambda: not is_there(left))


@pytest.mark.parametrize(
    ("words", "options", "error"),
    [
        ((), {}, UsageError),
        (("no-such-program-anywhere",), {}, AutoexecError),
        (("/bin/echo",), {"cwd": Path("/nowhere/at/all")}, UsageError),
        (("rm", "-rf", "/"), {}, AutoexecError),
    ],
)
def test_what_cannot_run_cannot_wait(tmp_path, words, options, error):
    """The same rules and errors as for a run, and nothing is left."""
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(error):
        executor.stand(words, variable=VARIABLE, **({"cwd": tmp_path} | options))
    assert len(os.listdir("/proc/self/fd")) <= before + 1


def test_a_program_that_cannot_be_started_leaves_nothing(tmp_path):
    """Whose interpreter is not there."""
    program = tmp_path / "program"
    program.write_text("#!/no/such/interpreter\n")
    program.chmod(0o755)
    policy = executor.policy.exactly(str(program))
    with pytest.raises(MissingTool):
        executor.stand((str(program),), variable=VARIABLE, cwd=tmp_path, policy=policy)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with pytest.raises(MissingTool):
            executor.stand((str(program),), variable=VARIABLE, cwd=tmp_path, policy=policy)
    assert len(os.listdir("/proc/self/fd")) == before

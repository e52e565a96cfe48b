"""What a process started ends with it, also when it is killed."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import family
import pytest
from skips import requires

from autoexec_magic.errors import CageError
from autoexec_magic.executor import cage, ending, identity, keeper
from autoexec_magic.executor.cage import cgroup
from autoexec_magic.executor.identity import ProcessId, identify

OWNER = Path(__file__).with_name("programs") / "owner.py"
LEVELS = ["open", "workspace", "sealed"]
SLEEP = [
    sys.executable,
    "-I",
    "-S",
    "-c",
    "import signal; signal.alarm(60); print('ready', flush=True); signal.pause()",
]

pytestmark = pytest.mark.skipif(not identity.HAS_PROC, reason="there is no /proc | provide: Linux")


def cage_or_skip(level: str, folder: Path) -> None:
    """Skip where a level cannot be had."""
    try:
        cage.build(cage.CageRequest(level=level, workspace=folder)).close()
    except CageError as error:
        requires(False, error.why, error.fix)


@contextlib.contextmanager
def owner(
    folder: Path, *runs: Sequence[str] | str, level: str = "open", count: int
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process that has `runs` open, and wait until `count` processes of them are there."""
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    argv = [sys.executable, str(OWNER), level, str(folder), *map(json.dumps, runs)]
    env = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, start_new_session=True) as process:
        try:
            assert family.until(lambda: len(family.living(folder, *own(process))) >= count)
            yield process
        finally:
            process.kill()
            family.kill_all(folder)


def own(process: subprocess.Popen[bytes]) -> tuple[int, ...]:
    """Return the owner and its keeper, which are no part of a run."""
    return (process.pid, *keepers(process.pid))


def keepers(pid: int) -> list[int]:
    """Return the keepers of process `pid`."""
    found = identify(pid)
    start = str(found.start_time if found else 0).encode()
    return [keeper for keeper in family.living(keeper_words()) if is_keeper_of(keeper, pid, start)]


def keeper_words() -> str:
    """Return what stands on the command line of every keeper."""
    return "from autoexec_magic.executor import keeper"


def is_keeper_of(keeper: int, pid: int, start: bytes) -> bool:
    """Whether a process is the keeper of exactly that owner."""
    try:
        words = Path(f"/proc/{keeper}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return words[1:2] == [b"-I"] and str(pid).encode() in words and start in words


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill an owner as the machine does when it runs out of memory."""
    process.kill()
    process.wait()


def left(folder: Path) -> list[str]:
    """Return the scratch folders of cages in the owner's folder for temporary files."""
    return sorted(name for name in os.listdir(folder / "tmp") if name.startswith("autoexec-cage-"))


def groups(pid: int) -> list[Path]:
    """Return the control groups that process `pid` made."""
    parents = {parent for controller in ("pids", "memory") for parent, _ in cgroup._parents(controller)}
    return [path for parent in parents for path in parent.glob(f"autoexec-{pid}-*")]


@pytest.mark.parametrize("level", LEVELS)
def test_nobody_of_a_run_outlives_a_killed_owner(tmp_path, level):
    """Deaf ones, jobs, sessions, daemons, and daemons that nothing but the mark tells of."""
    cage_or_skip(level, tmp_path)
    place = Path("/tmp") if level == "sealed" else None  # which is the scratch folder there
    argv = family.tree(tmp_path, *family.KINDS, place=place)
    with owner(tmp_path, argv, level=level, count=len(family.KINDS) + 1) as process:
        made = groups(process.pid)
        assert (level == "open") == (not left(tmp_path))
        kill(process)
        assert family.until_gone(lambda: family.living(tmp_path)) == []
        assert family.until(lambda: not left(tmp_path), family.GONE_SECONDS)
        assert [folder for folder in made if folder.exists()] == []


@pytest.mark.parametrize("kind", ["plain", "session", "daemon", "bare-daemon"])
def test_nobody_of_a_pipeline_outlives_a_killed_owner(tmp_path, kind):
    """Each of three, and what each of them started."""
    line = " | ".join(shlex.join(family.tree(tmp_path, kind)) for _ in range(3))
    with owner(tmp_path, line, count=6) as process:
        kill(process)
        assert family.until_gone(lambda: family.living(tmp_path)) == []


def test_all_runs_that_are_open_are_ended(tmp_path):
    """At the same time: their graces do not add up."""
    runs = [family.tree(tmp_path, "bare-daemon", "deaf-session") for _ in range(4)]
    with owner(tmp_path, *runs, count=12) as process:
        kill(process)
        assert family.until_gone(lambda: family.living(tmp_path)) == []


def test_the_keeper_ends_with_its_owner(tmp_path):
    """It has nothing else to live for."""
    with owner(tmp_path, [*SLEEP, str(tmp_path)], count=1) as process:
        kept_by = family.until(lambda: keepers(process.pid))
        assert len(kept_by) == 1
        kill(process)
        assert (
            family.until_gone(lambda: [pid for pid in kept_by if pid in family.living(keeper_words())]) == []
        )


def test_the_keeper_is_apart(tmp_path):
    """No child, no descriptor, no folder, no session and no terminal of its owner's; no variable either."""
    with owner(tmp_path, [*SLEEP, str(tmp_path)], count=1) as process:
        (kept_by,) = family.until(lambda: keepers(process.pid))
        family.until(lambda: Path(f"/proc/{kept_by}/comm").read_text() == f"{keeper.NAME}\n")
        fields = Path(f"/proc/{kept_by}/stat").read_text().rpartition(")")[2].split()
        parent, group, session, terminal = map(int, fields[1:5])
        assert parent != process.pid
        assert session not in (os.getsid(process.pid), os.getsid(0))
        assert group not in (os.getpgid(process.pid), os.getpgid(0))
        assert terminal == 0
        assert Path(f"/proc/{kept_by}/cwd").readlink() == Path("/")
        expected = {"/memfd:autoexec-runs (deleted)", os.devnull, "anon_inode:[pidfd]"}
        family.until(lambda: held_by(kept_by) == expected)  # it sweeps first
        assert held_by(kept_by) == expected
        names = [
            item.partition(b"=")[0] for item in Path(f"/proc/{kept_by}/environ").read_bytes().split(b"\0")
        ]
        assert set(names) <= {b"", b"LD_LIBRARY_PATH", b"PWD", b"_", b"OLDPWD", b"SHLVL"}


def held_by(pid: int) -> set[str]:
    """Return what a process has open; what it closes meanwhile is left out."""
    found = set()
    for name in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            found.add(os.readlink(f"/proc/{pid}/fd/{name}"))
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_polite_signal_leaves_the_keeper_at_work(tmp_path, number):
    """Its own session keeps Ctrl-C away; `pkill python` does not reach it either."""
    with owner(tmp_path, family.tree(tmp_path, "bare-daemon"), count=2) as process:
        (kept_by,) = family.until(lambda: keepers(process.pid))
        family.until(lambda: Path(f"/proc/{kept_by}/comm").read_text() == f"{keeper.NAME}\n")
        os.kill(kept_by, number)
        kill(process)
        assert family.until_gone(lambda: family.living(tmp_path)) == []


FORKS = """
import os, sys, time
from autoexec_magic import executor
def on_spawn(leader):
    time.sleep(0.2)
    if os.fork() == 0:  # as multiprocessing's workers do: it has copies of all descriptors
        time.sleep(60)
        os._exit(0)
rules = executor.policy.exactly(sys.argv[2])
executor.run(sys.argv[2:], emit=lambda event: None, on_spawn=on_spawn, policy=rules)
"""


def test_a_fork_of_the_owner_does_not_keep_the_run_alive(tmp_path):
    """It holds every descriptor that the owner held; only the owner's own death counts."""
    argv = [sys.executable, "-c", FORKS, "owner-of-the-run", *family.tree(tmp_path, "session")]
    with subprocess.Popen(argv, start_new_session=True) as process:
        try:
            # Those two, the owner, and its fork, which has the same words.
            assert family.until(lambda: len(family.living(tmp_path)) >= 4)
            kill(process)
            members = family.until_gone(lambda: [pid for pid in family.living(tmp_path) if is_tree(pid)])
            assert members == []
            assert family.living("owner-of-the-run") != []  # the fork is nobody's run
        finally:
            process.kill()
            family.kill_all(tmp_path)


def is_tree(pid: int) -> bool:
    """Whether a process is one of the family, not who started it."""
    with contextlib.suppress(OSError):
        return b"owner-of-the-run" not in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def test_a_stranger_with_the_leaders_number_is_left_alone(tmp_path):
    """A leader that is gone may have left its number to somebody, and others of its run behind."""
    argv = [*SLEEP, str(tmp_path)]
    env = {"AUTOEXEC_RUN_ID": "gone-with-its-leader"}
    pipe = subprocess.PIPE
    with (
        subprocess.Popen(argv, start_new_session=True, stdout=pipe) as stranger,
        subprocess.Popen(argv, start_new_session=True, stdout=pipe, env=env) as member,
    ):
        stranger.stdout.readline()
        member.stdout.readline()
        found = identify(stranger.pid)
        was = ProcessId(found.pid, found.start_time - 1)
        assert ending.end_orphans([(was, "gone-with-its-leader")], grace=0.0)
        assert member.wait(10) < 0
        assert not ending.end_orphans([(was, "gone-with-its-leader")], grace=0.0)
        assert stranger.poll() is None
        stranger.kill()


def test_the_table_says_what_was_written():
    """Free slots are passed over, a leader may be unknown, an id may be any text."""
    table = os.memfd_create("runs")
    leader = ProcessId(7, 8)
    os.write(table, keeper.entry("a b", leader) + b"\0" * keeper.SLOT_BYTES + keeper.entry("ü\udcff", None))
    assert keeper.read(table) == [(leader, "a b"), (None, "ü\udcff")]
    os.close(table)


def test_the_wait_is_over_when_the_owner_is(tmp_path):
    """Also where the pid belongs to somebody else by then, and where there are no pidfds."""
    me = identify(os.getpid())
    keeper.wait_for(ProcessId(me.pid, me.start_time - 1))
    keeper.wait_for(ProcessId(2**22 - 1, 1))


def test_without_pidfds_the_keeper_looks_again(monkeypatch):
    """Linux has them since 5.3."""
    monkeypatch.delattr(os, "pidfd_open")
    monkeypatch.setattr(keeper, "_NO_PIDFD_POLL_SECONDS", 0.01)
    with subprocess.Popen(SLEEP, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        found = identify(child.pid)
        child.kill()
        keeper.wait_for(found)


def test_what_an_earlier_keeper_did_not_do_is_done_by_the_next(tmp_path):
    """Owner and keeper killed at once leave a folder; the next keeper knows whose each one is."""
    (tmp_path / "tmp").mkdir()
    dead = subprocess.Popen(["/bin/true"])
    start = identify(dead.pid).start_time
    dead.wait()
    place = identity.owner_name().rpartition("-")[2]
    gone = tmp_path / "tmp" / f"autoexec-cage-{dead.pid}-{start}-{place}-abc"
    reused = tmp_path / "tmp" / f"autoexec-cage-{os.getpid()}-1-{place}-abc"
    kept = [
        tmp_path / "tmp" / f"autoexec-cage-{identity.owner_name()}-abc",
        tmp_path / "tmp" / f"autoexec-cage-{dead.pid}-{start}-00000000-abc",
        tmp_path / "tmp" / "autoexec-cage-notes",
        tmp_path / "tmp" / "others",
    ]
    for folder in (gone, reused, *kept):
        folder.mkdir()
        (folder / "file").touch()
    with owner(tmp_path, [*SLEEP, str(tmp_path)], count=1):
        assert family.until(lambda: not gone.exists() and not reused.exists(), 10)
        assert all((folder / "file").exists() for folder in kept)


def test_the_keeper_uses_no_time_while_nothing_happens(tmp_path):
    """It sleeps until the owner has ended: nothing wakes it meanwhile."""
    with owner(tmp_path, [*SLEEP, str(tmp_path)], count=1) as process:
        (kept_by,) = family.until(lambda: keepers(process.pid))
        family.until(lambda: "do_poll" in waits_in(kept_by) or asleep(kept_by))
        time.sleep(0.3)
        before = switches(kept_by)
        time.sleep(0.5)
        assert switches(kept_by) == before


def asleep(pid: int) -> bool:
    """Whether a process waits."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"


def waits_in(pid: int) -> str:
    """Return the kernel's function that a process waits in, where it may be known."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/wchan").read_text()
    return ""


def switches(pid: int) -> str:
    """Return how often a process gave the processor up."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line for line in lines if line.startswith("voluntary_ctxt_switches"))

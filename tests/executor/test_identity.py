"""A process is known by its pid and its start time, whatever it is called and whoever had the pid before."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from skips import needs

from autoexec_magic.executor import identity
from autoexec_magic.executor.identity import HAS_PROC, ProcessId, identify, is_alive, members

if TYPE_CHECKING:
    from collections.abc import Iterator

NEEDS_PROC = pytest.mark.skipif(not HAS_PROC, reason=needs("there is no /proc", "run it on Linux"))
MINE = f"run-{os.getpid()}"  # another session of tests on this machine has others
WAIT = "print('ready', flush=True); input()"
NEVER_A_PID = 2**22 + 1  # one more than Linux ever gives
TWICE = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-I", "-S", "-c", "input()"], stdin=subprocess.PIPE)
print(child.pid, flush=True)
input()
child.kill()
child.wait()
"""


@contextlib.contextmanager
def started(
    code: str = WAIT, *, program: str = sys.executable, **options: object
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start Python, yield it and its first line, and end it."""
    argv = [program, "-I", "-S", "-c", code]
    child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options)
    try:
        yield child, child.stdout.readline().strip()
    finally:
        child.kill()
        child.communicate()


def gone() -> int:
    """Return a pid that was a process's and is nobody's."""
    child = subprocess.Popen([sys.executable, "-I", "-S", "-c", ""])
    child.wait()
    return child.pid


def test_this_process_is_known_and_alive():
    """A process has one identity for as long as it lives."""
    me = identify(os.getpid())
    assert me.pid == os.getpid()
    assert me == identify(os.getpid())
    assert is_alive(me)


def test_a_process_that_is_gone_has_no_identity():
    """Neither has it one, nor does it live."""
    pid = gone()
    assert identify(pid) is None
    assert not is_alive(ProcessId(pid, 0))


@NEEDS_PROC
def test_another_start_time_is_another_process():
    """The pid of a dead process is given to another one sooner or later."""
    me = identify(os.getpid())
    assert me.start_time > 0
    assert not is_alive(ProcessId(me.pid, me.start_time - 1))
    assert not is_alive(ProcessId(me.pid, me.start_time + 1))
    assert not is_alive(ProcessId(me.pid, 0))


@NEEDS_PROC
def test_processes_that_start_later_have_later_times():
    """The start time is that of the process, not of its parent or of the machine."""
    with started() as (first, _):
        time.sleep(2.5 / os.sysconf("SC_CLK_TCK"))
        with started() as (second, _):
            assert identify(first.pid).start_time < identify(second.pid).start_time


@NEEDS_PROC
def test_a_zombie_has_an_identity_and_does_not_live():
    """A process that ended and was not waited for does nothing any more; its pid is still its own."""
    with started() as (child, _):
        process = identify(child.pid)
        assert is_alive(process)
        os.kill(child.pid, signal.SIGKILL)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert identify(child.pid) == process
        assert not is_alive(process)


@NEEDS_PROC
@pytest.mark.parametrize("name", ["a) R 1 1 (b", ") Z", "(", "a b", "))))", "ü 1 2 3"])
def test_a_name_of_any_kind_is_read_over(tmp_path, name):
    """A program chooses its own name, brackets and spaces and all."""
    program = tmp_path / name
    shutil.copy(shutil.which("sleep"), program)
    child = subprocess.Popen([program, "30"])
    try:
        fields = Path(f"/proc/{child.pid}/stat").read_bytes().rpartition(b")")[2].split()
        assert identify(child.pid) == ProcessId(child.pid, int(fields[22 - 3]))
        assert is_alive(identify(child.pid))
        leader = identify(os.getpgrp()) or ProcessId(os.getpgrp(), 0)  # which may be gone
        assert identify(child.pid) in members(leader, "no run")
    finally:
        child.kill()
        child.wait()


def older() -> ProcessId:
    """Return a leader that started with the tests and is gone: it has no group, which the tests may lead."""
    found = identify(os.getpid())
    assert found is not None
    return ProcessId(NEVER_A_PID, found.start_time)


@NEEDS_PROC
def test_the_group_of_a_leader_belongs_to_it():
    """Every living process of the group but the leader itself."""
    with started(TWICE, start_new_session=True) as (leader, pid):
        assert members(identify(leader.pid), "r") == [identify(int(pid))]


@NEEDS_PROC
def test_what_left_the_group_is_known_by_the_run():
    """A session of its own hides nothing: the environment it was started with has the run's id."""
    with started(start_new_session=True, env={"AUTOEXEC_RUN_ID": MINE}) as (child, _):
        assert members(older(), MINE) == [identify(child.pid)]


@NEEDS_PROC
@pytest.mark.parametrize("outer", [MINE, f"first:{MINE}", f"{MINE}:last", f"a:{MINE}:b"])
def test_what_a_run_within_the_run_started_belongs_to_both(outer):
    """A script that runs our own command line: what that starts ends with the outer run, too."""
    variables = {"AUTOEXEC_RUN_ID": "inner", "AUTOEXEC_OUTER_RUNS": outer}
    with started(start_new_session=True, env=variables) as (child, _):
        assert members(older(), MINE) == [identify(child.pid)]


@NEEDS_PROC
@pytest.mark.parametrize(
    "variables",
    [
        pytest.param({}, id="no-run"),
        pytest.param({"AUTOEXEC_RUN_ID": "another"}, id="another-run"),
        pytest.param({"AUTOEXEC_RUN_ID": f"{MINE}-and-more"}, id="longer"),
        pytest.param({"X_AUTOEXEC_RUN_ID": MINE}, id="another-variable"),
        pytest.param({"X": f"AUTOEXEC_RUN_ID={MINE}"}, id="within-a-value"),
        pytest.param({"AUTOEXEC_OUTER_RUNS": f"{MINE}-and-more:a{MINE}"}, id="within-longer-ones"),
    ],
)
def test_somebody_elses_process_is_no_member(variables):
    """Neither the group nor the whole of the run's id: not ours to end."""
    with started(start_new_session=True, env=variables) as (child, _):
        assert child.pid not in [process.pid for process in members(older(), MINE)]


@NEEDS_PROC
def test_a_process_that_ended_is_no_member():
    """A zombie cannot be ended once more."""
    with started(start_new_session=True, env={"AUTOEXEC_RUN_ID": MINE}) as (child, _):
        os.kill(child.pid, signal.SIGKILL)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert members(older(), MINE) == []


@NEEDS_PROC
def test_a_process_of_the_group_that_ended_is_no_member():
    """Its parent has not waited for it yet, which is not ours to do."""
    code = (
        "import os, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-I', '-S', '-c', ''])\n"
        "os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)\n"
        "print(child.pid, flush=True); input()"
    )
    with started(code, start_new_session=True) as (leader, pid):
        assert identify(int(pid)) is not None
        assert members(identify(leader.pid), MINE) == []


@NEEDS_PROC
def test_the_leader_is_no_member():
    """Whoever asks knows the leader already."""
    with started(start_new_session=True, env={"AUTOEXEC_RUN_ID": MINE}) as (child, _):
        assert members(identify(child.pid), MINE) == []


@NEEDS_PROC
def test_a_leader_from_before_the_pids_began_again_has_its_members():
    """Past the highest pid the kernel starts from below: then a child's is the smaller one."""
    with started(start_new_session=True, env={"AUTOEXEC_RUN_ID": MINE}) as (child, _):
        young = ProcessId(NEVER_A_PID, identify(child.pid).start_time)
        assert members(young, MINE) == [identify(child.pid)]


@NEEDS_PROC
def test_the_members_of_an_old_leader_may_have_any_pid(monkeypatch):
    """In the time of a long run the pids may have begun again and gone past the leader's."""
    monkeypatch.setattr(identity, "_ROUND_SECONDS", 0.0)
    with started(start_new_session=True, env={"AUTOEXEC_RUN_ID": MINE}) as (child, _):
        assert members(ProcessId(child.pid + 1, older().start_time), MINE) == [identify(child.pid)]


@NEEDS_PROC
def test_a_process_older_than_the_leader_is_no_member():
    """Whatever its environment says, the run did not start it."""
    with started(start_new_session=True, env={"AUTOEXEC_RUN_ID": MINE}) as (child, _):
        later = ProcessId(1, identify(child.pid).start_time + 1)
        assert members(later, MINE) == []


def test_without_proc_only_the_pid_is_compared(monkeypatch):
    """Other systems have no `/proc`: whoever answers lives, and nobody is found by a run's id."""
    monkeypatch.setattr(identity, "HAS_PROC", False)
    assert identify(os.getpid()) == ProcessId(os.getpid(), 0)
    assert is_alive(ProcessId(os.getpid(), 5))
    pid = gone()
    assert identify(pid) is None
    assert not is_alive(ProcessId(pid, 0))
    assert members(ProcessId(os.getpgrp(), 0), "r") == []


def test_without_proc_somebody_elses_process_lives(monkeypatch):
    """To be refused is an answer, too."""
    monkeypatch.setattr(identity, "HAS_PROC", False)

    def refuse(pid: int, number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    assert is_alive(ProcessId(1, 0))


@NEEDS_PROC
def test_an_owner_is_known_by_its_name():
    """It is gone when its pid is, or is somebody else's; of another place nothing is certain."""
    name = identity.owner_name()
    pid, start, place = name.split("-")
    assert int(pid) == os.getpid()
    assert not identity.is_owner_gone(f"{name}-x")
    assert identity.is_owner_gone(f"{pid}-{int(start) - 1}-{place}-x")
    assert identity.is_owner_gone(f"{gone()}-{start}-{place}-x")
    other = f"{int(place, 16) ^ 1:08x}"
    for unknown in (f"{gone()}-{start}-{other}-x", f"{gone()}-x", "notes", "", name):
        assert not identity.is_owner_gone(unknown)


@NEEDS_PROC
def test_a_fork_is_an_owner_of_its_own():
    """Its name is not its parent's."""
    before = identity.owner_name()
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.write(writer, identity.owner_name().encode())
        os._exit(0)
    os.wait()
    said = os.read(reader, 1000).decode()
    os.close(reader)
    os.close(writer)
    assert said.partition("-")[0] != before.partition("-")[0]


@NEEDS_PROC
def test_the_group_of_a_number_that_was_given_away_is_not_the_runs():
    """Once the leader is gone, its number may lead another group."""
    with started(TWICE, start_new_session=True) as (leader, pid):
        found = identify(leader.pid)
        was = ProcessId(found.pid, found.start_time - 1)
        assert members(was, "r") == []
        assert members(found, "r") == [identify(int(pid))]


@NEEDS_PROC
def test_members_are_found_without_a_leader():
    """A run that was about to start has an id, and nobody knows yet who leads it."""
    with started(start_new_session=True, env={"AUTOEXEC_RUN_ID": MINE}) as (child, _):
        assert members(None, MINE) == [identify(child.pid)]

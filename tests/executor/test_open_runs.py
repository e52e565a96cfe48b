"""Which runs are open, as the keeper would read it."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import family
import pytest

from autoexec_magic import executor
from autoexec_magic.executor import identity, keeper, open_runs, process
from autoexec_magic.executor.identity import identify
from autoexec_magic.executor.open_runs import OpenRuns, kept

pytestmark = pytest.mark.skipif(not identity.HAS_PROC, reason="there is no /proc | provide: Linux")
SLEEP = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"]


@pytest.fixture
def table():
    """Open runs of this process, with a keeper of their own."""
    made = OpenRuns()
    yield made
    made.drop()


@pytest.fixture
def me():
    """This process, which may stand for a leader."""
    return identify(os.getpid())


def keeper_of(table: OpenRuns) -> int:
    """Return the pid of the keeper that a table has, as soon as it has one."""
    assert family.until(table._is_kept)
    lines = Path(f"/proc/self/fdinfo/{table._keeper}").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("Pid:")))


def end(pid: int) -> None:
    """Kill a keeper and wait until it is gone."""
    found = identify(pid)
    os.kill(pid, signal.SIGKILL)
    assert family.until(lambda: not identity.is_alive(found))


def test_a_run_is_written_down_before_it_starts_and_until_it_ends(table, me):
    """Its id first, by which it can be found; then its leader."""
    first = table.open("first")
    assert keeper.read(table._file) == [(None, "first")]
    table.note(first, "first", me)
    second = table.open("second")
    assert keeper.read(table._file) == [(me, "first"), (None, "second")]
    table.close(first)
    assert keeper.read(table._file) == [(None, "second")]
    third = table.open("third")
    assert keeper.read(table._file) == [(None, "third"), (None, "second")]
    table.close(second)
    table.close(third)
    assert keeper.read(table._file) == []


def test_a_run_ends_however_its_block_ends():
    """An error, too, is an end."""
    table = open_runs._of(os.getpid())
    before = keeper.read(table._file)

    def fail() -> None:
        with kept("some run"):
            assert (None, "some run") in keeper.read(table._file)
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fail()
    assert keeper.read(table._file) == before


def test_a_run_that_has_ended_needs_no_keeper(table):
    """One that was so short that nobody got to it."""
    table._is_starting = True
    table._start()
    assert not table._is_kept()
    assert not table._is_starting


def test_a_killed_keeper_is_replaced_with_the_next_run(table, me):
    """And the new one reads of all that are open."""
    slot = table.open("old")
    table.note(slot, "old", me)
    first = keeper_of(table)
    end(first)
    assert not table._is_kept()
    other = table.open("new")
    table.note(other, "new", me)
    second = keeper_of(table)
    assert second != first
    table.close(slot)
    table.close(other)
    end(second)


def test_one_keeper_is_enough(table, me):
    """However many runs."""
    slots = [table.open(str(number)) for number in range(20)]
    for slot in slots:
        table.note(slot, str(slot), me)
    pid = keeper_of(table)
    table.note(slots[0], "0", me)
    family.until(lambda: not table._is_starting)
    assert keeper_of(table) == pid
    for slot in slots:
        table.close(slot)
    end(pid)


def test_where_no_keeper_can_be_started_runs_go_on(monkeypatch, caplog, table, me):
    """It is said once."""

    def refuse(*_: object, **__: object) -> bytes:
        raise OSError("no more processes")

    monkeypatch.setattr(process, "start_apart", refuse)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            slot = table.open("run")
            table.note(slot, "run", me)
            assert family.until(lambda: not table._is_starting, 5)
            table.close(slot)
    assert [record.message for record in caplog.records] == [
        "what this process runs would outlive a kill of it: no keeper: no more processes"
    ]


def test_a_fork_has_open_runs_of_its_own():
    """What it starts is kept by a keeper of its own, not told to its parent's."""
    code = """
import os, sys
from autoexec_magic.executor import open_runs
with open_runs.kept("parent"):
    before = open_runs._of(os.getpid())
    pid = os.fork()
    if pid == 0:
        with open_runs.kept("child"):
            own = open_runs._of(os.getpid())
            from autoexec_magic.executor import keeper
            print(before._file, keeper.read(own._file), flush=True)
        os._exit(0)
    os.waitpid(pid, 0)
    from autoexec_magic.executor import keeper
    print(keeper.read(before._file))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "-1 [(None, 'child')]\n[(None, 'parent')]\n", done.stderr


def test_waiting_for_any_child_finds_none_of_ours():
    """User code that waits until there is no child left does not wait for the keeper."""
    code = """
import os, sys, time
from autoexec_magic import executor
rules = executor.policy.exactly(sys.executable)
argv = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(0.3)"]
assert executor.run(argv, emit=lambda event: None, policy=rules).passed
try:
    print(os.wait())
except ChildProcessError:
    print("no child")
from autoexec_magic.executor import open_runs
print(open_runs._of(os.getpid())._is_kept())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "no child\nTrue\n", done.stderr


def test_without_proc_nothing_is_kept(monkeypatch):
    """Other systems have no such keeper; runs run."""
    monkeypatch.setattr(open_runs, "HAS_PROC", False)
    with kept("run") as note:
        note(identify(os.getpid()))
    assert (None, "run") not in keeper.read(open_runs._of(os.getpid())._file)


def test_a_run_of_the_executor_is_open_while_it_runs():
    """By its id and its leader."""
    seen = []
    table = open_runs._of(os.getpid())
    executor.run(
        [sys.executable, "-I", "-S", "-c", "pass"],
        emit=lambda event: None,
        policy=executor.policy.exactly(sys.executable),
        run_id="this run",
        on_spawn=lambda leader: seen.append((leader, keeper.read(table._file))),
    )
    ((leader, open_then),) = seen
    assert (leader, "this run") in open_then
    assert "this run" not in [run_id for _, run_id in keeper.read(table._file)]


def test_a_fork_waits_for_no_thread_that_it_has_not(table):
    """What was locked when it was forked is locked by nobody there."""
    slot = table.open("first")
    is_held, is_over = threading.Event(), threading.Event()

    def hold() -> None:
        with table._lock, table._start_lock:
            is_held.set()
            is_over.wait(20)

    thread = threading.Thread(target=hold)
    assert family.until(lambda: not table._is_starting)
    thread.start()
    is_held.wait(20)
    table._is_starting = True
    child = os.fork()
    if child == 0:
        table.drop()
        table.close(slot)
        os._exit(0)
    assert family.until(lambda: os.waitpid(child, os.WNOHANG) == (child, 0))
    table._is_starting = False
    is_over.set()
    thread.join()

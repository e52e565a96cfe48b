"""Limits are set from outside, on a process that may be gone by now."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from skips import needs

from autoexec_magic.executor.cage import Limits
from autoexec_magic.executor.cage.limits import limit
from autoexec_magic.executor.identity import ProcessId

NEEDS_PRLIMIT = pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason=needs("there is no prlimit", "run it on Linux")
)


@contextmanager
def sleeper():
    """Give a process that waits."""
    child = subprocess.Popen([sys.executable, "-I", "-S", "-c", "input()"], stdin=subprocess.PIPE)
    try:
        yield child
    finally:
        child.communicate(b"\n")


@NEEDS_PRLIMIT
def test_a_limited_process_leaves_no_core():
    """What a process had in memory does not land in a file when it crashes."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    with sleeper() as child:
        limit(ProcessId(child.pid, 0))
        assert resource.prlimit(child.pid, resource.RLIMIT_CORE) == (0, 0)
    assert resource.getrlimit(resource.RLIMIT_CORE) == before


@NEEDS_PRLIMIT
def test_each_limit_is_set():
    """And what a group counts already is left to it."""
    limits = Limits(cpu_seconds=7, memory_bytes=2**33, file_bytes=2**20, open_files=64, processes=50)
    with sleeper() as child:
        limit(ProcessId(child.pid, 0), limits, grouped={"memory", "pids"})
        assert resource.prlimit(child.pid, resource.RLIMIT_CPU) == (7, 8)
        assert resource.prlimit(child.pid, resource.RLIMIT_FSIZE) == (2**20, 2**20)
        assert resource.prlimit(child.pid, resource.RLIMIT_NOFILE) == (64, 64)
        assert resource.prlimit(child.pid, resource.RLIMIT_DATA) == resource.getrlimit(resource.RLIMIT_DATA)
        limit(ProcessId(child.pid, 0), limits)
        assert resource.prlimit(child.pid, resource.RLIMIT_DATA) == (2**33, 2**33)


@NEEDS_PRLIMIT
def test_what_it_started_already_is_limited_too():
    """A shell, or what makes a cage, starts another one before anybody gets to it."""
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input()'])"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        child.stdout.readline()
        limit(ProcessId(child.pid, 0), Limits(cpu_seconds=7))
        (inner,) = map(int, Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split())
        assert resource.prlimit(inner, resource.RLIMIT_CPU) == (7, 8)
        child.communicate(b"\n")


@NEEDS_PRLIMIT
def test_a_run_is_the_first_to_go_where_memory_runs_out():
    """Whatever it may use: the kernel that started it must not be chosen."""
    with sleeper() as child:
        limit(ProcessId(child.pid, 0))
        assert Path(f"/proc/{child.pid}/oom_score_adj").read_text() == "1000\n"


def test_limits_are_typed_again_as_they_were():
    """The command that says yes has to have them, too."""
    limits = Limits(cpu_seconds=7, memory_bytes=2**29, file_bytes=1000, open_files=64, output_bytes=2**20)
    assert limits.options() == [
        "--memory 512M",
        "--cpu 7",
        "--file-size 1000",
        "--open-files 64",
        "--output-limit 1M",
    ]
    assert Limits().options() == []


def test_what_is_said_comes_before_what_is_usual():
    """And what is not said stays as it is usual."""
    assert Limits(processes=5).over(Limits(processes=1024, open_files=64)) == Limits(
        processes=5, open_files=64
    )


@NEEDS_PRLIMIT
def test_a_users_processes_are_counted_where_there_is_no_group(monkeypatch):
    """On top of those that run already."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with sleeper() as child:
        limit(ProcessId(child.pid, 0), Limits(processes=50))
        assert resource.prlimit(child.pid, resource.RLIMIT_NPROC)[0] > 50


def test_a_process_that_is_gone_needs_no_limits():
    """A child may end before anybody gets to it."""
    child = subprocess.Popen([sys.executable, "-I", "-S", "-c", ""])
    child.wait()
    limit(ProcessId(child.pid, 0))


def test_where_there_is_no_prlimit_nothing_is_limited(monkeypatch):
    """Other systems have no such call; a run goes on without."""
    monkeypatch.delattr(resource, "prlimit", raising=False)
    limit(ProcessId(1, 0))
    monkeypatch.setitem(sys.modules, "resource", None)
    limit(ProcessId(1, 0))

"""Limits are set from outside, on a process that may be gone by now."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from contextlib import contextmanager

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
        assert resource.prlimit(child.pid, resource.RLIMIT_CPU) == (7, 7)
        assert resource.prlimit(child.pid, resource.RLIMIT_FSIZE) == (2**20, 2**20)
        assert resource.prlimit(child.pid, resource.RLIMIT_NOFILE) == (64, 64)
        assert resource.prlimit(child.pid, resource.RLIMIT_AS) == resource.getrlimit(resource.RLIMIT_AS)
        limit(ProcessId(child.pid, 0), limits)
        assert resource.prlimit(child.pid, resource.RLIMIT_AS) == (2**33, 2**33)


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

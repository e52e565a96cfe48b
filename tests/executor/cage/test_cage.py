"""A cage is what was asked for, or an error; never less without a word."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest
from skips import needs

from autoexec_magic.errors import CageError, UsageError
from autoexec_magic.executor import cage
from autoexec_magic.executor.identity import ProcessId

NEEDS_PRLIMIT = pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason=needs("there is no prlimit", "run it on Linux")
)
SLEEP = [sys.executable, "-I", "-S", "-c", "input()"]


def test_open_is_limits_only():
    """The level in force and what provides it are said."""
    assert cage.build("open") == cage.Cage(level="open", mechanism="limits")


@pytest.mark.parametrize("level", ["sealed", "workspace"])
def test_a_level_that_cannot_be_had_is_an_error(level):
    """Not a warning, and not a weaker level: it says what there is."""
    with pytest.raises(CageError, match=level) as caught:
        cage.build(level)
    assert "'open' only" in caught.value.why
    assert "--cage open" in caught.value.fix


@pytest.mark.parametrize("level", ["", "Open", "none", "OPEN ", None])
def test_an_unknown_level_is_a_usage_error(level):
    """A misspelt level is no cage; the ones there are, are named."""
    with pytest.raises(UsageError, match="no cage level") as caught:
        cage.build(level)
    assert all(name in caught.value.fix for name in cage.LEVELS)


@NEEDS_PRLIMIT
def test_a_limited_process_leaves_no_core():
    """What a process had in memory does not land in a file when it crashes."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    child = subprocess.Popen(SLEEP, stdin=subprocess.PIPE)
    try:
        cage.limit(ProcessId(child.pid, 0))
        assert resource.prlimit(child.pid, resource.RLIMIT_CORE) == (0, 0)
    finally:
        child.communicate(b"\n")
    assert resource.getrlimit(resource.RLIMIT_CORE) == before


def test_a_process_that_is_gone_needs_no_limits():
    """A child may end before anybody gets to it."""
    child = subprocess.Popen(SLEEP, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    child.wait()
    cage.limit(ProcessId(child.pid, 0))


def test_where_there_is_no_prlimit_nothing_is_limited(monkeypatch):
    """Other systems have no such call; a run goes on without."""
    monkeypatch.delattr(resource, "prlimit", raising=False)
    cage.limit(ProcessId(1, 0))
    monkeypatch.setitem(sys.modules, "resource", None)
    cage.limit(ProcessId(1, 0))

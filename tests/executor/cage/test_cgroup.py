"""A group of its own for a run, where one can be had."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import pytest
from caged import run
from skips import requires

from autoexec_magic.executor import cage
from autoexec_magic.executor.cage import cgroup

BOMB = """
import os, time
children = 0
try:
    while children < 200:
        if os.fork() == 0:
            time.sleep(0.5)
            os._exit(0)
        children += 1
except BlockingIOError:
    pass
print(children)
"""


def group(**limits: int) -> cgroup.Group:
    """Return a group, or skip."""
    found = cgroup.make(cage.Limits(**limits))
    requires(found, "there is no control group to be had", "run as root, or in a delegated one")
    return found


def test_a_fork_bomb_ends_at_the_limit(tmp_path):
    """Root's, too, whose processes no rlimit counts."""
    group(processes=20).close()
    request = cage.CageRequest(level="workspace", workspace=tmp_path, limits=cage.Limits(processes=20))
    with cage.build(request) as built:
        ended = run(built, [sys.executable, "-c", "input()\n" + BOMB], cwd=tmp_path, stdin="\n")
    assert 0 < int(ended.stdout) < 20, ended


def test_no_group_is_left():
    """And closing twice does no harm."""
    found = group(processes=20, memory_bytes=2**30)
    folders = set(found._folders.values())
    assert all(folder.is_dir() for folder in folders)
    found.close()
    found.close()
    assert not any(folder.exists() for folder in folders)


def test_nothing_wanted_is_no_group():
    """It would only cost."""
    assert cgroup.make(cage.Limits()) is None


def test_where_none_can_be_made_there_is_none(monkeypatch, tmp_path):
    """A folder that is not a control group has no such setting."""
    monkeypatch.setattr(cgroup, "_parents", lambda _: [(tmp_path / "absent", "pids.max")])
    assert cgroup.make(cage.Limits(processes=5)) is None


def test_a_process_that_is_gone_is_left_alone():
    """It ended before anybody got to it."""
    found = group(processes=20)
    found.add(2**22 - 1)
    found.close()
    assert Path("/proc/self").exists()


@pytest.mark.parametrize("fails", [False, True], ids=["started", "not-started"])
def test_this_process_is_never_left_in_the_group(tmp_path, fails):
    """Whoever ends what is in there would end the kernel."""
    group(processes=20).close()
    request = cage.CageRequest(level="workspace", workspace=tmp_path)
    with cage.build(request) as built:
        seen = []

        def start() -> None:
            seen.append(Path("/proc/thread-self/cgroup").read_text())
            if fails:
                raise FileNotFoundError

        for _ in range(50):
            with contextlib.suppress(FileNotFoundError):
                built.spawn(start)
            assert built._group.is_empty()
        assert all("/autoexec-" in text for text in seen)

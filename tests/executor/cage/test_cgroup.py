"""A group of its own for a run, where one can be had."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from caged import run
from skips import requires

from autoexec_magic.executor import cage
from autoexec_magic.executor.cage import cgroup
from autoexec_magic.executor.identity import identify, owner_name

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


@pytest.mark.parametrize("has_kill", [True, False])
def test_what_is_left_in_a_group_ends_with_it(monkeypatch, has_kill):
    """A daemon that left everything else behind; also where the kernel does not kill a group at once."""
    found = group(processes=20)
    code = "import os, signal\nif os.fork() == 0: os.setsid()\nprint(flush=True); signal.pause()"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        found.add(child.pid)
        (folder,) = set(found._folders.values())
        assert len((folder / "cgroup.procs").read_text().split()) == 2
        if not has_kill:
            write = Path.write_text

            def refuse(path: Path, text: str, **options: str) -> int:
                if path.name == "cgroup.kill":
                    raise FileNotFoundError(path)
                return write(path, text, **options)

            monkeypatch.setattr(Path, "write_text", refuse)
        found.close()
        try:
            assert child.wait(10) == -9
        finally:
            child.kill()
    assert not folder.exists()


def test_the_groups_of_who_is_gone_are_ended_and_removed():
    """And those of who lives are left, as are those that somebody else called alike."""
    own = group(processes=20)
    (folder,) = set(own._folders.values())
    with subprocess.Popen(["/bin/true"]) as dead:
        start = identify(dead.pid).start_time
    place = owner_name().rpartition("-")[2]
    gone = folder.parent / f"autoexec-{dead.pid}-{start}-{place}-1f"
    reused = folder.parent / f"autoexec-{os.getpid()}-1-{place}-1f"
    others = folder.parent / "autoexec-notes"
    for made in (gone, reused, others):
        made.mkdir()
    try:
        with subprocess.Popen(["/bin/sleep", "30"]) as left:
            (gone / "cgroup.procs").write_text(str(left.pid))
            cgroup.sweep()
            try:
                assert left.wait(10) == -9
            finally:
                left.kill()
        assert not gone.exists()
        assert not reused.exists()
        assert others.exists()
        assert folder.exists()
    finally:
        others.rmdir()
        own.close()


def test_a_group_of_version_2_is_ended_at_once():
    """By one word to the kernel, which no fork gets ahead of."""
    mounts = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    found = [Path(fields[4]) for fields in mounts if " - cgroup2 " in " ".join(fields)]
    requires(found and os.access(found[0], os.W_OK), "no version 2 group may be made", "run as root")
    folder = found[0] / f"autoexec-{owner_name()}-2"
    folder.mkdir()
    requires((folder / "cgroup.kill").exists(), "this kernel kills no group", "Linux 5.14")
    code = "import os, signal\nif os.fork() == 0: os.setsid()\nprint(flush=True); signal.pause()"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        made = cgroup.Group({"pids": folder})
        made.add(child.pid)
        try:
            assert len((folder / "cgroup.procs").read_text().split()) == 2
            made.close()
            assert child.wait(10) == -9
        finally:
            child.kill()
            made.close()
    assert not folder.exists()


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


def test_one_that_ended_counts_until_somebody_waited_for_it():
    """Nobody lives in the group, and the next run would have less of its limit all the same."""
    found = group(processes=20)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        found.add(child.pid)
        assert not found.is_empty()
        child.stdin.close()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert found.is_empty()
        assert not found.is_settled()
        child.wait()
        assert found.is_settled()
    found.close()


def test_what_was_refused_is_counted_once(tmp_path):
    """A group may be used for more than one run."""
    found = group(processes=1)
    assert found.refused() == {"pids": 0}
    code = "import os, sys\ntry:\n    os.fork()\nexcept OSError: print('no', flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", f"input()\n{code}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        found.add(child.pid)
        child.stdin.write(b"\n")
        child.stdin.flush()
        assert child.stdout.readline() == b"no\n"
        assert found.refused() == {"pids": 1}
        assert found.refused() == {"pids": 0}
        child.communicate(b"\n")
    found.close()

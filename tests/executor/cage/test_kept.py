"""A cage that is used again is as new, and none is used that was made from something else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from caged import run
from skips import requires

from autoexec_magic.errors import CageError
from autoexec_magic.executor import cage
from autoexec_magic.executor.cage import kept, landlock, mounts

LEAVE = """
import os, pathlib
for name in ("HOME", "TMPDIR"):
    folder = pathlib.Path(os.environ[name], "folder")
    folder.mkdir()
    (folder / "file").write_text("left")
    folder.chmod(0)
pathlib.Path(os.environ["HOME"], ".gitconfig").write_text("[core]\\n\\tpager = evil\\n")
pathlib.Path(os.environ["HOME"]).parent.chmod(0o755)
try:
    os.mkdir("/dev/shm/autoexec-left")
    open("/dev/shm/autoexec-left/file", "w").close()
except FileExistsError:
    print("still there")
"""
LOOK = """
import os, pathlib
home = pathlib.Path(os.environ["HOME"])
print(sorted(path.name for path in home.iterdir()), os.listdir(os.environ["TMPDIR"]))
print("evil" in (home / ".gitconfig").read_text(), oct(home.parent.stat().st_mode & 0o777))
"""


@pytest.fixture(autouse=True)
def workspace(tmp_path):
    """Return a project; no cage waits before a test or after it."""
    requires(landlock.abi() >= landlock.NEEDED_ABI, "Landlock's ABI is too old", "Linux 6.12 or newer")
    cage.close_kept()
    project = tmp_path / "project"
    (project / ".git/hooks").mkdir(parents=True)
    for name in ("pyproject.toml", ".git/config"):
        (project / name).write_text("as it was")
    yield project
    cage.close_kept()
    shutil.rmtree("/dev/shm/autoexec-left", ignore_errors=True)


def request(workspace: Path, **options: object) -> cage.CageRequest:
    """Return a request for the level `workspace`."""
    return cage.CageRequest(level="workspace", workspace=workspace, **options)


def test_the_next_run_finds_nothing_of_the_last(workspace):
    """Home, temporary files, shared memory and rights are those of a new cage."""
    with cage.lend(request(workspace)) as first:
        left = run(first, [sys.executable, "-c", LEAVE], cwd=workspace)
        assert left.returncode == 0, left
    with cage.lend(request(workspace)) as second:
        assert second is first
        seen = run(second, [sys.executable, "-c", LOOK], cwd=workspace)
        assert seen.stdout == "['.gitconfig'] []\nFalse 0o700\n", seen
        again = run(second, [sys.executable, "-c", LEAVE], cwd=workspace)
        assert again.stdout == "" or not second.mechanism.endswith("mounts")


CHANGES = {
    "a protected file that is new": lambda project: (project / "autoexec.toml").touch(),
    "a protected file that was saved by a rename": lambda project: (
        (project / "new").write_text("x"),
        (project / "new").rename(project / "pyproject.toml"),
    ),
    "a protected file that is gone": lambda project: (project / "pyproject.toml").unlink(),
    "a protected file that has another name": lambda project: (project / ".git/config").rename(
        project / ".git/config.worktree"
    ),
    "a folder on the way to one": lambda project: (
        (project / ".git").rename(project / "old"),
        shutil.copytree(project / "old", project / ".git"),
    ),
    "another folder of this name": lambda project: (
        project.rename(project.with_name("old")),
        shutil.copytree(project.with_name("old"), project),
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_changed_makes_another_cage(workspace, name):
    """The old one would deny what is the workspace's, or allow what governs the run."""
    with cage.lend(request(workspace)) as first:
        run(first, ["true"], cwd=workspace)
    CHANGES[name](workspace)
    with cage.lend(request(workspace)) as second:
        assert second is not first
        assert not first.scratch.exists()
        assert run(second, ["sh", "-c", "echo x > file"], cwd=workspace).returncode == 0
        for path in second._shut():
            written = run(second, ["sh", "-c", f"echo x >> {path}"], cwd=workspace)
            assert written.returncode != 0, (path, written)


def test_a_link_that_leads_elsewhere_now_makes_another_cage(workspace, tmp_path):
    """What may be read is what the path means when the run begins."""
    (tmp_path / "data").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")
    asked = request(workspace, read=(tmp_path / "link",))
    with cage.lend(asked) as first:
        run(first, ["true"], cwd=workspace)
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to(tmp_path / "other")
    with cage.lend(asked) as second:
        assert second is not first
        assert run(second, ["ls", tmp_path / "data"], cwd=workspace).returncode != 0
        assert run(second, ["ls", tmp_path / "other"], cwd=workspace).returncode == 0


def test_a_place_that_became_secret_is_refused(workspace, monkeypatch):
    """Also where a cage for it is waiting."""
    with cage.lend(request(workspace)):
        pass
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(workspace / "runtime"))
    with pytest.raises(CageError, match="no cage can be made"), cage.lend(request(workspace)):
        pass


MOUNT = """
import subprocess, sys
from pathlib import Path
from autoexec_magic.executor import cage
asked = cage.CageRequest(level="workspace", workspace=Path(sys.argv[1]))
with cage.lend(asked) as first:
    first.spawn(lambda: None)
subprocess.run(["mount", "-t", "tmpfs", "none", sys.argv[1] + "/data"], check=True)
with cage.lend(asked) as second:
    print(first is second)
with cage.lend(asked) as third:
    print(second is third)
"""


def test_a_new_mount_makes_another_cage(workspace):
    """The kept view would not have it. Once: the change is told once."""
    requires(mounts.can_be_had(), "mounts cannot be made here", "run as root")
    program = shutil.which("unshare")
    (workspace / "data").mkdir()
    requires(program, "unshare is not installed", "apt-get install util-linux")
    words = [program, "--mount", sys.executable, "-c", MOUNT, str(workspace)]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert ended.stdout == "False\nTrue\n", ended


def test_two_runs_at_once_have_cages_of_their_own(workspace):
    """Neither sees the other's files."""
    with cage.lend(request(workspace)) as one, cage.lend(request(workspace)) as other:
        assert one.scratch != other.scratch
        there = run(one, ["ls", other.scratch], cwd=workspace)
        assert there.returncode != 0


def test_after_an_error_the_cage_is_closed(workspace):
    """Nobody knows what is left of the run."""
    with pytest.raises(KeyError), cage.lend(request(workspace)) as built:
        raise KeyError
    assert not built.scratch.exists()


def test_a_cage_in_which_somebody_is_left_is_not_used_again(workspace):
    """A process that outlived its run would look on at the next."""
    with cage.lend(request(workspace)) as first:
        requires(first._group, "there is no control group to be had", "run as root")
        child = first.spawn(lambda: subprocess.Popen(["sleep", "60"]))
    try:
        with cage.lend(request(workspace)) as second:
            assert second is not first
    finally:
        child.kill()
        child.wait()


def test_only_some_wait(workspace, tmp_path):
    """The oldest is closed; nothing of any is left after `close_kept`, no descriptor either."""
    with cage.lend(request(workspace)):
        pass
    cage.close_kept()
    before = len(os.listdir("/proc/self/fd"))
    scratches = []
    for number in range(kept.MOST + 2):
        (tmp_path / str(number)).mkdir()
        with cage.lend(request(tmp_path / str(number))) as built:
            run(built, ["true"], cwd=workspace)
            scratches.append(built.scratch)
    assert [scratch.exists() for scratch in scratches] == [False] * 2 + [True] * kept.MOST
    cage.close_kept()
    assert not any(scratch.exists() for scratch in scratches)
    assert len(os.listdir("/proc/self/fd")) == before


FORK = """
import os, sys
from pathlib import Path
from autoexec_magic.executor import cage
asked = cage.CageRequest(level="workspace", workspace=Path(sys.argv[1]))
with cage.lend(asked) as first:
    pass
child = os.fork()
with cage.lend(asked) as second:
    if child == 0:
        print("child", first is second, flush=True)
if child:
    os.waitpid(child, 0)
    print("parent", first is second, first.scratch.exists(), flush=True)
    print(first.scratch)
"""


def test_a_forked_process_has_none_of_its_parents_cages(workspace):
    """Both would use one scratch folder, and the first to end would remove it. At the end none is left."""
    words = [sys.executable, "-c", FORK, str(workspace)]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60)
    lines = ended.stdout.splitlines()
    assert lines[:2] == ["child False", "parent True True"], ended
    assert not Path(lines[2]).exists()


def test_other_levels_are_not_kept(workspace):
    """`open` costs nothing."""
    with cage.lend(cage.CageRequest(level="open", workspace=workspace)) as first:
        pass
    with cage.lend(cage.CageRequest(level="open", workspace=workspace)) as second:
        assert second is not first

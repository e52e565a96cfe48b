"""A file's mode, owner and times are changed for a child where it may write, and nowhere else."""

from __future__ import annotations

import errno
import os
import stat
import struct
import sys
import threading

import pytest
from caged import run
from skips import requires

from autoexec_magic.executor import cage
from autoexec_magic.executor.cage import seccomp

CALL = """
import ctypes, os, platform, struct, sys
LIBC = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    if LIBC.syscall(number, *arguments) < 0:
        return ctypes.get_errno()
    return 0
path = sys.argv[1].encode()
"""
KERNEL = tuple(map(int, os.uname().release.split("-")[0].split(".")[:2]))
TIMES = 'struct.pack("=4q", 11, 5, 22, 6)'
# What each call does to a file: (source, on x86_64 only)
CHANGES = {
    "chmod": ("os.chmod(path, 0o711)", False),
    "fchmodat": ("os.chmod(name, 0o711, dir_fd=os.open(folder, os.O_RDONLY))", False),
    "fchmodat2": ("assert not call(452, -100, path, 0o711, 0x100)", False),
    "utimensat": ("os.utime(path, ns=(11, 22))", False),
    "utimensat, of a link": (
        "os.symlink(path, b'link'); os.utime('link', (3, 4), follow_symlinks=False)",
        False,
    ),
    "utimensat, now": ("os.utime(path)", False),
    "utimensat, of an open file": ("os.utime(os.open(path, os.O_RDONLY), ns=(11, 22))", False),
    "fchmod, of an open file": ("os.fchmod(os.open(path, os.O_RDONLY), 0o711)", False),
    "chmod, of a descriptor": (
        "os.chmod('/proc/self/fd/%d' % os.open(path, os.O_PATH | os.O_NOFOLLOW), 0o711)",
        False,
    ),
    "utimensat, of a descriptor": ("os.utime('/dev/fd/%d' % os.open(path, os.O_PATH), ns=(11, 22))", False),
    "fchown, to the same": ("os.fchown(os.open(path, os.O_RDONLY), os.getuid(), -1)", False),
    "chown, to the same": ("os.chown(path, os.getuid(), -1)", False),
    "lchown, to the same": ("os.symlink(path, b'link'); os.lchown('link', -1, -1)", False),
    "old chmod": ("assert not call(90, path, 0o711)", True),
    "old utime": ("assert not call(132, path, struct.pack('=2q', 11, 22))", True),
    "old utimes": (f"assert not call(235, path, {TIMES})", True),
    "old futimesat": (f"assert not call(261, -100, path, {TIMES})", True),
}


@pytest.fixture
def workspace(tmp_path):
    """Return a project with a file, beside which there is another file."""
    folder = tmp_path / "project"
    folder.mkdir()
    for path in (folder / "file", tmp_path / "outside"):
        path.write_text("text")
        path.chmod(0o640)
        os.utime(path, (1, 2))
    return folder


@pytest.fixture
def caged(workspace):
    """Return a cage without mounts."""
    with cage.build(cage.CageRequest(level="workspace", workspace=workspace, mounts=False)) as built:
        yield built


def mark(path):
    """Return what the calls change."""
    at = path.lstat()
    return (stat.S_IMODE(at.st_mode), at.st_uid, at.st_gid, at.st_mtime_ns, at.st_ctime_ns)


def changing(source: str) -> str:
    """Return a program that makes a change of its argument."""
    return CALL + "folder, name = os.path.split(path)\n" + source


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_inside_is_changed_as_without_a_cage(name, caged, workspace):
    """Mode and times are what an uncaged twin makes of them."""
    source, is_old = CHANGES[name]
    requires(not is_old or os.uname().machine == "x86_64", "aarch64 has no such call", "an x86_64 machine")
    requires("452" not in source or KERNEL >= (6, 6), "Linux 6.6 has it first", "a newer kernel")
    found = []
    with cage.build(cage.CageRequest(level="open", workspace=workspace)) as free:
        for built in (free, caged):
            file = workspace / "file"
            file.unlink()
            (workspace / "link").unlink(missing_ok=True)
            file.write_text("text")
            ended = run(built, [sys.executable, "-c", changing(source), file], cwd=workspace)
            assert ended.returncode == 0, ended
            at = file.stat()
            found.append((at.st_mode, at.st_uid, at.st_mtime_ns if at.st_mtime < 1000 else "now"))
    assert found[0] == found[1]


@pytest.mark.parametrize("name", CHANGES)
def test_what_may_only_be_read_is_not(name, workspace, tmp_path):
    """It can be opened, and an open file needs no path."""
    source, is_old = CHANGES[name]
    requires(not is_old or os.uname().machine == "x86_64", "aarch64 has no such call", "an x86_64 machine")
    outside = tmp_path / "outside"
    before = mark(outside)
    request = cage.CageRequest(level="workspace", workspace=workspace, mounts=False, read=(outside,))
    with cage.build(request) as built:
        run(built, [sys.executable, "-c", changing(source), "../outside"], cwd=workspace)
    assert mark(outside) == before


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_outside_is_not(name, caged, workspace, tmp_path):
    """Whichever way it is named."""
    source, is_old = CHANGES[name]
    requires(not is_old or os.uname().machine == "x86_64", "aarch64 has no such call", "an x86_64 machine")
    before = mark(tmp_path / "outside")
    run(caged, [sys.executable, "-c", changing(source), "../outside"], cwd=workspace)
    assert mark(tmp_path / "outside") == before


@pytest.mark.parametrize(
    "way", ["../outside", "way-out", "/proc/self/cwd/../outside", "/proc/self/fd/{held}", "/dev/fd/{held}"]
)
def test_no_other_name_leads_outside(way, caged, workspace, tmp_path):
    """Links are followed before the place is looked at; the kernel's own, which would be ours, are not."""
    (workspace / "way-out").symlink_to(tmp_path / "outside")
    before = mark(tmp_path / "outside")
    with open(tmp_path / "outside") as held:
        ended = run(caged, ["chmod", "777", way.format(held=held.fileno())], cwd=workspace)
    assert ended.returncode != 0
    assert mark(tmp_path / "outside") == before


def test_a_name_that_changes_meanwhile_leads_nowhere(caged, workspace, tmp_path):
    """The file that was looked at is the one that is changed."""
    racing = """
import os, threading
os.symlink("file", "a"); os.symlink("../outside", "b")
done = threading.Event()
def swap():
    while not done.is_set():
        os.rename("a", "c"); os.rename("b", "a"); os.rename("c", "b")
threading.Thread(target=swap).start()
allowed = denied = 0
for _ in range(3000):
    for name in "ab":
        try:
            os.chmod(name, 0o777); allowed += 1
        except OSError:
            denied += 1
done.set()
print(allowed > 0, denied > 0)
"""
    before = mark(tmp_path / "outside")
    ended = run(caged, [sys.executable, "-c", racing], cwd=workspace)
    assert ended.stdout == "True True\n", ended
    assert mark(tmp_path / "outside") == before


@pytest.mark.parametrize("kind", ["", "-h"])
def test_errors_are_the_ones_of_the_kernel(kind, caged, workspace):
    """A program that asks for what is not there is told so."""
    ended = run(caged, ["touch", "-c", *([kind] if kind else []), "-r", "absent", "file"], cwd=workspace)
    assert "No such file" in ended.stderr
    ended = run(caged, [sys.executable, "-c", "import os; os.fchmod(77, 0o644)"], cwd=workspace)
    assert f"[Errno {errno.EBADF}]" in ended.stderr
    ended = run(caged, [sys.executable, "-c", "import os; os.chmod('absent', 0o644)"], cwd=workspace)
    assert f"[Errno {errno.ENOENT}]" in ended.stderr
    ended = run(
        caged, [sys.executable, "-c", CALL + "print(call(452, -100, 1, 0o644, 0))", "x"], cwd=workspace
    )
    assert ended.stdout.strip() in (str(errno.EFAULT), str(errno.ENOSYS)), ended


def test_nobody_s_file_is_given_away(caged, workspace):
    """Whoever answers may be root; the child has none of its capabilities."""
    requires(os.geteuid() == 0, "only root could give it away", "run as root")
    os.chown(workspace / "file", 65534, 65534)
    before = mark(workspace / "file")
    for words in (["chown", "0", "file"], ["chmod", "777", "file"], ["touch", "-d", "2001-01-01", "file"]):
        assert run(caged, words, cwd=workspace).returncode != 0, words
    assert mark(workspace / "file") == before


@pytest.mark.parametrize("program", ["touch", "chmod"])
def test_many_ask_at_once(program, caged, workspace):
    """Pipelines and background jobs of one cage share who answers."""
    words = {"touch": "touch -d @{0} f{0}", "chmod": "touch f{0} && chmod 7{0} f{0}"}[program]
    script = " & ".join(words.format(number) for number in range(10, 18))
    ended: list[object] = [None, None]

    def one(at: int) -> None:
        ended[at] = run(caged, ["sh", "-c", script + " & wait"], cwd=workspace)

    threads = [threading.Thread(target=one, args=(at,)) for at in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(each.returncode == 0 and not each.stderr for each in ended), ended


def test_a_child_that_is_killed_while_it_asks_stops_nothing(caged, workspace):
    """The next one is answered."""
    storm = "while :; do chmod 700 file; done"
    for _ in range(5):
        run(caged, ["timeout", "-s", "KILL", "0.1", "sh", "-c", storm], cwd=workspace)
    assert run(caged, ["chmod", "711", "file"], cwd=workspace).returncode == 0
    assert stat.S_IMODE((workspace / "file").stat().st_mode) == 0o711


def test_nothing_is_left_open(workspace):
    """No descriptor and no thread, whether it was used or not."""
    for uses in (0, 1, 3):
        before = set(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))
        with cage.build(cage.CageRequest(level="workspace", workspace=workspace, mounts=False)) as built:
            for _ in range(uses):
                run(built, ["chmod", "711", "file"], cwd=workspace)
        assert set(os.listdir("/proc/self/fd")) == before[0]
        while len(os.listdir("/proc/self/task")) > before[1]:
            pass  # a thread that has said that it ends takes a moment to


def test_mounts_need_nobody_to_ask():
    """Everything but what may be written is read-only there: the calls are not held up."""
    wait = struct.pack("=HBBI", 0x06, 0, 0, 0x7FC00000)
    for is_supervised in (True, False):
        code = seccomp.program(
            has_net=False, has_datagrams=False, has_unix=False, is_supervised=is_supervised
        )
        assert (wait in code) == is_supervised

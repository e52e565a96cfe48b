"""The outer protection: a machine in the machine, in which attacks may do what they want.

Started by unshare(1) as the first process of its own namespaces of mounts,
processes, network, System V queues and host name. Everything is read-only but
one folder in memory; the only network is a loopback of its own; `/dev` has what
programs need and no disk; `/run`, with the sockets of the machine's services,
is empty. What goes wrong in here ends with this process.

Standard library only. Its argument is a JSON object: `root` (where the folder
in memory is put), `bind` (name there: path), `environment` (files to write
there), `uid`, and `command`.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import platform
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

NOSUID, NODEV, NOEXEC, BIND, MOVE, REC, PRIVATE = 2, 4, 8, 0x1000, 0x2000, 0x4000, 1 << 18
MOUNT_SETATTR, RECURSIVE, READ_ONLY = 442, 0x8000, 1
UP, SET_FLAGS = 0x1, 0x8914
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
LIBC = ctypes.CDLL(None, use_errno=True)


def main() -> int:
    """Build it, run the command in it, and return how that ended."""
    job = json.loads(sys.argv[1])
    root = Path(job["root"])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process gets only what it asks for
    mount("none", Path("/"), flags=REC | PRIVATE)
    mount("tmpfs", root, "tmpfs", NODEV, "mode=755,size=2g")
    for name, path in job["bind"].items():
        if not (root / name).exists():
            (root / name).mkdir(parents=True)
        mount(path, root / name, flags=BIND | REC)
    for name, text in job["files"].items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
        (root / name).chmod(0o755)
    for name, target in job["links"].items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(target)
    devices(root / "dev")
    read_only("/", True, RECURSIVE)
    read_only(str(root), False)
    for path in ("/dev/pts", "/dev/shm"):
        read_only(path, False)
    if Path("/sys/fs/cgroup").is_dir():
        read_only("/sys/fs/cgroup", False, RECURSIVE)  # a run's limits are groups
    mount("tmpfs", Path("/run"), "tmpfs", NOSUID | NODEV, "mode=755")
    for path in job["temporary"]:
        mount("tmpfs", Path(path), "tmpfs", NOSUID | NODEV, "mode=1777,size=512m")
    mount("proc", Path("/proc"), "proc", NOSUID | NODEV | NOEXEC)
    loopback()
    (root / "a").mkdir()
    os.chown(root / "a", job["uid"], job["uid"])
    who = {"user": job["uid"], "group": job["uid"], "extra_groups": ()} if job["uid"] else {}
    with subprocess.Popen(job["command"], cwd=root / "a", env=job["environment"], stdin=0, **who) as child:
        return wait_for(child)


def wait_for(child: subprocess.Popen[bytes]) -> int:
    """Take the exit status of every orphan, as the first process has to, until `child` has ended."""
    while True:
        pid, status = os.wait()
        if pid == child.pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            return child.returncode & 0xFF


def devices(at: Path) -> None:
    """Put a small /dev in place of the machine's."""
    at.mkdir()
    mount("tmpfs", at, "tmpfs", NOSUID, "mode=755")
    for name in DEVICES:
        (at / name).touch()
        mount(f"/dev/{name}", at / name, flags=BIND)
    for name, kind, options in (
        ("shm", "tmpfs", "mode=1777,size=512m"),
        ("pts", "devpts", "newinstance,ptmxmode=0666,mode=620"),
    ):
        (at / name).mkdir()
        mount(kind, at / name, kind, NOSUID | NOEXEC, options)
    for name, target in {
        "ptmx": "pts/ptmx",
        "fd": "/proc/self/fd",
        "stdin": "/proc/self/fd/0",
        "stdout": "/proc/self/fd/1",
        "stderr": "/proc/self/fd/2",
    }.items():
        (at / name).symlink_to(target)
    mount(str(at), Path("/dev"), flags=MOVE)


def loopback() -> None:
    """Bring the network of one machine up."""
    with socket.socket() as end:
        fcntl.ioctl(end, SET_FLAGS, struct.pack("16sh14x", b"lo", UP))


def mount(source: str, at: Path, kind: str = "none", flags: int = 0, options: str = "") -> None:
    """Mount, as mount(2)."""
    words = [os.fsencode(word) for word in (source, str(at), kind)]
    if LIBC.mount(*words, ctypes.c_ulong(flags), options.encode() or None):
        raise OSError(ctypes.get_errno(), f"mount {at}: {os.strerror(ctypes.get_errno())}")


def read_only(path: str, is_on: bool, flags: int = 0) -> None:
    """Let nothing be written at `path`, or let it again."""
    assert platform.machine() in ("x86_64", "aarch64"), "the number of mount_setattr is known for these"
    wanted = struct.pack("=QQQQ", *((READ_ONLY, 0) if is_on else (0, READ_ONLY)), 0, 0)
    if LIBC.syscall(MOUNT_SETATTR, -100, path.encode(), flags, wanted, len(wanted)):
        raise OSError(ctypes.get_errno(), f"mount_setattr {path}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    sys.exit(main())

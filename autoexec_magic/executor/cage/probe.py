"""Try every door and print which of them were open: what the witness runs in a cage and outside.

Standard library only, and one file: it is read from the standard input by an
interpreter that may see nothing else of this package. Its argument is a JSON
object with the arena that the witness made.
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
import sys
from collections.abc import Callable
from typing import Any

ARM = platform.machine() == "aarch64"
SECONDS = 2.0
AT: dict[str, Any] = {}  # the arena: paths, ports, the parent's pid
TRIES: dict[str, Callable[[], object]] = {}


class Shut(Exception):
    """A door that is shut, though no call said so."""


def door(name: str) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """Name a try; it raises OSError or Shut if the door is shut."""

    def keep(function: Callable[[], object]) -> Callable[[], object]:
        TRIES[name] = function
        return function

    return keep


def outside(name: str) -> str:
    """Return a path in the arena, which lies outside the workspace."""
    return os.path.join(AT["outside"], name)


def inside(name: str) -> str:
    """Return a path in the workspace."""
    return os.path.join(AT["workspace"], name)


def call(x86_64: int, aarch64: int, *arguments: object) -> int:
    """Make a system call by its number."""
    libc = ctypes.CDLL(None, use_errno=True)
    result: int = libc.syscall(aarch64 if ARM else x86_64, *arguments)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def read(path: str) -> None:
    """Read something of a file."""
    with open(path, "rb") as file:
        if not file.read(1):
            raise Shut("empty")


def write(path: str, flags: int) -> None:
    """Write something into a file."""
    descriptor = os.open(path, flags, 0o600)
    os.write(descriptor, b"x")
    os.close(descriptor)


def connected(family: int, kind: int, address: object, protocol: int = 0) -> None:
    """Connect, and close again."""
    with socket.socket(family, kind, protocol) as end:
        end.settimeout(SECONDS)
        end.connect(address)  # type: ignore[arg-type]
        end.send(b"x")


def opened_and(change: Callable[[int], None]) -> None:
    """Do something to a file in a place that the person lets a run read."""
    descriptor = os.open(outside("readable/file"), os.O_RDONLY)
    try:
        change(descriptor)
    finally:
        os.close(descriptor)


def flags(file: int) -> None:
    """Set an open file's flags, to what they are."""
    seen = fcntl.ioctl(file, 0x80086601, struct.pack("l", 0))
    fcntl.ioctl(file, 0x40086602, seen)


def attributes(path: str) -> None:
    """Set a file's flags by its path, as Linux 6.17 can; to what they are."""
    seen = ctypes.create_string_buffer(24)
    call(468, 468, -100, path.encode(), seen, len(seen), 0)
    call(469, 469, -100, path.encode(), seen, len(seen), 0)


def opened(family: int, kind: int, protocol: int = 0) -> None:
    """Open a socket of a kind."""
    socket.socket(family, kind, protocol).close()


door("write: create")(lambda: write(outside("created"), os.O_WRONLY | os.O_CREAT))
door("write: change")(lambda: write(outside("file"), os.O_WRONLY))
door("write: append")(lambda: write(outside("file"), os.O_WRONLY | os.O_APPEND))
door("write: truncate on opening")(lambda: write(outside("file"), os.O_WRONLY | os.O_TRUNC))
door("write: truncate by path")(lambda: os.truncate(outside("file"), 3))
door("write: rename out")(lambda: os.rename(outside("leaver"), inside("leaver")))
door("write: rename in")(lambda: os.rename(inside("comer"), outside("comer")))
door("write: rename within")(lambda: os.rename(outside("renamed"), outside("renamed2")))
door("write: hard link out")(lambda: os.link(outside("file"), inside("link")))
door("write: hard link in")(lambda: os.link(inside("linked"), outside("link")))
door("write: symbolic link")(lambda: os.symlink("file", outside("symlink")))
door("write: remove")(lambda: os.unlink(outside("removed")))
door("write: make folder")(lambda: os.mkdir(outside("made")))
door("write: remove folder")(lambda: os.rmdir(outside("folder")))
door("write: make pipe")(lambda: os.mkfifo(outside("pipe")))
door("write: make device")(lambda: os.mknod(outside("device"), 0o20600, os.makedev(1, 3)))
door("write: change mode")(lambda: os.chmod(outside("file"), 0o640))
door("write: change times")(lambda: os.utime(outside("file"), (1, 1)))
door("write: change times of a link")(lambda: os.utime(outside("pointer"), (1, 1), follow_symlinks=False))
door("write: change owner")(lambda: os.chown(outside("file"), -1, os.stat(outside("file")).st_gid))
door("write: change attributes")(lambda: attributes(outside("file")))
door("write: change mode of what may be read")(lambda: opened_and(lambda file: os.fchmod(file, 0o640)))
door("write: change times of what may be read")(lambda: opened_and(lambda file: os.utime(file, (1, 1))))
door("write: change owner of what may be read")(
    lambda: opened_and(lambda file: os.fchown(file, -1, os.fstat(file).st_gid))
)
door("write: change flags of what may be read")(lambda: opened_and(flags))
door("write: setuid bit")(lambda: os.chmod(inside("linked"), 0o4755))
door("write: setuid bit on creating")(
    lambda: os.close(os.open(inside("setuid"), os.O_WRONLY | os.O_CREAT, 0o4755))
)
door("write: extended attribute")(lambda: os.setxattr(outside("file"), "user.autoexec", b"x"))
door("write: through a link in the workspace")(lambda: write(inside("way-out"), os.O_WRONLY))
door("write: kernel setting")(lambda: os.close(os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY)))
door("write: kernel command")(lambda: os.close(os.open("/proc/sysrq-trigger", os.O_WRONLY)))

door("protected: change")(lambda: write(inside(".git/config"), os.O_WRONLY | os.O_APPEND))
door("protected: create")(lambda: write(inside(".git/hooks/pre-commit"), os.O_WRONLY | os.O_CREAT))
door("protected: replace")(lambda: os.replace(inside("replacement"), inside("pyproject.toml")))
door("protected: replace the folder above")(lambda: os.rename(inside(".git"), inside(".git-old")))
door("protected: in the environment")(lambda: write(inside(".venv/x.pth"), os.O_WRONLY | os.O_CREAT))

door("read: private file")(lambda: read(outside("secret")))
door("read: key in the home")(lambda: read(outside("home/.ssh/id_ed25519")))
door("read: kernel connection file")(lambda: read(outside("runtime/kernel-1.json")))
door("read: list a folder")(lambda: os.listdir(outside("home")))
door("read: through a link in the workspace")(lambda: read(inside("way-out")))
door("read: environment of the parent")(lambda: read(f"/proc/{AT['parent']}/environ"))
door("read: memory map of the parent")(lambda: read(f"/proc/{AT['parent']}/maps"))
door("read: file opened by the parent")(lambda: os.listdir(f"/proc/{AT['parent']}/cwd"))
door("read: password hashes")(lambda: read("/etc/shadow"))

door("net: TCP connect")(lambda: connected(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", AT["tcp"])))
door("net: UDP")(lambda: connected(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", AT["udp"])))
door("net: MPTCP")(lambda: connected(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", AT["tcp"]), 262))
door("net: unix socket by path")(lambda: connected(socket.AF_UNIX, socket.SOCK_STREAM, AT["unix"]))
door("net: unix socket by name")(lambda: connected(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + AT["abstract"]))
door("net: netlink")(lambda: opened(16, socket.SOCK_RAW, 0))
door("net: packet")(lambda: opened(17, socket.SOCK_RAW, 0x300))
door("net: raw")(lambda: opened(socket.AF_INET, socket.SOCK_RAW, 1))
door("net: ping")(lambda: opened(socket.AF_INET, socket.SOCK_DGRAM, 1))
door("net: vsock")(lambda: opened(40, socket.SOCK_STREAM))
door("net: kernel crypto")(lambda: opened(38, socket.SOCK_SEQPACKET))


@door("net: TCP listen")
def _listen() -> None:
    with socket.socket() as end:
        end.bind(("127.0.0.1", 0))
        end.listen()


@door("net: TCP listen without bind")
def _listen_unbound() -> None:
    with socket.socket() as end:
        end.listen()


@door("net: TCP Fast Open")
def _fast_open() -> None:
    with socket.socket() as end:
        end.sendto(b"x", 0x20000000, ("127.0.0.1", AT["tcp"]))


@door("net: datagram from a pair")
def _pair() -> None:
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with one, other:
        one.sendto(b"x", AT["unix-datagram"])


@door("kernel: io_uring")
def _uring() -> None:
    os.close(call(425, 425, 1, ctypes.create_string_buffer(512)))


@door("kernel: mount")
def _mount() -> None:
    at = AT["outside"].encode()
    call(165, 40, b"none", at, b"tmpfs", 0, 0)
    call(166, 39, at, 2)  # detached: the twin leaves none behind


@door("kernel: new user namespace")
def _user_namespace() -> None:
    child = os.fork()
    if child == 0:
        try:
            call(272, 97, 0x10000000)
        except OSError as error:
            os._exit(error.errno or 1)
        os._exit(0)
    number = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if number:
        raise OSError(number, os.strerror(number))


door("kernel: keys")(lambda: call(250, 219, 0, -3, 1))
door("kernel: trace the parent")(lambda: call(101, 117, 0x4206, AT["parent"], 0, 0))  # ends with this process
door("kernel: message queue")(lambda: call(71, 187, call(68, 186, 0, 0o1600), 0, 0))

door("process: signal the parent")(lambda: os.kill(AT["parent"], 0))
door("process: signal by descriptor")(lambda: signal.pidfd_send_signal(os.pidfd_open(AT["parent"]), 0))
door("process: limits of the parent")(
    lambda: call(302, 261, AT["parent"], 4, struct.pack("QQ", 0, 2**64 - 1), 0)
)
door("process: priority of the parent")(lambda: os.setpriority(os.PRIO_PROCESS, AT["parent"], 0))
door("process: processors of the parent")(lambda: os.sched_setaffinity(AT["parent"], os.sched_getaffinity(0)))


def main() -> None:
    """Print a JSON object: for each door "open", or why it is shut."""
    AT.update(json.loads(sys.argv[1]))
    found = {}
    for name, attempt in TRIES.items():
        try:
            attempt()
            found[name] = "open"
        except (OSError, Shut, OverflowError) as error:
            found[name] = f"{type(error).__name__}: {error}"
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()

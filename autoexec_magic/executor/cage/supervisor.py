"""Who may change a file's mode, owner and times: answered from outside, seccomp_unotify(2).

Landlock does not see these calls, and a file that may only be read can be opened
to make them. Where there are mounts, everything but what
may be written is read-only; elsewhere (an ordinary user, root in a container)
the filter lets them wait, and a thread of ours answers: it finds the file
itself, holds it, looks where it is, and makes the change *for* the child. What
the child's memory or folders say a moment later changes nothing about that.

A child that asks is a thread that waits; one that is gone is answered nobody.
"""

from __future__ import annotations

import _thread
import contextlib
import ctypes
import errno
import fcntl
import os
import re
import select
import stat
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from . import kernel
from .rules import Rule, is_below
from .syscalls import ATTRIBUTES

_RECEIVE, _SEND, _IS_VALID = 0xC0502100, 0xC0182101, 0x40082102  # SECCOMP_IOCTL_NOTIF_*
_ASKED, _ANSWER = struct.Struct("=QIIiIQ6Q"), struct.Struct("=Qqii")
_AT_FDCWD, _NOFOLLOW, _EMPTY_PATH = -100, 0x100, 0x1000
_NO_MAGIC_LINKS = 0x02
_LONGEST = 4096  # PATH_MAX
_ABSENT = (1 << 32) - 1  # an owner that stays as it is
_TIMES = struct.Struct("=qq")
_OF_ONESELF = re.compile(rb"/(?:proc/(?:self|thread-self)|dev)/fd/(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that waits: which, of which thread, and its arguments."""

    id: int
    thread: int
    name: str
    arguments: tuple[int, ...]


class Supervisor:
    """Answers for the cages of `rules`; closed by whoever made it."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._writable = tuple(rule.path for rule in rules if rule.access == "write")
        self._poll = select.epoll()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._poll.register(self._wake, select.EPOLLIN)
        self._ended = _thread.allocate_lock()
        self._listeners: set[int] = set()
        self._is_running = False

    def attend(self, listener: int) -> None:
        """Answer what comes at a listener, too; callable from the thread that is caged by it."""
        self._listeners.add(listener)
        self._poll.register(listener, select.EPOLLIN)

    def start(self) -> None:
        """Begin to answer, on a thread of its own; a second time does nothing."""
        if not self._is_running:
            self._is_running = True
            self._ended.acquire()
            _thread.start_new_thread(self._work, ())

    def close(self) -> None:
        """End it; what asks afterwards is told that there is no such call."""
        if self._is_running:
            os.eventfd_write(self._wake, 1)
            with self._ended:
                self._is_running = False
        for descriptor in self._listeners:
            os.close(descriptor)
        self._listeners.clear()
        if not self._poll.closed:
            self._poll.close()
            os.close(self._wake)

    def _work(self) -> None:
        try:
            while True:
                for descriptor, events in self._poll.poll():
                    if descriptor == self._wake:
                        return
                    if events & select.EPOLLIN:
                        self._answer(descriptor)
                    else:  # everybody who could ask has ended
                        self._poll.unregister(descriptor)
                        self._listeners.discard(descriptor)
                        os.close(descriptor)
        finally:
            self._ended.release()

    def _answer(self, listener: int) -> None:
        asked = received(listener)
        if asked is None:
            return
        try:
            number = change(asked, self._writable, lambda: is_waiting(listener, asked.id))
        except OSError as error:
            number = error.errno or errno.EACCES
        with contextlib.suppress(OSError):  # killed meanwhile
            fcntl.ioctl(listener, _SEND, _ANSWER.pack(asked.id, 0, -number, 0))


def received(listener: int) -> Asked | None:
    """Return the next call that waits, None if whoever made it is gone."""
    buffer = bytearray(_ASKED.size)
    try:
        fcntl.ioctl(listener, _RECEIVE, buffer)
    except OSError:
        return None
    number, thread, _, call, _, _, *arguments = _ASKED.unpack(buffer)
    here = kernel.column()
    names = {numbers[here]: name for name, numbers in ATTRIBUTES.items()} if here is not None else {}
    return Asked(number, thread, names.get(call, ""), tuple(arguments))


def is_waiting(listener: int, number: int) -> bool:
    """Whether the thread still waits: else its number may be somebody else's by now."""
    try:
        fcntl.ioctl(listener, _IS_VALID, struct.pack("=Q", number))
    except OSError:
        return False
    return True


def change(asked: Asked, writable: Iterable[str], still_waits: Callable[[], bool]) -> int:
    """Make the change, if the file is in a writable place; return 0.

    Raises
    ------
    OSError
        With the number that the child gets.
    """
    wanted = _CALLS[asked.name](asked.arguments, _Memory(asked.thread))
    descriptor = _opened(asked.thread, wanted)
    try:
        if not still_waits():
            raise OSError(errno.EINTR, "nobody waits")
        where = os.readlink(f"/proc/self/fd/{descriptor}")
        if not any(is_below(where, root) for root in writable):
            raise OSError(errno.EACCES, where)
        wanted.apply(descriptor)
    finally:
        os.close(descriptor)
    return 0


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which file is meant, and what is to be done to it."""

    folder: int
    path: bytes
    flags: int
    apply: Callable[[int], None]


class _Memory:
    """What a thread's pointers point to."""

    def __init__(self, thread: int) -> None:
        self._thread = thread

    def read(self, address: int, size: int) -> bytes:
        """Return `size` bytes, or fewer where the memory ends."""
        descriptor = os.open(f"/proc/{self._thread}/mem", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.pread(descriptor, size, address)
        except (OSError, OverflowError) as error:
            raise OSError(errno.EFAULT, "no such address") from error
        finally:
            os.close(descriptor)

    def text(self, address: int) -> bytes:
        """Return the string there; it may end just before memory that is not there."""
        page = 4096
        found = b""
        while b"\0" not in found and len(found) <= _LONGEST:
            found += self.read(address + len(found), page - (address + len(found)) % page)
        text, end, _ = found.partition(b"\0")
        if not end or len(text) >= _LONGEST:
            raise OSError(errno.ENAMETOOLONG, "a path without an end")
        return text


def _opened(thread: int, wanted: _Wanted) -> int:
    """Return a descriptor of the file itself, opened neither to read nor to write."""
    folder = wanted.folder
    link = "cwd" if folder == _AT_FDCWD else f"fd/{folder}"
    if not wanted.path:
        if not wanted.flags & _EMPTY_PATH:
            raise OSError(errno.ENOENT, "no path")
        return _held(thread, link)
    own = _OF_ONESELF.fullmatch(wanted.path)
    if own and not wanted.flags & _NOFOLLOW:  # how the C library changes a file that is no link
        return _held(thread, f"fd/{int(own[1])}")
    flags = os.O_PATH | os.O_CLOEXEC | (os.O_NOFOLLOW if wanted.flags & _NOFOLLOW else 0)
    # Links like /proc/self/cwd would be our own: the kernel is told not to follow them.
    how = struct.pack("=QQQ", flags, 0, _NO_MAGIC_LINKS)
    if wanted.path.startswith(b"/"):
        return kernel.call("openat2", _AT_FDCWD, wanted.path, how, len(how))
    start = _held(thread, link)
    try:
        return kernel.call("openat2", start, wanted.path, how, len(how))
    finally:
        os.close(start)


def _held(thread: int, link: str) -> int:
    """Return a descriptor of what a thread has open, or of its folder."""
    try:
        return os.open(f"/proc/{thread}/{link}", os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise OSError(errno.EBADF, "nothing is open there") from error


def _signed(word: int) -> int:
    return ctypes.c_int(word & 0xFFFFFFFF).value


def _mode(mode: int) -> Callable[[int], None]:
    def apply(descriptor: int) -> None:
        at = os.fstat(descriptor)
        if stat.S_ISLNK(at.st_mode):
            raise OSError(errno.ENOTSUP, "a link has no mode")
        _require_owner(at)
        os.chmod(f"/proc/self/fd/{descriptor}", mode & 0o1777)

    return apply


def _owner(user: int, group: int) -> Callable[[int], None]:
    def apply(descriptor: int) -> None:
        at = os.fstat(descriptor)
        wanted = (user & _ABSENT, group & _ABSENT)
        if any(new not in (_ABSENT, old) for new, old in zip(wanted, (at.st_uid, at.st_gid), strict=True)):
            raise OSError(errno.EPERM, "given to nobody")

    return apply


def _times(times: bytes) -> Callable[[int], None]:
    def apply(descriptor: int) -> None:
        at = os.fstat(descriptor)
        if at.st_uid != os.geteuid() and (times or not os.access(f"/proc/self/fd/{descriptor}", os.W_OK)):
            raise OSError(errno.EPERM, "somebody else's file")
        kernel.call("utimensat", descriptor, b"", times or None, _EMPTY_PATH)

    return apply


def _require_owner(at: os.stat_result) -> None:
    """Refuse what the child, which has no capabilities, could not do either."""
    if at.st_uid != os.geteuid():
        raise OSError(errno.EPERM, "somebody else's file")


def _seconds(data: bytes, unit: int) -> bytes:
    """Return two times for utimensat(2), of pairs of seconds and parts of them."""
    if not data:
        return b""
    pairs = _TIMES.iter_unpack(data)
    return b"".join(_TIMES.pack(seconds, part * unit) for seconds, part in pairs)


def _utime(memory: _Memory, address: int) -> bytes:
    """Return the same, of two whole seconds."""
    if not address:
        return b""
    return b"".join(
        _TIMES.pack(seconds, 0) for (seconds,) in struct.iter_unpack("=q", memory.read(address, 16))
    )


def _pairs(memory: _Memory, address: int, unit: int) -> bytes:
    return _seconds(memory.read(address, 32), unit) if address else b""


def _open(descriptor: int, apply: Callable[[int], None]) -> _Wanted:
    """Return what is wanted of an open file."""
    if _signed(descriptor) < 0:
        raise OSError(errno.EBADF, "no descriptor")
    return _Wanted(_signed(descriptor), b"", _EMPTY_PATH, apply)


def _utimensat(arguments: tuple[int, ...], memory: _Memory) -> _Wanted:
    folder, path, times, flags, *_ = arguments
    apply = _times(_pairs(memory, times, 1))
    return _Wanted(_signed(folder), memory.text(path), flags, apply) if path else _open(folder, apply)


#: from the arguments to what is wanted; the numbers are the calls' own, as in their manual pages
_CALLS: dict[str, Callable[[tuple[int, ...], _Memory], _Wanted]] = {
    "chmod": lambda a, m: _Wanted(_AT_FDCWD, m.text(a[0]), 0, _mode(a[1])),
    "fchmod": lambda a, m: _open(a[0], _mode(a[1])),
    "fchown": lambda a, m: _open(a[0], _owner(a[1], a[2])),
    "fchmodat": lambda a, m: _Wanted(_signed(a[0]), m.text(a[1]), 0, _mode(a[2])),
    "fchmodat2": lambda a, m: _Wanted(_signed(a[0]), m.text(a[1]), a[3], _mode(a[2])),
    "chown": lambda a, m: _Wanted(_AT_FDCWD, m.text(a[0]), 0, _owner(a[1], a[2])),
    "lchown": lambda a, m: _Wanted(_AT_FDCWD, m.text(a[0]), _NOFOLLOW, _owner(a[1], a[2])),
    "fchownat": lambda a, m: _Wanted(_signed(a[0]), m.text(a[1]), a[4], _owner(a[2], a[3])),
    "utime": lambda a, m: _Wanted(_AT_FDCWD, m.text(a[0]), 0, _times(_utime(m, a[1]))),
    "utimes": lambda a, m: _Wanted(_AT_FDCWD, m.text(a[0]), 0, _times(_pairs(m, a[1], 1000))),
    "futimesat": lambda a, m: _Wanted(_signed(a[0]), m.text(a[1]), 0, _times(_pairs(m, a[2], 1000))),
    "utimensat": _utimensat,
}

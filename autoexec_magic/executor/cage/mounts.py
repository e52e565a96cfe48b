"""A thread's own view of the file system: what Landlock cannot carve out of a writable tree.

Everything is read-only but the workspace, scratch and what was allowed; in the
workspace, what is protected is read-only again. `/run` (the sockets of other
programs) and `/dev/shm` are empty ones, and `/proc` shows only what may be
traced. Needs CAP_SYS_ADMIN: root's, as a thread cannot enter a user namespace.
"""

from __future__ import annotations

import contextlib
import functools
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import kernel, protected, thread

_CLONE_FS, _CLONE_NEWNS = 0x200, 0x20000
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_BIND, _MS_REC, _MS_PRIVATE = 2, 4, 8, 0x1000, 0x4000, 1 << 18
_AT_FDCWD, _AT_RECURSIVE, _ATTR_RDONLY = -100, 0x8000, 1
_OWN_NAMESPACE = "/proc/thread-self/ns/mnt"


@dataclass(frozen=True, slots=True)
class View:
    """What is to be seen: `writable` paths, and those inside them that are not."""

    writable: tuple[str, ...]
    shut: tuple[str, ...]
    pinned: tuple[str, ...]  # folders on the way to `shut`, writable, but not to be renamed


def view(workspace: Path, patterns: Sequence[str], writable: Sequence[str]) -> View:
    """Return the view in which `writable` can be written, but for what the patterns protect."""
    shut = protected.found(workspace, patterns)
    return View(tuple(sorted(writable)), shut, protected.parents(workspace, shut))


@functools.cache
def can_be_had() -> bool:
    """Whether a thread of this process may make mounts of its own."""
    if os.geteuid() != 0 or kernel.column() is None:
        return False

    def nothing() -> None:
        """Start nothing: what is asked is whether the thread gets here."""

    try:
        thread.spawn(_own_namespace, nothing)
    except OSError:
        return False
    return True


def enter_new(view: View) -> int:
    """Give the calling thread the view; return a descriptor by which others enter the same one."""
    _own_namespace()
    _read_only("/", True, _AT_RECURSIVE)
    for path, options in (("/dev/shm", b"mode=1777"), ("/run", b"mode=755")):
        if os.path.isdir(path) and not os.path.islink(path):
            _mount("tmpfs", path, _MS_NOSUID | _MS_NODEV, options)
    with contextlib.suppress(OSError):  # not in every container; Landlock guards other processes, too
        _mount("proc", "/proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, b"hidepid=4")
    for path in (*view.writable, *view.pinned):
        _bind(path, read_only=False)
    for path in view.shut:
        _bind(path, read_only=True)
    return os.open(_OWN_NAMESPACE, os.O_RDONLY | os.O_CLOEXEC)


def enter(namespace: int) -> None:
    """Give the calling thread the view that `namespace` stands for; its folder is `/` then."""
    kernel.call_libc("unshare", _CLONE_FS)  # the root and current folder are shared by all threads
    kernel.call_libc("setns", namespace, _CLONE_NEWNS)


def _own_namespace() -> None:
    kernel.call_libc("unshare", _CLONE_NEWNS)
    _mount("", "/", _MS_REC | _MS_PRIVATE)


def _bind(path: str, *, read_only: bool) -> None:
    with contextlib.suppress(FileNotFoundError):  # gone since it was found
        _mount("", path, _MS_BIND | _MS_REC)
        _read_only(path, read_only)


def _read_only(path: str, on: bool, flags: int = 0) -> None:
    attributes = struct.pack("=QQQQ", _ATTR_RDONLY if on else 0, 0 if on else _ATTR_RDONLY, 0, 0)
    kernel.call("mount_setattr", _AT_FDCWD, os.fsencode(path), flags, attributes, len(attributes))


def _mount(kind: str, path: str, flags: int, options: bytes | None = None) -> None:
    where = os.fsencode(path)
    kernel.call_libc("mount", where, where, kind.encode(), flags, options)

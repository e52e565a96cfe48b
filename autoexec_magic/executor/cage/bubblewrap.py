"""A child in namespaces of its own: what bubblewrap (bwrap(1)) is started with.

Nothing of the file system is there but what the rules name; there is no
network; processes are numbered anew and end with the first of them. Only the
system's own program is trusted: one that came first on PATH could be anybody's.
The child is started on the thread that asks, as `--die-with-parent` means the
thread.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from ...errors import CageError
from .rules import ETC, Rule, is_below

FOLDERS = ("/usr/bin", "/bin", "/usr/local/bin")
_LINKED = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_OWN = ("/proc", "/dev")  # made by bubblewrap


def find(folders: Sequence[str] | None = None) -> Path:
    """Return the system's bwrap.

    Raises
    ------
    CageError
        There is none, or it is not the system's.
    """
    folders = FOLDERS if folders is None else folders
    why = f"there is no bwrap in {', '.join(folders)}"
    for folder in folders:
        path = Path(folder, "bwrap").resolve()
        if not path.is_file():
            continue
        at = path.stat()
        if at.st_uid == 0 and not at.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and at.st_mode & stat.S_IXOTH:
            return path
        why = f"{path} is not the system's: it belongs to user {at.st_uid}, mode {stat.filemode(at.st_mode)}"
    raise CageError(
        "the cage 'sealed' cannot be had", why=why, fix="apt-get install bubblewrap, or --cage workspace"
    )


def prefix(
    program: Path,
    rules: Iterable[Rule],
    *,
    temporary: Path,
    shut: Iterable[str] = (),
    pinned: Iterable[str] = (),
    filter_descriptor: int | None = None,
) -> tuple[str, ...]:
    """Return what goes before a command.

    Parameters
    ----------
    program : Path
        The bwrap.
    rules : iterable of Rule
        What is there, and what may be written.
    temporary : Path
        The folder that is `/tmp` inside.
    shut, pinned : iterable of str
        What is read-only in a writable place, and the folders on the way there.
    filter_descriptor : int, optional
        Where bwrap reads the seccomp filter.
    """
    words = [
        str(program),
        "--unshare-user",
        "--unshare-ipc",
        "--unshare-pid",
        "--unshare-net",
        "--unshare-uts",
    ]
    words += ["--unshare-cgroup-try", "--die-with-parent", "--cap-drop", "ALL"]
    words += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/run", "--bind", str(temporary), "/tmp"]
    words += _links()
    bound = [rule for rule in rules if not any(is_below(rule.path, own) for own in _OWN)]
    for rule in sorted(bound, key=lambda rule: (rule.path.count("/"), rule.path, rule.access)):
        words += ["--bind-try" if rule.access == "write" else "--ro-bind-try", rule.path, rule.path]
    for path in pinned:
        words += ["--bind-try", path, path]
    for path in shut:
        words += ["--ro-bind-try", path, path]
    # /proc: root inside is root outside to files like /proc/sys/kernel/core_pattern.
    words += ["--remount-ro", "/", "--remount-ro", "/run", "--remount-ro", "/proc"]
    if filter_descriptor is not None:
        words += ["--seccomp", str(filter_descriptor)]
    return (*words, "--")


def filter_file(code: bytes) -> int:
    """Return a descriptor, read from its start, of a file in memory that holds a filter."""
    descriptor = os.memfd_create("filter", os.MFD_CLOEXEC)
    os.write(descriptor, code)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _links() -> list[str]:
    """Return the links by which the system's folders are also known."""
    words = []
    for path in (*_LINKED, *(f"/etc/{name}" for name in ETC)):
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
    return words

"""A control group for one run: how many processes it may have, and how much memory in all.

Version 2 where this user may make groups with the controllers (a delegated
parent), else version 1's hierarchies of their own. Where neither can be had,
`make` returns None and rlimits are what is left.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..identity import is_owner_gone, owner_name
from .limits import Limits

_NAME = "autoexec-"
_REMOVE_SECONDS, _POLL_SECONDS = 1.0, 0.0005
_REAP_SECONDS = 0.1
_SETTINGS = {  # controller: (file in version 2, in version 1)
    "pids": ("pids.max", "pids.max"),
    "memory": ("memory.max", "memory.limit_in_bytes"),
}
# controller: the files that count what was refused, as in `_SETTINGS`, and the word before the number
_COUNTERS = {
    "pids": (("pids.events", "pids.events"), b"max"),
    "memory": (("memory.events", "memory.oom_control"), b"oom_kill"),
}
_SWAP = {  # the setting of memory: the one of memory and swap, and what says "none"; "" is the same number
    "memory.max": ("memory.swap.max", "0"),
    "memory.limit_in_bytes": ("memory.memsw.limit_in_bytes", ""),
}
_EVENTS_BYTES = 4096
_numbers = itertools.count()  # two of one moment, made by two threads, must not be one


class Group:
    """The folders that stand for a run in each hierarchy."""

    def __init__(self, folders: dict[str, Path]) -> None:
        self._folders = folders
        self._counted = dict.fromkeys(folders, 0)

    @property
    def controllers(self) -> frozenset[str]:
        """What is limited: "pids", "memory"."""
        return frozenset(self._folders)

    def join(self) -> tuple[int, ...]:
        """Move the calling thread in; return what `leave` takes, nothing where no thread can be moved alone.

        What it starts is in the group from its first moment on. Moving a process
        that runs already takes the kernel milliseconds, as it waits for all
        processors. Version 2 moves no single thread into a group with a limit on
        memory.
        """
        ways_out: list[int] = []
        try:
            for folder in set(self._folders.values()):
                ways_out.append(os.open(folder.parent / "tasks", os.O_WRONLY | os.O_CLOEXEC))
                descriptor = os.open(folder / "tasks", os.O_WRONLY | os.O_CLOEXEC)
                try:
                    os.write(descriptor, b"0")
                finally:
                    os.close(descriptor)
        except OSError:
            self.leave(ways_out)
            return ()
        return tuple(ways_out)

    def leave(self, ways_out: Sequence[int]) -> None:
        """Move the calling thread back: who ends what is in the group must not find this process there."""
        for descriptor in ways_out:
            with contextlib.suppress(OSError):
                os.write(descriptor, b"0")
            os.close(descriptor)

    def refused(self) -> dict[str, int]:
        """Return what was refused since this was asked last, per controller.

        Of "pids" the processes and threads that could not be started, of
        "memory" the processes that were killed for it. It counts as long as the
        group lives, and a group may be used for more than one run.
        """
        found = {}
        for controller, folder in self._folders.items():
            files, word = _COUNTERS[controller]
            total = next((count for name in files if (count := _count(folder / name, word)) is not None), 0)
            found[controller] = total - self._counted[controller]
            self._counted[controller] = total
        return found

    def is_empty(self) -> bool:
        """Whether nobody lives in it."""
        with contextlib.suppress(OSError):
            return not any((folder / "cgroup.procs").read_bytes() for folder in set(self._folders.values()))
        return False

    def is_settled(self) -> bool:
        """Whether nobody is counted in it either, so that another run has all of its limit.

        One that ended counts until somebody waited for it. Whoever inherited it
        does so within a moment, for which this waits.
        """
        if not self.is_empty():
            return False
        folder = self._folders.get("pids")
        until = time.monotonic() + _REAP_SECONDS
        while folder is not None and _number(folder / "pids.current"):
            if time.monotonic() > until:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def add(self, pid: int) -> None:
        """Move a process in, and what it has started already; one that is gone is left alone."""
        for folder in set(self._folders.values()):
            self._move(folder, pid)

    def close(self) -> None:
        """Remove the folders, and end what is left in them: the run is over."""
        for folder in set(self._folders.values()):
            _end(folder)

    def _move(self, folder: Path, pid: int) -> None:
        with contextlib.suppress(OSError):
            (folder / "cgroup.procs").write_text(str(pid), encoding="ascii")
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                for child in children.read_text(encoding="ascii").split():
                    self._move(folder, int(child))


def make(limits: Limits) -> Group | None:
    """Return a new group with what `limits` says of processes and memory, or None."""
    wanted = {"pids": limits.processes, "memory": limits.memory_bytes}
    folders: dict[str, Path] = {}
    for controller, value in wanted.items():
        if value is None:
            continue
        for parent, setting in _parents(controller):
            folder = parent / f"{_NAME}{owner_name()}-{time.monotonic_ns():x}-{next(_numbers):x}"
            folder = folders.get("pids", folder) if folders.get("pids", folder).parent == parent else folder
            if _made(folder, setting, value):
                folders[controller] = folder
                break
    return Group(folders) if folders else None


def sweep() -> None:
    """End and remove the groups whose owner is gone."""
    for parent in {parent for controller in _SETTINGS for parent, _ in _parents(controller)}:
        with contextlib.suppress(OSError):
            for name in os.listdir(parent):
                if name.startswith(_NAME) and is_owner_gone(name.removeprefix(_NAME)):
                    _end(parent / name)


def _end(folder: Path) -> None:
    """Kill what is in a group, and remove it."""
    until = time.monotonic() + _REMOVE_SECONDS
    while True:
        try:
            folder.rmdir()
            return
        except FileNotFoundError:
            return
        except OSError:
            if time.monotonic() > until:
                return
        _kill(folder)
        time.sleep(_POLL_SECONDS)


def _kill(folder: Path) -> None:
    with contextlib.suppress(OSError):  # from now on nothing in it forks
        (folder / "pids.max").write_text("0", encoding="ascii")
    with contextlib.suppress(OSError):  # version 2, since Linux 5.14: all at once
        (folder / "cgroup.kill").write_text("1", encoding="ascii")
        return
    with contextlib.suppress(OSError):
        for pid in map(int, (folder / "cgroup.procs").read_text(encoding="ascii").split()):
            if pid == os.getpid():  # a thread of ours that is about to leave it
                continue
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _count(file: Path, word: bytes) -> int | None:
    """Return the number behind a word in a file of a group; None where there is no such file."""
    words = _read(file).split()
    return int(words[words.index(word) + 1]) if word in words else None


def _number(file: Path) -> int:
    return int(_read(file) or b"0")


def _read(file: Path) -> bytes:
    """Return a small file of a group; nothing where there is none."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(descriptor, _EVENTS_BYTES)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _made(folder: Path, setting: str, value: int) -> bool:
    try:
        folder.mkdir(exist_ok=True)
        (folder / setting).write_text(str(value), encoding="ascii")
        if setting in _SWAP:  # what is put out to a disk is as much memory that was taken
            name, no_more = _SWAP[setting]
            with contextlib.suppress(OSError):
                (folder / name).write_text(no_more or str(value), encoding="ascii")
    except OSError:
        with contextlib.suppress(OSError):
            folder.rmdir()
        return False
    return True


def _parents(controller: str) -> Iterator[tuple[Path, str]]:
    """Return where a group with `controller` may be made, and the file that limits it."""
    second, first = _SETTINGS[controller]
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split()[:3]
        if kind not in ("cgroup", "cgroup2") or (kind == "cgroup" and controller not in options.split(",")):
            continue
        own = _own(controller if kind == "cgroup" else "")
        if own is None:
            continue
        at = Path(before.split()[4], own.lstrip("/"))
        if kind == "cgroup":
            yield at, first
            continue
        for parent in (at, at.parent):  # a group with processes of its own hands no controller on
            with contextlib.suppress(OSError):
                if controller in (parent / "cgroup.subtree_control").read_text(encoding="ascii").split():
                    yield parent, second


def _own(controller: str) -> str | None:
    """Return this process's group in a hierarchy ("" is version 2's)."""
    for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            return path
    return None

"""A control group for one run: how many processes it may have, and how much memory in all.

Version 2 where this user may make groups with the controllers (a delegated
parent), else version 1's hierarchies of their own. Where neither can be had,
`make` returns None and rlimits are what is left.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..identity import is_owner_gone, owner_name
from .limits import Limits

_NAME = "autoexec-"
_REMOVE_SECONDS, _POLL_SECONDS = 1.0, 0.0005
_SETTINGS = {  # controller: (file in version 2, in version 1)
    "pids": ("pids.max", "pids.max"),
    "memory": ("memory.max", "memory.limit_in_bytes"),
}


class Group:
    """The folders that stand for a run in each hierarchy."""

    def __init__(self, folders: dict[str, Path]) -> None:
        self._folders = folders

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

    def is_empty(self) -> bool:
        """Whether nobody is in it."""
        with contextlib.suppress(OSError):
            return not any((folder / "cgroup.procs").read_bytes() for folder in set(self._folders.values()))
        return False

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
            folder = parent / f"{_NAME}{owner_name()}-{time.monotonic_ns():x}"
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


def _made(folder: Path, setting: str, value: int) -> bool:
    try:
        folder.mkdir(exist_ok=True)
        (folder / setting).write_text(str(value), encoding="ascii")
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

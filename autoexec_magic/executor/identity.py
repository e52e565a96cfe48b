"""Which process is meant: a pid alone is reused, a pid with its start time is not.

Linux gives the start time as field 22 of `/proc/<pid>/stat` (proc(5)), in
clock ticks since boot. Where there is no `/proc`, the start time is 0 and only
the pid is compared.
"""

from __future__ import annotations

import functools
import os
import re
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

from . import mark

HAS_PROC = Path("/proc/self/stat").exists()
RUN_VARIABLE = "AUTOEXEC_RUN_ID"
OUTER_VARIABLE = "AUTOEXEC_OUTER_RUNS"
_OWNER = re.compile(r"(?P<pid>[0-9]{1,19})-(?P<start>[0-9]{1,19})-(?P<place>[0-9a-f]{8})-")
_ROUND_SECONDS = 5.0  # in less, nobody starts as many processes as there are pids (32,768 at least)


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process for certain. `start_time` is in clock ticks since boot."""

    pid: int
    start_time: int


@dataclass(frozen=True, slots=True)
class _Stat:
    state: str
    parent: int
    group: int
    start_time: int
    cpu_ticks: int


def identify(pid: int) -> ProcessId | None:
    """Return the identity of process `pid`, be it a zombie, or None if there is none."""
    if not HAS_PROC:
        return ProcessId(pid, 0) if _answers(pid) else None
    stat = _stat(pid)
    return ProcessId(pid, stat.start_time) if stat else None


def is_alive(process: ProcessId) -> bool:
    """Whether exactly this process still runs (a zombie does not)."""
    if not HAS_PROC:
        return _answers(process.pid)
    stat = _stat(process.pid)
    return stat is not None and stat.state not in "ZX" and stat.start_time == process.start_time


def cpu_of(process: ProcessId) -> float:
    """Return the seconds of processor time that exactly this process used, be it a zombie; 0.0 if it is gone.

    With what those of its children used that it waited for.
    """
    stat = _stat(process.pid) if HAS_PROC else None
    if stat is None or stat.start_time != process.start_time:
        return 0.0
    return stat.cpu_ticks / os.sysconf("SC_CLK_TCK")


def owner_name() -> str:
    """Return this process as part of a file's name, for `is_owner_gone`."""
    return _owner_name(os.getpid())


def is_owner_gone(name: str) -> bool:
    """Whether `name` begins with the name of an owner that is certainly gone.

    It is not certain of a process of another machine, an earlier boot, or
    another container, which may share the folder with this one.
    """
    found = _OWNER.match(name)
    if not found or found["place"] != _place():
        return False
    return not is_alive(ProcessId(int(found["pid"]), int(found["start"])))


def members(leader: ProcessId | None, run_id: str) -> list[ProcessId]:
    """Return the living processes that belong to a run, but for its leader.

    Parameters
    ----------
    leader : ProcessId, optional
        The leader of the run's process group, dead or alive; its number may
        be somebody else's by now. None where it is not known.
    run_id : str
        Processes that left the group are known by `AUTOEXEC_RUN_ID` in the
        environment they were started with, or by their mark.

    Returns
    -------
    list of ProcessId
        Empty where there is no `/proc`.
    """
    if not HAS_PROC:
        return []
    leader = leader or ProcessId(0, 0)
    # While it or any of its group lives, nobody else gets the number.
    group = leader.pid if leader.pid and identify(leader.pid) in (leader, None) else -1
    found = []
    for pid in _perhaps_younger(leader):
        stat = _stat(pid)
        if stat is None or stat.state in "ZX" or stat.start_time < leader.start_time:
            continue
        if stat.group == group or mark.is_on(pid, run_id) or _carries(pid, run_id):
            found.append(ProcessId(pid, stat.start_time))
    return found


@functools.cache
def _owner_name(pid: int) -> str:
    found = identify(pid)
    return f"{pid}-{found.start_time if found else 0}-{_place()}"


@functools.cache
def _place() -> str:
    """Return what stands for this boot of this machine, and for whose numbers the pids are."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_bytes()
        here = boot + os.fsencode(Path("/proc/self/ns/pid").readlink())
    except OSError:
        here = b"?"
    return f"{zlib.crc32(here):08x}"


def _perhaps_younger(leader: ProcessId) -> list[int]:
    """Return the pids that a descendant of `leader` can have.

    The kernel hands pids out in rising order; past the highest it starts again
    from below. So those of a young leader's descendants lie between its own and
    the newest one; after some time the counter may have been round, and every
    pid is looked at.
    """
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != leader.pid]
    if _age(leader) > _ROUND_SECONDS:
        return pids
    newest = int(Path("/proc/loadavg").read_bytes().split()[-1])
    if newest < leader.pid:
        return [pid for pid in pids if pid > leader.pid or pid <= newest]
    return [pid for pid in pids if leader.pid < pid <= newest]


def _age(process: ProcessId) -> float:
    """Return the seconds since `process` was started."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - process.start_time / os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> _Stat | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # The name (field 2) may hold anything, also ")" and spaces: count from its end.
    fields = text[text.rindex(b")") + 2 :].split()
    return _Stat(
        state=fields[0].decode(),
        parent=int(fields[1]),
        group=int(fields[2]),
        start_time=int(fields[19]),
        cpu_ticks=sum(map(int, fields[11:15])),
    )


def _carries(pid: int, run_id: str) -> bool:
    """Whether a process was started by the run, or by a run within it."""
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    wanted, outer = run_id.encode(), f"{OUTER_VARIABLE}=".encode()
    if f"{RUN_VARIABLE}={run_id}".encode() in variables:
        return True
    return any(
        wanted in variable[len(outer) :].split(b":") for variable in variables if variable.startswith(outer)
    )


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

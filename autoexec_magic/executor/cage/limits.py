"""How much a run may use: rlimits, set from outside right after the spawn.

The cage refuses to set another process's limits, and so would the thread that
is in it; and rlimits belong to a process, so the thread cannot hand its own on.

Where no control group counts memory, `RLIMIT_DATA` does, per process: what a
process may write to and nobody shares (setrlimit(2); since Linux 4.7 also what
is mapped). The address space (`RLIMIT_AS`) is another thing: Node reserves a
gigabyte of it and uses a twentieth, and would not even start.

Of processor time the soft limit is what was asked for, and the kernel says
`SIGXCPU`; a program that takes no notice is killed one second later.

Whatever a run may use, it is the first to go where the machine itself runs out
of memory (`oom_score_adj`): not the kernel that started it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...sizes import spelled
from ..identity import ProcessId

_CPU_GRACE_SECONDS = 1
_FIRST_TO_GO = b"1000"  # proc(5), of oom_score_adj: the most there is


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a run may use; None is as much as there is.

    Parameters
    ----------
    cpu_seconds : int, optional
        Processor time of each process.
    memory_bytes : int, optional
        Of the whole run where there is a cgroup for it, else the private memory
        of each process.
    file_bytes : int, optional
        Size of each file written.
    open_files : int, optional
        Descriptors of each process.
    processes : int, optional
        Processes and threads of the whole run.
    output_bytes : int, optional
        What the whole run may write to its standard output and error; whoever
        reads that sees to it.
    """

    cpu_seconds: int | None = None
    memory_bytes: int | None = None
    file_bytes: int | None = None
    open_files: int | None = None
    processes: int | None = None
    output_bytes: int | None = None

    def options(self) -> list[str]:
        """Return the options that say the same on a line, each with its value."""
        found = {
            "--memory": self.memory_bytes and spelled(self.memory_bytes),
            "--cpu": self.cpu_seconds,
            "--processes": self.processes,
            "--file-size": self.file_bytes and spelled(self.file_bytes),
            "--open-files": self.open_files,
            "--output-limit": self.output_bytes and spelled(self.output_bytes),
        }
        return [f"{option} {value}" for option, value in found.items() if value]

    def over(self, usual: Limits) -> Limits:
        """Return these limits, and of `usual` what is not said here."""
        given = {name: value for name, value in dataclasses.asdict(self).items() if value is not None}
        return dataclasses.replace(usual, **given)


#: Of a caged run, where nothing else was asked for: a fork bomb ends here.
CAGED = Limits(processes=1024)


def limit(process: ProcessId, limits: Limits | None = None, *, grouped: Collection[str] = ()) -> None:
    """Set limits on a process that was just started; it may be gone by now.

    Parameters
    ----------
    process : ProcessId
        What was started.
    limits : Limits, optional
        None but that on core files by default.
    grouped : collection of str, default ()
        What a control group limits already: "pids", "memory".

    No core file is left by any of them: what was in memory is nobody's business.
    """
    try:
        import resource
    except ImportError:
        return
    if not hasattr(resource, "prlimit"):
        return
    limits = limits or Limits()
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_DATA: None if "memory" in grouped else limits.memory_bytes,
        resource.RLIMIT_FSIZE: limits.file_bytes,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_NPROC: None if "pids" in grouped else _process_limit(limits),
    }
    given = {name: value for name, value in wanted.items() if value is not None}
    _offer_first(process.pid)
    _set(process.pid, given, follows=len(given) > 1)


def _set(pid: int, values: Mapping[int, int], *, follows: bool) -> None:
    """Set limits on a process, and on what it has started already, which has those of before."""
    import resource

    with contextlib.suppress(ProcessLookupError, PermissionError):
        for name, value in values.items():
            _, hard = resource.prlimit(pid, name)
            last = value + _CPU_GRACE_SECONDS if name == resource.RLIMIT_CPU else value
            last = last if hard == resource.RLIM_INFINITY else min(last, hard)
            resource.prlimit(pid, name, (min(value, last), last))
    if not follows:
        return
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            for child in Path(f"/proc/{pid}/task/{thread}/children").read_bytes().split():
                _set(int(child), values, follows=True)


def _offer_first(pid: int) -> None:
    """Let the kernel end this process, and what it starts, before any other where memory runs out."""
    with contextlib.suppress(OSError):
        score = os.open(f"/proc/{pid}/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(score, _FIRST_TO_GO)
        finally:
            os.close(score)


def _process_limit(limits: Limits) -> int | None:
    """Return what the user may have in all: the kernel counts a user's threads, not a run's."""
    if limits.processes is None or os.geteuid() == 0:  # it counts none of root's
        return None
    running = 0
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if folder.stat().st_uid == os.getuid():
                running += len(os.listdir(folder / "task"))
    return running + limits.processes

"""How much a run may use: rlimits, set from outside right after the spawn.

The cage refuses to set another process's limits, and so would the thread that
is in it; and rlimits belong to a process, so the thread cannot hand its own on.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from ..identity import ProcessId


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a run may use; None is as much as there is.

    Parameters
    ----------
    cpu_seconds : int, optional
        Processor time of each process.
    memory_bytes : int, optional
        Of the whole run where there is a cgroup for it, else the address space
        of each process.
    file_bytes : int, optional
        Size of each file written.
    open_files : int, optional
        Descriptors of each process.
    processes : int, optional
        Processes and threads of the whole run.
    """

    cpu_seconds: int | None = None
    memory_bytes: int | None = None
    file_bytes: int | None = None
    open_files: int | None = None
    processes: int | None = None


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
        resource.RLIMIT_AS: None if "memory" in grouped else limits.memory_bytes,
        resource.RLIMIT_FSIZE: limits.file_bytes,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_NPROC: None if "pids" in grouped else _process_limit(limits),
    }
    with contextlib.suppress(ProcessLookupError, PermissionError):
        for name, value in wanted.items():
            if value is None:
                continue
            _, hard = resource.prlimit(process.pid, name)
            most = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.prlimit(process.pid, name, (most, most))


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

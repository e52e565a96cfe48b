"""The mark that every descendant of a run bears, whatever it does to its environment or session.

A daemon that cleared its environment and left the session is in no group, has
no parent of ours and carries no variable. What it keeps is its resource
limits: they pass through fork and exec, and a hard limit can be lowered but not
raised. `RLIMIT_LOCKS` has no effect since Linux 2.4.25 (getrlimit(2)), so a run's
number can stand there. It is set right after the spawn, with prlimit(2), which
costs microseconds and needs no right; a cage's filter refuses to change it.

A run inside a run bears both: the outermost one's number in the hard limit,
its own, a smaller one, in the soft limit.

Not marked is what was not started by the run but asked for (of a container
engine, `at`, systemd), and what a program uncaged took the mark off on purpose.
"""

from __future__ import annotations

import contextlib
import os
import zlib

try:
    import resource
except ImportError:  # Windows, which is refused elsewhere
    HAS_LIMITS = False
else:
    HAS_LIMITS = hasattr(resource, "prlimit")  # Linux

LOCKS = 10  # RLIMIT_LOCKS: asm-generic/resource.h; Python has no name for it
_OUTERMOST = 1 << 61  # more than any number of a run inside a run
_FIELD = b"Max file locks"


def put(pid: int, run_id: str) -> None:
    """Mark a process that was just started, and what it has started already; one that is gone is left."""
    if not HAS_LIMITS:
        return
    low, high = _numbers(run_id)
    try:
        _, hard = resource.prlimit(pid, LOCKS)
        if hard == resource.RLIM_INFINITY:
            resource.prlimit(pid, LOCKS, (high, high))
        elif hard >= _OUTERMOST:
            resource.prlimit(pid, LOCKS, (low, hard))
        else:  # somebody limits it, and no two runs would differ
            return
    except OSError:
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(f"/proc/{pid}/task/{pid}/children", os.O_RDONLY | os.O_CLOEXEC)
        try:
            children = os.read(descriptor, 4096).split()
        finally:
            os.close(descriptor)
        for child in children:
            put(int(child), run_id)


def is_on(pid: int, run_id: str) -> bool:
    """Whether a process bears the mark of a run."""
    return not set(_numbers(run_id)).isdisjoint(_limits(pid))


def is_on_any(pid: int) -> bool:
    """Whether a process bears the mark of some run."""
    return any(limit >= _OUTERMOST for limit in _limits(pid))


def _limits(pid: int) -> tuple[int, ...]:
    if not HAS_LIMITS:
        return ()
    try:
        return resource.prlimit(pid, LOCKS)
    except PermissionError:  # a program that belongs to somebody else; the file is anybody's to read
        return _read_limits(pid)
    except OSError:
        return ()


def _read_limits(pid: int) -> tuple[int, ...]:
    try:
        with open(f"/proc/{pid}/limits", "rb") as file:  # noqa: PTH123 - as quick as can be
            line = next(line for line in file if line.startswith(_FIELD))
    except (OSError, StopIteration):
        return ()
    return tuple(int(word) for word in line[len(_FIELD) :].split() if word.isdigit())


def _numbers(run_id: str) -> tuple[int, int]:
    """Return what stands for a run inside a run, and for an outermost one: 60 bits, and one more."""
    name = run_id.encode("utf-8", "surrogateescape")
    low = (zlib.crc32(name[::2]) << 32 | zlib.crc32(name[1::2])) & (1 << 60) - 1 | 1 << 59
    return low, low + _OUTERMOST

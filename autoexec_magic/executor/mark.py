"""The mark that every descendant of a run bears, whatever it does to its environment or session.

A daemon that cleared its environment and left the session is in no group, has
no parent of ours and carries no variable. What it keeps is its resource
limits: they pass through fork and exec, and a hard limit can be lowered but not
raised. `RLIMIT_LOCKS` has no effect since Linux 2.4.25 (getrlimit(2)), so a run's
number can stand there. This process wears it as its own soft limit, which can
be put back, while it starts a child: so the child bears it from its first moment
on, before it could fork and be gone (`worn`). Right after the spawn the child's
hard limit is set, too, with prlimit(2), which costs microseconds and needs no
right; a cage's filter refuses to change it.

What another thread of this process starts meanwhile, without us, inherits it as
well; it is taken off again there.

A run inside a run bears both: the outermost one's number in the hard limit,
its own, a smaller one, in the soft limit.

Not marked is what was not started by the run but asked for (of a container
engine, `at`, systemd), and what a program uncaged took the mark off on purpose.
"""

from __future__ import annotations

import collections
import contextlib
import os
import threading
import zlib
from collections.abc import Callable, Iterator

try:
    import resource
except ImportError:  # Windows, which is refused elsewhere
    HAS_LIMITS = False
else:
    HAS_LIMITS = hasattr(resource, "prlimit")  # Linux

LOCKS = 10  # RLIMIT_LOCKS: asm-generic/resource.h; Python has no name for it
_OUTERMOST = 1 << 61  # more than any number of a run inside a run
_FIELD = b"Max file locks"
_MOST_MARKED = 1024  # pids of late that are remembered; far more than runs start in one moment
_OURS = "/proc/self/task"
_CHILDREN_BYTES = 1 << 16


class _Own:
    """The limit of this process itself, which one thread at a time may change."""

    def __init__(self) -> None:
        self.renew()
        if HAS_LIMITS:  # in a child that was forked meanwhile, whoever held it is not there
            os.register_at_fork(after_in_child=self.renew)

    def renew(self) -> None:
        self.lock = threading.RLock()
        self.marked: collections.deque[int] = collections.deque(maxlen=_MOST_MARKED)


_own = _Own()


@contextlib.contextmanager
def worn(run_id: str) -> Iterator[Callable[[int], None]]:
    """Let what is started inside bear the mark from its first moment on.

    Gives what is to be called with each pid that was started there: all others
    that were started by other threads meanwhile lose the mark again.
    """
    own: list[int] = []
    with _own.lock:
        number, soft, hard = _wear(run_id)
        try:
            yield own.append
        finally:
            if number:
                _limit(0, soft, hard)
                _take_off(number, soft, own)


@contextlib.contextmanager
def unworn() -> Iterator[None]:
    """Keep what is started inside from bearing the mark of a run that another thread starts."""
    with _own.lock:
        yield


def put(pid: int, run_id: str) -> None:
    """Mark a process that was just started, and what it has started already; one that is gone is left."""
    if not HAS_LIMITS:
        return
    low, high = _numbers(run_id)
    _own.marked.append(pid)
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
    for child in _children(f"/proc/{pid}/task/{pid}/children"):
        put(child, run_id)


def is_on(pid: int, run_id: str) -> bool:
    """Whether a process bears the mark of a run."""
    return not set(_numbers(run_id)).isdisjoint(_limits(pid))


def is_on_any(pid: int) -> bool:
    """Whether a process bears the mark of some run; what this one wears for a moment is not its own."""
    limits = _limits(pid)
    return any(limit >= _OUTERMOST for limit in (limits[1:] if pid == os.getpid() else limits))


def _wear(run_id: str) -> tuple[int, int, int]:
    """Set this process's soft limit; return the number, 0 for none, and both limits as they were."""
    if not HAS_LIMITS:
        return 0, 0, 0
    low, high = _numbers(run_id)
    soft, hard = resource.getrlimit(LOCKS)
    if hard != resource.RLIM_INFINITY and hard < _OUTERMOST:  # as in `put`
        return 0, 0, 0
    number = high if hard == resource.RLIM_INFINITY else low
    return (number, soft, hard) if _limit(0, number, hard) else (0, 0, 0)


def _limit(pid: int, soft: int, hard: int) -> bool:
    try:
        resource.prlimit(pid, LOCKS, (soft, hard))
    except (OSError, ValueError):  # it has a hard limit of its own by now
        return False
    return True


def _take_off(number: int, soft: int, own: list[int]) -> None:
    """Give what other threads of this process started the limit that it would have had."""
    with contextlib.suppress(OSError):
        for thread in os.listdir(_OURS):
            for child in _children(f"{_OURS}/{thread}/children"):
                if child not in own and child not in _own.marked:  # of another part of the same run
                    with contextlib.suppress(OSError):
                        seen, hard = resource.prlimit(child, LOCKS)
                        if seen == number:
                            _limit(child, soft, hard)


def _children(path: str) -> list[int]:
    """Return the pids in a file of proc's; none where the thread is gone or the kernel has no such file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return []
    try:
        return [int(word) for word in os.read(descriptor, _CHILDREN_BYTES).split()]
    except OSError:
        return []
    finally:
        os.close(descriptor)


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

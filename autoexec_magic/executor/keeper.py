"""Ends what a dead kernel left: the program of the keeper, one small process per kernel.

It sleeps until the kernel has ended, of which a pidfd is the witness: the other
end of a pipe is none, as each fork of the kernel (a worker of multiprocessing)
has a copy of it. Then it reads from its standard input which runs were open
(`open_runs` writes that) and ends all of each: groups, what left them, and what
is in the kernel's control groups. It removes those and the scratch folders, and
ends itself. Both have their owner in their name, so that they need not be told,
and what a keeper did not get to do the next one does.

It is in a session of its own, ignores what asks politely, holds nothing of the
kernel's but that file, and is no child of it, which user code that waits
for any child would stumble over. It is started as `python -I -S -c BOOT` and
imports the standard library and the few modules here that need no more than
that, past the packages' own `__init__.py`.

What remains: a process that the kernel cannot signal (setuid), that was asked
of somebody else (a container engine), or that took the mark off (`mark`).
Keeper and kernel killed within the same moment leave processes running; their
folders are removed by the next keeper.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
from pathlib import Path

from . import ending
from .identity import ProcessId, is_alive

GRACE_SECONDS = 0.5
NAME = "autoexec-keeper"  # 15 characters is all that the kernel keeps
#: its arguments: the folder of this package, the owner's pid and start time, its folder for temporary files
BOOT = """
import sys, types
for name, below in (("", "/.."), (".executor", ""), (".executor.cage", "/cage")):
    bare = types.ModuleType("autoexec_magic" + name)
    bare.__path__ = [sys.argv[1] + below]
    sys.modules[bare.__name__] = bare
from autoexec_magic.executor import keeper
keeper.main(sys.argv[2:])
"""
SLOT_BYTES = 512  # a part of a page
_TABLE = 0
_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP)
_NO_PIDFD_POLL_SECONDS = 1.0


def main(arguments: list[str]) -> None:
    """Be the keeper of the process `arguments` name, to its end."""
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(NAME, encoding="ascii")
    owner = ProcessId(int(arguments[0]), int(arguments[1]))
    temporary = Path(arguments[2])
    # What an earlier one left may be large; nobody's end waits for it.
    threading.Thread(target=sweep, args=(temporary,), daemon=True).start()
    wait_for(owner)
    ending.end_orphans(read(_TABLE), grace=GRACE_SECONDS)
    sweep(temporary)
    os._exit(0)


def entry(run_id: str, leader: ProcessId | None) -> bytes:
    """Return what a slot of the table holds of an open run; a free one begins with NUL."""
    who = b"%d %d " % (leader.pid, leader.start_time) if leader else b"0 0 "
    return (who + run_id.encode("utf-8", "surrogateescape"))[:SLOT_BYTES].ljust(SLOT_BYTES, b"\0")


def read(table: int) -> list[tuple[ProcessId | None, str]]:
    """Return the leader, where it is known, and the id of each open run."""
    runs: list[tuple[ProcessId | None, str]] = []
    at = 0
    while slot := os.pread(table, SLOT_BYTES, at):
        at += SLOT_BYTES
        if slot[0]:
            pid, start, run_id = slot.rstrip(b"\0").split(b" ", 2)
            leader = ProcessId(int(pid), int(start)) if int(pid) else None
            runs.append((leader, run_id.decode("utf-8", "surrogateescape")))
    return runs


def wait_for(owner: ProcessId) -> None:
    """Return when `owner` has ended."""
    try:
        pidfd = os.pidfd_open(owner.pid)
    except (AttributeError, OSError):  # Linux before 5.3; or it has ended
        pidfd = -1
    poll = select.poll()
    if pidfd >= 0:
        poll.register(pidfd, select.POLLIN)
    while is_alive(owner):  # asked first: the pid may have been somebody else's by then
        poll.poll(1000 * _NO_PIDFD_POLL_SECONDS if pidfd < 0 else None)


def sweep(temporary: Path) -> None:
    """End and remove the control groups, and remove the scratch folders, whose owner is gone."""
    from .cage import cgroup, scratch

    cgroup.sweep()
    scratch.sweep(temporary)

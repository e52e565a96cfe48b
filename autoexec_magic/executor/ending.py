"""Ending all of a run: the group, and what left it. TERM, a grace, KILL.

A process group is signalled before its leader is reaped, so that its number
cannot have been given to somebody else in between. Processes that moved to
another session are found by the run's id in their environment.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable

from .identity import ProcessId, is_alive, members

POLL_SECONDS = 0.01
KILL_SECONDS = 2.0


def end(leader: ProcessId, run_id: str, *, grace: float, pump: Callable[[float], bool] | None = None) -> None:
    """End every process of the run and return when they are gone.

    Parameters
    ----------
    leader : ProcessId
        The group's leader, not yet reaped.
    run_id : str
        The id that the run's processes carry in their environment.
    grace : float
        Seconds between TERM and KILL, at least 0.
    pump : callable, optional
        Called with seconds while waiting: it moves output on meanwhile and
        returns True to cut the grace short.
    """
    if grace > 0:
        if not _signal_all(leader, run_id, signal.SIGTERM):
            return
        until = time.monotonic() + grace
        while _is_anything_left(leader, run_id) and time.monotonic() < until:
            if pump is None:
                time.sleep(POLL_SECONDS)
            elif pump(POLL_SECONDS):
                break
    until = time.monotonic() + KILL_SECONDS
    # Again and again: a process that was just being forked was in nobody's list.
    while _signal_all(leader, run_id, signal.SIGKILL) and time.monotonic() < until:
        time.sleep(POLL_SECONDS)


def end_known(leader: ProcessId, run_id: str, *, grace: float) -> bool:
    """End a run that another process started, if its leader is still the one meant.

    Returns
    -------
    bool
        False, and nothing was signalled, if the leader is gone or its pid is
        somebody else's by now.
    """
    if not is_alive(leader):
        return False
    end(leader, run_id, grace=grace)
    return True


def leftovers(leader: ProcessId, run_id: str) -> list[ProcessId]:
    """Return the living processes of the run other than its leader."""
    return members(leader, run_id)


def _signal_all(leader: ProcessId, run_id: str, number: signal.Signals) -> bool:
    """Signal everything; return whether anything was there to be signalled."""
    outside = leftovers(leader, run_id)
    if not outside and not is_alive(leader):
        return False
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader.pid, number)
    for process in outside:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process.pid, number)
    return True


def _is_anything_left(leader: ProcessId, run_id: str) -> bool:
    return is_alive(leader) or bool(leftovers(leader, run_id))

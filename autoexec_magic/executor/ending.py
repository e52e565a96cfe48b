"""Ending all of a run: the group, and what left it. TERM, a grace, KILL.

A process group is signalled before its leader is reaped, so that its number
cannot have been given to somebody else in between. Processes that moved to
another session are found by the run's id in their environment, or by the mark
that they bear (`mark`).
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Sequence

from .identity import ProcessId, identify, is_alive, members

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


def end_orphans(runs: Sequence[tuple[ProcessId | None, str]], *, grace: float) -> bool:
    """End runs that this process did not start, all at the same time.

    Parameters
    ----------
    runs : sequence of (ProcessId or None, str)
        The leader of each, where it is known, and the run's id. A leader may be
        gone, and its number somebody else's: then that one is left alone.
    grace : float
        Seconds between TERM and KILL, at least 0.

    Returns
    -------
    bool
        Whether anything was there to be ended.
    """
    found = [_signal_all(leader, run_id, signal.SIGTERM) for leader, run_id in runs]
    until = time.monotonic() + grace
    left = [run for run, was_there in zip(runs, found, strict=True) if was_there]
    while left and time.monotonic() < until:
        time.sleep(POLL_SECONDS)
        left = [run for run in left if _is_anything_left(*run)]
    until = time.monotonic() + KILL_SECONDS
    while left and time.monotonic() < until:
        left = [run for run in left if _signal_all(*run, signal.SIGKILL)]
        time.sleep(POLL_SECONDS)
    return any(found)


def leftovers(leader: ProcessId | None, run_id: str) -> list[ProcessId]:
    """Return the living processes of the run other than its leader."""
    return members(leader, run_id)


def _signal_all(leader: ProcessId | None, run_id: str, number: signal.Signals) -> bool:
    """Signal everything; return whether anything was there to be signalled."""
    outside = leftovers(leader, run_id)
    if not outside and not (leader and is_alive(leader)):
        return False
    if leader and identify(leader.pid) == leader:  # also when it has ended and was not waited for
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader.pid, number)
    for process in outside:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process.pid, number)
    return True


def _is_anything_left(leader: ProcessId | None, run_id: str) -> bool:
    return bool(leader and is_alive(leader)) or bool(leftovers(leader, run_id))

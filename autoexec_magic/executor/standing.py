"""A process that was started before there is a run of it, and waits.

An interpreter with its imports takes longer to start than what it is started
for often takes to run. So the next one is started when a run has ended: in the
cage, with the limits, under the keeper, as the run's own process would be. What
it waits for is its standard input. It is one run's, once: nothing of a run is
there for the next.

A fork of a server that has imported all would be as fast. But it could bear no
mark, group and limits of its own, which pass from parent to child, and there is
no fork without pitfalls where threads run.
"""

from __future__ import annotations

import contextlib
import os
import threading
from dataclasses import replace
from pathlib import Path

from ..values import Outcome
from . import cage, process
from .identity import OUTER_VARIABLE, RUN_VARIABLE, ProcessId, identify
from .interrupts import Cancel, noted
from .open_runs import kept
from .starting import Start

_TAKEN = -1  # no process's number: a run has it, or it was ended


class Standing:
    """A process that waits for a run.

    Parameters
    ----------
    start : Start
        How it is started; what a run alone knows of it is that run's.
    stage : process.Stage
        The process.
    cwd : Path
        Its working directory.
    """

    def __init__(self, start: Start, stage: process.Stage, cwd: Path) -> None:
        self._start, self._stage, self._cwd = start, stage, cwd
        self._seen = cage.look(start.cage_request)
        self._owner = os.getpid()
        self._lock = threading.Lock()
        with contextlib.ExitStack() as stack:
            self._cage = stack.enter_context(cage.lend(start.cage_request))
            note = stack.enter_context(kept(start.run_id))
            request = start.request((stage,), cwd, None, 0, self._cage)
            children: process.Children | None = process.spawn(request)
            assert children is not None
            stack.callback(children.close)
            leader = identify(children.pids[0]) or ProcessId(children.pids[0], 0)
            note(leader)
            self._cage.limit(leader)
            self._leader = leader
            self._children = children
            self._stack = stack.pop_all()

    def is_for(self, start: Start, stage: process.Stage, cwd: Path) -> bool:
        """Whether it waits for exactly this, and is the caller's from now on; if not, it is ended."""
        own = self._start
        same = (
            start.pty is None
            and not isinstance(start.stdin, Path)
            and start.records is not None
            and own.records is not None
            and start.records.variable == own.records.variable
            and start.cage_request == own.cage_request
            and (stage.argv, _lasting(stage)) == (self._stage.argv, _lasting(self._stage))
            and cwd == self._cwd
            and cage.look(start.cage_request) == self._seen
        )
        with self._lock:
            if same and self._is_alive():
                self._owner = _TAKEN
                return True
        self.close()
        return False

    def go(self, start: Start, cwd: Path, timeout: float | None, keep_bytes: int) -> Outcome:
        """Hand over the standard input, and stream to its end as the run's own what it `is_for`."""
        start = replace(start, run_id=self._start.run_id, stdin=start.stdin or b"")
        own = start.cancel is None
        cancel = start.cancel or Cancel()
        children = self._children
        with self._stack, self._cage.holding():
            before = self._cage.watch()
            request = start.request((self._stage,), cwd, timeout, keep_bytes, self._cage)
            try:
                with noted(cancel):
                    try:
                        outcome = process.attend(
                            children,
                            request,
                            (start.on_text, start.on_cut, start.on_flow),
                            start.on_spawn,
                            cancel,
                        )
                    finally:
                        children.reap()
            finally:
                if own:
                    cancel.close()
            return start.seen(outcome, self._cage, before, cwd, timeout)

    def close(self) -> None:
        """End it, if no run has it; in a fork of its starter it is left to that."""
        if self._owner != os.getpid():  # in a fork the lock may be held by a thread that is not there
            return
        with self._lock:
            if self._owner == _TAKEN:
                return
            self._owner = _TAKEN
        with self._stack:
            process.end(self._children, self._start.run_id)

    def _is_alive(self) -> bool:
        return self._owner == os.getpid() and not self._children.have_ended()


def _lasting(stage: process.Stage) -> dict[str, str]:
    """Return the variables that are the same from run to run."""
    return {name: value for name, value in stage.env.items() if name not in (RUN_VARIABLE, OUTER_VARIABLE)}

"""Children in parallel: many threads run, one thread emits.

`run_children` takes a list of combinations and what runs one of them, and knows
nothing of scripts: an engine that has more machines can take the same two. What
a child has to say goes into a queue; the calling thread alone takes it out, in
the order in which it came, and passes it on with the child's name.

Each child has a request to end of its own: the one of the run, shared, would
wake but one of those that wait for it. Signals come to the main thread, which
notes them (`executor.interrupts`) and passes them on to all that run.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from ..errors import AutoexecError, Cancelled, PhaseError
from ..events import ChildFinished, ChildStarted, Diagnosed, Emit, Event, Flowing, Output, Truncated
from ..executor import Cancel
from ..executor.interrupts import noted
from ..values import Verdict
from .causes import cause_of
from .combinations import Combination
from .plan import Child, PhaseReport

#: runs one child: takes what it gives to `emit` and what may end it
RunOne: TypeAlias = Callable[[Combination, Emit, Cancel], PhaseReport]

POLL_SECONDS = 0.05
LOOK_SECONDS = 0.25  # at the record, for a request from outside to end
_WAITING = 256  # events; a child that says more waits until they were passed on
_OF_ALL = (Verdict.INVALID, Verdict.MISSING, Verdict.REFUSED, Verdict.ASKED)


def run_children(
    children: Sequence[Combination],
    run_one: RunOne,
    *,
    jobs: int,
    emit: Emit,
    fail_fast: bool = False,
    cancel: Cancel,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> tuple[Child, ...]:
    """Run each child with `run_one`, at most `jobs` at a time, and return what each came to.

    Parameters
    ----------
    children : sequence of Combination
        Started in their order.
    run_one : callable
        Runs one on a thread of its own, and returns when it has ended. What it
        raises that would be the same for all ends all.
    jobs : int
        At least 1.
    emit : callable
        Called in the calling thread only.
    fail_fast : bool, default False
        End all others at the first that is not good.
    cancel : Cancel
        Asks for the end of all; a second time for their end at once.
    is_cancelled : callable
        Says whether somebody asked for that on the record.

    Returns
    -------
    tuple of Child, length of `children`
        In the same order; one that was never started has no report.

    Raises
    ------
    AutoexecError
        Raised by a child that kept it from running at all.
    """
    with noted(cancel):
        return _Children(children, run_one, emit, fail_fast=fail_fast).run(jobs, cancel, is_cancelled)


@dataclass(slots=True)
class _Said:
    """What a worker hands to the thread that emits: an event, or how a child ended."""

    number: int
    event: Event | None = None
    report: PhaseReport | None = None
    fault: BaseException | None = None
    started: bool = False


@dataclass(slots=True)
class _Turn:
    """Whose turn it is, and who can be ended: what the threads share."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    next: int = 0
    asked: int = 0  # how often the end of all was asked for
    running: dict[int, Cancel] = field(default_factory=dict)


class _Children:
    """The children of one sweep while they run."""

    def __init__(
        self, children: Sequence[Combination], run_one: RunOne, emit: Emit, *, fail_fast: bool
    ) -> None:
        self._children, self._run_one, self._emit = children, run_one, emit
        self._is_fail_fast = fail_fast
        self._said: queue.Queue[_Said] = queue.Queue(_WAITING)
        self._turn = _Turn()
        self._reports: dict[int, PhaseReport] = {}
        self._fault: BaseException | None = None

    def run(self, jobs: int, cancel: Cancel, is_cancelled: Callable[[], bool]) -> tuple[Child, ...]:
        """Run them all; see `run_children`."""
        threads = [
            threading.Thread(target=self._work, name=f"autoexec-sweep-{number}", daemon=True)
            for number in range(min(jobs, len(self._children)))
        ]
        started: list[threading.Thread] = []
        try:
            for thread in threads:
                thread.start()
                started.append(thread)
            looked_at = time.monotonic()
            while any(thread.is_alive() for thread in started) or not self._said.empty():
                self._pass_on(POLL_SECONDS)
                if cancel.is_set():
                    self._end(2 if cancel.is_urgent() else 1)
                elif time.monotonic() > looked_at + LOOK_SECONDS:
                    looked_at = time.monotonic()
                    if is_cancelled():
                        self._end(1)
        except BaseException:
            self._end(2)
            raise
        finally:
            self._leave(started)
        if self._fault is not None:
            raise self._fault
        return tuple(
            Child(combination=one, report=self._reports.get(number))
            for number, one in enumerate(self._children)
        )

    def _leave(self, threads: Sequence[threading.Thread]) -> None:
        """Wait for the threads; what they still say is in nobody's way."""
        while any(thread.is_alive() for thread in threads):
            with contextlib.suppress(queue.Empty):
                self._said.get(timeout=POLL_SECONDS)

    def _pass_on(self, seconds: float) -> None:
        """Take what was said, and emit it."""
        try:
            said = self._said.get(timeout=seconds)
        except queue.Empty:
            return
        one = self._children[said.number]
        if said.started:
            self._emit(ChildStarted(child=one.label, number=said.number + 1, total=len(self._children)))
        elif said.event is not None:
            self._emit(_named(said.event, one.label))
        elif said.fault is not None:
            self._fault = self._fault or said.fault
        elif said.report is not None:
            self._reports[said.number] = said.report
            self._emit(_finished(one, said.report))

    def _end(self, times: int) -> None:
        """Ask for the end of all that run, at most so many times in all; nothing more is started."""
        turn = self._turn
        with turn.lock:
            while turn.asked < times:
                turn.asked += 1
                for cancel in turn.running.values():
                    cancel.set()

    def _work(self) -> None:
        """Run one child after the other, on a thread."""
        for number, cancel in self._mine():
            self._said.put(_Said(number, started=True))
            started = time.monotonic()
            said = _Said(number)
            try:
                said.report = self._run_one(
                    self._children[number],
                    lambda event, number=number: self._said.put(_Said(number, event=event)),  # type: ignore[misc]
                    cancel,
                )
            except (AutoexecError, Cancelled) as error:
                is_of_all = Verdict(error.verdict) in _OF_ALL
                said.fault = error if is_of_all else None
                said.report = None if is_of_all else _failed(error)
            except OSError as error:  # a full disk, no descriptor left
                said.report = _failed(PhaseError("it could not go on", why=str(error)))
            except BaseException as error:  # noqa: BLE001 - raised again in the thread that asked
                said.fault = error
            if said.report is not None:
                said.report = replace(said.report, seconds=time.monotonic() - started)
            is_bad = said.report is not None and not said.report.verdict.is_good
            if said.fault is not None or (self._is_fail_fast and is_bad):
                self._end(1)  # at once: the next one would start before anybody heard of it
            self._said.put(said)

    def _mine(self) -> Iterator[tuple[int, Cancel]]:
        """Yield the numbers of the children that are this thread's, each with what ends it."""
        turn = self._turn
        while True:
            with turn.lock:
                if turn.asked or turn.next >= len(self._children):
                    return
                number = turn.next
                turn.next += 1
                turn.running[number] = cancel = Cancel()
            try:
                yield number, cancel
            finally:
                with turn.lock:
                    del turn.running[number]
                cancel.close()


def _failed(error: AutoexecError | Cancelled) -> PhaseReport:
    return PhaseReport(phase="run", verdict=Verdict(error.verdict), seconds=0.0, error=error)


def _named(event: Event, label: str) -> Event:
    """Return an event with the child's name on it, where it has room for one."""
    if isinstance(event, Output | Truncated | Flowing | Diagnosed):
        return replace(event, child=label)
    return event


def _finished(one: Combination, report: PhaseReport) -> ChildFinished:
    error, cause = report.error, cause_of(report)
    return ChildFinished(
        child=one.label,
        verdict=report.verdict,
        seconds=report.seconds,
        code=error.code if error else "",
        exit_code=report.outcome.returncode if report.outcome else None,
        why=cause.why if cause else "",
        fix=cause.fix if cause else "",
        cause=cause.key if cause else "",
    )

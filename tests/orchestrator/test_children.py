"""Many threads run the children, and one thread emits."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from autoexec_magic.errors import Cancelled, MissingTool, ScriptError, UsageError
from autoexec_magic.events import ChildFinished, ChildStarted, Diagnosed, Output, Progress
from autoexec_magic.executor import Cancel
from autoexec_magic.orchestrator import Combination, PhaseReport, combinations, run_children
from autoexec_magic.values import Diagnosis, Verdict

PASSED = PhaseReport(phase="run", verdict=Verdict.PASSED, seconds=0.0)
FAILED = PhaseReport(phase="run", verdict=Verdict.FAILED, seconds=0.0, error=ScriptError("it failed"))
STOPPED = PhaseReport(phase="run", verdict=Verdict.CANCELLED, seconds=0.0, error=Cancelled("stopped"))


@pytest.fixture
def cancel():
    """Return a request to end."""
    made = Cancel()
    yield made
    made.close()


def eight(run_one, emit, cancel, **options):
    """Run eight children two at a time."""
    return run_children(combinations({}, 8), run_one, **{"jobs": 2} | options, emit=emit, cancel=cancel)


def test_each_is_run_once_and_reported_in_its_place(emit, cancel):
    """Whatever the order in which they end."""

    def run_one(one, emit, cancel):
        time.sleep(0.02 * (9 - one.repeat) % 0.05)
        return FAILED if one.repeat == 3 else PASSED

    children = eight(run_one, emit, cancel, jobs=4)
    assert [child.label for child in children] == [f"#{number}" for number in range(1, 9)]
    assert [child.verdict for child in children] == ["passed"] * 2 + ["failed"] + ["passed"] * 5
    assert all(child.report.seconds > 0 for child in children)
    started = [event for event in emit if isinstance(event, ChildStarted)]
    assert sorted(event.number for event in started) == list(range(1, 9))
    assert {event.total for event in started} == {8}
    finished = {event.child: event for event in emit if isinstance(event, ChildFinished)}
    assert (finished["#3"].verdict, finished["#3"].code) == ("failed", "script-failed")
    assert (finished["#1"].verdict, finished["#1"].code) == ("passed", "")


def test_no_more_than_so_many_run_at_once(emit, cancel):
    """And as many as may."""
    lock, now, most = threading.Lock(), [0], [0]

    def run_one(one, emit, cancel):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.05)
        with lock:
            now[0] -= 1
        return PASSED

    eight(run_one, emit, cancel, jobs=3)
    assert most == [3]


def test_one_thread_emits_and_each_event_has_its_name(cancel):
    """That of the caller; what one child says stays in its order."""
    seen = []

    def emit(event):
        seen.append((threading.get_ident(), event))

    def run_one(one, emit, cancel):
        for number in range(50):
            emit(Output(phase="run", stream="stdout", text=f"{number}\n"))
        emit(Diagnosed(diagnosis=Diagnosis(code="c", why="w")))
        emit(Progress(phase="run", text="p"))
        return PASSED

    eight(run_one, emit, cancel, jobs=8)
    assert {ident for ident, _ in seen} == {threading.get_ident()}
    for number in range(1, 9):
        own = [event for _, event in seen if getattr(event, "child", "") == f"#{number}"]
        assert isinstance(own[0], ChildStarted)
        assert isinstance(own[-1], ChildFinished)
        assert [event.text for event in own if isinstance(event, Output)] == [f"{n}\n" for n in range(50)]
        assert any(isinstance(event, Diagnosed) for event in own)


def test_all_are_run_although_one_fails(emit, cancel):
    """A failure is a result."""
    children = eight(lambda one, emit, cancel: FAILED, emit, cancel)
    assert {child.verdict for child in children} == {Verdict.FAILED}


def waits(one: Combination, emit, cancel: Cancel) -> PhaseReport:
    """Fail in the first, else run until somebody asks for the end."""
    if one.repeat == 1:
        return FAILED
    until = time.monotonic() + 10
    while not cancel.is_set() and time.monotonic() < until:
        time.sleep(0.01)
    return STOPPED if cancel.is_set() else PASSED


def test_fail_fast_ends_the_others(emit, cancel):
    """Who runs is ended, and who did not start is not."""
    children = eight(waits, emit, cancel, fail_fast=True, jobs=3)
    verdicts = [child.verdict for child in children]
    assert verdicts[0] == Verdict.FAILED
    assert Verdict.PASSED not in verdicts
    assert children[-1].report is None
    assert children[-1].verdict == Verdict.SKIPPED
    assert not cancel.is_set()  # which is the caller's


def test_a_request_ends_all_that_run_and_keeps_what_has_ended(emit, cancel):
    """Each has a request of its own: one that is shared would wake but one."""
    timer = threading.Timer(0.3, cancel.set)
    timer.start()
    children = eight(waits, emit, cancel, jobs=3)
    timer.join()
    verdicts = [child.verdict for child in children]
    assert verdicts[0] == Verdict.FAILED
    assert verdicts[1:4] == [Verdict.CANCELLED] * 3
    assert [child.report for child in children[4:]] == [None] * 4


def test_a_request_on_the_record_ends_them_too(emit, cancel):
    """The panel's button, or a terminal."""
    asked = time.monotonic() + 0.3
    children = eight(waits, emit, cancel, is_cancelled=lambda: time.monotonic() > asked)
    assert Verdict.CANCELLED in [child.verdict for child in children]


def test_a_second_request_is_passed_on(emit, cancel):
    """It cuts the grace short."""
    seen = []

    def run_one(one, emit, own):
        until = time.monotonic() + 10
        while not own.is_urgent() and time.monotonic() < until:
            time.sleep(0.01)
        seen.append(own.is_urgent())
        return STOPPED

    timers = [threading.Timer(0.2 * number, cancel.set) for number in (1, 2)]
    for timer in timers:
        timer.start()
    eight(run_one, emit, cancel)
    assert seen == [True, True]


def test_an_interrupt_ends_them_in_order(emit, cancel):
    """Ctrl-C comes to the main thread, which passes it on; nothing is raised here."""
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    children = eight(waits, emit, cancel)
    timer.join()
    assert Verdict.CANCELLED in [child.verdict for child in children]
    assert cancel.is_set()


@pytest.mark.parametrize("error", [MissingTool("there is no node"), UsageError("it cannot be")])
def test_what_would_keep_all_from_running_ends_all(emit, cancel, error):
    """A missing interpreter is told once, not eight times."""
    seen = []

    def run_one(one, emit, cancel):
        seen.append(one)
        raise error

    with pytest.raises(type(error)):
        eight(run_one, emit, cancel)
    assert len(seen) <= 2


def test_one_that_raises_a_failure_is_one_that_failed(emit, cancel):
    """The others go on; so it is where the disk was full for one of them."""

    def run_one(one, emit, cancel):
        if one.repeat == 1:
            raise ScriptError("it failed")
        if one.repeat == 2:
            raise OSError(28, "No space left on device")
        return PASSED

    children = eight(run_one, emit, cancel)
    assert [child.verdict for child in children] == ["failed"] * 2 + ["passed"] * 6
    assert "No space left" in children[1].report.error.why


def test_a_fault_of_ours_is_raised_here(emit, cancel):
    """In the thread that asked, when all others have ended."""

    def run_one(one, emit, cancel):
        if one.repeat == 2:
            raise ZeroDivisionError
        return waits(one, emit, cancel)

    before = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        eight(run_one, emit, cancel)
    assert threading.active_count() == before


def test_a_sink_that_raises_leaves_nobody_behind(cancel):
    """What an interrupt that cannot wait does, too."""

    def emit(event):
        if isinstance(event, Output):
            raise KeyboardInterrupt

    def run_one(one, emit, own):
        while not own.is_set():
            emit(Output(phase="run", stream="stdout", text="x"))
        return STOPPED

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        eight(run_one, emit, cancel)
    assert threading.active_count() == before


def test_one_that_says_much_waits_for_whoever_listens(cancel):
    """Nothing piles up: what was not passed on yet is bounded."""
    said, passed = [0], [0]

    def emit(event):
        passed[0] += 1
        assert said[0] - passed[0] < 600
        time.sleep(0.0001)

    def run_one(one, emit, cancel):
        for _ in range(1000):
            said[0] += 1
            emit(Output(phase="run", stream="stdout", text="x"))
        return PASSED

    eight(run_one, emit, cancel, jobs=1)

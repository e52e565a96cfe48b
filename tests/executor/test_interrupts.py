"""Ctrl-C is a value while a child runs, and itself again afterwards."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from autoexec_magic.errors import Cancelled
from autoexec_magic.executor.interrupts import Cancel, noted, wait_for

SECONDS = 20.0
ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
NOTED = (signal.SIGINT, *ENDING)


def readable(cancel: Cancel) -> bool:
    """Return whether whoever waits for a request wakes up."""
    return bool(select.select([cancel], [], [], 0)[0])


@pytest.fixture
def cancel():
    """Return a request that nobody made yet."""
    cancel = Cancel()
    yield cancel
    cancel.close()


@pytest.fixture
def handlers(monkeypatch):
    """Put the handlers back that the test changes."""
    before = {number: signal.getsignal(number) for number in NOTED}
    yield before
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_request_wakes_whoever_waits(cancel):
    """Once is a request, twice is an urgent one; nobody asking is neither."""
    assert (cancel.is_set(), cancel.is_urgent(), readable(cancel)) == (False, False, False)
    cancel.set()
    assert (cancel.is_set(), cancel.is_urgent(), readable(cancel)) == (True, False, True)
    cancel.set()
    assert (cancel.is_set(), cancel.is_urgent()) == (True, True)


def test_a_request_comes_from_any_thread(cancel):
    """The one who asks is hardly ever the one who waits."""
    threading.Timer(0.05, cancel.set).start()
    assert select.select([cancel], [], [], SECONDS)[0] == [cancel]
    assert cancel.is_set()


def test_asking_too_often_does_not_block(cancel):
    """A key that is held down fills the pipe, and nothing waits for that."""
    for _ in range(70_000):  # more than a pipe holds
        cancel.set()
    assert cancel.is_urgent()


def test_a_closed_request_does_no_harm():
    """Asking after the end is remembered and writes into nobody's file."""
    cancel = Cancel()
    number = cancel.fileno()
    cancel.close()
    cancel.close()
    reader, writer = os.pipe()  # they get the numbers that were set free
    assert number in (reader, writer)
    cancel.set()
    assert cancel.is_set()
    assert select.select([reader], [], [], 0)[0] == []
    cancel.close()
    os.write(writer, b"x")
    assert os.read(reader, 1) == b"x"
    os.close(reader)
    os.close(writer)


def test_a_forgotten_request_is_closed():
    """Its two descriptors do not outlive it."""
    cancel = Cancel()
    number = cancel.fileno()
    del cancel
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)


@pytest.mark.parametrize("number", NOTED, ids=lambda number: number.name)
def test_a_signal_is_a_request_while_the_block_runs(cancel, handlers, number):
    """The handler notes it and nothing is raised; afterwards the handler is the one it was."""
    late: list[int] = []
    signal.signal(number, lambda number, frame: late.append(number))
    mine = signal.getsignal(number)
    with noted(cancel):
        os.kill(os.getpid(), number)
        assert cancel.is_set()
        assert readable(cancel)
        assert late == []
    assert signal.getsignal(number) is mine


@pytest.mark.parametrize("number", ENDING, ids=lambda number: number.name)
def test_a_request_to_end_takes_effect_after_the_block(cancel, handlers, number):
    """Whoever handles it gets it once the run has been ended in order."""
    late: list[int] = []
    signal.signal(number, lambda number, frame: late.append(number))
    with noted(cancel):
        os.kill(os.getpid(), number)
        assert late == []
    assert late == [number]


def test_ctrl_c_was_heard_and_is_not_repeated(cancel, handlers):
    """The run ended because of it; a second interrupt would hit the clean-up."""
    late: list[int] = []
    signal.signal(signal.SIGINT, lambda number, frame: late.append(number))
    with noted(cancel):
        os.kill(os.getpid(), signal.SIGINT)
    assert late == []


def test_the_third_signal_is_an_interrupt(cancel, handlers):
    """Two ask, politely and urgently; whoever asks a third time wants out."""
    urgent: list[bool] = []
    with pytest.raises(KeyboardInterrupt), noted(cancel):  # noqa: PT012 - which one raises is the point
        while len(urgent) < 5:
            os.kill(os.getpid(), signal.SIGINT)
            urgent.append(cancel.is_urgent())
    assert urgent == [False, True]
    assert {number: signal.getsignal(number) for number in NOTED} == handlers


def test_where_nobody_may_insist_no_signal_raises(cancel, handlers):
    """What puts back what was live is not left because somebody leans on Ctrl-C."""
    with noted(cancel, insists=False):
        for _ in range(5):
            os.kill(os.getpid(), signal.SIGINT)
    assert cancel.is_urgent()


def test_a_signal_leaves_a_call_that_waits(cancel, handlers):
    """Where that was said to lose nothing; the call would go on for ever."""
    ours, theirs = socket.socketpair()
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with ours, theirs, noted(cancel):
        with pytest.raises(Cancelled, match="the call was stopped"), cancel.raised("the call"):
            ours.recv(1)
        os.kill(os.getpid(), signal.SIGINT)  # after it, it is a request again
    timer.join()
    assert cancel.is_urgent()


def test_a_second_signal_hits_no_clean_up(cancel, handlers):
    """What was left cleans up in peace."""
    with noted(cancel, insists=False):
        with pytest.raises(Cancelled), cancel.raised("the call"):  # noqa: PT012 - what comes after it is the point
            try:
                os.kill(os.getpid(), signal.SIGINT)
            finally:
                os.kill(os.getpid(), signal.SIGINT)
                cleaned = True
        assert cleaned


def test_a_part_that_must_be_whole_is_left_at_its_end(cancel, handlers):
    """A record that is half written would be told twice."""
    whole = []
    with noted(cancel), pytest.raises(Cancelled), cancel.raised("the call"):  # noqa: PT012
        with cancel.held():
            os.kill(os.getpid(), signal.SIGINT)
            whole.append("written")
        pytest.fail("it went on")
    assert whole == ["written"]


def test_who_looks_at_a_request_by_itself_is_not_left(cancel, handlers):
    """As the executor, which ends its child in order."""
    with noted(cancel), cancel.raised("the call"), noted(cancel):
        os.kill(os.getpid(), signal.SIGINT)
        assert cancel.is_set()


def test_such_blocks_may_lie_in_each_other(cancel, handlers):
    """The inner one's end is not the outer one's."""
    with noted(cancel), pytest.raises(Cancelled, match="outer"), cancel.raised("outer"):  # noqa: PT012
        with cancel.raised("inner"):
            pass
        os.kill(os.getpid(), signal.SIGINT)
        pytest.fail("it was not left")


@pytest.mark.parametrize("number", NOTED, ids=lambda number: number.name)
def test_an_ignored_signal_stays_ignored(cancel, handlers, number):
    """A process under nohup goes on when its terminal goes."""
    signal.signal(number, signal.SIG_IGN)
    with noted(cancel):
        assert signal.getsignal(number) is signal.SIG_IGN
        os.kill(os.getpid(), number)
    assert not cancel.is_set()
    assert signal.getsignal(number) is signal.SIG_IGN


def test_handlers_come_back_when_the_block_raises(cancel, handlers):
    """Whatever happens inside, Ctrl-C is itself again."""
    with pytest.raises(ValueError, match="x"), noted(cancel):
        raise ValueError("x")
    assert {number: signal.getsignal(number) for number in NOTED} == handlers


def test_blocks_may_lie_in_each_other(cancel, handlers):
    """The inner one is asked, and the outer one is in force again behind it."""
    inner = Cancel()
    with noted(cancel):
        outer_handler = signal.getsignal(signal.SIGINT)
        with noted(inner):
            os.kill(os.getpid(), signal.SIGINT)
        assert (inner.is_set(), cancel.is_set()) == (True, False)
        assert signal.getsignal(signal.SIGINT) is outer_handler
        os.kill(os.getpid(), signal.SIGINT)
    assert cancel.is_set()
    inner.close()


def test_another_thread_leaves_signals_alone(cancel, handlers):
    """Only the main thread may handle signals, and a run in another one is ended by its request."""
    seen: list[object] = []

    def work() -> None:
        with noted(cancel):
            seen.append({number: signal.getsignal(number) for number in NOTED})

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(SECONDS)
    assert seen == [handlers]


@pytest.mark.parametrize("number", ENDING, ids=lambda number: number.name)
def test_a_process_that_was_told_to_end_ends_after_its_clean_up(number):
    """Where nobody handles the signal, the process dies of it, in order."""
    code = textwrap.dedent(
        f"""
        import os, signal
        from autoexec_magic.executor.interrupts import Cancel, noted
        signal.signal({int(number)}, signal.SIG_DFL)
        with noted(Cancel()) as nothing:
            os.kill(os.getpid(), {int(number)})
            print("in the block", flush=True)
        print("never", flush=True)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert (done.returncode, done.stdout) == (-number, "in the block\n"), done.stderr


def test_a_wait_returns_what_it_finds():
    """As soon as there is something, be it false."""
    found = iter([None, None, ""])
    assert wait_for(lambda: next(found), timeout=10) == ""


@pytest.mark.parametrize("seconds", [0, 0.01, 0.12])
def test_a_wait_ends_in_time(seconds):
    """With None, not much later than it was told, and having looked at least once."""
    looks = []
    started = time.monotonic()
    assert wait_for(lambda: looks.append(1), timeout=seconds) is None
    assert looks
    assert time.monotonic() - started < seconds + 10


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_wait(number):
    """At once, and what handled the signal before handles it again."""
    before = signal.signal(number, lambda *_: None)
    timer = threading.Timer(0.1, os.kill, (os.getpid(), number))
    timer.start()
    started = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            wait_for(lambda: None, timeout=60)
        assert time.monotonic() - started < 5
    finally:
        timer.join()
        signal.signal(number, before)


def test_what_a_look_raises_comes_through():
    """And nothing stays open."""
    before = os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else []
    with pytest.raises(ZeroDivisionError):
        wait_for(lambda: 1 // 0, timeout=60)
    assert len(os.listdir("/proc/self/fd") if before else []) == len(before)


def test_an_interrupt_while_something_is_found_is_no_yes():
    """Yes was clicked, and then the cell was stopped: it is stopped."""

    def look() -> str:
        os.kill(os.getpid(), signal.SIGINT)
        return "yes"

    with pytest.raises(KeyboardInterrupt):
        wait_for(look, timeout=60)

"""A wait ends when its time is up, or as soon as somebody asks for it, by whichever way."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from autoexec_magic.errors import Cancelled
from autoexec_magic.executor.interrupts import Cancel, noted
from autoexec_magic.executor.stops import NEVER, Stop

LONG_SECONDS = 60.0  # nobody waits for it: the wait ends before, or the test has failed
SOON_SECONDS = 30.0


@pytest.fixture
def cancel():
    """Return a request that nobody made yet."""
    cancel = Cancel()
    yield cancel
    cancel.close()


def waited(stop):
    """Return after how many seconds a long wait was ended."""
    began = time.monotonic()
    with pytest.raises(Cancelled):
        stop.pause(LONG_SECONDS)
    return time.monotonic() - began


@pytest.mark.parametrize("has_cancel", [True, False])
def test_a_wait_that_nobody_ends_takes_its_time(cancel, has_cancel):
    """It is not shorter, though it looks up now and then."""
    began = time.monotonic()
    Stop(cancel=cancel if has_cancel else None).pause(0.5)
    assert time.monotonic() - began >= 0.5


def test_a_request_from_another_thread_ends_it(cancel):
    """That is how a signal or a button comes."""
    timer = threading.Timer(0.1, cancel.set)
    timer.start()
    assert waited(Stop(cancel=cancel)) < SOON_SECONDS
    timer.join()


@pytest.mark.parametrize("has_cancel", [True, False])
def test_a_request_from_outside_ends_it(cancel, has_cancel):
    """The panel cannot reach into this process; it is asked now and then."""
    asked = []
    stop = Stop(cancel=cancel if has_cancel else None, is_cancelled=lambda: asked.append(1) or len(asked) > 2)
    assert waited(stop) < SOON_SECONDS
    assert len(asked) == 3


@pytest.mark.parametrize("seconds", [0.0, -1.0, LONG_SECONDS])
def test_one_that_was_asked_for_before_is_not_begun(cancel, seconds):
    """Also a wait of no length tells that somebody asked."""
    cancel.set()
    with pytest.raises(Cancelled, match="the deploy was stopped"):
        Stop(cancel=cancel, what="the deploy").pause(seconds)


def test_a_wait_of_no_length_ends_at_once():
    """A pause that is already over is none."""
    NEVER.pause(0)
    NEVER.pause(-3)


def test_what_was_said_no_to_is_asked_again(cancel):
    """One look tells of now: it does not remember, and it does not use the request up."""
    stop = Stop(cancel=cancel)
    stop.look()
    cancel.set()
    for _ in range(2):
        with pytest.raises(Cancelled):
            stop.look()


def test_an_undo_is_stopped_by_nobody(cancel):
    """`NEVER` has no way by which anybody could ask."""
    cancel.set()
    NEVER.look()
    NEVER.pause(0.01)


def test_a_block_that_is_left_at_once_is_not_begun_after_a_request(cancel):
    """Who asked before it did so for good."""
    cancel.set()
    with (
        pytest.raises(Cancelled, match="the deploy was stopped"),
        Stop(cancel=cancel, what="the deploy").at_once(),
    ):
        pytest.fail("it was begun")


def test_a_signal_leaves_such_a_block(cancel):
    """In the midst of a wait that looks at nothing."""
    stop = Stop(cancel=cancel, what="the deploy")
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    began = time.monotonic()
    with noted(cancel), pytest.raises(Cancelled, match="the deploy was stopped"), stop.at_once():
        time.sleep(LONG_SECONDS)
    assert time.monotonic() - began < SOON_SECONDS
    timer.join()


def test_without_a_request_such_a_block_is_like_any_other():
    """Nobody can ask."""
    with NEVER.at_once():
        pass

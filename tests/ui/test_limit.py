"""A time limit for code in the main thread."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from autoexec_magic.ui import limit
from autoexec_magic.ui.limit import TimeLimit

LONG = 30.0


def test_a_sleep_is_interrupted():
    """The interrupt is a signal: it also ends a call that waits in C."""
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), TimeLimit(0.1) as clock:
        time.sleep(LONG)
    assert clock.has_expired
    assert time.monotonic() - started < LONG


def test_what_ends_in_time_is_not_interrupted():
    """No interrupt comes after the end, however long one waits."""
    with TimeLimit(0.05) as clock:
        pass
    time.sleep(0.2)
    assert not clock.has_expired


@pytest.mark.parametrize("seconds", [None, 0])
def test_no_limit_starts_no_thread(seconds):
    """None and 0 are no limit."""
    before = threading.active_count()
    with TimeLimit(seconds):
        assert threading.active_count() == before


def test_code_that_does_not_heed_the_interrupt_is_told_of(monkeypatch):
    """C code that never returns to Python cannot be stopped; somebody must say so."""
    monkeypatch.setattr(limit, "STUCK_SECONDS", 0.05)
    told = threading.Event()
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        with TimeLimit(0.05, on_stuck=told.set):
            assert told.wait(LONG)
    finally:
        signal.signal(signal.SIGINT, before)

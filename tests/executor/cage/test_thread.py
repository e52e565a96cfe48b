"""The thread that enters the cage: what it returns, raises, and leaves."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
import threading
import time

import pytest

from autoexec_magic.executor.cage import thread


def test_it_is_another_thread():
    """Both calls run on it, in order; it has ended afterwards."""
    seen = []
    found = thread.spawn(
        lambda: seen.append(threading.get_native_id()),
        lambda: seen.append(threading.get_native_id()) or "child",
    )
    assert found == "child"
    assert seen[0] == seen[1] != threading.get_native_id()


@pytest.mark.parametrize("where", ["enter", "start"])
def test_what_it_raises_is_raised_here(where):
    """And nothing is started by a thread that did not get in."""
    started = []

    def fails() -> None:
        raise PermissionError(where)

    with pytest.raises(PermissionError, match=where):
        thread.spawn(
            fails if where == "enter" else lambda: None,
            fails if where == "start" else lambda: started.append(1),
        )
    assert started == []


@pytest.mark.parametrize("collects", [True, False])
def test_no_finalizer_runs_in_the_cage(collects):
    """The garbage collector waits, and is as it was afterwards."""
    seen = []
    (gc.enable if collects else gc.disable)()
    try:
        thread.spawn(lambda: seen.append(gc.isenabled()), lambda: None)
        assert seen == [False]
        assert gc.isenabled() is collects
    finally:
        gc.enable()


def test_no_debugger_runs_in_the_cage():
    """A trace function for threads is not called."""
    seen = []
    threading.settrace(lambda *_: seen.append(1))
    try:
        thread.spawn(lambda: None, lambda: None)
    finally:
        threading.settrace(None)
    assert seen == []


def test_an_interrupt_leaves_no_child():
    """It is held back until the child is known, which is then killed."""
    children = []

    def start() -> subprocess.Popen[bytes]:
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        children.append(child)
        signal.raise_signal(signal.SIGINT)
        time.sleep(0.1)
        return child

    with pytest.raises(KeyboardInterrupt):
        thread.spawn(lambda: None, start)
    assert children[0].returncode == -signal.SIGKILL
    children[0].stdin.close()


def test_no_finalizer_runs_while_any_is_in_the_cage():
    """Of two that overlap, the one that leaves first does not let the collector loose on the other."""
    inside, leave = threading.Event(), threading.Event()
    seen = []

    def waits() -> None:
        inside.set()
        leave.wait(10)
        seen.append(gc.isenabled())

    first = threading.Thread(target=lambda: thread.spawn(waits, lambda: None))
    first.start()
    inside.wait(10)
    thread.spawn(lambda: None, lambda: None)
    leave.set()
    first.join()
    assert seen == [False]
    assert gc.isenabled()

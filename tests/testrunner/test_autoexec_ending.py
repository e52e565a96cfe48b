"""SIGTERM tears the tests down as Ctrl-C does; a fork of theirs it ends at once, whenever it comes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import suites

from autoexec_magic.testrunner.inside import BEGIN

FORKS = """
    import os, signal, threading, time

    def ended(child, seconds=5.0):
        last = time.monotonic() + seconds
        while time.monotonic() < last:
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                return status
            time.sleep(0.001)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return "lives"

    def test_handler():
        child = os.fork()
        if not child:
            os._exit(signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL)
        assert ended(child) == 0
    def test_mask():
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        child = os.fork()
        if not child:
            os._exit(signal.pthread_sigmask(signal.SIG_BLOCK, ()) != before)
        assert ended(child) == 0
        assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before
    def test_while_it_forks():
        for _ in range(200):
            child = os.fork()
            if not child:
                lock = threading.Lock()
                lock.acquire()
                lock.acquire()
            os.kill(child, signal.SIGTERM)
            assert ended(child) == signal.SIGTERM
    def test_own_handler():
        before = signal.signal(signal.SIGTERM, print)
        child = os.fork()
        if not child:
            os._exit(signal.getsignal(signal.SIGTERM) is not print)
        assert ended(child) == 0
        signal.signal(signal.SIGTERM, before)
    def test_in_a_thread():
        found = []
        def fork():
            child = os.fork()
            if not child:
                os._exit(signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL)
            found.append(ended(child))
        thread = threading.Thread(target=fork)
        thread.start()
        thread.join()
        assert found == [0]
    """


@pytest.mark.parametrize("more", [(), ("-n", "1")], ids=["alone", "in a worker"])
def test_a_fork_ends_at_once(tmp_path: Path, more: tuple[str, ...]) -> None:
    """A fork is ended by SIGTERM as ever, also by one that comes before it has run a line."""
    ran = suites.go(tmp_path, {"test_fork.py": FORKS}, *more)
    assert {key: word for key, word in ran.verdicts.items() if word != "passed"} == {}
    assert len(ran.verdicts) == 5


ALONE = """
import os, runpy, signal, sys
end_as_interrupted = runpy.run_path(sys.argv[1])["end_as_interrupted"]
signal.signal(signal.SIGTERM, signal.SIG_IGN)
end_as_interrupted()
assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
signal.signal(signal.SIGTERM, signal.SIG_DFL)
end_as_interrupted()
try:
    os.kill(os.getpid(), signal.SIGTERM)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_it_takes_sigterm_for_an_interrupt_where_nobody_else_does() -> None:
    """And leaves the handler of whoever was there first."""
    argv = (sys.executable, "-c", ALONE, BEGIN.parent / "own" / "autoexec_ending.py")
    assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout == "interrupted\n"

"""The mark of a run stays on what comes from it."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from autoexec_magic.executor import cage, mark
from autoexec_magic.executor.cage import CageRequest

RUN, OUTER = "0192d3a0-0000-7000-8000-000000000001", "0192d3a0-0000-7000-8000-000000000002"
# Waits for a line, so that the mark is there; then forks, leaves, and starts a program with no environment.
DAEMON = """
import os, sys
sys.stdin.readline()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execve("/bin/sh", ["sh", "-c", "echo $$; exec sleep 30"], {})
    os._exit(0)
os.wait()
"""
LOWER = f"""
import resource, sys
sys.stdin.readline()
try:
    resource.setrlimit({mark.LOCKS}, (5, 5))
except (OSError, ValueError) as error:
    print(type(error).__name__, end=" ")
print(*resource.getrlimit({mark.LOCKS}))
"""

pytestmark = pytest.mark.skipif(not mark.HAS_LIMITS, reason="prlimit is Linux's | provide: Linux")


def start(code: str) -> subprocess.Popen[str]:
    """Start Python that waits for a line."""
    argv = [sys.executable, "-I", "-S", "-c", code]
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def first_number(child: subprocess.Popen[str]) -> int:
    """Give the child its line and return the number that it says."""
    child.stdin.write("go\n")
    child.stdin.flush()
    number = int(child.stdout.readline())
    child.wait()
    return number


def said_by(code: str) -> list[str]:
    """Return the words that Python says which limits itself: it could not take that back."""
    begin = "import os, resource, subprocess, sys\nfrom autoexec_magic.executor import mark\n"
    begin += f"RUN, OUTER = {RUN!r}, {OUTER!r}\n"
    done = subprocess.run([sys.executable, "-c", begin + code], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_daemon_without_environment_bears_the_mark():
    """Neither fork nor a session nor a new program nor an empty environment takes it off."""
    with start(DAEMON) as child:
        mark.put(child.pid, RUN)
        daemon = first_number(child)
    try:
        assert Path(f"/proc/{daemon}/environ").read_bytes().count(b"AUTOEXEC") == 0
        assert mark.is_on(daemon, RUN)
        assert not mark.is_on(daemon, OUTER)
        assert mark.is_on_any(daemon)
    finally:
        os.kill(daemon, signal.SIGKILL)


def test_what_was_started_before_the_mark_bears_it_too():
    """A program may fork sooner than anybody gets to it."""
    code = "import os, signal, sys\nif os.fork() == 0: signal.pause()\nprint(1, flush=True); signal.pause()"
    with start(code) as child:
        child.stdout.readline()
        mark.put(child.pid, RUN)
        (forked,) = map(int, Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split())
        try:
            assert mark.is_on(forked, RUN)
        finally:
            os.kill(forked, signal.SIGKILL)
            child.kill()


def test_what_is_started_while_the_mark_is_worn_bears_it_from_its_first_moment():
    """Nothing else of this process does: neither it itself nor what another thread starts meanwhile."""
    before, others = resource.getrlimit(mark.LOCKS), []

    def start_another() -> None:
        others.append(start("input()"))

    with mark.worn(RUN) as bears:
        thread = threading.Thread(target=start_another)
        thread.start()
        thread.join()
        other = others[0]
        child = start("input()")
        bears(child.pid)
    try:
        assert mark.is_on(child.pid, RUN)
        assert mark.is_on_any(child.pid)
        assert not mark.is_on(other.pid, RUN)
        assert resource.prlimit(other.pid, mark.LOCKS) == before
        assert resource.getrlimit(mark.LOCKS) == before
    finally:
        for each in (child, other):
            each.communicate("go\n")


TOGETHER = """
import os, subprocess, sys
from autoexec_magic.executor import mark
if sys.argv[1] == "inside":
    mark.put(os.getpid(), "outer")
first = subprocess.Popen(["/bin/sleep", "30"])
mark.put(first.pid, "together")
with mark.worn("together"):
    pass
print(mark.is_on(first.pid, "together"))
first.kill()
"""


@pytest.mark.parametrize("where", ["inside", "outermost"])
def test_two_parts_of_one_run_that_start_at_once_keep_their_mark(where):
    """What another thread starts loses the mark again, but not where it is the same run's."""
    done = subprocess.run([sys.executable, "-c", TOGETHER, where], capture_output=True, text=True)
    assert done.stdout == "True\n", done.stderr


def test_inside_a_run_the_mark_is_worn_beside_the_outer_one():
    """The hard limit is the outer run's; and who wears a mark for a moment is of no run for that."""
    code = """
with mark.worn(RUN): print(mark.is_on_any(os.getpid()))
mark.put(os.getpid(), OUTER)
with mark.worn(RUN) as bears:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    bears(child.pid)
print(mark.is_on(child.pid, OUTER), mark.is_on(child.pid, RUN), mark.is_on(os.getpid(), RUN))
child.communicate(b"go")
"""
    assert said_by(code) == ["False", "True", "True", "False"]


def test_a_fault_takes_the_mark_off_again():
    """Whatever was raised."""
    before = resource.getrlimit(mark.LOCKS)
    with pytest.raises(RuntimeError), mark.worn(RUN):
        raise RuntimeError
    assert resource.getrlimit(mark.LOCKS) == before


def test_who_bears_no_mark_is_of_no_run():
    """Neither this process nor one that is gone."""
    assert not mark.is_on(os.getpid(), RUN)
    assert not mark.is_on(2**22 - 1, RUN)
    mark.put(2**22 - 1, RUN)


def test_a_run_inside_a_run_bears_both_marks():
    """The outer one finds all of it, the inner one its own."""
    code = """
mark.put(os.getpid(), OUTER)
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
print(mark.is_on(child.pid, OUTER), mark.is_on(child.pid, RUN))
mark.put(child.pid, RUN)
print(mark.is_on(child.pid, OUTER), mark.is_on(child.pid, RUN), mark.is_on_any(child.pid))
child.communicate(b"go")
"""
    assert said_by(code) == ["True", "False", "True", "True", "True"]


def test_a_limit_that_somebody_set_is_left_as_it_is():
    """With no room for a number, all runs would bear the same one."""
    code = f"""
resource.setrlimit({mark.LOCKS}, (100, 100))
mark.put(os.getpid(), RUN)
print(*resource.getrlimit({mark.LOCKS}), mark.is_on(os.getpid(), RUN), mark.is_on_any(os.getpid()))
"""
    assert said_by(code) == ["100", "100", "False", "False"]


def test_a_program_of_somebody_else_is_read_from_its_file():
    """`prlimit` refuses, the file is anybody's to read."""
    with start("input()") as child:
        mark.put(child.pid, RUN)
        assert mark._read_limits(child.pid) == resource.prlimit(child.pid, mark.LOCKS)
        child.kill()
    assert mark._read_limits(2**22 - 1) == ()


@pytest.mark.parametrize("level", ["workspace", "sealed", "open"])
def test_a_cage_does_not_let_the_mark_be_taken_off(tmp_path, level):
    """It may be read (`ulimit -a`); without a cage, only what is done on purpose takes it off."""
    with cage.build(CageRequest(level=level, workspace=tmp_path)) as built:
        argv = built.argv([sys.executable, "-I", "-S", "-c", LOWER])

        def spawn() -> subprocess.Popen[str]:
            pipe = subprocess.PIPE
            return subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True, pass_fds=built.pass_fds)

        child = built.spawn(spawn)
        mark.put(child.pid, RUN)
        said = child.communicate("go\n", timeout=30)[0].split()
    wanted = [str(number) for number in (mark._numbers(RUN)[1],) * 2]
    # Python says ValueError where the system says EPERM.
    assert said == (["5", "5"] if level == "open" else ["ValueError", *wanted])

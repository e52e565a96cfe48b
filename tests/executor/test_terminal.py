"""Programs that want a terminal get one: in every cage, with an end to what they can read."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexec_magic import executor
from autoexec_magic.errors import AutoexecError, CageError, MissingTool, UsageError
from autoexec_magic.executor.identity import HAS_PROC, identify, is_alive
from autoexec_magic.executor.process import Request, Stage, stream
from autoexec_magic.executor.redirected import File
from autoexec_magic.executor.terminal import Size, environment
from autoexec_magic.history import new_id
from autoexec_magic.values import Outcome

LEVELS = ("open", "workspace", "sealed")
SECONDS = 20.0
READ_ALL = """
import os, sys
while data := os.read(0, 65536):
    sys.stdout.buffer.write(data.hex().encode() + b' ')
"""


def python(code: str, *files: File) -> Stage:
    """Return a stage that runs Python."""
    env = {"PATH": os.defpath, "HOME": "/nowhere"}
    return Stage(argv=(sys.executable, "-S", "-c", code), env=env, files=files)


def run(*stages: Stage, cwd: Path, **options: object) -> tuple[Outcome, dict[str, str]]:
    """Run a pipeline at a terminal; return how it ended and all that was seen of each stream."""
    seen = {"stdout": "", "stderr": ""}
    options = {"pty": Size(), "timeout": SECONDS, "grace": 0.2, "run_id": new_id(), **options}
    cancel = options.pop("cancel", None)

    def take(name: str, text: str) -> None:
        seen[name] += text

    request = Request(stages=stages, cwd=cwd, **options)
    outcome = stream(request, on_text=take, on_cut=lambda name, cut: None, cancel=cancel)
    return outcome, seen


def is_gone(pid: int) -> bool:
    """Whether a process has ended; that its parent did not take note of it yet is not ours to change."""
    found = identify(pid)
    return found is None or not is_alive(found)


def in_cage(level: str, code: str, cwd: Path, **options: object) -> Outcome:
    """Run Python code at a terminal in a cage of `level`."""
    argv = [sys.executable, "-S", "-c", code]
    options = {"pty": True, "timeout": SECONDS, **options}
    try:
        return executor.run(
            argv,
            emit=lambda event: None,
            cwd=cwd,
            level=level,
            policy=executor.policy.exactly(sys.executable),
            **options,
        )
    except CageError as error:
        pytest.skip(f"no cage {level} here: {error.why} | provide: {error.fix}")


@pytest.mark.parametrize("level", LEVELS)
def test_all_streams_are_one_terminal_which_controls(tmp_path, level):
    """In every cage: of the size that was said, in the foreground, to be opened as /dev/tty."""
    code = """
import os, sys
print([os.isatty(number) for number in range(3)], tuple(os.get_terminal_size()))
print(os.tcgetpgrp(0) == os.getpgrp(), os.environ["TERM"] != "dumb", flush=True)
open("/dev/tty", "w").write("to the terminal\\n")
os.write(2, b"complaint\\n")
"""
    outcome = in_cage(level, code, tmp_path, pty=(101, 33))
    assert outcome.stdout == "[True, True, True] (101, 33)\nTrue True\nto the terminal\ncomplaint\n"
    assert outcome.stderr == ""


@pytest.mark.parametrize("level", LEVELS)
def test_who_reads_finds_the_end_of_file_each_time(tmp_path, level):
    """Also who asks again after the first end, as a prompt does that insists."""
    code = "import sys\nfor _ in range(3): print(repr(sys.stdin.readline()))"
    outcome = in_cage(level, code, tmp_path)
    assert (outcome.ended, outcome.stdout) == ("exited", "''\n" * 3)


def test_single_keys_get_the_end_once(tmp_path):
    """A program that switched the terminal over gets Ctrl-D, and does not wait for ever."""
    outcome, _ = run(python("import os, tty; tty.setraw(0); print(os.read(0, 1))"), cwd=tmp_path)
    assert (outcome.ended, outcome.stdout) == ("exited", "b'\\x04'\n")


@settings(max_examples=25, deadline=None)
@given(
    data=st.lists(
        st.one_of(
            st.binary(max_size=40), st.just(b"\n"), st.just(b"x" * 5000), st.just(bytes(range(256)) * 3)
        ),
        max_size=8,
    ).map(b"".join)
)
def test_what_is_given_is_read_byte_for_byte(tmp_path_factory, data):
    """No key is taken for a command, no line is cut, nothing is echoed, and then comes the end."""
    outcome, seen = run(python(READ_ALL), cwd=tmp_path_factory.getbasetemp(), stdin=data, timeout=SECONDS)
    assert outcome.ended == "exited"
    assert bytes.fromhex(seen["stdout"]) == data


def test_much_is_given(tmp_path):
    """More than a terminal holds, to a reader that comes late."""
    code = "import sys, time; time.sleep(0.3); print(sum(len(line) for line in sys.stdin.buffer))"
    outcome, _ = run(python(code), cwd=tmp_path, stdin=b"0123456789abcde\n" * 40_000)
    assert outcome.stdout == "640000\n"


def test_a_program_that_does_not_read_is_not_held_up(tmp_path):
    """What nobody reads is thrown away when it ends."""
    outcome, _ = run(python("print('done')"), cwd=tmp_path, stdin=b"line\n" * 100_000)
    assert (outcome.returncode, outcome.stdout) == (0, "done\n")


def test_line_ends_are_as_they_were_written(tmp_path):
    """No carriage return is added."""
    outcome, _ = run(python("print('a'); print('b')"), cwd=tmp_path)
    assert outcome.stdout == "a\nb\n"


def test_the_output_before_the_end_is_all_there(tmp_path):
    """A terminal's end is an error (EIO), not the end of a file: nothing before it may be lost."""
    outcome, seen = run(python("import sys; sys.stdout.write('0123456789\\n' * 50_000)"), cwd=tmp_path)
    assert seen["stdout"] == "0123456789\n" * 50_000
    assert outcome.returncode == 0


def test_a_child_that_closes_its_streams_lives_on(tmp_path):
    """Its exit code is still its own."""
    code = "import os, time, sys\nfor n in range(3): os.close(n)\ntime.sleep(0.3); os._exit(7)"
    outcome, _ = run(python(code), cwd=tmp_path)
    assert (outcome.ended, outcome.returncode) == ("exited", 7)


def test_a_process_left_behind_does_not_hold_the_run(tmp_path):
    """One that keeps the terminal open is ended with the run."""
    code = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.signal(1, 1); signal.pause()"])
print(child.pid)
"""
    outcome, _ = run(python(code), cwd=tmp_path)
    assert outcome.ended == "exited"
    assert is_gone(int(outcome.stdout))


STUBBORN = "import signal, os, time; signal.signal(15, 1); signal.signal(1, 1); print(os.getpid(), flush=1)\n"


@pytest.mark.parametrize("how", ["limit", "cancel"])
def test_it_ends_as_with_pipes(tmp_path, how):
    """TERM, a grace, KILL."""
    cancel = executor.Cancel()
    if how == "cancel":
        threading.Timer(0.5, cancel.set).start()
    limit = 0.5 if how == "limit" else SECONDS
    outcome, _ = run(python(STUBBORN + "time.sleep(60)"), cwd=tmp_path, timeout=limit, cancel=cancel)
    cancel.close()
    assert outcome.ended == {"limit": "timed-out", "cancel": "cancelled"}[how]
    assert outcome.returncode == -signal.SIGKILL
    assert is_gone(int(outcome.stdout))


def test_signals_are_the_programs_own(tmp_path):
    """What stands between the spawn and the program leaves none ignored, and sets no variable."""
    outcome, _ = run(
        Stage(argv=("/bin/sh", "-c", "kill -PIPE $$; echo ignored"), env={"PATH": os.defpath}), cwd=tmp_path
    )
    assert (outcome.returncode, outcome.stdout) == (-signal.SIGPIPE, "")
    outcome, _ = run(Stage(argv=("/usr/bin/env",), env={"A": "1", "COLUMNS": "200"}), cwd=tmp_path)
    names = {line.partition("=")[0] for line in outcome.stdout.splitlines()}
    assert names == {"A", "TERM", "PAGER", "GIT_PAGER"}
    outcome, _ = run(Stage(argv=("/usr/bin/env",), env={"LC_CTYPE": "C"}), cwd=tmp_path)
    assert "LC_CTYPE=C\n" in outcome.stdout


def test_no_descriptor_of_ours_is_in_the_child(tmp_path):
    """It has its three streams, and what lists them."""
    if not HAS_PROC:
        pytest.skip("there is no /proc | provide: Linux")
    outcome, _ = run(python("import os; print(sorted(map(int, os.listdir('/proc/self/fd'))))"), cwd=tmp_path)
    assert outcome.stdout == "[0, 1, 2, 3]\n"


def test_nothing_stays_open(tmp_path):
    """Neither end of the terminal, nor of any pipe."""
    if not HAS_PROC:
        pytest.skip("there is no /proc | provide: Linux")
    before = len(os.listdir("/proc/self/fd"))
    run(python("print(1)"), cwd=tmp_path)
    with pytest.raises(MissingTool):
        run(Stage(argv=("/nosuch/program",), env={}), cwd=tmp_path)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_program_that_cannot_be_started_is_told_as_ever(tmp_path):
    """Though it is another process that tries."""
    script = tmp_path / "script"
    script.write_text("#!/nosuch/interpreter\n")
    with pytest.raises(AutoexecError, match="cannot start"):
        run(Stage(argv=(str(script),), env={}), cwd=tmp_path)
    script.chmod(0o755)
    with pytest.raises(MissingTool, match="cannot start"):
        run(Stage(argv=(str(script),), env={}), cwd=tmp_path)


WHO = "import os; os.write(1, str([os.isatty(number) for number in range(3)]).encode())"


def test_only_the_last_of_a_pipeline_writes_to_it(tmp_path):
    """It reads the pipe; what the others complain of is the stream of errors."""
    first = "import os; os.write(2, str([os.isatty(number) for number in range(3)]).encode())"
    _, seen = run(python(first), python(WHO), cwd=tmp_path)
    assert seen == {"stdout": "[False, True, True]", "stderr": "[False, False, False]"}


def test_a_file_takes_the_place_of_the_terminal(tmp_path):
    """As it does of a pipe: for what is written, and for what is read."""
    write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    run(python(WHO, File(stream=1, path="out", flags=write)), cwd=tmp_path)
    assert (tmp_path / "out").read_text() == "[True, False, True]"
    _, seen = run(python(WHO), cwd=tmp_path, stdin=tmp_path / "out")
    assert seen["stdout"] == "[False, True, True]"


@pytest.mark.skipif(not HAS_PROC, reason="the end of such a one is found in /proc | provide: Linux")
def test_the_last_of_a_pipeline_ends_with_it(tmp_path):
    """It is a group of its own, and may have thrown away the variable by which it could be found."""
    code = (
        f"import os, sys; os.execve(sys.executable, ['python', '-c', {STUBBORN + 'time.sleep(60)'!r}], {{}})"
    )
    outcome, seen = run(python("import time; time.sleep(60)"), python(code), cwd=tmp_path, timeout=1.0)
    assert outcome.ended == "timed-out"
    assert is_gone(int(seen["stdout"]))


def test_a_line_can_have_it(tmp_path):
    """`run_line` hands the wish on."""
    (tmp_path / "who.py").write_text(WHO)
    seen = []
    outcome = executor.run_line(
        f"{sys.executable} who.py",
        emit=seen.append,
        workspace=tmp_path,
        cwd=tmp_path,
        pty=True,
        ask=lambda question: True,
    )
    assert outcome.stdout == "[True, True, True]"


@pytest.mark.parametrize("size", [(0, 24), (80, 0), (70_000, 24)])
def test_a_size_that_cannot_be_is_refused(tmp_path, size):
    """Before anything is started."""
    with pytest.raises(UsageError, match="cannot be"):
        in_cage("open", "", tmp_path, pty=size)


def test_the_environment_is_that_of_a_terminal():
    """A kind that is known stays, what names none does not; nothing pages unless somebody said so."""
    assert environment({"TERM": "screen", "LINES": "3"}) == {
        "TERM": "screen",
        "PAGER": "cat",
        "GIT_PAGER": "cat",
    }
    assert environment({"TERM": "dumb", "PAGER": "less"})["TERM"] == "xterm-256color"
    assert environment({"PAGER": "less"})["PAGER"] == "less"

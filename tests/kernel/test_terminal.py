"""IPython in a terminal: the same magics, in plain text, from a shell without a kernel."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from harness import HANG_SECONDS, LOAD, POLL_SECONDS, environment_in, is_asleep

from autoexec_magic.history import Store
from autoexec_magic.values import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

IPYTHON = (
    sys.executable,
    "-u",
    "-m",
    "IPython",
    "--simple-prompt",
    "--no-banner",
    "--colors=NoColor",
    "--no-confirm-exit",
)
SECONDS = 20.0


@dataclass
class Terminal:
    """What a session of IPython said, and the runs that it left on record."""

    text: str
    errors: str
    store: Store

    def after(self, number: int) -> str:
        """Return what followed the prompt `In [number]:`, up to the next prompt."""
        return self.text.partition(f"In [{number}]: ")[2].partition("\nIn [")[0].strip("\n")


def store_in(folder: Path) -> Store:
    """Return the store of a session in `folder`."""
    return Store(folder / "data", lambda pid, start: True)


def typed(folder: Path, *lines: str) -> Terminal:
    """Type lines into IPython, which reads them from a pipe, and return what it said."""
    done = subprocess.run(
        IPYTHON,
        input="\n".join((LOAD, *lines, "")),
        text=True,
        capture_output=True,
        cwd=folder,
        env=environment_in(folder),
        timeout=HANG_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Terminal(text=done.stdout, errors=done.stderr, store=store_in(folder))


def cell(code: str) -> str:
    """Return the line that runs `code` as a cell and shows nothing of its own."""
    return f"_ = get_ipython().run_cell({code!r})"


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """Return one session for all tests that only look: a second to start is a second."""
    return typed(
        tmp_path_factory.mktemp("terminal"),
        "_ = %autoexec sh echo hello",  # In [2]
        cell("%%autoexec\nprint('from a cell')\n6 * 7"),  # 3
        cell("%%autoexec\ntotal = 1\nprint(totl)"),  # 4
        "%autoexec sh false",  # 5
        "%autoexec sh ./tool",  # 6
        cell("%%autoexec\nimport asyncio\nawait asyncio.sleep(0.001)\nprint('woke')"),  # 7
        cell("%%autoexec --timeout 0.3\nimport time\ntime.sleep(60)"),  # 8
        "%autoexec sh --json echo hello",  # 9
        "%autoexec runs --limit 1",  # 10
        "%autoexec sh echo once more",  # 11
        "%unload_ext autoexec_magic",  # 12
        "%autoexec runs",  # 13
        LOAD,  # 14
        cell("%%autoexec\nimport json\njson.loads('{')"),  # 15
        "%tb",  # 16
        cell("import json\njson.loads('{')"),  # 17
    )


def test_a_command_is_plain_text(session: Terminal):
    """The program's own line, and one of ours; neither a widget nor markup."""
    hello, ours = session.after(2).splitlines()
    assert hello == "hello"
    assert ours.startswith("✓ passed · sh · ")
    assert "HTML" not in session.text
    assert "<div" not in session.text


def test_a_marked_cell_is_an_ordinary_cell(session: Terminal):
    """It prints, shows its result, and is on record."""
    assert session.after(3).splitlines() == ["from a cell", "Out[3]: 42"]
    run = next(run for run in session.store.runs() if run.title == "print('from a cell')")
    assert (run.verdict, run.notebook, run.cage) == (Verdict.PASSED, "", "none")


def test_a_failed_cell_has_its_traceback_and_why(session: Terminal):
    """As in a notebook: the user's lines, and what to do."""
    assert "NameError: name 'totl' is not defined" in session.after(4)
    assert "print(totl)" in session.after(4)
    assert "autoexec_magic/" not in session.after(4)
    assert session.errors.splitlines()[0].startswith("autoexec: name-not-defined at ")


def test_a_marked_cells_traceback_is_folded(session: Terminal):
    """The user's frames, a line for the library's; `%tb` has all, and so has a plain cell."""
    assert "… 3 frames in json; %tb shows all" in session.after(15)
    assert "decoder.py" not in session.after(15)
    assert "decoder.py" in session.after(16)
    assert "decoder.py" in session.after(17)
    assert "<" not in session.errors.partition("invalid-json")[2].partition("\n")[0]


def test_an_error_is_our_own_lines(session: Terminal):
    """No stack in a terminal, either."""
    first, *lines = session.after(5).splitlines()
    assert first.startswith("✗ failed · sh · ")
    assert lines[0] == "phase-failed: false ended with exit code 1"
    assert all(line.startswith(("  because: ", "  fix: ")) for line in lines[1:])


def test_what_would_be_asked_names_the_command(session: Terminal):
    """A pipe is nobody who could answer; here the program is not even there."""
    assert "missing-tool: there is no program ./tool" in session.after(6)


def test_await_works(session: Terminal):
    """A terminal runs its own loop for such a cell."""
    assert session.after(7) == "woke"


def test_a_limit_ends_a_cell(session: Terminal):
    """The error is the limit, in our lines."""
    assert session.after(8).splitlines()[0].startswith("timeout: the cell was ended after 0.3 s")
    assert "Traceback" not in session.after(8)


def test_json_is_one_line(session: Terminal):
    """And the list of runs knows it."""
    assert session.after(9).splitlines()[0].startswith('{"kind": "Result", "verb": "sh", "verdict": "passed"')
    assert "passed" in session.after(10)
    assert "echo hello" in session.after(10)


def test_a_verb_leaves_no_empty_result(session: Terminal):
    """A line that has said all shows no bare `Out[…]:` below it, with nothing behind it."""
    assert session.after(11).startswith("once more\n✓ passed")
    assert not re.search(r"Out\[\d+\]:\s*$", session.after(11))


def test_unloading_takes_the_magic_away(session: Terminal):
    """As in a notebook."""
    assert session.after(12) == ""
    assert "`%autoexec` not found" in session.after(13) + session.errors


def test_nobody_is_asked_through_a_pipe(tmp_path):
    """Without a terminal on stdin, the verdict is asked, and the line that says yes is named."""
    (tmp_path / "tool").write_text("#!/bin/sh\necho the tool ran\n")
    (tmp_path / "tool").chmod(0o755)
    said = typed(tmp_path, "%autoexec sh ./tool", "y", "%autoexec sh --yes ./tool")
    assert "asked: run ./tool" in said.after(2)
    assert "  fix: %autoexec sh --yes ./tool" in said.after(2)
    assert "the tool ran" not in said.after(2)
    assert "the tool ran" in said.text
    assert [run.verdict for run in said.store.runs()] == [Verdict.PASSED, Verdict.ASKED]


def test_the_session_s_own_lines_are_guarded(tmp_path):
    """`!` runs on the record instead of on the terminal; `off` gives the terminal back."""
    said = typed(
        tmp_path,
        "%autoexec on --only guard",  # 2
        "!echo hello",  # 3
        "x = !echo kept",  # 4
        "x",  # 5
        "!touch /etc/autoexec-canary",  # 6
        "!python -c 'print(input())' || echo no input",  # 7
        "!false",  # 8
        "_exit_code",  # 9
        cell("%%bash\necho from bash\n"),  # 10
        "%autoexec off",  # 11
        "!echo plain",  # 12
    )
    assert said.after(2).startswith("on: under the policy, and a failure ends the cell: ! !! ")
    assert said.after(3).startswith("hello\n✓ passed · sh · ")
    assert said.after(5) == "Out[5]: ['kept']"
    assert "policy-refused: refused: touch /etc/autoexec-canary" in said.after(6)
    assert "no input" in said.after(7)
    assert "phase-failed: false ended with exit code 1" in said.after(8)
    assert said.after(9) == "Out[9]: 1"
    assert said.after(10).startswith("from bash\n✓ passed")
    assert said.after(11) == "off: the notebook is as it was"
    assert "✓" not in said.after(12)
    assert len(said.store.ids()) == 6


@pytest.mark.parametrize("body", ["asyncio.sleep(60)", "asyncio.Event().wait()"], ids=["asleep", "for ever"])
def test_a_limit_ends_a_cell_that_awaits(tmp_path, body):
    """It is told as the limit, and the session is as before: tracebacks are shown, nothing is recorded."""
    said = typed(
        tmp_path,
        "import asyncio",
        cell(f"%%autoexec --timeout 0.3\nawait {body}"),  # 3
        "1 / 0",  # 4
        "print('not on record')",  # 5
    )
    assert said.after(3).startswith("timeout: the cell was ended after ")
    assert "ZeroDivisionError: division by zero" in said.after(4)
    assert said.after(5) == "not on record"
    (run,) = said.store.runs()
    assert run.verdict == Verdict.TIMED_OUT
    recorded = [item.event for item in said.store.read(run.run_id)]
    assert type(recorded[-1]).__name__ == "RunFinished"
    assert "not on record" not in str(recorded)


@pytest.fixture
def alarm() -> Iterator[list[subprocess.Popen[str]]]:
    """Return a list whose processes are killed when they take too long, or are left."""
    processes: list[subprocess.Popen[str]] = []
    timer = threading.Timer(SECONDS, lambda: [process.kill() for process in processes])
    timer.start()
    yield processes
    timer.cancel()
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("%%autoexec\nprint('up')\ntime.sleep(60)", id="asleep"),
        pytest.param("%%autoexec\nprint('up')\nawait asyncio.sleep(60)", id="awaits"),
        pytest.param(
            "%%autoexec --timeout 60\nprint('up')\nawait asyncio.sleep(60)", id="awaits with a limit"
        ),
        pytest.param("%%autoexec\nprint('up')\n%autoexec sh sleep 60", id="a command"),
        pytest.param("%%autoexec\n%autoexec on --only guard\nprint('up')\n!sleep 60", id="a guarded line"),
    ],
)
def test_ctrl_c_ends_a_cell(tmp_path, alarm, code):
    """The run is cancelled, the next traceback is shown, and what follows is not on its record."""
    process = subprocess.Popen(
        IPYTHON,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=tmp_path,
        env=environment_in(tmp_path),
    )
    alarm.append(process)
    process.stdin.write("\n".join((LOAD, "import asyncio, time", cell(code), "")))
    process.stdin.flush()
    while "up" not in (line := process.stdout.readline()):
        assert line, "IPython is gone"
    store = store_in(tmp_path)
    while not is_asleep(process.pid):
        time.sleep(POLL_SECONDS)
    process.send_signal(signal.SIGINT)
    text, _ = process.communicate("\n".join(("print('next')", "1 / 0", "")))
    assert process.returncode == 0
    assert "next" in text
    assert "ZeroDivisionError: division by zero" in text
    run = next(run for run in store.runs() if run.verb == "cell")
    assert run.verdict == Verdict.CANCELLED
    assert "next" not in str([item.event for item in store.read(run.run_id)])

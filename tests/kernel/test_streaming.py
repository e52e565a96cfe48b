"""Lines appear while the program runs: each is seen before the program goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness import Kernel

# Says a line, and goes on when somebody has seen it and made the file.
WAITING = """
import pathlib, sys, time

def say(text, number, stream=sys.stdout):
    stream.write(text)
    stream.flush()
    limit = time.monotonic() + 60
    while not pathlib.Path(f"seen-{number}").exists() and time.monotonic() < limit:
        time.sleep(0.005)
"""
SPEECH = """
say("first line\\n", 1)
say("second line\\n", 2, sys.stderr)
say("half a", 3)
say(" line\\n", 4)
print("last line")
"""
PIECES = ["first line\n", "second line\n", "half a", " line\n"]


@pytest.fixture(autouse=True)
def fresh(kernel: Kernel):
    """Take away what the test before has seen."""
    for path in kernel.cwd.iterdir():
        path.unlink()


@pytest.mark.parametrize(
    "how",
    ["sh", "script", "script with a limit", "marked cell", "inside a marked cell", "inside an async cell"],
)
def test_each_line_is_seen_before_the_next_one_is_written(kernel: Kernel, how):
    """The child waits for the reader, piece by piece: nothing is held back until the end."""
    kernel.write("speak.py", WAITING + SPEECH)
    code = {
        "sh": "%autoexec sh python speak.py",
        "script": f"%%autoexec script\n{WAITING}{SPEECH}",
        "script with a limit": f"%%autoexec script --timeout 60\n{WAITING}{SPEECH}",
        "marked cell": f"%%autoexec\n{WAITING}{SPEECH}",
        "inside a marked cell": "%%autoexec\n%autoexec sh python speak.py",
        "inside an async cell": "import asyncio\nawait asyncio.sleep(0)\n%autoexec sh python speak.py",
    }[how]
    cell = kernel.start(code)
    for number, piece in enumerate(PIECES, start=1):
        cell.until_text(piece)
        assert not cell.is_over
        (kernel.cwd / f"seen-{number}").touch()
    cell.finish().must_pass()
    assert cell.stderr == "second line\n"
    assert cell.stdout.startswith("first line\nhalf a line\nlast line\n")


def test_the_text_is_on_its_own_stream_with_one_line_of_ours(kernel: Kernel):
    """A program's output is shown as it is, then how it ended, with the id of the run."""
    kernel.write("both.py", "import sys\nprint('good')\nprint('bad', file=sys.stderr)")
    cell = kernel.execute("%autoexec sh python both.py").must_pass()
    assert cell.stderr == "bad\n"
    first, last = cell.stdout.splitlines()
    assert first == "good"
    assert last.startswith("✓ passed · sh · ")
    assert last.endswith(f" · run {kernel.last().run_id[-8:]}")
    assert cell.all("display_data") == []


def test_a_large_output_arrives_whole(kernel: Kernel):
    """Two megabytes of a command reach the cell complete and in few messages."""
    kernel.write("much.py", "for number in range(100_000):\n    print(f'{number:>19}')")
    cell = kernel.execute("%autoexec sh python much.py").must_pass()
    lines = cell.stdout.splitlines()
    assert [int(line) for line in lines[:-1]] == list(range(100_000))
    assert len(cell.all("stream")) < 1000


def test_the_last_line_is_our_own_even_if_the_output_has_no_end(kernel: Kernel):
    """Output without a newline at its end does not swallow the line that says how it ended."""
    cell = kernel.execute("%autoexec sh printf no-newline").must_pass()
    first, last = cell.stdout.splitlines()
    assert first == "no-newline"
    assert last.startswith("✓ passed")

"""Any text, most of it near a traceback, and what has to hold for whatever is said of it."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st

from autoexec_magic.values import Outcome

FAILURES = Path(__file__).parent / "data" / "failures"
HEADER = "Traceback (most recent call last):\n"
GROUP = "  + Exception Group " + HEADER
CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
MEGABYTE = 1_000_000
# Pieces a traceback is made of, so that random texts come near one.
PIECES = st.sampled_from(
    [
        HEADER,
        GROUP,
        CAUSE,
        "  | ",
        "    | ",
        '  File "a.py", line 3, in f\n',
        "File ~/a.py:3, in f\n",
        "Cell In[1], line 2\n",
        "----> 1 x\n",
        "    x = 1\n",
        "KeyError: 'a'\n",
        "ExceptionGroup: two (2 sub-exceptions)\n",
        "ModuleNotFoundError: No module named '",
        "NameError: name 'x' is not defined. Did you mean: '",
        "SyntaxError: bad\n",
        "a.sh: line 3: b: command not found\n",
        "a.sh: line 3: 12 Killed\n",
        "\x1b[31m",
        "\x1b]",
        ": ",
        "\r",
        "\n",
        "\ud800",
        "é",
        "\u202e",
        "\x00",
    ]
)
ANY_TEXT = st.one_of(st.text(), st.lists(PIECES | st.text(max_size=4), max_size=14).map("".join))
LANGUAGES = st.sampled_from(["python", "bash", "sh", "shell", "node", ""])


def outcome(returncode=1, stderr="", stdout="", ended="exited"):
    """Return how a process ended."""
    return Outcome(
        argv=("tool",), returncode=returncode, ended=ended, seconds=12.34, stdout=stdout, stderr=stderr
    )


def is_shown_on_one_line(seen):
    """Hold a diagnosis to what a cell can show."""
    assert seen.code
    assert seen.code == seen.code.lower()
    assert seen.code.replace("-", "").isalpha()
    assert seen.why
    assert seen.fix
    for field in (seen.why, seen.fix, seen.where):
        assert len(field) <= 200
        assert field.isprintable()
    assert str(seen).isprintable()

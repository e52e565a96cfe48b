"""Python scripts run with this interpreter, unbuffered, beside the notebook's files."""

from __future__ import annotations

import os
import sys

import pytest

from autoexec_magic import scripts
from autoexec_magic.scripts import python


def test_it_starts_the_running_interpreter():
    """Its first word is an absolute path; output is not held back."""
    assert python.ENTRY.start() == (sys.executable, "-u")


def test_it_imports_from_the_working_directory(emit, tmp_path):
    """What lies beside the notebook is imported as from a cell."""
    assert python.ENTRY.environment(tmp_path)["PYTHONPATH"].split(os.pathsep)[0] == str(tmp_path)
    (tmp_path / "beside.py").write_text("print('imported')\n", encoding="utf-8")
    assert scripts.run("import beside", python.ENTRY, emit=emit, cwd=tmp_path).passed
    assert emit.text("stdout") == "imported\n"


def test_a_traceback_names_the_script(emit, tmp_path):
    """The file in a traceback is called `script.py`, and its lines are the cell's."""
    outcome = scripts.run("a = 1\n1 / 0\n", python.ENTRY, emit=emit, cwd=tmp_path)
    assert "script.py" in outcome.stderr
    assert "line 2" in outcome.stderr
    assert outcome.stderr.endswith("ZeroDivisionError: division by zero\n")


def test_its_first_lines_options_hold(emit, tmp_path):
    """`-O` takes assertions out, `-X` takes a word of its own."""
    source = "#!/usr/bin/env -S python3 -O -X utf8=1\nassert False\nimport sys; print(sys.flags.optimize)"
    assert scripts.run(source, python.ENTRY, emit=emit, cwd=tmp_path).passed
    assert emit.text("stdout") == "1\n"


@pytest.mark.parametrize("source", ["x = (", "def f(:\n    pass", "print 'a'", "\tx\n  y", "return"])
def test_a_syntax_error_is_said_in_its_own_words(source):
    """With the file's name and the caret, as the interpreter writes it; nothing of it runs."""
    said = python.ENTRY.parse(source, "cell.py")
    assert said.splitlines()[-1].split(":")[0] in ("SyntaxError", "IndentationError", "TabError")


@pytest.mark.parametrize(
    "source", ["pass", "x: int = 1", "-" * 100_000 + "1", "a" + "+a" * 200_000, "f(" * 5_000_000]
)
def test_what_this_process_cannot_read_is_the_interpreters_to_say(source):
    """A source too deep or too long for the kernel neither ends it nor counts as wrong."""
    assert python.ENTRY.parse(source, "cell.py") == ""

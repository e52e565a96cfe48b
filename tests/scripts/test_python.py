"""Python scripts run with this interpreter, unbuffered, beside the notebook's files."""

from __future__ import annotations

import sys

from autoexec_magic import scripts
from autoexec_magic.scripts import python


def test_it_starts_the_running_interpreter():
    """Its first word is an absolute path; output is not held back."""
    assert python.ENTRY.start() == (sys.executable, "-u")


def test_it_imports_from_the_working_directory(emit, tmp_path):
    """What lies beside the notebook is imported as from a cell."""
    assert python.ENTRY.environment(tmp_path)["PYTHONPATH"] == str(tmp_path)
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

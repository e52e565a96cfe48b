"""A script runs as a process of its own, in its language, and leaves nothing behind."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from autoexec_magic import executor, scripts
from autoexec_magic.errors import UsageError
from autoexec_magic.events import Output
from autoexec_magic.history import new_id

if TYPE_CHECKING:
    from autoexec_magic.values import Outcome

SHORT_GRACE = 0.2
LIMIT = 0.5
WHERE_AM_I = "import sys; sys.stdout.write(__file__ + chr(10))\n"  # one piece: it ends with its line


class BrokenSinkError(Exception):
    """What a broken sink raises."""


def run(source: str, emit: object, cwd: Path, *, lang: str = "", **options: object) -> Outcome:
    """Run a script in the language it says."""
    return scripts.run(source, scripts.language_of(source, lang), emit=emit, cwd=cwd, **options)


@pytest.mark.parametrize(
    ("source", "given", "name"),
    [
        pytest.param("print(1)", "", "python", id="default"),
        pytest.param("", "", "python", id="default-of-nothing"),
        pytest.param("# a comment\n#!/bin/bash", "", "python", id="not-on-the-first-line"),
        pytest.param("#!/bin/bash\nls", "", "bash", id="bash"),
        pytest.param("#!/bin/sh\nls", "", "bash", id="sh"),
        pytest.param("#!/bin/sh -e\nls", "", "bash", id="sh-with-an-option"),
        pytest.param("#! /usr/bin/env bash\nls", "", "bash", id="env-bash"),
        pytest.param("#!/usr/bin/python3\n", "", "python", id="python3"),
        pytest.param("#!/usr/bin/env python3.13\n", "", "python", id="env-python"),
        pytest.param("#!/usr/bin/env -S python3 -u\n", "", "python", id="env-with-an-option"),
        pytest.param("\n\n#!/bin/bash\nls", "", "bash", id="below-empty-lines"),
        pytest.param("#!/bin/bash\nls", "python", "python", id="the-option-wins"),
        pytest.param("print(1)", "bash", "bash", id="option"),
    ],
)
def test_the_language_is_the_one_that_is_said(source, given, name):
    """The option says it, else the first line, else it is Python."""
    assert scripts.language_of(source, given).name == name


@pytest.mark.parametrize(
    "first",
    [
        "#!/usr/bin/perl",
        "#!/usr/bin/env ruby",
        "#!/usr/bin/pypy3",
        "#!",
        "#! ",
        "#!/opt/python/bin/ruby",
        "#!/home/bash/bin/perl -w",
    ],
)
def test_a_first_line_of_no_language_is_an_error(first):
    """Python would say something odd about it; the line and the languages are named."""
    with pytest.raises(UsageError) as caught:
        scripts.language_of(f"{first}\nx")
    assert first.strip() in caught.value.what
    assert all(name in caught.value.fix for name in scripts.LANGUAGES)


@pytest.mark.parametrize("given", ["perl", "Python", "bash ", "sh"])
def test_an_unknown_language_is_an_error(given):
    """It is named, and so are those that there are."""
    with pytest.raises(UsageError, match="there is no language") as caught:
        scripts.language_of("print(1)", given)
    assert repr(given) in caught.value.what
    assert "python, node, bash, rust" in caught.value.fix


@pytest.mark.parametrize(
    ("source", "said"),
    [
        pytest.param("#!/bin/bash -e\nfalse\necho on", "", id="bash-stops"),
        pytest.param("#!/bin/bash -eo pipefail\nfalse | true\necho on", "", id="bash-pipefail"),
        pytest.param("#!/usr/bin/env -S bash -u -e\necho $NO_SUCH\necho on", "", id="env"),
        pytest.param("#!/bin/bash +x -e\nfalse\necho on", "", id="bash-plus"),
        pytest.param("#!/bin/bash\nfalse\necho on", "on\n", id="bash-goes-on"),
        pytest.param("#!/usr/bin/python3 -Xfrozen_modules=off\nprint('on')", "on\n", id="letters-of-a-value"),
        pytest.param("#!/usr/bin/python3 -O\nassert False\nprint('on')", "on\n", id="python"),
        pytest.param(
            "#!/usr/bin/python3 -W error\nimport warnings\nwarnings.warn('x')", "", id="with-a-value"
        ),
        pytest.param("#!/usr/bin/python3 -Werror\nimport warnings\nwarnings.warn('x')", "", id="joined"),
    ],
)
def test_the_options_of_the_first_line_hold(emit, tmp_path, source, said):
    """A script that says it stops at the first failure stops there."""
    run(source, emit, tmp_path)
    assert emit.text("stdout") == said


@pytest.mark.parametrize(
    "first",
    [
        "#!/bin/bash -c",
        "#!/bin/bash -ec",
        "#!/bin/bash -s",
        "#!/bin/bash other.sh",
        "#!/bin/bash -o pipefail other.sh",
        "#!/usr/bin/python3 -c",
        "#!/usr/bin/python3 -m",
        "#!/usr/bin/python3 -Ic",
        "#!/usr/bin/env -S python3 other.py",
    ],
)
def test_a_first_line_that_runs_something_else_is_an_error(emit, tmp_path, first):
    """What runs is the script below it, or nothing; the word that is in the way is named."""
    with pytest.raises(UsageError, match="cannot hold") as caught:
        run(f"{first}\nx=1", emit, tmp_path)
    assert first.split()[-1] in caught.value.why
    assert emit == []


def test_the_options_of_another_language_do_not_hold(emit, tmp_path):
    """Whoever names the language says which program it is: the first line is a comment then."""
    run("#!/bin/bash -e\nprint('on')", emit, tmp_path, lang="python")
    assert emit.text("stdout") == "on\n"


def test_every_language_is_in_the_table_by_its_name():
    """A name means one entry, and a program's name one language."""
    assert {name: entry.name for name, entry in scripts.LANGUAGES.items()} == {
        name: name for name in ("python", "node", "bash", "rust")
    }
    programs = [program for entry in scripts.LANGUAGES.values() for program in entry.programs]
    assert len(set(programs)) == len(programs)
    with pytest.raises(TypeError):
        scripts.LANGUAGES["perl"] = scripts.LANGUAGES["bash"]


@pytest.mark.parametrize("source", ["", " ", "\n\t\n"])
def test_an_empty_script_is_an_error(source, emit, tmp_path):
    """Nothing is started, and where to write the code is said."""
    with pytest.raises(UsageError, match="the script is empty") as caught:
        run(source, emit, tmp_path)
    assert "%%autoexec script" in caught.value.fix
    assert emit == []


def test_a_script_gets_its_arguments(emit, tmp_path):
    """Each is one word, whatever is in it."""
    words = ["a b", "*", "$HOME", "", "-x", "'"]
    outcome = run("import sys; print(sys.argv[1:])", emit, tmp_path, arguments=words)
    assert outcome.passed
    assert emit.text("stdout") == f"{words}\n"


def test_a_script_runs_where_it_is_told(emit, tmp_path):
    """Its folder is the notebook's, not that of its file, and what lies beside the notebook is imported."""
    (tmp_path / "beside.py").write_text("VALUE = 'from beside'\n", encoding="utf-8")
    source = "import os, beside; print(os.getcwd()); print(beside.VALUE)"
    assert run(source, emit, tmp_path).passed
    assert emit.text("stdout") == f"{tmp_path.resolve()}\nfrom beside\n"


def test_a_script_is_text_of_any_language(emit, tmp_path):
    """What was written in the cell is what runs, character by character."""
    assert run("print('Grüße 🙂')", emit, tmp_path).passed
    assert emit.text("stdout") == "Grüße 🙂\n"


def test_a_script_that_is_no_text_is_an_error(emit, tmp_path):
    """Half a character cannot be written into a file: that is the cell's fault, and is said so."""
    with pytest.raises(UsageError):
        run("print('\ud800')", emit, tmp_path)
    assert emit == []


def test_a_failure_is_a_value(emit, tmp_path):
    """Only the phase that asked knows whether it is one."""
    outcome = run("import sys; print('bad', file=sys.stderr); sys.exit(3)", emit, tmp_path)
    assert (outcome.ended, outcome.returncode, outcome.stderr) == ("exited", 3, "bad\n")
    assert {(event.phase, event.stream) for event in emit} == {("run", "stderr")}


def folder_of(text: str) -> Path:
    """Return the folder that a script said its file is in."""
    path = Path(text.splitlines()[0])
    assert path.name == "script.py"
    assert path.parent.name.startswith("autoexec-")
    return path.parent


def left_in(folder: Path) -> list[str]:
    """Return what is left in a script's folder, which may be kept for the next one, empty."""
    return [str(path) for path in folder.rglob("*") if path != folder / "out"]


@pytest.mark.parametrize(
    ("rest", "ended"),
    [
        pytest.param("", "exited", id="passed"),
        pytest.param("1 / 0", "exited", id="failed"),
        pytest.param("import os; os.abort()", "exited", id="crashed"),
        pytest.param("import time; time.sleep(30)", "timed-out", id="timed-out"),
        pytest.param(
            "open(__file__ + 'c', 'w'); import os; os.mkdir(__file__ + 'd')", "exited", id="wrote-beside"
        ),
        pytest.param(
            "import shutil, os; shutil.rmtree(os.path.dirname(__file__))", "exited", id="removed-it"
        ),
    ],
)
def test_a_scripts_folder_is_gone_afterwards(emit, tmp_path, rest, ended):
    """However it ended, its file is not left for somebody to find."""
    outcome = run(WHERE_AM_I + rest, emit, tmp_path, timeout=LIMIT if ended == "timed-out" else None)
    assert outcome.ended == ended
    assert left_in(folder_of(emit.text("stdout"))) == []
    assert list(tmp_path.iterdir()) == []


def test_a_cancelled_scripts_folder_is_gone_afterwards(emit, tmp_path):
    """Also when somebody stopped it."""
    cancel = executor.Cancel()
    threading.Timer(0.3, cancel.set).start()
    outcome = run(WHERE_AM_I + "import time; time.sleep(30)", emit, tmp_path, cancel=cancel)
    cancel.close()
    assert outcome.ended == "cancelled"
    assert left_in(folder_of(emit.text("stdout"))) == []


def test_a_scripts_folder_is_gone_when_the_sink_breaks(tmp_path):
    """Also when whoever watched it failed."""
    seen: list[str] = []

    def broken(event: Output) -> None:
        seen.append(event.text)
        raise BrokenSinkError

    with pytest.raises(BrokenSinkError):
        run(WHERE_AM_I + "import time; time.sleep(30)", broken, tmp_path)
    assert left_in(folder_of(seen[0])) == []


def test_bounds_are_passed_on(emit, tmp_path, monkeypatch):
    """Time limit, variables and the run's id are those of any process of a run."""
    monkeypatch.setenv("MY_REGION", "north")
    monkeypatch.setenv("OTHER", "x")
    spawned: list[executor.ProcessId] = []
    source = "import os; print(*(os.environ.get(n) for n in ('MY_REGION', 'OTHER', 'AUTOEXEC_RUN_ID')))"
    run_id = new_id()
    run(source, emit, tmp_path, pass_on=["MY_*"], run_id=run_id, on_spawn=spawned.append)
    assert emit.text("stdout") == f"north None {run_id}\n"
    assert len(spawned) == 1


def test_the_interpreter_is_the_kernels(emit, tmp_path):
    """A script imports what the cells import."""
    run("import sys; print(sys.executable)", emit, tmp_path)
    assert emit.text("stdout").strip() == sys.executable

"""A module that two projects hold: a person chooses, and that one is installed; nobody does, and none is.

A real kernel in a virtual environment of its own, and a local index with
upload times.
"""

from __future__ import annotations

import importlib.util
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from harness import KERNEL_ID, LOAD, environment_in

from autoexec_magic import asking
from autoexec_magic.events import Answered, Asked, Installed

HOLDERS = "".join(f"frobcore\t{name}\n" for name in ("frob-python", "frob-python-headless", "frob-source"))
BUILD = "%autoexec index build --from holders.txt"
CELL = "%%autoexec\nprint('once')\nimport frobcore\nfrobcore.WHO"
FIXES = "%autoexec install frob-python --yes, or %autoexec install frob-python-headless --yes"
SECONDS = 120


def _load(name):
    """Import a test module of this folder by its path, for what it shares."""
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


healing = _load("test_heal")
served = healing.served


@pytest.fixture
def index():
    """Yield an index in which two projects hold one module, and a third has no wheel of it."""

    def holding(name, who, **how):
        return served.wheel(name, "1.0", {"frobcore.py": f"WHO = {who!r}\n"}, **how)

    with served.Index() as running:
        running.add("frob-python", holding("frob-python", "plain", summary="Frobs with windows."))
        headless = holding("frob-python-headless", "headless", summary="Frobs without windows.", days=1)
        running.add("frob-python-headless", headless)
        running.add("frob-source", served.sdist("frob-source", "1.0"))
        yield running


@pytest.fixture
def kernel(index, tmp_path):
    """Yield a kernel whose environment is empty."""
    environment = {"AUTOEXEC_INDEX_URL": index.url, "NO_PROXY": "*", "no_proxy": "*"}
    folder = tmp_path / "healing"
    folder.mkdir()
    healed = healing.Healing(folder, **environment)
    healed._manager.connection_file = str(folder / f"kernel-{KERNEL_ID}.json")
    with healed as started:
        started.execute(LOAD).must_pass()
        started.write("holders.txt", HOLDERS)
        started.execute(BUILD).must_pass()
        yield started


def installed(kernel) -> list[str]:
    """Return what was installed in the newest cell."""
    events = kernel.events(kernel.last("cell"))
    return [event.distribution for event in events if isinstance(event, Installed)]


def child(argv, index, folder, *, stdin=subprocess.DEVNULL, **more):
    """Run a program to its end, by default with nobody at its standard input."""
    return subprocess.run(
        argv,
        cwd=folder,
        env=environment_in(folder / "healing")
        | {"AUTOEXEC_INDEX_URL": index.url, "NO_PROXY": "*", "no_proxy": "*"}
        | more,
        stdin=stdin,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_a_person_chooses_at_the_prompt_and_that_one_is_installed(kernel):
    """Each with what is known of it; the second by its number; then the import finds it."""
    cell = kernel.start(CELL, allow_stdin=True)
    cell.until(lambda: cell.questions or cell.is_over, "the question")
    text = "install frob-python 1.0 or frob-python-headless 1.0 for frobcore ?"
    assert cell.questions == [f"{text} [1] frob-python / [2] frob-python-headless / [N]o "]
    for line in (
        "  because: several distributions hold frobcore: frob-python, frob-python-headless, frob-source\n",
        "        in your organisation's own index\n",
        "  [1] frob-python 1.0 · proved\n",
        "        says of itself: Frobs with windows.\n",
        " (1 year ago), the first release, 1 release for this Python\n",
        "        frobcore is also claimed by frob-python-headless, frob-source\n",
        "  [2] frob-python-headless 1.0 · proved\n",
        "(1 day ago)",
        "  [-] frob-source 1.0 · not proved: there is no wheel for this Python to look into\n",
    ):
        assert line in cell.stdout
    kernel.answer("2")
    cell.finish().must_pass()
    assert (cell.result, cell.stdout.count("once\n")) == ("'headless'", 1)
    assert installed(kernel) == ["frob-python-headless"]
    answered = [event for event in kernel.events(kernel.last("cell")) if isinstance(event, Answered)]
    assert [(event.answer, event.by) for event in answered] == [("frob-python-headless", "person")]
    assert kernel.execute("import frobcore; frobcore.WHO").must_pass().result == "'headless'"


def test_the_panel_chooses_by_the_word_of_the_card(kernel):
    """What its button sends; no prompt is opened, and the cell keeps one line with what was chosen."""
    asking.note_panel(kernel.store, KERNEL_ID)
    cell = kernel.start(CELL, allow_stdin=True)

    def open_question():
        newest = kernel.newest()
        return newest and asking.is_waiting(kernel.store, newest.run_id) and newest.run_id

    cell.until(lambda: open_question() or cell.is_over, "the question")
    asked = asking.open_question(kernel.store, open_question())
    assert isinstance(asked, Asked)
    assert asked.answers == ("frob-python", "frob-python-headless", "no")
    assert [choice.proved for choice in asked.choices] == [True, True, None]
    asking.answer(kernel.store, open_question(), asked.question, "frob-python")
    cell.finish().must_pass()
    assert cell.questions == []
    assert (cell.result, installed(kernel)) == ("'plain'", ["frob-python"])
    (update,) = cell.all("update_display_data")
    assert update["data"]["text/plain"].endswith("for frobcore ? frob-python")


@pytest.mark.parametrize("answer", ["", "y", "yes", "3", "frob-source"])
def test_anything_else_installs_nothing(kernel, answer):
    """A yes says not which; what was not proved cannot be chosen; the cell has not begun."""
    cell = kernel.start(CELL, allow_stdin=True)
    cell.until(lambda: cell.questions or cell.is_over, "the question")
    kernel.answer(answer)
    cell.finish()
    assert cell.error.startswith("asked: ")
    assert cell.error.endswith(f"  fix: {FIXES}")
    assert "once" not in cell.stdout
    assert installed(kernel) == []


@pytest.mark.parametrize("mark", ["%%autoexec", "%%autoexec --yes"])
def test_where_nobody_can_choose_each_command_is_named_and_works(kernel, mark):
    """Verdict asked, exit 3; `--yes` is no choice either; the command that is named is one."""
    cell = kernel.execute(CELL.replace("%%autoexec", mark))
    assert cell.error.startswith("asked: install frob-python 1.0 or frob-python-headless 1.0 for frobcore")
    assert cell.error.endswith(f"  fix: {FIXES}")
    assert "once" not in cell.stdout
    assert (kernel.last("cell").verdict, kernel.last("cell").code) == ("asked", 3)
    kernel.execute(FIXES.rpartition(", or ")[2]).must_pass()
    assert kernel.execute(CELL).must_pass().result == "'headless'"


def test_nbclient_stops_at_the_cell_with_the_commands(kernel, index, tmp_path):
    """A notebook that nobody watches: what is said of the cell names what to type."""
    cells = [nbformat.v4.new_code_cell(source) for source in (LOAD, CELL)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "book.ipynb")
    program = Path(sys.executable).with_name("jupyter-execute")
    more = {"JUPYTER_PATH": str(tmp_path / "healing")}
    done = child([program, "--kernel_name=healing", "book.ipynb"], index, tmp_path, **more)
    assert done.returncode == 1, done.stderr
    assert f"fix: {FIXES}" in done.stderr


@pytest.mark.parametrize("yes", [[], ["--yes"]])
def test_the_command_line_says_in_json_that_a_person_must_choose(kernel, index, tmp_path, yes):
    """Exit 3, verdict asked, the commands as the fix, and all candidates with their proof."""
    (tmp_path / "script.py").write_text("import frobcore\n")
    code = "from autoexec_magic.ui.cli import main\n"
    code += f"raise SystemExit(main({['script', '--json', *yes, '--cage', 'open', '--file', 'script.py']!r}))"
    python = tmp_path / "healing" / "venv" / "bin" / "python"
    done = child([python, "-c", code], index, tmp_path)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 3, done.stderr
    assert (records[-1]["verdict"], records[-1]["code"], records[-1]["fix"]) == ("asked", 3, FIXES)
    (resolution,) = [record for record in records if record["kind"] == "Resolution"]
    assert [(each["distribution"], each["proved"]) for each in resolution["candidates"]] == [
        ("frob-python", True),
        ("frob-python-headless", True),
        ("frob-source", None),
    ]
    assert resolution["candidates"][0]["summary"] == "Frobs with windows."


@pytest.mark.parametrize(("typed", "done"), [("2", True), ("frob-python", True), ("y", False), ("", False)])
def test_a_person_chooses_in_a_terminal(kernel, index, tmp_path, typed, done):
    """The command line asks as the notebook does, by number or by name; a yes says not which."""
    (tmp_path / "script.py").write_text("import frobcore\nprint('it is', frobcore.WHO)\n")
    code = "from autoexec_magic.ui.cli import main\n"
    code += "raise SystemExit(main(['script', '--cage', 'open', '--file', 'script.py']))"
    ours, theirs = pty.openpty()
    os.write(ours, typed.encode() + b"\n")  # waits in the terminal until it is read
    python = tmp_path / "healing" / "venv" / "bin" / "python"
    ended = child([python, "-c", code], index, tmp_path, stdin=theirs)
    os.close(theirs)
    os.close(ours)
    assert "  [2] frob-python-headless 1.0 · proved\n" in ended.stderr
    assert "for frobcore ? [1] frob-python / [2] frob-python-headless / [N]o " in ended.stderr
    who = "it is headless\n" if typed == "2" else "it is plain\n"
    assert (ended.returncode, ended.stdout) == ((0, who) if done else (3, ""))

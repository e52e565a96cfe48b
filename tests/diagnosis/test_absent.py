"""Magics, modules and files that a cell which has not run would have made."""

from __future__ import annotations

import pytest
from playbook import Play

from autoexec_magic.values import Resolution


class UsageError(Exception):
    """As IPython's, by its name."""


def failing(play: Play, error: str) -> Play:
    """Let the last cell raise `error`, an expression."""
    play.names["UsageError"] = UsageError
    return play.edit(len(play.cells), f"raise {error}").run(len(play.cells))


@pytest.mark.parametrize(
    ("message", "cells", "want"),
    [
        ("Line magic function `%sql` not found.", ["%load_ext sql"], ("certain", ("c1",))),
        ("Cell magic `%%cython` not found.", ["import x\n%load_ext Cython"], ("certain", ("c1",))),
        ("Line magic function `%memit` not found.", ["x = 1"], ("likely", "%load_ext memory_profiler")),
        ("Cell magic `%%mine` not found.", ["%load_ext my.own"], ("likely", ("c1",))),
        ("Cell magic `%%mine` not found.", ["x = 1"], None),
        ("Line magic function `%autoreload` not found.", ["%load_ext autoreload"], ("certain", ("c1",))),
    ],
)
def test_a_magic_whose_extension_was_not_loaded(message, cells, want):
    """The cell that loads it, or the line that would."""
    found = failing(Play(*cells, "raise"), f"UsageError({message!r})").why()
    if want is None:
        assert found.code == "error"
        return
    assert (found.code, found.confidence) == ("magic-not-loaded", want[0])
    assert want[1] == (found.action.values if found.action else found.fix)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("!pip install frobnicate", "cell-not-run"),
        ("%pip install -q other frobnicate>=2", "cell-not-run"),
        ("import sys\n!{sys.executable} -m pip install 'frobnicate'", "cell-not-run"),
        ("!pip install frobnicate-extras", "module-not-found"),
        ("# pip install frobnicate", "module-not-found"),
        ("import sys\nsys.path.append('..')", "module-not-found"),
    ],
)
def test_a_module_that_a_cell_installs(cell, code):
    """By its very name; what a search path would hold is said only of a module of one's own."""
    found = Play(cell, "import frobnicate").run(2).why()
    assert (found.code, found.confidence) == (code, "likely" if code == "cell-not-run" else "certain")


@pytest.mark.parametrize("line", ["sys.path.append('..')", "os.chdir('..')", "%cd .."])
def test_a_module_of_ones_own_behind_a_path_that_was_not_set(line):
    """The installer says that it is a local one, and a cell says where."""
    local = Resolution(module="mine", cls="local", decision="nothing")
    found = Play(f"import sys, os\n{line}", "import mine").run(2).why(resolve=lambda module: local)
    assert (found.code, found.action.values) == ("cell-not-run", ("c1",))
    assert line in found.evidence[0]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("df.to_csv('out.csv')", "cell-not-run"),
        ("!wget https://host/out.csv", "cell-not-run"),
        ("with open('out.csv', 'w') as file:\n    file.write('a')", "cell-not-run"),
        ("%%writefile out.csv\na,b", "cell-not-run"),
        ("df = read_csv('out.csv')", "file-not-found"),
        ("df.to_csv('other.csv')", "file-not-found"),
    ],
)
def test_a_file_that_a_cell_writes(cell, code):
    """By the file's name on a line that writes."""
    found = Play(cell, "open('out.csv')").run(2).why()
    assert found.code == code, str(found)


def test_a_module_that_was_edited_since_it_was_loaded():
    """That the file has what is missing proves it; else it is likely."""
    play = failing(Play("import mine", "raise"), "AttributeError(\"module 'mine' has no attribute 'load'\")")
    play.modules = {"mine": "def load():\n    return 1\n"}
    found = play.why()
    assert (found.code, found.confidence, found.action.kind) == ("module-edited", "certain", "restart")
    play.modules = {"mine": "def lod():\n    return 1\n"}
    assert play.why().confidence == "likely"
    play.modules = {"other": "def load(): pass"}
    assert play.why().code == "attribute-not-found"


def test_a_name_that_cannot_be_imported_from_a_module_that_was_edited():
    """The same for `from mine import load`."""
    play = failing(
        Play("import mine", "raise"), "ImportError(\"cannot import name 'load' from 'mine' (/a/mine.py)\")"
    )
    play.modules = {"mine": "load = 1"}
    assert (play.why().code, play.why().confidence) == ("module-edited", "certain")

"""What ran and what is saved, brought together."""

from __future__ import annotations

import os
import sys
import types

import pytest

from autoexec_magic.ui import situation
from autoexec_magic.ui.document import Document
from autoexec_magic.ui.executed import OneRun
from autoexec_magic.ui.situation import edited_modules, joined


def ran(number: int, source: str, cell_id: str = "", at: float = 1.0, how: str = "passed") -> OneRun:
    """Return a run that ended at `at`."""
    return OneRun(number, cell_id, source, how, at)


def saved(*cells: tuple[str, str], at: float = 2.0) -> Document:
    """Return a document of these cells."""
    return Document(cells=cells, saved_at=at)


def told(found) -> list[tuple]:
    """Return what is known of each cell, in short."""
    return [(cell.position, cell.number, cell.ran, cell.source, cell.ran_source) for cell in found.cells]


def test_cells_are_known_by_their_ids():
    """Wherever they stand; of several runs the last one counts."""
    found = joined(
        [ran(1, "b", "2"), ran(2, "a", "1"), ran(3, "b", "2")], saved(("1", "a"), ("2", "b"), ("3", "c"))
    )
    assert told(found) == [(1, 2, "passed", "a", ""), (2, 3, "passed", "b", ""), (3, 0, "not-run", "c", "")]
    assert [run.position for run in found.runs] == [2, 1, 2]
    assert not found.is_stale


def test_cells_without_ids_are_known_by_their_text():
    """Of two alike each has its own run; blank space at an end makes no difference."""
    found = joined([ran(1, "a\n"), ran(2, "a")], saved(("", "a"), ("", "b"), ("", "a")))
    assert [(cell.position, cell.number) for cell in found.cells] == [(1, 1), (2, 0), (3, 2)]


def test_ids_of_another_kind_are_no_hindrance():
    """VS Code sends its own, which are in no file."""
    found = joined([ran(1, "b", "vscode-notebook-cell:1")], saved(("1", "a"), ("2", "b")))
    assert [cell.number for cell in found.cells] == [0, 1]
    again = joined([ran(1, "b", "v:1"), ran(2, "c", "v:1")], saved(("1", "a"), ("2", "b"), at=0.5))
    assert [cell.number for cell in again.cells] == [0, 2]


def test_the_newer_one_is_what_the_notebook_says():
    """Saved after the run, it was edited; run after it was saved, the file is old."""
    edited = joined([ran(1, "old", "1", at=1)], saved(("1", "new"), at=2))
    assert (told(edited), edited.is_stale) == ([(1, 1, "passed", "new", "old")], False)
    unsaved = joined([ran(1, "new", "1", at=3)], saved(("1", "old"), at=2))
    assert (told(unsaved), unsaved.is_stale) == ([(1, 1, "passed", "new", "")], True)


def test_what_is_in_the_document_no_more():
    """Where the file is newer it was removed; where it is older it may be about to be saved."""
    removed = joined([ran(1, "gone", "9", at=1)], saved(("1", "a"), at=2))
    assert (removed.cells[-1].is_removed, removed.runs[0].is_removed, removed.is_stale) == (True, True, False)
    new = joined([ran(1, "new", "9", at=3)], saved(("1", "a"), at=2))
    assert (new.cells[-1].is_removed, new.is_stale) == (False, True)
    magic = joined([ran(1, "%autoexec why", at=3)], saved(("1", "a"), at=2))
    assert not magic.is_stale


def test_an_older_text_of_a_cell_ran_and_is_gone():
    """The cell is there, what it was is not."""
    found = joined([ran(1, "old", "1", at=1), ran(2, "new", "1", at=1.5)], saved(("1", "new"), at=2))
    assert [run.is_removed for run in found.runs] == [True, False]


def test_without_a_document_cells_are_what_ran():
    """In the order they ran last, none of them removed as far as anybody knows."""
    found = joined([ran(1, "a", "1"), ran(2, "b"), ran(3, "c", "1")], None)
    known = [(cell.number, cell.position, cell.is_removed) for cell in found.cells]
    assert known == [(3, 0, False), (2, 0, False)]


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Return a loaded module of the user's own."""
    path = tmp_path / "mine_of_this_test.py"
    path.write_text("x = 1")
    found = types.ModuleType(path.stem)
    found.__file__ = str(path)
    monkeypatch.setitem(sys.modules, path.stem, found)
    return found


def test_a_module_that_was_edited_after_it_was_imported(module, tmp_path):
    """By the file's time and that of the first cell that names it."""
    runs = [ran(1, f"import {module.__name__}", at=100)]
    os.utime(module.__file__, (90, 90))
    assert edited_modules(runs, str(tmp_path)) == {}
    os.utime(module.__file__, (110, 110))
    assert edited_modules(runs, str(tmp_path)) == {module.__name__: "x = 1"}
    assert edited_modules([*runs, ran(2, "%autoreload 2")], str(tmp_path)) == {}
    assert edited_modules([ran(1, "import os", at=100)], str(tmp_path)) == {}
    assert edited_modules(runs, "") == edited_modules(runs, "/nowhere") == {}


def test_a_call_that_does_not_fit_may_be_of_an_edited_module():
    """A function of another module has other parameters by now: its file is looked at, and its cause."""
    wrapped = RuntimeError("wrapped")
    wrapped.__cause__ = TypeError("load() got an unexpected keyword argument 'sep'")
    for error in (TypeError("f() missing 1"), AttributeError("x"), ImportError("x"), wrapped):
        assert situation._is_of_a_module(error)
    assert not situation._is_of_a_module(KeyError("x"))


def test_a_module_that_loads_itself_when_it_is_looked_at_is_let_be(monkeypatch, tmp_path):
    """Asking for its file would run it."""

    class Lazy(types.ModuleType):
        def __getattribute__(self, name):
            raise AssertionError("it was looked at")

    monkeypatch.setitem(sys.modules, "lazy_of_this_test", Lazy("lazy_of_this_test"))
    assert edited_modules([ran(1, "import lazy_of_this_test")], str(tmp_path)) == {}


def test_a_folder_that_is_not_there_has_no_names(tmp_path):
    """Nothing is raised."""
    (tmp_path / "a").touch()
    assert situation.names_in(str(tmp_path)) == ("a",)
    assert situation.names_in(str(tmp_path / "no")) == situation.names_in("\0") == ()


def test_what_the_installer_says_of_a_module_is_asked_offline():
    """None where it is no module's name."""
    assert situation.resolution_of("json").cls == "stdlib"
    assert situation.resolution_of("no module") is None


def test_a_shell_without_a_log_has_no_notebook(workdir):
    """The rest is known all the same."""
    found = situation.around(object(), KeyError("a"), timeout=3.0)
    assert (found.notebook, found.folder, found.timeout) == (None, str(workdir), 3.0)

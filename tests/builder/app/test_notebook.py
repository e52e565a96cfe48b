"""A notebook's file as a build reads it, whoever wrote it."""

from __future__ import annotations

import json
import os

import benches
import pytest

from autoexec_magic import builder
from autoexec_magic.builder import app
from autoexec_magic.builder.app import notebook
from autoexec_magic.errors import BuildError


def test_cells_are_counted_with_those_of_text(note):
    """As everywhere where a notebook's file is meant."""
    found = notebook.read(note("#md# Title", "x = 1", ("y = 2", "app")))
    assert [(cell.number, cell.source, cell.cell_id) for cell in found.code] == [
        (2, "x = 1", "id-2"),
        (3, "y = 2", "id-3"),
    ]
    assert found.code[1].tags == {"app"}


def test_a_notebook_of_format_4_0_has_no_ids(note):
    """They came with 4.5."""
    found = notebook.read(note("x = 1", minor=0))
    assert found.code[0].cell_id == ""


def test_line_ends_of_other_systems_are_read(note):
    """Python counts lines by either."""
    found = notebook.read(note("x = 1\r\ny = 2\r\n"))
    assert found.code[0].source == "x = 1\ny = 2\n"


def test_the_locks_python_counts_before_the_kernels(note):
    """What was locked is what it is built for."""
    language = {"name": "python", "version": "3.12.1"}
    assert notebook.read(note("x", language_info=language)).python == "3.12"
    locked = notebook.read(note("x", language_info=language, autoexec={"lock": {"python": "3.11"}}))
    assert locked.python == "3.11"
    assert notebook.read(note("x", language_info={"version": "3.x; rm"})).python == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no notebook"),
        ("[]", "no notebook of format 4"),
        (json.dumps({"nbformat": 3, "worksheets": []}), "its format is 3"),
        (json.dumps({"nbformat": 4, "cells": {}}), "no notebook of format 4"),
        (
            json.dumps({"nbformat": 4, "cells": [], "metadata": {"kernelspec": {"language": "julia"}}}),
            "language is julia",
        ),
        ("[" * 100_000, "no notebook"),
    ],
    ids=["cut", "list", "old", "no-cells", "julia", "deep"],
)
def test_what_is_no_notebook_of_pythons_is_said(tmp_path, text, said):
    """With what it is instead."""
    path = tmp_path / "x.ipynb"
    path.write_text(text)
    with pytest.raises(BuildError) as raised:
        notebook.read(path)
    assert said in str(raised.value)
    assert raised.value.fix
    assert not notebook.is_notebook(path)


def test_what_is_read_by_nobody_or_is_old_has_a_command(tmp_path, monkeypatch):
    """One that can be typed."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "my work" / "a b.ipynb"
    with pytest.raises(BuildError, match="cannot read") as raised:
        notebook.read(path)
    assert raised.value.fix == "ls -l 'my work/a b.ipynb'"
    path.parent.mkdir()
    path.write_text('{"nbformat": 3}')
    with pytest.raises(BuildError, match="format 4") as raised:
        notebook.read(path)
    assert raised.value.fix == "jupyter nbconvert --to notebook --inplace 'my work/a b.ipynb'"


def test_odd_cells_do_not_end_it(tmp_path):
    """A cell that is no object, or whose source is a number, has no code."""
    path = tmp_path / "x.ipynb"
    cells = [1, None, {"cell_type": "code", "source": 5}, {"cell_type": "code", "metadata": {"tags": "app"}}]
    path.write_text(json.dumps({"nbformat": 4, "cells": cells, "metadata": []}))
    found = notebook.read(path)
    assert [cell.number for cell in found.code] == [3, 4]
    assert found.code[1].tags == frozenset()


@pytest.mark.parametrize("where", ["file", "folder"])
def test_a_name_that_is_no_text_is_refused_by_name(tmp_path, note, where):
    """It would stand in files of text; and whoever reads the refusal sees which one it is."""
    path = note("def main():\n    return 0")
    odd = path.parent / os.fsdecode(b"a\xff")
    if where == "file":
        path = path.rename(odd.with_name(odd.name + ".ipynb"))
    else:
        odd.mkdir()
        path = path.rename(odd / path.name)
    source = builder.source_of(path, path.parent)
    with pytest.raises(BuildError, match="cannot become an app") as refused:
        app.plan(source, benches.bench(tmp_path))
    str(refused.value).encode("utf-8")


@pytest.mark.parametrize("place", ["code", "text", "tag", "metadata"])
def test_half_a_character_ends_in_no_traceback(tmp_path, note, place):
    """JSON can hold one; a module, a notebook and a terminal cannot."""
    half = "\\ud800"
    path = note("def main():\n    return 'HALF'", "#mdTEXT", ("x = 1", "TAG"), kernelspec={"name": "NAME"})
    old = {"code": "HALF", "text": "TEXT", "tag": "TAG", "metadata": "NAME"}[place]
    path.write_text(path.read_text().replace(old, half))
    source = builder.source_of(path, path.parent)
    if place == "tag":
        app.plan(source, benches.bench(tmp_path))
        return
    with pytest.raises(BuildError, match="half a character"):
        app.plan(source, benches.bench(tmp_path))

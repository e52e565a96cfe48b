"""A notebook's cells and names, in the order in which things happened."""

from __future__ import annotations

import pytest
from playbook import Play

from autoexec_magic.diagnosis.around import Cell, CellRun, Notebook
from autoexec_magic.diagnosis.known import Known, binding_in, label, listed, may_bind, value_of


def test_a_cell_is_called_by_its_number_or_its_place():
    """What a person sees beside it, or counts."""
    assert label(Cell(source="", position=11)) == "code cell 11"
    assert label(CellRun(number=2, source="")) == "cell [2]"
    assert label(Cell(source="")) == "a cell"
    assert listed([Cell(source="", number=1), Cell(source="", number=4)]) == "cells [1] and [4]"


def test_an_action_names_a_cell_by_what_is_there():
    """The id, else the number, else the place."""
    assert value_of(Cell(source="", cell_id="a", number=1, position=2)) == "a"
    assert value_of(Cell(source="", number=1, position=2)) == "1"
    assert value_of(Cell(source="", position=2)) == "#2"


def test_what_happened_to_a_name():
    """In the order of runs and lines, up to the failure; a binding that was not reached is an attempt."""
    play = Play("x = 1\ndel x", "x = 2", "1 / 0\nx = 3", "y = 1\nprint(z)\nx = 4").run(1, 2, 3, 4)
    known = Known(play.notebook(), line=2)
    found = [(each.kind, each.run.number, each.line) for each in known.happened("x")]
    assert found == [("bound", 1, 1), ("deleted", 1, 2), ("bound", 2, 1), ("attempt", 3, 2)]
    assert known.last_bound("x").run.number == 2


def test_a_run_is_found_again_as_a_cell():
    """By its number, its id, or its place."""
    cells = (Cell(source="a", number=3, cell_id="i", position=1), Cell(source="b", position=2))
    known = Known(Notebook(cells=cells))
    assert known.cell_of(CellRun(number=1, source="old", cell_id="i")) is cells[0]
    assert known.cell_of(CellRun(number=3, source="a")) is cells[0]
    assert known.cell_of(CellRun(number=9, source="b", position=2)) is cells[1]
    assert known.cell_of(CellRun(number=9, source="c")) is None


def test_what_has_to_run_is_the_smallest_set_in_the_order_of_the_document():
    """What is there already is left out; of two definitions a run from the top would leave one."""
    play = Play("aa = 1", "bb = aa", "bb = 0", "cc = bb", "aa = 2", "print(cc)").run(6)
    assert [value_of(cell) for cell in Known(play.notebook()).plan({"cc"})] == ["c3", "c4"]
    assert [value_of(cell) for cell in Known(play.notebook()).plan({"bb", "aa"})] == ["c3", "c5"]
    play = Play("aa = 1", "bb = aa", "print(bb)").run(1, 3)
    assert [value_of(cell) for cell in Known(play.notebook()).plan({"bb"})] == ["c2"]


def test_a_circle_of_definitions_ends():
    """Each needs the other; nothing goes round for ever."""
    play = Play("aa = bb", "bb = aa", "print(aa)").run(3)
    assert len(Known(play.notebook()).plan({"aa"})) == 2


def test_a_binding_that_does_not_last_is_none():
    """Deleted again, or an `except` clause's."""
    assert binding_in("x = 1\ndel x", "x") is None
    assert binding_in("try: pass\nexcept E as x: pass", "x") is None
    assert binding_in("x = 1\nif y:\n    del x", "x").how == "maybe"
    assert binding_in("if y:\n    x = 1\nx = 2", "x").line == 3


BINDS_NAME = r"""
name = 1|name: int = 1|name := 1|name += 1|name //= 2|name >>= 1|a, name = 1, 2|(name) = 1
[a, *name] = x|import name|import name.sub|import a, name.sub|import a as name|from a import b, name
from a import (\n    name,\n)|def name(): pass|async def name(): pass|class name: pass
for name in x: pass|for a, name in x: pass|with a as name: pass|with a as (name, b): pass
except E as name:|case {'a': name}:|case [*name]:|case name if a:|case a | name:|global name|del name
del a, name|globals()['name'] = 1|globals()["name"] = 1|name \\n= 1|name # type\n|type name = int
%%capture name|%%bash --out name --err b|%xdel name|name=1;b=2
"""


@pytest.mark.parametrize("source", BINDS_NAME.replace("\n", "|").strip("|").split("|"))
def test_what_binds_a_name_is_looked_into(source):
    """A quick look at the text leaves out no cell that binds or deletes the name."""
    text = source.replace("\\n", "\n")
    assert "name" not in text or may_bind(f"x = 1\n{text}\ny = 2", "name")


@pytest.mark.parametrize(
    "source", ["name.x", "name['a']", "name(1)", "names = 1", "a.b(name.c + name[1])", "name + 1"]
)
def test_what_only_reads_a_name_is_not(source):
    """So that a name which every cell reads costs no more than one."""
    assert not may_bind(f"x = 1\n{source}\ny = 2", "name")

"""What is known around a failure."""

from __future__ import annotations

from autoexec_magic.diagnosis import NOTHING, Cell


def test_where_nothing_is_known_nothing_is_answered():
    """Each question has an answer that says nothing."""
    assert (NOTHING.list_folder("/"), NOTHING.resolve("numpy"), NOTHING.notebook) == ((), None, None)


def test_a_cell_has_changed_where_something_else_ran():
    """What stands in the notebook is not always what ran."""
    assert Cell(source="x = 1", ran_source="x = 2").has_changed
    assert not Cell(source="x = 1").has_changed

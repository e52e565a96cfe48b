"""An index file: every row is found, no other one is, and a damaged line harms nobody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.errors import UsageError
from autoexec_magic.installer.index.table import Row, Table, write

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,3}(\.[a-z_]{1,3})?", fullmatch=True)
ROWS = st.builds(Row, NAMES, st.sampled_from(["a", "b-c"]), st.integers(0, 99), st.booleans())


@given(st.lists(ROWS, max_size=30), NAMES)
def test_a_lookup_is_what_a_search_finds(tmp_path_factory, rows, other):
    """Bisection finds the rows of a module, all of them and no others, whatever else is there."""
    path = tmp_path_factory.mktemp("table") / "index.tsv"
    write(path, rows, {"date": "today"})
    table = Table(path)
    for module in {row.module for row in rows} | {other}:
        assert set(table.rows(module)) == {row for row in rows if row.module == module}
        assert table.below(module) == any(row.module.startswith(f"{module}.") for row in rows)
    assert set(table.all_rows()) == set(rows)
    assert table.heads() == {"date": "today"}


def test_no_file_is_an_empty_index(tmp_path):
    """Before anybody built one, an own index knows nothing, and says so without an error."""
    table = Table(tmp_path / "absent.tsv")
    assert (table.rows("yaml"), table.below("google"), table.heads()) == ((), False, {})
    (tmp_path / "empty.tsv").touch()
    assert Table(tmp_path / "empty.tsv").rows("yaml") == ()


def test_a_damaged_line_is_passed_over(tmp_path):
    """A line that somebody cut is no row; those around it still are."""
    (tmp_path / "x.tsv").write_text("#date\tx\na\ta\t1\nb\tb\nb\tb\tmany\nc\tc\t2")
    table = Table(tmp_path / "x.tsv")
    assert [table.rows(name) for name in "abc"] == [(Row("a", "a", 1),), (), (Row("c", "c", 2),)]


def test_a_file_that_cannot_be_written_or_read_is_told(tmp_path):
    """The place is named, and nothing half written is left."""
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot write the index"):
        write(tmp_path / "file" / "x.tsv", [], {})
    with pytest.raises(UsageError, match="cannot read the index"):
        Table(tmp_path).rows("x")
    (tmp_path / "dir.tsv").mkdir()
    with pytest.raises(UsageError, match="cannot write"):
        write(tmp_path / "dir.tsv", [Row("a", "a")], {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dir.tsv", "file"]

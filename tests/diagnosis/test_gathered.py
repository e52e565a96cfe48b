"""What becomes of IPython's own lines in a cell."""

from __future__ import annotations

import pytest

from autoexec_magic.diagnosis.names import names_of


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("%%time\nx = 1\ny = 2", ["x:2", "y:3"]),
        ("get_ipython().run_cell_magic('time', '', 'x = 1\\ny = 2\\n')", ["x:2", "y:3"]),
        ("%%capture out\nx = 1", ["out:1", "x:2"]),
        ("%%timeit\nx = 1", []),
        ("%%bash --out a --err b\nls", ["a:1", "b:1"]),
        ("%%autoexec\nx = 1", ["x:2"]),
        ("%%autoexec --timeout 5\nx = 1", ["x:2"]),
        ("%%autoexec script\nx = 1", []),
        ("x = 1\n%time y = x", ["x:1", "y:2"]),
        ("a, b = !ls\nc = %pwd", ["a:1", "b:1", "c:2"]),
        ("%%time\n%%time\nx = 1", ["x:3"]),
    ],
)
def test_what_a_magic_binds(source, found):
    """By the line of the cell."""
    assert [f"{each.name}:{each.line}" for each in names_of(source).bound] == found


def test_what_the_body_of_a_magic_needs():
    """It runs among the notebook's names."""
    found = names_of("%%time\nx = rows\ndel x\ndf['b'] = 1")
    assert found.needs == {"rows", "df"}
    assert (found.deleted[0].line, found.changed[0].line) == (3, 4)

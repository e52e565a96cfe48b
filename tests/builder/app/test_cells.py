"""Which cells are kept, and what of each is Python."""

from __future__ import annotations

import pytest

from autoexec_magic.builder.app.cells import Unparsed, choose, python_of
from autoexec_magic.builder.app.notebook import Cell


def cells(*sources):
    """Return cells of code: a source, or (source, tag, …)."""
    rows = [source if isinstance(source, tuple) else (source,) for source in sources]
    return [
        Cell(number=number, source=text, tags=frozenset(tags)) for number, (text, *tags) in enumerate(rows, 1)
    ]


def kept(*sources):
    """Return the numbers of the cells that are kept."""
    return [each.cell.number for each in choose(cells(*sources)).kept]


def test_without_tags_all_but_skip_and_test_are_kept():
    """And cells that only define tests are tests."""
    assert kept("a = 1", ("b = 2", "skip"), ("c = 3", "test"), "def test_a():\n    assert a", "d = 4") == [
        1,
        5,
    ]
    assert kept("import pytest\nclass TestA:\n    pass", "x = 1") == [2]


def test_with_a_tag_app_only_those_and_the_parameters_are():
    """Somebody who tags one means to choose."""
    assert kept("a = 1", ("b = 2", "parameters"), ("c = 3", "app"), ("d = 4", "app", "skip")) == [2, 3]


def test_a_cell_that_is_not_kept_may_be_anything():
    """A syntax error in a left-out cell is nobody's concern; in a kept one it is said with its line."""
    assert kept("x = 1", ("def (:", "skip")) == [1]
    with pytest.raises(Unparsed) as raised:
        choose(cells("x = 1", "y = 2\nz = (\n"))
    assert (raised.value.cell.number, raised.value.line) == (2, 2)


@pytest.mark.parametrize(
    ("source", "python"),
    [
        ("%matplotlib inline\nx = 1", "\nx = 1"),
        ("!pip install x\nx = 1", "\nx = 1"),
        ("x = !ls\ny = %sql select 1", "\n"),
        ("if x:\n    !ls\n    %cd ..", "if x:\n    pass\n    pass"),
        ("df?\n??df.head\nx = 1", "\n\nx = 1"),
        ("%time x = f()\n%timeit -n 1 f()", "x = f()\n"),
        ("%%time\nx = 1", "\nx = 1"),
        ("%%capture out\n%%time\nx = 1", "\n\nx = 1"),
        ("%%autoexec\nx = 1", "\nx = 1"),
        ("%%autoexec --timeout 5\nx = 1", "\nx = 1"),
        ("%%autoexec script\nx = 1", None),
        ("%%autoexec test\ndef test_x(): pass", None),
        ("%%bash\nls", None),
        ("%%timeit\nx = 1", None),
        ("%%writefile a.py\nx = 1", None),
        ("!cat \\\n  file\nx = 1", "\n\nx = 1"),
        ('s = """\n%not magic\n!nor this\n"""', None),
        ("total = (a\n    % b)", None),
        ("x = 5 % 3\ny = a != b", None),
        ("  x = 1\n  y = 2", "x = 1\ny = 2"),
        ("# %magic in a comment\nx = 1", None),
        ('text = """a\n%b\n"""\n%ls\nx = 1', 'text = """a\n%b\n"""\n\nx = 1'),
    ],
)
def test_what_is_ipythons_own_is_left_out_line_for_line(source, python):
    """And nothing that is Python, however it begins."""
    text, left_out = python_of(Cell(number=1, source=source))
    if python is None and text is not None:
        assert (text, left_out) == (source, [])
        return
    assert text == python
    assert (text is None) or text.count("\n") == source.count("\n")


def test_each_line_that_is_left_out_is_told_with_its_reason():
    """By cell and line."""
    chosen = choose(cells("%cd data\nx = 1", "%%html\n<b>", "y = 1"))
    assert [(each.cell, each.line, each.why) for each in chosen.left_out] == [
        (1, 1, "%cd"),
        (2, 0, "it is a cell of %%html"),
    ]

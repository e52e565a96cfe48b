"""The module that cells become: imports gathered where that changes nothing, each line of its cell."""

from __future__ import annotations

import ast
import itertools

from autoexec_magic.builder.app.cells import choose
from autoexec_magic.builder.app.composed import composed
from autoexec_magic.builder.app.notebook import Cell


def made(*sources, out=lambda statement, is_last: ""):
    """Return what some cells become."""
    cells = [Cell(number=number, source=text) for number, text in enumerate(sources, 1)]
    return composed(choose(cells).kept, out, "Made.")


def lines(*sources, **more):
    """Return the lines of the module below its docstring, without blank ones."""
    return [line for line in made(*sources, **more).text.split("\n")[1:] if line.strip()]


def test_imports_are_gathered_once_and_in_order():
    """What the future brings comes first."""
    assert lines(
        "import json", "import os\nimport json\nx = 1", "from __future__ import annotations\ny = 2"
    ) == [
        "# cell 3",
        "from __future__ import annotations",
        "# cell 1",
        "import json",
        "# cell 2",
        "import os",
        "# cell 2",
        "x = 1",
        "# cell 3",
        "y = 2",
    ]


def test_conditional_imports_stay_where_they_are():
    """They are no statement of the top level."""
    text = "try:\n    import fast\nexcept ImportError:\n    fast = None"
    assert lines(text) == ["# cell 1", *text.split("\n")]


def test_an_import_below_what_decides_how_it_is_imported_stays():
    """A path, the environment, a back end."""
    for first in (
        "import sys\nsys.path.insert(0, 'lib')",
        "import os\nos.environ['A'] = '1'",
        "import matplotlib\nmatplotlib.use('agg')",
    ):
        found = lines(first, "import mine\nx = mine")
        assert found[-3:] == ["# cell 2", "import mine", "x = mine"], first
    assert lines("import os\np = os.path.join('a')", "import mine")[3:4] == ["import mine"]


def test_an_import_of_a_name_that_is_bound_twice_stays():
    """Else the later one would count from the start."""
    found = lines("from a import load\nx = load()", "from b import load\ny = load()")
    assert found == [
        "# cell 1",
        "from a import load",
        "x = load()",
        "# cell 2",
        "from b import load",
        "y = load()",
    ]
    assert lines("import json", "json = 1") == ["# cell 1", "import json", "# cell 2", "json = 1"]


def test_a_star_import_stays_and_what_comes_after_it():
    """It binds nobody knows what."""
    found = lines("from a import *", "import b\nx = b")
    assert found == ["# cell 1", "from a import *", "# cell 2", "import b", "x = b"]


def test_statements_that_share_a_line_are_told_apart():
    """Comments and strings with line ends stay as they are."""
    text = 'import os; x = """a\n  b"""; import sys  # why\n# kept\ny = (1,\n  2)'
    found = made(text)
    assert ast.unparse(ast.parse(found.text)).split("\n")[1:] == [
        "import os",
        "import sys",
        "x = 'a\\n  b'",
        "y = (1, 2)",
    ]
    assert "# kept" in found.text


def test_every_line_knows_its_cell():
    """What stands there is what stands in the cell."""
    cells = [
        "#md",
        "import os\n\n\nx = 1  # ä\n",
        "@staticmethod\ndef f():\n    '''a\n\n    b'''\n    return os",
        "f",
    ]
    found = made(*cells)
    texts = found.text.split("\n")
    assert found.lines
    for each in found.lines:
        assert texts[each.line - 1].strip() == cells[each.cell - 1].split("\n")[each.of_cell - 1].strip()
    assert found.place(texts.index("    return os") + 1) == (3, 6)
    assert found.place(1) == (0, 0)


def test_what_is_left_out_is_told():
    """With its line and its text; a cell of which nothing stays is not there."""
    found = made(
        "x = 1\nx", "x", out=lambda statement, is_last: "shown" if isinstance(statement, ast.Expr) else ""
    )
    assert [(each.cell, each.line, each.why, each.text) for each in found.left_out] == [
        (1, 2, "shown", "x"),
        (2, 1, "shown", "x"),
    ]
    assert "cell 2" not in found.text


def test_what_it_makes_is_what_was_there():
    """The same statements, but for the order of imports."""
    cells = [
        "import a, b\nfor i in a: b(i)\nelse:\n  pass",
        "class A:\n\tx = 1\n\n\ty = 2",
        "if a:\n  import c",
    ]
    whole = ast.parse("\n".join(cells))
    assert ast.dump(ast.parse(made(*cells).text).body[1]) == ast.dump(whole.body[0])
    assert len(ast.parse(made(*cells).text).body) == len(whole.body) + 1


def test_the_library_cut_into_cells_is_the_same_code():
    """Forty files of it: each statement is there, and each line is where the map says."""
    from collections import Counter
    from pathlib import Path

    for file in sorted(Path(ast.__file__).parent.glob("*.py"))[:40]:
        text = file.read_text("utf-8", "replace")
        tree, lines_of = ast.parse(text), text.split("\n")
        firsts = [min([s.lineno, *(d.lineno for d in getattr(s, "decorator_list", []))]) for s in tree.body]
        cuts = [0, *(first - 1 for first in firsts[3::7]), len(lines_of)]
        sources = ["\n".join(lines_of[start:end]) for start, end in itertools.pairwise(cuts)]
        cells = [Cell(number=at, source=each, tags=frozenset({"app"})) for at, each in enumerate(sources, 1)]
        found = composed(choose(cells).kept, lambda statement, is_last: "", "Made.")
        before = Counter(ast.dump(each) for each in tree.body)
        after = Counter(ast.dump(each) for each in ast.parse(found.text).body[1:])
        assert set(before) == set(after), file.name
        assert all(n == after[what] or what.startswith("Import") for what, n in before.items()), file.name
        texts = found.text.split("\n")
        for each in found.lines:
            assert texts[each.line - 1].strip() in sources[each.cell - 1].split("\n")[each.of_cell - 1]

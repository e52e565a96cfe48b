"""A notebook's cells as a parser can read them."""

from __future__ import annotations

import ast
import json

import pytest

from autoexec_magic.installer.cells import cells, python_of


def notebook(*sources, **metadata):
    """Return a notebook of code cells."""
    made = [{"cell_type": "code", "source": source} for source in sources]
    return json.dumps({"cells": made, "metadata": metadata, "nbformat": 4})


@pytest.mark.parametrize(
    ("source", "want"),
    [
        pytest.param("import a\nx = 5 % 3", "import a\nx = 5 % 3", id="python"),
        pytest.param("%matplotlib inline\nimport a", "get_ipython()\nimport a", id="magic"),
        pytest.param("!pip install a\nimport a", "get_ipython()\nimport a", id="command"),
        pytest.param(
            "if x:\n    !ls\n    import a", "if x:\n    get_ipython()\n    import a", id="in-a-block"
        ),
        pytest.param("!ls \\\n  -l\nimport a", "get_ipython()\n\nimport a", id="command-over-lines"),
        pytest.param("files = !ls\nimport a", "files = get_ipython()\nimport a", id="assigned-command"),
        pytest.param("x = %pwd\nimport a", "x = get_ipython()\nimport a", id="assigned-magic"),
        pytest.param("a.b?\nimport a", "get_ipython()\nimport a", id="help-behind"),
        pytest.param("?a\nimport a", "get_ipython()\nimport a", id="help-in-front"),
        pytest.param("%time import a", "import a", id="timed-statement"),
        pytest.param("x = (a\n  % b)\nimport a", "x = (a\n  % b)\nimport a", id="remainder-in-brackets"),
        pytest.param("x = a \\\n  % b", "x = a \\\n  % b", id="remainder-after-a-backslash"),
        pytest.param("x = '''\n%a\n!b\n'''\nimport a", "x = '''\n%a\n!b\n'''\nimport a", id="in-a-string"),
        pytest.param("x = '''a\\'''\n%b\n'''", "x = '''a\\'''\n%b\n'''", id="escaped-quotes"),
        pytest.param("x != y\ny = a != b", "x != y\ny = a != b", id="not-equal"),
        pytest.param("%%time\nimport a", "\nimport a", id="timed-cell"),
        pytest.param("\n%%capture out\nimport a", "\n\nimport a", id="captured-cell"),
        pytest.param("%%autoexec --timeout 3\nimport a", "\nimport a", id="our-own-cell"),
        pytest.param("%%autoexec script\nimport a", "\nimport a", id="our-own-script"),
    ],
)
def test_what_only_ipython_understands_is_replaced(source, want):
    """Line for line, and nothing that is Python."""
    assert python_of(source) == want
    ast.parse(want)


@pytest.mark.parametrize(
    "source",
    [
        "%%bash\nimport a",
        "%%html\n<b>",
        "%%writefile a.py\nimport a",
        "%%autoexec sh\nls",
        "%%autoexec script --lang bash\nls",
        "%%nobodys\nimport a",
    ],
)
def test_a_cell_in_another_language_is_none_of_ours(source):
    """What a shell or a browser reads imports nothing into Python."""
    assert python_of(source) is None


def test_cells_keep_their_numbers():
    """The number counts all cells, as a person does."""
    text = {"cell_type": "markdown", "source": "import no"}
    code = {"cell_type": "code", "source": ["import a\n", "import b"]}
    found = list(cells(json.dumps({"cells": [text, code, text, code | {"source": "%%bash\nls"}, code]})))
    assert [(cell.number, cell.source) for cell in found] == [
        (2, "import a\nimport b"),
        (5, "import a\nimport b"),
    ]


def test_an_old_notebook_is_read():
    """Version 3 keeps its cells in worksheets, and their text as `input`."""
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": "import a"}]}], "nbformat": 3}
    assert [cell.source for cell in cells(json.dumps(old))] == ["import a"]


@pytest.mark.parametrize(
    "metadata", [{"kernelspec": {"language": "R"}}, {"language_info": {"name": "julia"}}]
)
def test_a_notebook_in_another_language_has_no_cells_for_us(metadata):
    """R's `import` is not Python's."""
    assert list(cells(notebook("import a", **metadata))) == []
    assert len(list(cells(notebook("import a", language_info={"name": "python"})))) == 1


@pytest.mark.parametrize("text", ["", "[]", "{", '{"cells": 3}', "3"])
def test_what_is_no_notebook_is_refused(text):
    """With an error that says so, and not a list of nothing."""
    with pytest.raises(ValueError, match=r"notebook|Expecting"):
        list(cells(text))


def test_damaged_cells_are_passed_over():
    """Other people's files hold anything."""
    text = json.dumps(
        {"cells": [3, None, {}, {"cell_type": "code"}, {"cell_type": "code", "source": [1, "\n"]}]}
    )
    assert [cell.source for cell in cells(text)] == ["", "1\n"]

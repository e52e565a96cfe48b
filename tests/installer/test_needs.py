"""What a notebook or a folder imports is read from whatever stands there, and bad files are named."""

from __future__ import annotations

import json

import pytest

from autoexec_magic.errors import UsageError
from autoexec_magic.installer import needs


def notebook(path, *sources, **metadata):
    """Write a notebook with these code cells."""
    cells = [{"cell_type": "code", "source": source, "metadata": {}, "outputs": []} for source in sources]
    path.write_text(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}))
    return path


def modules(path):
    """Return the modules that a path's sources need, each with whether it is required."""
    return [(need.module, need.required) for source in needs.of_path(path) for need in source.needs]


def test_what_only_ipython_understands_does_not_stop_it(tmp_path):
    """Magics, shell lines and help stand between imports in every real notebook."""
    path = notebook(
        tmp_path / "x.ipynb",
        "%matplotlib inline\nimport one\nprint?\nx = a % b",
        "%%time\nimport two",
        "%%bash\nimport not_python",
        "if x:\n    %load_ext autoexec_magic\nimport three",
    )
    assert modules(path) == [("one", True), ("two", True), ("three", False)]


def test_after_a_line_that_installs_nothing_is_certain(tmp_path):
    """`%pip install` and `sys.path` in one cell may make importable what a later cell imports."""
    path = notebook(tmp_path / "x.ipynb", "import one\n!pip install two", "import two")
    assert modules(path) == [("one", True), ("two", False)]
    path = notebook(tmp_path / "y.ipynb", "import sys\nsys.path.append('lib')", "import two")
    assert modules(path) == [("sys", True), ("two", False)]


def test_a_cell_that_does_not_parse_is_named(tmp_path):
    """The others are read all the same."""
    [source] = needs.of_path(notebook(tmp_path / "x.ipynb", "import one", "import (", "import two"))
    assert [need.module for need in source.needs] == ["one", "two"]
    assert source.fault == "cell 2 does not parse"


def test_a_folder_is_read_without_environments_and_builds(tmp_path):
    """Its own files count; what is installed or built in it does not."""
    for name in (".venv", "node_modules", "mine", "pkg/build"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "a.py").write_text("import inside\n" if name == "mine" else "import never\n")
    (tmp_path / "pkg" / "pyproject.toml").touch()
    (tmp_path / ".venv" / "pyvenv.cfg").touch()
    (tmp_path / "env2").mkdir()
    (tmp_path / "env2" / "pyvenv.cfg").touch()
    (tmp_path / "env2" / "a.py").write_text("import never")
    notebook(tmp_path / "b.ipynb", "import cells")
    assert sorted(modules(tmp_path)) == [("cells", True), ("inside", True)]


@pytest.mark.parametrize(
    ("name", "data", "fault"),
    [
        ("x.ipynb", b"{", "Expecting"),
        ("x.ipynb", b"\xff\xfe", "utf-8"),
        (
            "x.ipynb",
            b'{"nbformat": 4, "metadata": {}, "cells": [null, 1, {"cell_type": "code", "source": 7}]}',
            "",
        ),
        ("x.ipynb", b'{"nbformat": 4, "metadata": {"kernelspec": {"language": "R"}}, "cells": []}', ""),
        ("x.py", b"import (", "line 1: does not parse"),
        ("x.py", b"import \xff", "cannot be read"),
        ("x.py", b"x = '\0'", ""),
    ],
)
def test_garbage_is_named_and_left_out(tmp_path, name, data, fault):
    """One bad file is no reason to leave a project as it is."""
    (tmp_path / name).write_bytes(data)
    (tmp_path / "good.py").write_text("import one")
    found = {source.path.name: source for source in needs.of_path(tmp_path)}
    assert [need.module for need in found.pop("good.py").needs] == ["one"]
    assert [need for source in found.values() for need in source.needs] == []
    assert [fault in source.fault for source in found.values()] == [True] * bool(fault)


def test_what_is_neither_is_said(tmp_path):
    """A path that is not there, and a file of another kind."""
    with pytest.raises(UsageError, match="there is no"):
        needs.of_path(tmp_path / "none.py")
    (tmp_path / "a.csv").touch()
    with pytest.raises(UsageError, match="neither a notebook nor Python"):
        needs.of_path(tmp_path / "a.csv")


def test_an_old_notebook_in_a_folder_counts(tmp_path):
    """It is read for what the project needs, though nothing could be written into it."""
    cell = {"cell_type": "code", "input": ["import old"]}
    content = {"nbformat": 3, "metadata": {}, "worksheets": [{"cells": [cell]}]}
    (tmp_path / "old.ipynb").write_text(json.dumps(content))
    assert modules(tmp_path) == [("old", True)]

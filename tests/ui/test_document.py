"""The notebook as it is saved: whatever lies at the path, the answer is what can be known."""

from __future__ import annotations

import json
import os

import pytest

from autoexec_magic.ui import document


def test_the_code_cells_in_their_order(tmp_path):
    """With their ids, as text, and when they were saved."""
    path = tmp_path / "a.ipynb"
    cells = [
        {"cell_type": "code", "id": "a", "source": ["x = 1\n", "y = 2"]},
        {"cell_type": "markdown", "id": "b", "source": "z = 1"},
        {"cell_type": "code", "source": "z = 3"},
    ]
    path.write_text(json.dumps({"cells": cells}))
    os.utime(path, (5, 5))
    found = document.read(path)
    assert found.cells == (("a", "x = 1\ny = 2"), ("", "z = 3"))
    assert found.saved_at == 5


def test_an_older_format(tmp_path):
    """nbformat 3 keeps its cells in worksheets, and calls a source `input`."""
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"worksheets": [{"cells": [{"cell_type": "code", "input": ["x"]}]}]}))
    assert document.read(path).cells == (("", "x"),)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '"a"',
        "{}",
        '{"cells": 5}',
        '{"cells": [5]}',
        '{"cells": null, "worksheets": 1}',
        "[" * 100_000,
        '{"cells": [{"cell_type": "code", "source": 1}, 2]}',
    ],
)
def test_what_is_no_notebook_is_not_known(tmp_path, text):
    """Damaged, torn, or something else."""
    path = tmp_path / "a.ipynb"
    path.write_text(text)
    assert document.read(path) is None


def test_what_is_no_regular_file_is_not_read(tmp_path):
    """A pipe would wait for ever; a folder, a missing file and one of another kind hold no cells."""
    os.mkfifo(tmp_path / "pipe.ipynb")
    (tmp_path / "folder.ipynb").mkdir()
    (tmp_path / "a.py").write_text("{}")
    (tmp_path / "bytes.ipynb").write_bytes(b"\xff\xfe\x00")
    for name in ("pipe.ipynb", "folder.ipynb", "none.ipynb", "a.py", "bytes.ipynb", "\0.ipynb", ""):
        assert document.read(str(tmp_path / name) if name else "") is None


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    """Its outputs may be anything."""
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"cells": []}))
    assert document.read(path).cells == ()
    with path.open("r+b") as file:
        file.truncate(65 * 2**20)
    assert document.read(path) is None

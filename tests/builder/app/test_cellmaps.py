"""The file that says which line is of which cell: written, read back, and never trusted."""

from __future__ import annotations

import json

import pytest

from autoexec_magic import builder
from autoexec_magic.builder.app import cellmaps

CELLS = ("import os\n\nx = 1", "def main():\n    # why\n    return x\n\n\nmain")


def test_what_is_written_is_read_back(built):
    """Line for line, with ids."""
    artifact = built(*CELLS)
    folder = cellmaps.Path(artifact.reference)
    found = cellmaps.read(folder)
    texts = (folder / "model" / "__init__.py").read_text().split("\n")
    assert found.lines[texts.index("    return x") + 1] == (2, 3)
    assert found.lines[texts.index("x = 1") + 1] == (1, 3)
    assert found.ids == {1: "id-1", 2: "id-2"}
    assert found.texts[texts.index("    return x") + 1] == "return x"
    assert "return" not in (folder / cellmaps.FILE).read_text()


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"module": "../../x/__init__.py"},
        {"module": 5},
        {"notebook": "a\x1b[31m"},
        {"lines": [{"first": 1, "last": 10**9, "cell": 1, "line": 1}]},
        {"lines": [{"first": 0, "last": 1, "cell": 1, "line": 1}]},
        {"lines": ["x"]},
        {"lines": None},
    ],
    ids=str,
)
def test_what_is_no_map_is_none(built, change):
    """A file of anybody's is read as data."""
    folder = cellmaps.Path(built(*CELLS).reference)
    file = folder / cellmaps.FILE
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    assert cellmaps.read(folder) is None


def test_the_apps_near_a_folder_are_found(built):
    """In its dist, and only those whose module the log names."""
    artifact = built(*CELLS)
    work = cellmaps.Path(artifact.reference).parents[1]
    log = '  File "/app/model/__init__.py", line 9, in main'
    assert [each.notebook for each in builder.app_maps(log, work)] == ["model.ipynb"]
    assert builder.app_maps(log, work / "dist" / "model")
    assert builder.app_maps(log.replace("model", "other"), work) == ()
    assert builder.app_maps("no module at all", work) == ()
    (work / "autoexec.toml").write_text("[build\n")
    assert builder.app_maps(log, work)

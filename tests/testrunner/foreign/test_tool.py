"""What an entry of the table says."""

from __future__ import annotations

import pytest

from autoexec_magic.errors import MissingTool
from autoexec_magic.testrunner.foreign import TOOLS, Hearers, Launch, Tool
from autoexec_magic.testrunner.foreign.tool import program


@pytest.mark.parametrize("name", TOOLS)
def test_a_tool_that_is_missing_says_how_to_get_it(tmp_path, monkeypatch, name):
    """Before anything is started."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingTool) as caught:
        TOOLS[name].launch(tmp_path, [])
    assert name in caught.value.what
    assert caught.value.fix


def test_a_relative_folder_of_the_path_is_not_searched(tmp_path, monkeypatch):
    """It would mean the workspace's own files."""
    (tmp_path / "node").write_text("")
    (tmp_path / "node").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", ".")
    with pytest.raises(MissingTool):
        program("node", fix="install it")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program("node", fix="install it") == str(tmp_path / "node")


def test_who_says_nothing_needs_to_hear_nothing():
    """All of an entry's parts that may be left out can be."""
    Hearers().on_case(None)
    entry = Tool(
        name="x",
        found=lambda folder: "",
        launch=lambda folder, words: Launch(argv=(), reader=None, environment={}),
    )
    assert entry.only([]) == ()

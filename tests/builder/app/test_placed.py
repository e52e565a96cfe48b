"""An app's folder is whole or not there, and nobody else's is touched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autoexec_magic.builder.app import placed
from autoexec_magic.errors import BuildError

MAIN = "def main():\n    return 0"


def test_the_same_bytes_stay_with_their_times(built):
    """Whoever deploys by time sees nothing new; what Python keeps in it does not count."""
    first = built(MAIN)
    folder = Path(first.reference)
    (folder / "model" / "__pycache__").mkdir()
    before = folder.stat().st_ino
    assert built(MAIN) == first
    assert folder.stat().st_ino == before
    changed = built(MAIN, "x = 1")
    assert changed.digest != first.digest
    assert folder.stat().st_ino != before
    assert os.listdir(folder.parent) == ["model"]


def test_a_folder_that_is_not_ours_stays(built, note):
    """It may be somebody's work."""
    folder = note(MAIN).parent / "dist" / "model"
    folder.mkdir(parents=True)
    (folder / "mine.txt").write_text("dear")
    with pytest.raises(BuildError, match="was not made by build app"):
        built(MAIN)
    assert os.listdir(folder) == ["mine.txt"]


def test_a_link_in_its_place_is_not_followed(built, note, tmp_path):
    """What it points at may be anything."""
    folder = note(MAIN).parent / "dist"
    folder.mkdir()
    (folder / "model").symlink_to(tmp_path)
    with pytest.raises(BuildError, match="was not made by build app"):
        built(MAIN)


@pytest.mark.parametrize("error", [KeyboardInterrupt, BuildError("no")])
def test_an_end_in_the_middle_leaves_what_was_there(built, project, error):
    """And nothing of ours."""
    folder = Path(built(MAIN).reference)
    before = placed.files_of(folder)

    def interrupted():
        with placed.written(project(MAIN, "y = 2"), folder) as made:
            assert made.is_dir()
            raise error

    with pytest.raises((KeyboardInterrupt, BuildError)):
        interrupted()
    assert placed.files_of(folder) == before
    assert os.listdir(folder.parent) == ["model"]


def test_a_rename_that_fails_puts_the_old_one_back(built, project, monkeypatch):
    """A full or a dying disk."""
    folder = Path(built(MAIN).reference)
    before, rename = placed.files_of(folder), Path.rename

    def failing(self, target):
        if Path(target) == folder and self.parent.name.endswith(".part") and self.name == "model":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    with placed.written(project(MAIN, "y = 2"), folder) as made:
        monkeypatch.setattr(Path, "rename", failing)
        with pytest.raises(BuildError, match="cannot be written"):
            placed.put(made, folder)
    assert placed.files_of(folder) == before


def test_a_file_that_changes_under_the_build_ends_it(project, note, tmp_path):
    """What is written is what was read."""
    text = "import tools\ndef main():\n    return tools"
    tools = note(text).parent / "tools.py"
    tools.write_text("x = 1")
    made = project(text)
    tools.write_text("x = 2")
    with (
        pytest.raises(BuildError, match="was changed while"),
        placed.written(made, tmp_path / "out" / "model"),
    ):
        pass
    assert os.listdir(tmp_path / "out") == []


def test_a_place_that_cannot_be_written_is_said(project, tmp_path):
    """With its path."""
    (tmp_path / "file").touch()
    with (
        pytest.raises(BuildError, match="cannot be written") as raised,
        placed.written(project(MAIN), tmp_path / "file" / "model"),
    ):
        pass
    assert raised.value.fix.startswith(f"make room in {tmp_path / 'file'}, or out = ")

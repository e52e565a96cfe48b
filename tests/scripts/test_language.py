"""An entry of the table of languages is a value of plain facts."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from autoexec_magic import scripts
from autoexec_magic.errors import MissingTool
from autoexec_magic.scripts.language import Language, program

ENTRIES = pytest.mark.parametrize("entry", scripts.LANGUAGES.values(), ids=scripts.LANGUAGES)


@ENTRIES
def test_an_entry_says_all_there_is_to_know(entry):
    """How its files end, what its interpreter is called, how it starts, what it needs in the environment."""
    assert isinstance(entry, Language)
    assert all(ending.startswith(".") for ending in entry.endings)
    assert entry.name in entry.programs
    assert (entry.hand_over is None) == (entry.values == "")
    assert entry.reads_whole or entry.parse_options
    assert all(isinstance(value, str) for value in entry.environment(Path("/x")).values())


def test_a_program_is_one_of_the_path_by_its_full_name(fake_bin, monkeypatch):
    """The first that is there; a relative entry of the path is passed over."""
    path = fake_bin.write("second", "true")
    assert program("first", "second", fix="x") == str(path)
    monkeypatch.chdir(fake_bin)
    monkeypatch.setenv("PATH", ".")
    with pytest.raises(MissingTool, match="there is no first") as caught:
        program("first", "second", fix="install it")
    assert caught.value.fix == "install it"


@ENTRIES
def test_an_entry_cannot_be_changed(entry):
    """The table is the same for every run."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        entry.endings = (".txt",)

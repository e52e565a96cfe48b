"""An entry of the table of languages is a value of plain facts."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from autoexec_magic import scripts
from autoexec_magic.scripts.language import Language

ENTRIES = pytest.mark.parametrize("entry", scripts.LANGUAGES.values(), ids=scripts.LANGUAGES)


@ENTRIES
def test_an_entry_says_all_there_is_to_know(entry):
    """How its files end, what its interpreter is called, how it starts, what it needs in the environment."""
    assert isinstance(entry, Language)
    assert entry.ending.startswith(".")
    assert entry.name in entry.programs
    assert all(isinstance(word, str) for word in entry.start())
    assert all(isinstance(value, str) for value in entry.environment(Path("/x")).values())


@ENTRIES
def test_an_entry_cannot_be_changed(entry):
    """The table is the same for every run."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        entry.ending = ".txt"

"""A path is told as it can be typed."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from autoexec_magic.builder.typed import as_typed


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("note.ipynb", "note.ipynb"),
        ("my work/a note.ipynb", "'my work/a note.ipynb'"),
        ("../near/note.ipynb", "../near/note.ipynb"),
        ("-x.ipynb", "./-x.ipynb"),
        ("it's.ipynb", shlex.quote("it's.ipynb")),
        ("/far/a b.ipynb", "'/far/a b.ipynb'"),
    ],
)
def test_a_path_is_told_as_it_was_named(tmp_path, monkeypatch, named, said):
    """From where the person is, as one word, and as none of the options."""
    monkeypatch.chdir(tmp_path)
    assert as_typed(Path(named).absolute()) == said
    assert Path(*shlex.split(said)).absolute() == Path(named).absolute()

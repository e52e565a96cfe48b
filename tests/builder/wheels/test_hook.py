"""The script that asks a backend what it needs more, run as a build runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from autoexec_magic.builder.wheels import hook


@pytest.mark.parametrize(
    ("code", "name", "want"),
    [
        ("def get_requires_for_build_wheel(settings):\n    return ['a', 'b']\n", "own", ["a", "b"]),
        ("", "own", []),
        (
            "class Inner:\n    get_requires_for_build_wheel = staticmethod(lambda settings: ('c',))\n",
            "own:Inner",
            ["c"],
        ),
    ],
)
def test_the_hook_is_called(tmp_path, code, name, want):
    """Of a module or of an object in it; a backend without one needs nothing more."""
    (tmp_path / "own.py").write_text(code)
    out = tmp_path / "needed.json"
    words = [sys.executable, "-I", "-", "get_requires_for_build_wheel", name, '["."]', str(out)]
    text = Path(hook.__file__).read_text("utf-8")
    subprocess.run(words, cwd=tmp_path, input=text, text=True, check=True)
    assert json.loads(out.read_text()) == want


def test_the_folder_is_not_imported_from_without_being_asked(tmp_path):
    """PEP 517: only `backend-path` is."""
    (tmp_path / "own.py").write_text("")
    words = [sys.executable, "-I", "-", "get_requires_for_build_wheel", "own", "[]", str(tmp_path / "x")]
    text = Path(hook.__file__).read_text("utf-8")
    said = subprocess.run(words, cwd=tmp_path, input=text, text=True, capture_output=True, check=False)
    assert "No module named 'own'" in said.stderr

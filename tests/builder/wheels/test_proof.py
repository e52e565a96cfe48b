"""The script that imports what a wheel brought, run as a build runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from autoexec_magic.builder.wheels import proof


def test_what_fails_is_noted_and_the_rest_is_tried(tmp_path):
    """Also what leaves Python with SystemExit; entry points are looked up to their last name."""
    asked = [
        "json",
        "json:dumps",
        "json.decoder:JSONDecoder.decode",
        "json:nothing",
        "nowhere_at_all",
        "this_exits",
    ]
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "this_exits.py").write_text("raise SystemExit(3)")
    out = tmp_path / "failed.json"
    text = (
        Path(proof.__file__)
        .read_text("utf-8")
        .replace("if __name__", f"sys.path.insert(0, {str(folder)!r})\nif __name__")
    )
    words = [sys.executable, "-I", "-", json.dumps(asked), str(out)]
    subprocess.run(words, input=text, text=True, check=True)
    failed = dict(json.loads(out.read_text()))
    assert sorted(failed) == ["json:nothing", "nowhere_at_all", "this_exits"]
    assert failed["nowhere_at_all"] == "ModuleNotFoundError: No module named 'nowhere_at_all'"
    assert failed["this_exits"] == "SystemExit: 3"

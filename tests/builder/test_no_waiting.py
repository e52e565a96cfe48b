"""No build waits for a pipe or reads without an end, whichever file of a project is one."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import benches
import pytest

from autoexec_magic import builder
from autoexec_magic.builder.app import cellmaps
from autoexec_magic.errors import AutoexecError

NOTEBOOK = (
    '{"cells": [{"cell_type": "code", "source": "import near\\nfrom far import *\\ndef main():\\n  return 0",'
    ' "metadata": {}, "id": "a", "outputs": [], "execution_count": null}], "metadata": {}, "nbformat": 4,'
    ' "nbformat_minor": 5}'
)
PYPROJECT = "[project]\nname = 'pear'\nversion = '1'\n[project.scripts]\npear = 'pear:main'\n"
FILES = {
    "pyproject.toml": PYPROJECT,
    "pear.py": "def main(): pass\n",
    "near.py": "x = 1\n",
    "far.py": "y = 1\n",
    "package.json": '{"name": "pear", "version": "1.0.0", "main": "x.js"}',
    "x.js": "",
    "note.ipynb": NOTEBOOK,
}


def ended(act) -> object:
    """Do it in a thread; return what came of it, or fail where it waits."""
    found: list[object] = []

    def run() -> None:
        try:
            found.append(act())
        except AutoexecError as error:
            found.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(20)
    assert found, "it waits, or it ended in another error"
    return found[0]


@pytest.mark.parametrize("way", ["pipe", "linked pipe", "endless"])
@pytest.mark.parametrize(
    "name",
    [
        *(
            "pyproject.toml",
            "autoexec.toml",
            "setup.py",
            "setup.cfg",
            "near.py",
            "far.py",
            "near/__init__.py",
        ),
        *(
            "requirements.txt",
            "uv.lock",
            "package.json",
            "package-lock.json",
            ".npmrc",
            ".nvmrc",
            "note.ipynb",
        ),
        *(
            ".dockerignore",
            "Dockerfile",
            ".python-version",
            ".gitignore",
            ".git",
            ".git/HEAD",
            "data/any.bin",
        ),
    ],
)
def test_a_pipe_in_the_place_of_a_file_is_waited_for_by_nobody(tmp_path, name, way):
    """A plan of each kind ends: with what is wrong, or without that file."""
    folder = tmp_path / "project"
    folder.mkdir()
    for other, text in FILES.items():
        (folder / other).write_text(text)
    place = folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    if way == "endless":
        place.symlink_to("/dev/zero")
    else:
        pipe = place if way == "pipe" else tmp_path / "pipe"
        os.mkfifo(pipe)
        if pipe != place:
            place.symlink_to(pipe)
    bench = benches.bench(tmp_path)
    for kind, path in (("wheel", folder), ("npm", folder), ("image", folder), ("app", folder / "note.ipynb")):
        if path.exists():
            ended(lambda kind=kind, path=path: _planned(kind, path, folder, bench))
    ended(lambda: builder.fitting(folder))
    ended(lambda: cellmaps.maps_for('File "near/__init__.py", line 1', cellmaps.folders_near(folder)))


def _planned(kind: str, path: Path, folder: Path, bench: builder.Bench) -> object:
    return builder.builder_of(kind).plan(builder.source_of(path, folder), bench)

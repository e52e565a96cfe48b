"""Real repositories for the tests of builders."""

from __future__ import annotations

import subprocess
from pathlib import Path

from autoexec_magic.builder import inputs
from autoexec_magic.builder.artifacts import Input

_OWN = (
    *("-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "commit.gpgsign=false"),
    *("-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main"),
)


def git(folder: Path, *words: str) -> str:
    """Run git with a name of its own, and return what it says."""
    return subprocess.run(
        ["git", *_OWN, *words], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


def committed(folder: Path, **files: str) -> Path:
    """Return a new repository with one commit; `__` in a name is a /."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        file = folder / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "one")
    return folder


def read(folder: Path) -> tuple[Input, ...]:
    """Return all files of a folder as inputs."""
    return inputs.inputs_of(folder)

"""What the tests of notebooks' apps share: a notebook out of a few cells, and what a build makes of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import benches
import pytest

from autoexec_magic import builder
from autoexec_magic.builder import app
from autoexec_magic.builder.app import notebook
from autoexec_magic.builder.app.project import Project, project_of

Cells = Sequence[Any]


def written(path: Path, cells: Cells, *, minor: int = 5, **metadata: Any) -> Path:
    """Write a notebook: a cell is its source, or (source, tag, …); one that begins with `#md` is text."""
    found = []
    for number, cell in enumerate(cells):
        source, *tags = cell if isinstance(cell, tuple) else (cell,)
        is_text = source.startswith("#md")
        made = {"cell_type": "markdown" if is_text else "code", "metadata": {"tags": tags} if tags else {}}
        made["source"] = source.removeprefix("#md").splitlines(keepends=True)
        made |= {"id": f"id-{number + 1}"} if minor >= 5 else {}
        made |= {} if is_text else {"outputs": [], "execution_count": None}
        found.append(made)
    about = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}} | metadata
    whole = {"cells": found, "metadata": about, "nbformat": 4, "nbformat_minor": minor}
    path.write_text(json.dumps(whole, ensure_ascii=False, indent=1), "utf-8")
    return path


@pytest.fixture
def note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write a notebook `model.ipynb` of some cells into a folder, go there, and return its path."""

    def write(*cells: Any, name: str = "model.ipynb", **more: Any) -> Path:
        folder = tmp_path / "work"
        folder.mkdir(exist_ok=True)
        monkeypatch.chdir(folder)
        return written(folder / name, cells, **more)

    return write


@pytest.fixture
def project(note: Callable[..., Path]) -> Callable[..., Project]:
    """Return the project that some cells become, without writing it."""

    def make(*cells: Any, lock: str = "", **more: Any) -> Project:
        path = note(*cells, **more)
        source = builder.source_of(path, path.parent)
        return project_of(source, notebook.read(path), lock, "1.0")

    return make


@pytest.fixture
def module(project: Callable[..., Project]) -> Callable[..., str]:
    """Return the text of the module that some cells become."""
    return lambda *cells, **more: project(*cells, **more).composed.text


@pytest.fixture
def built(tmp_path: Path, note: Callable[..., Path]) -> Callable[..., Any]:
    """Build the app of some cells in the cage, and return its artifact."""

    def build(*cells: Any, wish: builder.Wish = builder.PLAIN, **more: Any) -> Any:
        path = note(*cells, **more)
        bench = benches.bench(tmp_path)
        source = builder.source_of(path, path.parent, wish)
        (artifact,) = app.build(app.plan(source, bench), bench)
        return artifact

    return build

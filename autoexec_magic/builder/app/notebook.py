"""A notebook's file as a build reads it: its cells with their numbers, ids and tags.

A notebook is other people's data: what is not as the format says is left out or
refused, and nothing of it is run. Cells are counted from 1, those of text too,
as everywhere in this project where a notebook's file is meant.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import BuildError
from .. import reading
from ..typed import as_typed

MOST_BYTES = 1024 * 2**20
_SAVE = "open it in Jupyter and save it"
_BOM = b"\xef\xbb\xbf"
_LINE_ENDS = re.compile(r"\r\n?")
_PYTHONS = ("python", "python3", "ipython")
_VERSION = re.compile(r"3\.\d{1,3}(?=\.|\Z)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell: its number among all of them, from 1, its id ("" before format 4.5), and what is in it."""

    number: int
    source: str
    cell_id: str = ""
    is_code: bool = True
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook:
    """A notebook as it was read; `digest` is its bytes' SHA-256, 64 hexadecimal digits."""

    path: Path
    data: bytes
    cells: tuple[Cell, ...]
    metadata: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its file's name."""
        return self.path.name

    @property
    def digest(self) -> str:
        """The SHA-256 of its bytes."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def code(self) -> tuple[Cell, ...]:
        """Its cells of code."""
        return tuple(cell for cell in self.cells if cell.is_code)

    @property
    def python(self) -> str:
        """The version of Python that it was locked for, else that it ran with, as `3.11`; else ""."""
        for place in (("autoexec", "lock", "python"), ("language_info", "version")):
            found: Any = self.metadata
            for key in place:
                found = found.get(key) if isinstance(found, dict) else None
            if isinstance(found, str) and (version := _VERSION.match(found)):
                return version.group()
        return ""


def is_notebook(path: Path) -> bool:
    """Whether a file is a notebook of Python's with code in it."""
    if path.suffix != ".ipynb" or not path.is_file():
        return False
    try:
        return bool(read(path).code)
    except BuildError:
        return False


def read(path: Path) -> Notebook:
    """Return a notebook's file.

    Raises
    ------
    BuildError
        It cannot be read, is no notebook of format 4, or is not Python's.
    """
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError as error:
        shown = ascii(path.name)
        raise BuildError(
            f"{shown} cannot become an app",
            why="its path is no text in UTF-8",
            fix="rename it",
        ) from error
    try:
        data = reading.content(path, most=MOST_BYTES)
    except OSError as error:
        fix = (
            f"chmod u+r {as_typed(path)}" if isinstance(error, PermissionError) else f"ls -l {as_typed(path)}"
        )
        raise BuildError(f"cannot read {path.name}", why=error.strerror or str(error), fix=fix) from error
    try:
        content = json.loads(data.removeprefix(_BOM).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        why = " ".join(str(error).split())[:200]
        raise BuildError(f"{path.name} is no notebook", why=why, fix=_SAVE) from error
    return _parsed(path, data, content)


def _parsed(path: Path, data: bytes, content: Any) -> Notebook:
    form = content.get("nbformat") if isinstance(content, dict) else None
    if form != 4 or not isinstance(content.get("cells"), list):
        is_older = isinstance(form, int) and 0 < form < 4
        older = f"jupyter nbconvert --to notebook --inplace {as_typed(path)}"
        raise BuildError(
            f"{path.name} is no notebook of format 4",
            why=f"its format is {form}" if isinstance(form, int) else "it does not say so",
            fix=older if is_older else _SAVE,
        )
    metadata = content.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    language = _language(metadata)
    if language not in _PYTHONS:
        raise BuildError(
            f"{path.name} is no notebook of Python's",
            why=f"its kernel's language is {language}",
            fix="choose a kernel of Python in it, or %autoexec build app NOTEBOOK.ipynb, another one",
        )
    cells = tuple(_cell(number, cell) for number, cell in enumerate(content["cells"], 1))
    _refuse_halves(path, cells, metadata)
    return Notebook(path=path, data=data, cells=cells, metadata=metadata)


def _refuse_halves(path: Path, cells: Sequence[Cell], metadata: Mapping[str, Any]) -> None:
    """Refuse half a character, which JSON can hold and no file of text can."""
    about = json.dumps(metadata, ensure_ascii=False)
    for where, text in (*((f"cell {each.number}", each.source) for each in cells), ("its metadata", about)):
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise BuildError(
                f"{path.name} holds half a character",
                why=f"{where}: {error.reason}",
                fix="mend it there",
            ) from error


def _cell(number: int, cell: Any) -> Cell:
    if not isinstance(cell, dict):
        return Cell(number=number, source="", is_code=False)
    lines = cell.get("source", "")
    lines = lines if isinstance(lines, list) else [lines]
    source = "".join(line for line in lines if isinstance(line, str))
    about = cell.get("metadata")
    tags = about.get("tags") if isinstance(about, dict) else None
    tags = tags if isinstance(tags, list) else []
    cell_id = cell.get("id")
    return Cell(
        number=number,
        source=_LINE_ENDS.sub("\n", source),
        cell_id=cell_id if isinstance(cell_id, str) else "",
        is_code=cell.get("cell_type") == "code",
        tags=frozenset(tag for tag in tags if isinstance(tag, str) and tag.isprintable()),
    )


def _language(metadata: Mapping[str, Any]) -> str:
    for key, name in (("kernelspec", "language"), ("language_info", "name")):
        about = metadata.get(key)
        if isinstance(about, dict) and isinstance(about.get(name), str):
            return str(about[name]).lower()
    return "python"

"""The file that says which line of an app's module is of which cell: written by builds, read by diagnoses.

It has no line of code in it. What is read may be anybody's: what is not as it
should be is no map.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...diagnosis.cellmap import CellMap
from ...errors import AutoexecError, BuildError
from .. import reading
from .composed import Composed
from .notebook import Notebook

FILE = "cells.json"
FORMAT = 1
_MOST_BYTES = 16 << 20
_MOST_FOLDERS = 200
_MODULE = re.compile(r"\w+/__init__\.py")
_FRAME = re.compile(r'File "[^"\n]{0,4000}?(\w+/__init__\.py)", line \d')


def written(notebook: Notebook, made: Composed, module: str) -> bytes:
    """Return the file's bytes: runs of lines that follow each other, in the module as in their cell."""
    ids = {cell.number: cell.cell_id for cell in notebook.cells}
    runs: list[dict[str, Any]] = []
    for each in made.lines:
        last = runs[-1] if runs else None
        follows = last is not None and (last["cell"], last["last"] + 1) == (each.cell, each.line)
        if last is not None and follows and each.line - last["first"] == each.of_cell - last["line"]:
            last["last"] = each.line
            continue
        run = {"first": each.line, "last": each.line, "cell": each.cell, "line": each.of_cell}
        runs.append(run | ({"id": ids[each.cell]} if ids.get(each.cell) else {}))
    whole = {"format": FORMAT, "module": module, "notebook": notebook.name, "lines": runs}
    return (json.dumps(whole, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode("utf-8")


def read(folder: Path) -> CellMap | None:
    """Return the map of an app's folder, None where there is none that can be used."""
    file = folder / FILE
    try:
        found = json.loads(reading.content(file, most=_MOST_BYTES))
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            return None
        module, notebook = found["module"], found["notebook"]
        if not (_MODULE.fullmatch(module) and isinstance(notebook, str) and notebook.isprintable()):
            return None
        texts = reading.text(folder / module).split("\n")
        lines, ids = _lines(found["lines"], len(texts))
    except (OSError, BuildError, ValueError, KeyError, TypeError, RecursionError):
        return None
    shown = {line: texts[line - 1].strip() for line in lines}
    return CellMap(file=module, notebook=notebook[:200], lines=lines, ids=ids, texts=shown)


def maps_for(text: str, folders: Iterator[Path]) -> tuple[CellMap, ...]:
    """Return the maps of the apps in some folders that a log names a module of."""
    named = set(_FRAME.findall(text))
    if not named:
        return ()
    found: list[CellMap] = []
    for at, folder in enumerate(folders):
        if at >= _MOST_FOLDERS:
            break
        if (made := read(folder)) is not None and made.file in named:
            found.append(made)
    return tuple(found)


def folders_near(folder: Path) -> Iterator[Path]:
    """Yield where apps may be: a folder, what is in it, and where builds of it and of its workspace go."""
    from ...config import workspace
    from ..settings import read as settings_of

    top = workspace(folder)
    for each in dict.fromkeys((folder, top)):
        yield each
        try:
            out = settings_of(each).get("out")
        except AutoexecError:  # whoever builds is told; a diagnosis goes on without it
            out = None
        places = [each, each / "dist", *([each / out] if isinstance(out, str) else [])]
        for place in dict.fromkeys(places):
            with contextlib.suppress(OSError):
                yield from sorted(path for path in place.iterdir() if (path / FILE).is_file())


def _lines(runs: Any, most: int) -> tuple[dict[int, tuple[int, int]], dict[int, str]]:
    lines: dict[int, tuple[int, int]] = {}
    ids: dict[int, str] = {}
    for run in runs:
        first, last, cell, line = (int(run[key]) for key in ("first", "last", "cell", "line"))
        if not (0 < first <= last <= most and cell > 0 and line > 0):
            raise ValueError("no lines of the module")
        for at in range(first, last + 1):
            lines[at] = (cell, line + at - first)
        if isinstance(run.get("id"), str) and run["id"].isprintable():
            ids[cell] = run["id"][:100]
    return lines, ids

"""The notebook as it is saved: its code cells, read from the file and never trusted further.

Plain JSON, of bounded size, from a regular file; whatever is wrong with it, the
answer is that nothing is known. What was not saved is not in it: it is evidence
of what the notebook says, not more.
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path

_LARGEST = 64 * 2**20  # bytes of a file that is read; outputs are in it
_MOST_CELLS = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The code cells of a notebook, `(id, source)` in their order; saved at seconds since 1970."""

    cells: tuple[tuple[str, str], ...]
    saved_at: float


def read(path: str | Path) -> Document | None:
    """Return what the file says, or None where it is no notebook that can be read; raises nothing."""
    if not str(path).endswith(".ipynb"):
        return None
    try:
        found = _load(path)
        return None if found is None else Document(cells=tuple(_cells(found[0])), saved_at=found[1])
    except (OSError, ValueError, TypeError, AttributeError, LookupError, RecursionError, MemoryError):
        return None


def _load(path: str | Path) -> tuple[object, float] | None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode) or about.st_size > _LARGEST:
            return None
        return json.loads(file.read(_LARGEST)), about.st_mtime


def _cells(notebook: object) -> list[tuple[str, str]]:
    if not isinstance(notebook, dict):
        raise ValueError("no notebook")
    found = notebook.get("cells")
    if found is None:  # nbformat 3
        found = [cell for sheet in notebook["worksheets"] for cell in sheet.get("cells", ())]
    cells = []
    for cell in found[:_MOST_CELLS]:
        if cell.get("cell_type") == "code":
            lines = cell.get("source", cell.get("input", ""))
            source = "".join(map(str, lines)) if isinstance(lines, list) else str(lines)
            cells.append((str(cell.get("id") or ""), source))
    return cells

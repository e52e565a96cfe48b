"""The PEP 723 block that a notebook has in a code cell, where juv reads it.

uv reads such a block from a script, juv from the first code cell that has one;
neither looks into a notebook's metadata. So a notebook that has such a cell
keeps it true: uv itself adds what is missing to the block, and nothing but that
cell's source changes. A notebook without gets one only if a person asks.
"""

from __future__ import annotations

import secrets

from . import blocks, manifests, notebook, notebook_lock
from .notebook import Notebook
from .notebook_lock import Lock
from .tool import Toolbox


def with_block(read: Notebook, found: Lock, tools: Toolbox, *, add: bool) -> Notebook:
    """Return the notebook with the block in its cell saying what it needs.

    Parameters
    ----------
    read : Notebook
        As it is.
    found : Lock
        What it needs.
    tools : Toolbox
        Who watches.
    add : bool
        Whether to put a cell first where there is none with a block.

    Raises
    ------
    PhaseError, UsageError
        uv did not take the block that is there.
    """
    place = next((each for each in read.cells if notebook_lock.block_of(each[1])), None)
    if place is None:
        return _with_cell(read, found) if add and found.direct else read
    number, source = place
    new = _updated(source, found, tools, read.path.name)
    if new == source:
        return read
    is_list = isinstance(read.content["cells"][number]["source"], list)
    value = new.splitlines(keepends=True) if is_list else new
    return notebook.parsed(read.path, notebook.spliced(read, ("cells", number, "source"), value))


def _with_cell(read: Notebook, found: Lock) -> Notebook:
    lines = notebook_lock.script(found).rstrip("\n").splitlines(keepends=True)
    cell: dict[str, object] = {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {"jupyter": {"source_hidden": True}},
        "outputs": [],
        "source": lines,
    }
    minor = read.content.get("nbformat_minor")
    if isinstance(minor, int) and minor >= 5:  # nbformat 4.5: each cell has an id, unique in the notebook
        cell = {"cell_type": "code", "execution_count": None, "id": secrets.token_hex(4), **cell}
    return notebook.parsed(read.path, notebook.with_first_cell(read, cell))


def _updated(source: str, found: Lock, tools: Toolbox, name: str) -> str:
    """Return a cell's source with what its block lacks."""
    there = manifests.names(blocks.dependencies(source, name))
    rows = [row for row in found.packages if row.name in found.direct and row.name not in there]
    return blocks.in_source(source, rows, tools, "cell.py") if rows else source

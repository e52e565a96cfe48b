"""The notebook that is an app itself: what of it is run, and the entry that runs it with parameters.

It takes nbclient and ipykernel, which have to be in its lock. The entry keeps
the notebook with its outputs, also where a cell failed.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from typing import Any

from ...errors import BuildError
from .cells import PARAMETERS, Chosen, Kept
from .entries import Entry, locked_in, to_add
from .notebook import Notebook
from .shapes import Shape

FILE = "notebook.ipynb"
NEEDS = ("nbclient", "ipykernel")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")  # as nbformat has it
_KEPT_METADATA = ("kernelspec", "language_info")

_TEXT = '''"""Run the notebook: python -m {name} [--param KEY=VALUE …] [--output FILE]."""

from __future__ import annotations

import argparse
import ast
import json
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

HERE = Path(__file__).resolve().parent
SOURCE = {source!r}
DEFAULTS = {defaults}  # the parameters, as the notebook has them


def value_of(text: str) -> object:
    """Return what a parameter's text means: a number, true, a list …; else the text."""
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError):
            continue
    return text


def parameters_of(words: list[str], parser: argparse.ArgumentParser) -> dict[str, object]:
    """Return the parameters that were given."""
    given: dict[str, object] = {{}}
    for word in words:
        key, sign, text = word.partition("=")
        if not sign or key not in DEFAULTS:
            known = ", ".join(DEFAULTS) or "no parameters: tag a cell of the notebook `parameters`"
            parser.error(f"--param {{word}}: the notebook has {{known}}")
        given[key] = value_of(text)
    return given


def with_parameters(notebook: nbformat.NotebookNode, given: dict[str, object]) -> int:
    """Put a cell with the parameters below those of the notebook, and return its place, or -1."""
    if not given:
        return -1
    text = "\\n".join(["# Parameters", *(f"{{key}} = {{value!r}}" for key, value in given.items())])
    cell = nbformat.v4.new_code_cell(text, metadata={{"tags": ["injected-parameters"]}})
    tagged = [at for at, each in enumerate(notebook.cells) if "parameters" in each.metadata.get("tags", [])]
    place = tagged[-1] + 1 if tagged else 0
    notebook.cells.insert(place, cell)
    return place


def main() -> int:
    """Run it and keep it; 1 where a cell failed."""
    parser = argparse.ArgumentParser(prog="python -m {name}")
    parser.add_argument("--param", action="append", default=[], metavar="KEY=VALUE", help=f"of {{DEFAULTS}}")
    parser.add_argument("--output", type=Path, default=Path("{name}-output.ipynb"), help="%(default)s")
    parser.add_argument("--timeout", type=float, default=None, metavar="SECONDS", help="for each cell")
    options = parser.parse_args()
    given = parameters_of(options.param, parser)
    notebook = nbformat.read(HERE / "{file}", as_version=4)
    numbers = {{id(cell): cell.metadata.get("autoexec_cell", 0) for cell in notebook.cells}}
    with_parameters(notebook, given)
    client = NotebookClient(
        notebook, timeout=options.timeout, kernel_name="python3", resources={{"metadata": {{"path": "."}}}}
    )
    failed = ""
    try:
        client.execute()
    except CellExecutionError as error:
        outputs = [(cell, each) for cell in notebook.cells for each in cell.get("outputs", [])]
        at = next((cell for cell, each in outputs if each.output_type == "error"), None)
        number = numbers.get(id(at), 0)
        where = f"{{SOURCE}} cell {{number}}" if number else "the parameters"
        failed = f"{{where}} failed: {{error.ename}}: {{error.evalue}}"
        print(error.traceback, file=sys.stderr)
    finally:
        partial = options.output.with_name(f".{{options.output.name}}.part")
        nbformat.write(notebook, partial)
        partial.replace(options.output)
    print(failed or f"kept in {{options.output}}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
'''


def entry_for(notebook: Notebook, chosen: Chosen, shape: Shape, name: str, requirements: str) -> Entry:
    """Return how the notebook itself is run.

    Raises
    ------
    BuildError
        What runs it is not in its lock.
    """
    missing = [each for each in NEEDS if each not in locked_in(requirements)]
    if missing:
        raise BuildError(
            f"{notebook.name} has no `app`, `handler` or `main`, and to run it as it is "
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing from its lock",
            why=shape.doubt or "nothing in it is served or called",
            fix=f"define one of them, or {to_add(missing, notebook.path)}",
        )
    defaults = {key: value for cell in chosen.kept for key, value in parameters_of(cell).items()}
    text = _TEXT.format(name=name, file=FILE, defaults=repr(defaults), source=notebook.name)
    return Entry(text=text, command=("python", "-m", name))


def parameters_of(kept: Kept) -> dict[str, str]:
    """Return what a cell tagged `parameters` binds, each as its text."""
    if PARAMETERS not in kept.cell.tags:
        return {}
    found: dict[str, str] = {}
    for node in kept.tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        if isinstance(node, ast.Assign | ast.AnnAssign) and value is not None:
            found |= {target.id: ast.unparse(value) for target in targets if isinstance(target, ast.Name)}
    return found


def notebook_of(notebook: Notebook, chosen: Chosen) -> bytes:
    """Return the notebook that is run: the cells that are kept and those of text, without outputs."""
    kept = {cell.cell.number: cell for cell in chosen.kept}
    out = {left.cell for left in chosen.left_out if not left.line}
    cells: list[dict[str, Any]] = []
    for cell in notebook.cells:
        if cell.is_code and (cell.number in out or cell.number not in kept):
            continue
        metadata: Mapping[str, Any] = {"autoexec_cell": cell.number, "tags": sorted(cell.tags)}
        source = kept[cell.number].text if cell.is_code else cell.source
        made: dict[str, Any] = {"cell_type": "code" if cell.is_code else "markdown", "metadata": metadata}
        made |= {"id": cell.cell_id if _ID.fullmatch(cell.cell_id) else f"cell-{cell.number}"}
        made |= {"source": source}
        made |= {"execution_count": None, "outputs": []} if cell.is_code else {}
        cells.append(made)
    about = {key: notebook.metadata[key] for key in _KEPT_METADATA if key in notebook.metadata}
    whole = {"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(whole, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode("utf-8")

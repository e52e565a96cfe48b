"""What no app is made of: a relative import, a package without a lock, code that holds a secret."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from ...errors import BuildError
from ..secretfiles import secret_in
from ..typed import as_typed
from .cells import Chosen
from .composed import Composed
from .needs import Needs, relative_of
from .notebook import Notebook


def relative(notebook: Notebook, made: Composed, tree: ast.Module) -> None:
    """Refuse an import from a package that a notebook is none of: in a kernel it fails, too.

    Raises
    ------
    BuildError
        There is one.
    """
    for wanted in relative_of(tree):
        cell, line = made.place(wanted.line)
        raise BuildError(
            f"{notebook.name} cell {cell} line {line} imports from a package that the notebook is not in",
            why=f"{'.' * wanted.level}{wanted.module} is a relative import",
            fix=f"write `from {wanted.module or 'MODULE'} import …`: files beside the notebook are found",
        )


def unlocked(notebook: Notebook, made: Composed, needs: Needs, lock: str) -> None:
    """Refuse packages of which no lock says the version.

    Raises
    ------
    BuildError
        There is one.
    """
    if lock or not needs.packages:
        return
    name, wanted, where = needs.packages[0]
    cell, line = made.place(wanted.line)
    more = f" and {len(needs.packages) - 1} more" if len(needs.packages) > 1 else ""
    place = f"{where} line {wanted.line}" if where else f"cell {cell} line {line}"
    raise BuildError(
        f"{notebook.name} imports {name}{more}, and has no lock",
        why=f"{place}; which version it was tried with is written nowhere",
        fix=f"%autoexec fix {as_typed(notebook.path)}",
    )


def secrets(notebook: Notebook, chosen: Chosen, made: Mapping[str, bytes], paths: Sequence[str]) -> None:
    """Refuse code that holds a token: it would be in the app, in the image and in its registry.

    Raises
    ------
    BuildError
        One of the texts made holds one; the cell is named.
    """
    for path in paths:
        if why := secret_in("", made.get(path, b"")):
            cells = (kept.cell for kept in chosen.kept if secret_in("", kept.cell.source.encode()))
            cell = next(cells, None)
            where = f"cell {cell.number}" if cell else "a cell"
            raise BuildError(
                f"{where} of {notebook.name} would put a secret into the app",
                why=why,
                fix="read it from os.environ, and revoke the one that stands there",
            )

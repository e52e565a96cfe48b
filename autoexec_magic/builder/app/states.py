"""Hidden state of a notebook: a name that a cell uses and no kept cell defines, told with the way out.

Who defines it is asked of all cells, those that are left out too: mostly one of
them does, and a tag mends it.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence
from pathlib import Path

from ...diagnosis.names import names_of
from ...errors import BuildError
from .. import reading
from .cells import SKIP, TEST, Chosen
from .composed import Composed
from .hidden import Unbound, unbound_in
from .notebook import Cell, Notebook

_IPYTHON = {"get_ipython", "In", "Out", "_", "__", "___", "_i", "_ii", "_iii", "_ih", "_oh", "_dh"}
_SHOWN = 6  #: findings of one build that are told
_MODULE_BYTES = 4 << 20


def check(notebook: Notebook, chosen: Chosen, made: Composed, *, flags: int = 0) -> list[str]:
    """Return what should be known of names that may come from a star import.

    Raises
    ------
    BuildError
        A name is used that nothing kept defines, or the code is no module.
    """
    try:
        found = unbound_in(made.text, flags=flags)
    except SyntaxError as error:
        raise _no_module(notebook, made, error) from error
    stars = list(_stars(made, notebook))
    given = {name for _, names in stars for name in names or ()}
    found = [each for each in found if each.name not in given]
    open_stars = [module for module, names in stars if names is None]
    certain = [each for each in found if each.is_later or not open_stars]
    if certain:
        raise _hidden(notebook, chosen, made, certain)
    if not found:
        return []
    names = ", ".join(each.name for each in found[:_SHOWN])
    return [f"from {open_stars[0]} import * is taken to bring {names}: nobody can read that from the cells"]


def _hidden(notebook: Notebook, chosen: Chosen, made: Composed, found: Sequence[Unbound]) -> BuildError:
    told = [_told(notebook, chosen, made, each) for each in found]
    what, why, fix = told[0]
    error = BuildError(f"{notebook.name}: {what}", why=why, fix=fix)
    error.evidence = tuple(f"{what}: {why}" for what, why, _ in told[1:_SHOWN])
    return error


def _told(notebook: Notebook, chosen: Chosen, made: Composed, found: Unbound) -> tuple[str, str, str]:
    """Return what is wrong with a name, why, and what mends it."""
    number, line = made.place(found.line)
    where = f"cell {number} line {line}"
    name = found.name
    if found.is_later:
        return _not_there(where, chosen, name, number)
    if name in _IPYTHON or (name.startswith("_") and name[1:].isdecimal()):
        why = "it is what IPython keeps, and there is none in an app"
        fix = "give the value a name where it is made"
        if name == "get_ipython":
            fix = f"take the line out, or tag cell {number} `skip`"
        return f"{where} uses {name}", why, fix
    if name == "display":
        fix = "from IPython.display import display, or take the line out"
        return f"{where} uses display", "IPython puts it there, and there is none in an app", fix
    what = f"{where} uses {name}, which no kept cell defines"
    for cell in notebook.code:
        if names_of(cell.source).bindings(name):
            return what, *_defined(cell, chosen, name)
    why = "no cell of the notebook defines it: the kernel had it from one that was changed or deleted"
    if runs := [left for left in chosen.left_out if left.why in ("%run", "%load", "%pylab", "%store")]:
        why = f"no cell defines it; {runs[0].why} in cell {runs[0].cell} may have, and is left out"
    return what, why, f"define {name} in a cell above"


def _defined(cell: Cell, chosen: Chosen, name: str) -> tuple[str, str]:
    """Return why the definition in a cell does not count, and what mends that."""
    left = next((each for each in chosen.left_out if each.cell == cell.number and not each.line), None)
    if left is None:
        return (
            f"cell {cell.number} defines it on a line that is left out (IPython's own)",
            f"define {name} there in Python",
        )
    why = f"cell {cell.number} defines it, and is left out: {left.why}"
    tags = sorted(cell.tags & {SKIP, TEST})
    if tags:
        return why, f"take the tag {tags[0]} off cell {cell.number}, or define {name} in a cell that is kept"
    if "%%" in left.why:
        return why, f"define {name} in Python, in a cell that is kept"
    return why, f"tag cell {cell.number} `app`, or define {name} in a cell that is kept"


def _not_there(where: str, chosen: Chosen, name: str, number: int) -> tuple[str, str, str]:
    """Return what is wrong with a name that is bound, and not where it is used."""
    definers = [kept.cell.number for kept in chosen.kept if names_of(kept.text).bindings(name)]
    later = next((each for each in definers if each > number), 0)
    earlier = next((each for each in reversed(definers) if each < number), 0)
    if later and not earlier:
        why = f"cell {later}, which defines it, comes after"
        return f"{where} uses {name} too early", why, f"move cell {later} above cell {number}"
    if earlier:
        why = f"cell {earlier} binds it, and it is gone after its `except … as`, or a `del`"
        return (
            f"{where} uses {name}, which is gone by then",
            why,
            f"keep it under another name in cell {earlier}",
        )
    why = "it is bound below in the same cell, or was deleted above"
    return f"{where} uses {name} too early", why, f"define {name} above that line"


def _no_module(notebook: Notebook, made: Composed, error: SyntaxError) -> BuildError:
    number, line = made.place(error.lineno or 0)
    where = f"{notebook.name} cell {number} line {line}"
    if "outside" in error.msg and ("await" in error.msg or "async" in error.msg):
        return BuildError(
            f"{where} waits at the top level",
            why="a notebook may, a module may not",
            fix=f"put it into a function, or tag cell {number} `skip`",
        )
    return BuildError(f"{where} is no Python of a module", why=error.msg, fix=f"mend cell {number}")


def _stars(made: Composed, notebook: Notebook) -> list[tuple[str, Collection[str] | None]]:
    """Return the modules of which all is imported, each with what it binds where that can be read."""
    return [
        (node.module or "", _of_file(notebook.path.parent, node.module or ""))
        for node in ast.walk(ast.parse(made.text))
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
    ]


def _of_file(folder: Path, module: str) -> Collection[str] | None:
    place = folder.joinpath(*module.split("."))
    file = next((each for each in (place.with_suffix(".py"), place / "__init__.py") if each.is_file()), None)
    try:
        found = names_of(reading.text(file, most=_MODULE_BYTES)) if file else None
    except (OSError, BuildError):
        return None
    if found is None:
        return None
    if found.may_bind or not found.is_parsed:
        return None
    return {bound.name for bound in found.bound}

"""What a notebook's code imports: files beside it, which go with it, and packages, which its lock names.

Read, never imported. An import that the code can do without (`try: … except
ImportError`, or for a type checker only) needs no lock.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...errors import BuildError
from .. import reading
from ..inputs import files_below, usual

_CATCHERS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
MOST_FILES = 2_000
File = tuple[str, Path]  #: a path relative to the notebook's folder, with /, and where it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A module that is imported, on a line; `is_needed` unless the code can do without it.

    `level` is the number of dots before it, 0 where it is no relative import.
    """

    module: str
    line: int
    is_needed: bool = True
    level: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What code needs: packages from elsewhere, each with where it is imported first, and files beside it."""

    packages: tuple[tuple[str, Wanted, str], ...]
    files: tuple[File, ...]


def needs_of(tree: ast.Module, folder: Path, out: Path) -> Needs:
    """Return what a module's code needs, with all that the files beside it need in turn.

    Parameters
    ----------
    tree : ast.Module
        The code.
    folder : Path
        Where the notebook is: Python looks there first.
    out : Path
        Where builds put things: nothing of it is taken.

    Raises
    ------
    BuildError
        A file beside it cannot be read as Python, or they are too many.
    """
    packages: dict[str, tuple[Wanted, str]] = {}
    files: dict[str, Path] = {}
    waiting: list[tuple[ast.Module, str]] = [(tree, "")]
    while waiting:
        code, where = waiting.pop(0)
        for wanted in imports_of(code):
            top = wanted.module.partition(".")[0]
            found = [each for each in _beside(top, folder, out) if each[0] not in files]
            if len(files) + len(found) > MOST_FILES:
                raise BuildError(
                    f"{top} beside the notebook is too large", why=f"it has more than {MOST_FILES:,} files"
                )
            files |= dict(found)
            waiting += [(_read(*each), each[0]) for each in found if each[0].endswith(".py")]
            if top not in sys.stdlib_module_names and not _is_beside(top, folder) and wanted.is_needed:
                packages.setdefault(top, (wanted, where))
    rows = tuple((name, *found) for name, found in packages.items())
    return Needs(packages=rows, files=tuple(sorted(files.items())))


def imports_of(tree: ast.Module) -> Iterator[Wanted]:
    """Yield the absolute imports of a module's code, those in functions too."""
    yield from (each for each in _imports(tree.body, is_needed=True) if not each.level)


def relative_of(tree: ast.Module) -> Iterator[Wanted]:
    """Yield the relative imports that a module's code cannot do without, those in functions too."""
    yield from (each for each in _imports(tree.body, is_needed=True) if each.level and each.is_needed)


def _imports(body: list[ast.stmt], *, is_needed: bool) -> Iterator[Wanted]:
    for statement in body:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                yield Wanted(module=alias.name, line=statement.lineno, is_needed=is_needed)
        elif isinstance(statement, ast.ImportFrom):
            module, level = statement.module or "", statement.level
            yield Wanted(module=module, line=statement.lineno, is_needed=is_needed, level=level)
        else:
            yield from _within(statement, is_needed=is_needed)


def _within(statement: ast.stmt, *, is_needed: bool) -> Iterator[Wanted]:
    guarded = isinstance(statement, ast.Try) and any(_catches(each.type) for each in statement.handlers)
    typing_only = isinstance(statement, ast.If) and ast.unparse(statement.test).endswith("TYPE_CHECKING")
    yield from _imports(
        getattr(statement, "body", []), is_needed=is_needed and not guarded and not typing_only
    )
    for handler in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        yield from _imports(handler.body, is_needed=is_needed and not guarded)
    for part in ("orelse", "finalbody"):
        yield from _imports(getattr(statement, part, []), is_needed=is_needed)


def _catches(caught: ast.expr | None) -> bool:
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return caught is None or any(isinstance(name, ast.Name) and name.id in _CATCHERS for name in names)


def _is_beside(top: str, folder: Path) -> bool:
    if (folder / f"{top}.py").is_file() or (folder / top / "__init__.py").is_file():
        return True
    # a folder without __init__ is one only where nothing else is called so
    is_plain = top not in sys.stdlib_module_names and (folder / top).is_dir()
    return is_plain and next((folder / top).glob("*.py"), None) is not None


def _beside(top: str, folder: Path, out: Path) -> Iterator[File]:
    """Yield the files of a module beside the notebook: a package with all that is in it."""
    if not _is_beside(top, folder):
        return
    if (folder / top).is_dir():
        skips = out.relative_to(folder).as_posix() if out.is_relative_to(folder) else ""
        for path, file in files_below(folder / top, usual):
            whole = f"{top}/{path}"
            if not (skips and whole.startswith(f"{skips}/")):
                yield whole, file
    else:
        yield f"{top}.py", folder / f"{top}.py"


def _read(path: str, file: Path) -> ast.Module:
    try:
        return ast.parse(reading.content(file))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BuildError(
            f"{path}, which the notebook imports, is no Python", why=str(error), fix="mend it"
        ) from error

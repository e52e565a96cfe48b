"""Which modules a piece of code imports, and whether it can do without them.

Pure: source in, names out. An import that the code itself guards
(`try: … except ImportError`), or that only a type checker sees, is not needed.
An import inside a function or a branch may never happen: it is found, but not
required.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_MAKERS = frozenset(
    (
        *("sys", "os", "site", "importlib", "runpy", "subprocess", "shutil", "zipfile", "tarfile"),
        *("open", "exec", "eval", "__import__", "get_ipython", "write_text", "write_bytes", "mkdir"),
    )
)
_IMPORT_FAULTS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


@dataclass(frozen=True, slots=True, order=True)
class Needed:
    """An import of `module`; `names` are what `from module import …` takes from it.

    `line` counts from 1. `required` is False where the import may never run.
    """

    line: int
    module: str
    names: tuple[str, ...] = ()
    required: bool = True


def scan(source: str) -> list[Needed]:
    r"""Return the absolute imports of `source` in the order of their lines.

    Raises
    ------
    SyntaxError
        The source does not parse; the message is Python's own.

    Examples
    --------
    >>> [need.module for need in scan("import numpy as np\nfrom PIL import Image")]
    ['numpy', 'PIL']
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they are shown when the code runs
        tree = ast.parse(source)
    return sorted(_module(tree.body)) if "import" in source else []


def statements(body: Sequence[ast.stmt], *, required: bool) -> Iterator[Needed]:
    """Yield the imports of statements that follow each other in one block."""
    for statement in body:
        yield from _statement(statement, required=required)


def makes_importable(statement: ast.stmt) -> bool:
    """Whether `statement` may make something importable that was not."""
    return any(_name(node) in _MAKERS for node in ast.walk(statement))


def catches(names: Iterable[str]) -> bool:
    """Whether a handler for the exceptions called `names` catches a missing module."""
    return not _IMPORT_FAULTS.isdisjoint(names)


def suppresses(statement: ast.stmt) -> bool:
    """Whether `statement` is a `with` that goes on after an exception (`contextlib.suppress`)."""
    if not isinstance(statement, ast.With | ast.AsyncWith):
        return False
    calls = (item.context_expr for item in statement.items)
    return any(isinstance(call, ast.Call) and _last_name(call.func) == "suppress" for call in calls)


def _module(body: Sequence[ast.stmt]) -> Iterator[Needed]:
    """Yield the imports of a module or cell.

    After a statement that may make something importable (`sys.path`, a file
    that is written, `%pip`), nobody can say what will be missing: what is
    imported then is not required.
    """
    is_open = False
    for statement in body:
        yield from _statement(statement, required=not is_open)
        is_open = is_open or makes_importable(statement)


def _name(node: ast.AST) -> str:
    return _last_name(node) if isinstance(node, ast.Name | ast.Attribute) else ""


def _statement(statement: ast.stmt, *, required: bool) -> Iterator[Needed]:
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            yield Needed(statement.lineno, alias.name, (), required)
    elif isinstance(statement, ast.ImportFrom):
        if statement.level == 0 and statement.module:
            names = tuple(alias.name for alias in statement.names)
            yield Needed(statement.lineno, statement.module, names, required)
    else:
        yield from _compound(statement, required=required)


def _compound(statement: ast.stmt, *, required: bool) -> Iterator[Needed]:
    """Yield the imports below a statement that has statements of its own."""
    if isinstance(statement, ast.Try | ast.TryStar):
        yield from _try(statement, required=required)
    elif isinstance(statement, ast.With | ast.AsyncWith):
        yield from statements(statement.body, required=required and not suppresses(statement))
    elif isinstance(statement, ast.ClassDef):
        yield from statements(statement.body, required=required)
    elif isinstance(statement, ast.Match):
        for case in statement.cases:
            yield from statements(case.body, required=False)
    else:
        while isinstance(statement, ast.If):  # a chain of `elif` nests as deep as it is long
            yield from statements([] if is_type_checking(statement.test) else statement.body, required=False)
            if len(statement.orelse) != 1 or not isinstance(statement.orelse[0], ast.If):
                yield from statements(statement.orelse, required=False)
                return
            statement = statement.orelse[0]
        yield from statements(getattr(statement, "body", []), required=False)
        yield from statements(getattr(statement, "orelse", []), required=False)


def _try(statement: ast.Try | ast.TryStar, *, required: bool) -> Iterator[Needed]:
    if not any(_catches_import(handler.type) for handler in statement.handlers):
        yield from statements(statement.body, required=required and not statement.handlers)
        for handler in statement.handlers:
            yield from statements(handler.body, required=False)
    yield from statements(statement.orelse, required=False)
    yield from statements(statement.finalbody, required=required)


def _catches_import(caught: ast.expr | None) -> bool:
    if caught is None:
        return True
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return catches(map(_last_name, names))


def is_type_checking(test: ast.expr) -> bool:
    """Whether a branch is for type checkers only, by what it asks."""
    return _last_name(test) == "TYPE_CHECKING"


def _last_name(expression: ast.expr) -> str:
    if isinstance(expression, ast.Attribute):
        return expression.attr
    return expression.id if isinstance(expression, ast.Name) else ""

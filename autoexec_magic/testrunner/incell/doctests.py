"""Doctests of what a cell defines, and of objects of the kernel, as pytest runs them in a module."""

from __future__ import annotations

import ast
import doctest
import inspect
import linecache
import os
import types
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.doctest import _get_checker, _get_continue_on_failure, _get_runner, get_optionflags

if TYPE_CHECKING:
    from .cell import Cell


class Doctest(pytest.DoctestItem):
    """A doctest, in the file where it stands."""

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        """Return its file, its line from 0, and its name."""
        return self.dtest.filename or self.path, self.dtest.lineno, f"[doctest] {self.name}"


class _Finder(doctest.DocTestFinder):
    """Finds lines in a file that is none, too."""

    def _find_lineno(self, obj: Any, source_lines: list[str] | None) -> int | None:
        lines = source_lines or linecache.getlines(_file_of(obj))
        find: Any = super()._find_lineno  # type: ignore[misc]
        found = find(obj, lines or None)
        return found if isinstance(found, int) else None


def doctests_of(cell: Cell, wanted: Sequence[str]) -> Iterator[pytest.Item]:
    """Return the doctests of the objects of these names, by default of all that the cell defines.

    Raises
    ------
    pytest.UsageError
        There is no object of such a name, in the cell or in the kernel.
    """
    runner = _get_runner(
        verbose=False,
        optionflags=get_optionflags(cell.config),
        checker=_get_checker(),
        continue_on_failure=_get_continue_on_failure(cell.config),
    )
    tests = _named(cell.obj, wanted) if wanted else _own(cell)
    for test in tests:
        if test.examples:
            yield Doctest.from_parent(cell, name=test.name, runner=runner, dtest=test)  # type: ignore[arg-type]


def _own(cell: Cell) -> Iterator[doctest.DocTest]:
    module, title = cell.obj, cell.asked.title
    tests = [*_of_docstring(cell)]
    for name in sorted(cell.own):
        value = vars(module).get(name)
        if isinstance(value, types.FunctionType | type) and value.__module__ == module.__name__:
            tests += _Finder().find(value, f"{title}.{name}", module=module)
    for test in tests:
        test.filename = cell.file
    yield from sorted(tests, key=lambda test: test.lineno or 0)


def _of_docstring(cell: Cell) -> Iterator[doctest.DocTest]:
    body = ast.parse(cell.asked.source).body
    text = ast.get_docstring(ast.Module(body=body, type_ignores=[]), clean=False)
    if text:
        globs = vars(cell.obj).copy()
        line = body[0].lineno - 1
        yield doctest.DocTestParser().get_doctest(text, globs, cell.asked.title, cell.file, line)


def _named(module: types.ModuleType, wanted: Sequence[str]) -> Iterator[doctest.DocTest]:
    for name in wanted:
        value = _resolved(module, name)
        file = _file_of(value)
        globs = value.__globals__ if isinstance(value, types.FunctionType) else None
        for test in _Finder().find(value, name, globs=globs):
            test.filename = file or test.filename
            yield test


def _resolved(module: types.ModuleType, name: str) -> Any:
    first, *rest = name.split(".")
    value: Any = module
    for part in (first, *rest):
        try:
            value = getattr(value, part)
        except AttributeError:
            raise pytest.UsageError(f"--doctest {name}: there is no object of this name") from None
    return value


def _file_of(value: Any) -> str:
    """Return where an object's code says it stands; "" where it does not."""
    value = value.fget if isinstance(value, property) else value
    try:
        return inspect.getfile(inspect.unwrap(value))
    except (TypeError, ValueError, OSError):
        parts = vars(value).values() if isinstance(value, type) else ()
        codes = (part.__code__ for part in parts if isinstance(part, types.FunctionType))
        return next((code.co_filename for code in codes), "")

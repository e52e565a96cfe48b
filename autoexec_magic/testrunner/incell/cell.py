"""The collector that reads a cell instead of a file, and the folders around it.

The cell's module has the kernel's names as its globals from the beginning, as
a copy. So a test reads them like any global, builtins that a test patches are
the ones that the others see, and what is bound anew is bound here. Of the names
only those that the cell itself defines are collected.
"""

from __future__ import annotations

import ast
import builtins
import itertools
import linecache
import symtable
import sys
import traceback
import types
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from _pytest.assertion.rewrite import rewrite_asserts

from . import loops
from .asked import MODULE, Asked
from .doctests import doctests_of

# What a module has of its own, and what pytest would take for the cell's.
_OF_MODULES = frozenset(vars(types.ModuleType(""))) | {"__builtin__", "__builtins__", "__annotations__"}
_OF_PYTEST = {"pytestmark", "pytest_plugins", "pytest_generate_tests", "__test__", "collect_ignore"}
_FIXED = {"setUpModule", "setup_module", "tearDownModule", "teardown_module", "setup_function"}
_HIDDEN = _OF_MODULES | _OF_PYTEST | _FIXED | {"teardown_function"}
_TOO_DEEP = "it is nested too deeply for Python"  # whose parser then has no memory, and no words
_WHOLE_SKIP = "pytest.skip outside of a test skips the whole cell: say so with allow_module_level=True"


class Folder(pytest.Directory):
    """A folder on the way to the cell: its conftest.py counts, its files do not."""

    def __init__(self, *, goal: Path, asked: Asked, **more: Any) -> None:
        super().__init__(**more)
        self._goal, self._asked = goal, asked

    def collect(self) -> Iterable[pytest.Collector]:
        """Return the next folder, or the cell."""
        if self.path == self._goal:
            path = self.path / self._asked.title.replace("/", "_")
            yield Cell.from_parent(self, path=path, name=self._asked.title, asked=self._asked)
        else:
            child = self.path / self._goal.relative_to(self.path).parts[0]
            yield Folder.from_parent(self, path=child, goal=self._goal, asked=self._asked)


class Cell(pytest.Module):
    """A cell, collected as a module is."""

    def __init__(self, *, asked: Asked, **more: Any) -> None:
        super().__init__(**more)
        self.asked = asked
        self.file = file_of(asked)  #: what its code says it stands in
        self.own: frozenset[str] = frozenset()  #: the names that it defines

    def _getobj(self) -> types.ModuleType:
        __tracebackhide__ = True
        asked = self.asked
        lines = asked.source.splitlines(keepends=True)
        linecache.cache[self.file] = (len(asked.source), None, lines, self.file)
        code, bound = self._compiled()
        module = _module({**asked.names, **asked.instead})
        before = dict(vars(module))
        sys.modules[MODULE] = module
        self._execute(code, module)
        missing = object()
        new = {name for name, value in vars(module).items() if before.get(name, missing) is not value}
        self.own = frozenset(new | bound)
        self.config.pluginmanager.consider_module(module)
        return module

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """Return its tests, and doctests where they were asked for."""
        __tracebackhide__ = True
        tests = super().collect()
        if self.asked.doctests is None:
            return tests
        return itertools.chain(tests, doctests_of(self, self.asked.doctests))

    def _traceback_filter(self, excinfo: pytest.ExceptionInfo[BaseException]) -> Any:
        """Return the traceback from the cell on: pytest looks for a file, and a cell is none."""
        inner = excinfo.traceback.cut(path=self.file)
        return inner if inner != excinfo.traceback else super()._traceback_filter(excinfo)

    def _compiled(self) -> tuple[types.CodeType, set[str]]:
        """Return the cell's code, and the names that it binds at its top level.

        `await` may stand at the top level, as in any cell.
        """
        source, file = self.asked.source, self.file
        try:
            tree = ast.parse(source, file)
            table = symtable.symtable(source, file, "exec")
            bound = {
                symbol.get_name()
                for symbol in table.get_symbols()
                if symbol.is_assigned() or symbol.is_imported()
            }
            if self.config.getoption("assertmode", "rewrite") == "rewrite":
                rewrite_asserts(tree, source.encode("utf-8", "replace"), file, self.config)
            flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            return compile(tree, file, "exec", flags=flags, dont_inherit=True), bound
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
            unread = placed(error, source, file).with_traceback(error.__traceback__)
            said = "".join(traceback.format_exception_only(unread)).rstrip()
            raise self.CollectError(said) from unread

    def _execute(self, code: types.CodeType, module: types.ModuleType) -> None:
        __tracebackhide__ = True
        try:
            loops.ended(eval(code, vars(module)))
        except pytest.skip.Exception as error:
            if error.allow_module_level:
                raise
            raise self.CollectError(_WHOLE_SKIP) from error
        except SystemExit as error:
            raise self.CollectError(f"the cell ended itself: SystemExit({error.code!r})") from error


def placed(error: Exception, source: str, file: str) -> SyntaxError:
    """Return what kept a cell from being compiled, with the line that it is on and that line's text.

    Python leaves the text out where it compiles a tree, and the line where it
    cannot even read the source.
    """
    found = error if isinstance(error, SyntaxError) else SyntaxError(str(error) or _TOO_DEEP)
    found.filename = found.filename or file
    if not found.lineno:
        nulls = source.find("\0")
        at = error.start if isinstance(error, UnicodeEncodeError) else nulls
        found.lineno = source.count("\n", 0, at) + 1 if at >= 0 else None
    lines = source.splitlines()
    if found.lineno and not found.text and found.filename == file and found.lineno <= len(lines):
        found.text = lines[found.lineno - 1].replace("\0", "\\0")
    return found


def file_of(asked: Asked) -> str:
    """Return the name of a file that is none: the title, with signs around it where there is such a file."""
    name = asked.title
    while Path(name).exists():
        name = f"<{name}>"
    return name


def _module(names: Mapping[str, object]) -> types.ModuleType:
    module = types.ModuleType(MODULE)
    seen = {name: value for name, value in list(names.items()) if name not in _HIDDEN}
    vars(module).update(seen, __builtins__=builtins)
    return module

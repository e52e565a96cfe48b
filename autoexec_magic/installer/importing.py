"""Which import is being carried out, whether the user wrote it, and whether the code can do without it.

Looked at only when an import has failed everywhere else. Whoever asks is known
by the frames: an import statement, `__import__` and `importlib.import_module`
go through `_find_and_load`, a probe (`importlib.util.find_spec`, `pkgutil`,
`importlib.metadata`) does not, or does so from the standard library's own code.

Must not run anything of the user's: names in an `except` are looked up, never
evaluated. What cannot be told counts as guarded, and is then left to Python.
"""

from __future__ import annotations

import _frozen_importlib
import ast
import builtins
import contextlib
import dis
import importlib
import linecache
import os
import site
import sys
import sysconfig
import warnings
from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import islice, pairwise
from pathlib import Path
from types import CodeType, FrameType, ModuleType

from .operands import file_of, is_heap_builtin
from .scan import Needed

_BOOTSTRAP = vars(_frozen_importlib)
_LOAD: CodeType = _frozen_importlib._find_and_load.__code__  # type: ignore[attr-defined]  # no stub has it
_IMPORT_MODULE = importlib.import_module.__code__
_LAZY = frozenset({"__getattr__", "__getattribute__", "__dir__"})
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_PLACED = (ast.stmt, ast.expr, ast.ExceptHandler, ast.keyword, ast.alias, ast.arg, ast.pattern)
_SHARED = frozenset({"site-packages", "dist-packages"})
_UNKNOWN = object()


class Written:
    """Which code the user wrote: cells, and files of the project that belong to no library.

    Parameters
    ----------
    cells : container of str
        File names that the shell gave to cells; may grow.
    folders : sequence of Path
        The workspace and the working directory.
    names : mapping, optional
        The user's own namespace: what a magic compiles to run there (`%%time`) is the user's.
    """

    def __init__(
        self, cells: Container[str], folders: Sequence[Path], names: Mapping[str, object] | None = None
    ) -> None:
        self._cells = cells
        self._names = names
        self._folders = tuple(os.path.realpath(folder) + os.sep for folder in folders)
        self._known: dict[str, bool] = {}

    def holds(self, frame: FrameType | None) -> bool:
        """Whether the frame's code is the user's.

        What has no file (`exec`, `%%time`) is known by the namespace it runs in;
        in one without a name, by who runs it. A library that makes its functions
        so (SQLAlchemy's decorators) gives them its own.
        """
        while frame is not None:
            name = frame.f_code.co_filename
            if name in self._cells or (self._names is not None and frame.f_globals is self._names):
                return True
            if not name.startswith("<"):
                return self._is_file(name)
            module = frame.f_globals.get("__name__")
            if module is not None and module != "__main__":
                file = getattr(sys.modules.get(module), "__file__", None)
                return file is not None and self._is_file(file)
            if frame.f_code.co_name != "<module>":
                return False
            frame = frame.f_back
        return False

    def made(self, kind: type) -> bool:
        """Whether a class, or one that it inherits from, is the user's."""
        return any(
            each.__module__ == "__main__"
            or is_heap_builtin(each)
            or ((file := file_of(each)) is not None and self._is_file(file))
            for each in kind.__mro__
        )

    def _is_file(self, name: str) -> bool:
        known = self._known.get(name)
        if known is None:
            path = os.path.realpath(name)
            is_inside = path.startswith(self._folders) and not path.startswith(_libraries())
            known = self._known[name] = is_inside and not _SHARED.intersection(Path(path).parts)
        return known


def importer(frame: FrameType | None) -> tuple[FrameType, FrameType] | None:
    """Return the frame whose import is being carried out, and the import system's own; None for a probe.

    Parameters
    ----------
    frame : FrameType or None
        The one that called a finder's `find_spec`.
    """
    loading = None
    while frame is not None and frame.f_globals is _BOOTSTRAP:
        if frame.f_code is _LOAD:
            loading = frame
        frame = frame.f_back
    if loading is None:
        return None
    if frame is not None and frame.f_code is _IMPORT_MODULE:
        frame = frame.f_back
    return (frame, loading) if frame is not None else None


def wanted(frame: FrameType, loading: FrameType) -> Needed | None:
    """Return what an import needs; None if it is relative, lazy, or none that the user wrote.

    Compiled code imports in the name of whoever called it: what `pickle.load`
    finds in a file is data, and names nothing that is installed.

    Parameters
    ----------
    frame, loading : FrameType
        As `importer` returned them.
    """
    if frame.f_code.co_name in _LAZY or not _is_written(frame, loading):
        return None
    name: str = loading.f_locals["name"]  # whole: `a.b`, where the finder is asked for `a`
    inner = _chain(frame)
    statement = inner[-1] if inner else None
    if isinstance(statement, ast.ImportFrom):
        if statement.level or not statement.module:
            return None
        return Needed(1, statement.module, tuple(alias.name for alias in statement.names))
    package = frame.f_globals.get("__package__") or ""
    if not inner and package and name.startswith(f"{package}."):
        return None  # it may be relative: there is no source that says
    return Needed(1, name)


def _is_written(frame: FrameType, loading: FrameType) -> bool:
    """Whether an import stands in the code: a statement, `import_module(…)`, `__import__(…)`."""
    above = loading.f_back
    while above is not None and above.f_globals is _BOOTSTRAP:
        above = above.f_back
    if _imports(frame) or (above is not None and above.f_code is _IMPORT_MODULE):
        return True
    place = next(islice(frame.f_code.co_positions(), frame.f_lasti // 2, None), None)
    tree = _parsed("".join(linecache.getlines(frame.f_code.co_filename, frame.f_globals)))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call)) if tree and place else ()
    return place is not None and any(
        (node.end_lineno, node.end_col_offset) == (place[1], place[3])
        and isinstance(node.func, ast.Name)
        and node.func.id == "__import__"
        for node in calls
    )


def is_guarded(frame: FrameType | None, written: Written) -> bool:
    """Whether the importer or one of its callers, as far as the user wrote them, would catch the failure."""
    while frame is not None:
        if written.holds(frame) and _catches(frame):
            return True
        frame = frame.f_back
    return False


def _catches(frame: FrameType) -> bool:
    """Whether a `try` or a `with` around the frame's present place takes an ImportError."""
    chain = _chain(frame)
    if chain is None:
        entries = dis.Bytecode(frame.f_code).exception_entries  # type: ignore[attr-defined]  # since 3.11
        return any(entry.start <= frame.f_lasti < entry.end for entry in entries)
    return any(_is_caught_by(node, below, frame) for node, below in pairwise(chain))


def _is_caught_by(node: ast.AST, below: ast.AST, frame: FrameType) -> bool:
    """Whether what fails in the statement `below`, directly in `node`, ends there."""
    if isinstance(node, ast.Try | ast.TryStar):
        return below in node.body and any(_takes(handler.type, frame) for handler in node.handlers)
    if isinstance(node, ast.With | ast.AsyncWith):
        return below in node.body and any(_swallows(item.context_expr, frame) for item in node.items)
    return False


def _takes(caught: ast.expr | None, frame: FrameType) -> bool:
    if caught is None:
        return True
    value = _value(caught, frame)
    values = value if isinstance(value, tuple) else (value,)
    return any(not isinstance(item, type) or issubclass(ModuleNotFoundError, item) for item in values)


def _swallows(context: ast.expr, frame: FrameType) -> bool:
    """Whether a context manager is about import errors: `suppress(ImportError)`, `raises(ImportError)`."""
    if isinstance(context, ast.Call):
        given = [_value(item, frame) for item in context.args]
    else:
        held = _value(context, frame)
        given = [held._exceptions] if isinstance(held, contextlib.suppress) else []  # type: ignore[attr-defined]
    flat = [item for value in given for item in (value if isinstance(value, tuple) else (value,))]
    return any(isinstance(item, type) and issubclass(ModuleNotFoundError, item) for item in flat)


def _value(expression: ast.expr, frame: FrameType) -> object:
    """Return what a name means at the frame's place, without running anything; `_UNKNOWN` if that is open."""
    if isinstance(expression, ast.Tuple):
        return tuple(_value(item, frame) for item in expression.elts)
    if isinstance(expression, ast.Name):
        for names in (frame.f_locals, frame.f_globals, vars(builtins)):
            if expression.id in names:
                return names[expression.id]
    if isinstance(expression, ast.Attribute):
        holder = _value(expression.value, frame)
        if isinstance(holder, ModuleType | type):
            return vars(holder).get(expression.attr, _UNKNOWN)
    return _UNKNOWN


def _chain(frame: FrameType) -> list[ast.AST] | None:
    """Return the nodes around the frame's place, outermost first, the statement last.

    Only those of the frame's own scope; None where there is no source, or the
    source is not what runs.
    """
    place = next(islice(frame.f_code.co_positions(), frame.f_lasti // 2, None), None)
    if place is None or place[0] is None or place[2] is None:
        return None
    source = "".join(linecache.getlines(frame.f_code.co_filename, frame.f_globals))
    tree = _parsed(source) if source else None
    if tree is None:
        return None
    chain: list[ast.AST] = []
    for node in _down(tree, (place[0], place[2])):
        if isinstance(node, _SCOPES):
            chain = []
        elif isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case):
            chain.append(node)
    is_import = bool(chain) and isinstance(chain[-1], ast.Import | ast.ImportFrom)
    return chain if chain and is_import == _imports(frame) else None


def _imports(frame: FrameType) -> bool:
    """Whether the frame stands at an import statement; else it stands at a call."""
    return dis.opname[frame.f_code.co_code[frame.f_lasti]] == "IMPORT_NAME"


def _down(node: ast.AST, place: tuple[int, int]) -> Iterator[ast.AST]:
    """Yield the nodes around a place, outermost first."""
    while True:
        inner = next((child for child in ast.iter_child_nodes(node) if _is_around(child, place)), None)
        if inner is None:
            return
        yield inner
        node = inner


def _is_around(node: ast.AST, place: tuple[int, int]) -> bool:
    if not isinstance(node, _PLACED):
        # A clause without a place of its own (match_case, withitem, arguments): what is in it tells.
        return any(_is_around(child, place) for child in ast.iter_child_nodes(node))
    first = min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", ()))])
    start = (first, node.col_offset) if first == node.lineno else (first, 0)
    return start <= place < (node.end_lineno or 0, node.end_col_offset or 0)


_trees: dict[str, ast.Module | None] = {}


def _parsed(source: str) -> ast.Module | None:
    """Return the tree of a source, or None; the last few are kept, a loop asks for the same again."""
    if source not in _trees:
        if len(_trees) > 32:
            _trees.clear()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                _trees[source] = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError):
            _trees[source] = None
    return _trees[source]


def _libraries() -> tuple[str, ...]:
    """Return the folders whose files are a library's, wherever the project is."""
    named = (sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    ours = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120 - as the import system spells it
    folders = (*named, *site.getsitepackages(), sys.prefix if sys.prefix != sys.base_prefix else "", ours)
    return tuple(os.path.realpath(folder) + os.sep for folder in folders if folder)

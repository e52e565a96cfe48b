"""Names that a module reads and nothing of it binds: what a notebook had only in its kernel.

Read off what Python's own compiler makes of the module, so that scopes are
Python's: comprehensions, class bodies, `global`, `nonlocal`, `except … as`,
patterns. Nothing of it is run. At the top level order counts; the body of a
function may use what is bound later.
"""

from __future__ import annotations

import ast
import builtins
import dis
import inspect
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import CodeType

_GIVEN = frozenset(dir(builtins)) | {
    *("__name__", "__doc__", "__file__", "__builtins__", "__package__", "__spec__", "__loader__"),
    *(
        "__path__",
        "__cached__",
        "__annotations__",
        "__conditional_annotations__",
        "__module__",
        "__qualname__",
    ),
    *("exit", "quit", "copyright", "credits", "license", "help"),
}
_READS = frozenset({"LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"})
_BINDS = frozenset({"STORE_NAME", "STORE_GLOBAL"})
_AT_ONCE = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>"})
_CATCHERS = frozenset({"NameError", "Exception", "BaseException"})
_TABLES = frozenset({"globals", "locals", "vars", "dir"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Unbound:
    """A name that is read on a line of the module and not bound by then; `is_later` if it is bound below."""

    name: str
    line: int
    is_later: bool = False


@dataclass(slots=True, kw_only=True)
class _Seen:
    """What was found so far: names bound before this place, anywhere, and the readings that wait."""

    bound: set[str] = field(default_factory=set)
    anywhere: set[str] = field(default_factory=set)
    unbound: list[tuple[str, int]] = field(default_factory=list)
    waiting: list[tuple[str, int]] = field(default_factory=list)


def unbound_in(text: str, *, flags: int = 0) -> list[Unbound]:
    """Return the names that a module's text reads and does not bind, each once, in the order of the lines.

    Parameters
    ----------
    text : str
        Python that parses.
    flags : int, default 0
        As `compile` takes them; `ast.PyCF_ALLOW_TOP_LEVEL_AWAIT` for cells.

    Raises
    ------
    SyntaxError
        It is no module, such as where it waits at its top level.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
        code = compile(text, "<app>", "exec", flags=flags, dont_inherit=True)
    seen = _Seen(anywhere=set(_bound_anywhere(code)) | set(_by_table(tree)))
    known = _GIVEN | set(_asked_for(tree))
    lines = _guarded_lines(tree)
    for statement, steps in _by_statement(tree, code):
        _take(statement, steps, seen)
    found: dict[str, Unbound] = {}
    at_once = [(name, line, name in seen.anywhere) for name, line in seen.unbound]
    waiting = [(name, line, False) for name, line in seen.waiting if name not in seen.anywhere]
    for name, line, is_later in sorted([*at_once, *waiting], key=lambda each: each[1]):
        if name not in known and line not in lines:
            found.setdefault(name, Unbound(name=name, line=line, is_later=is_later))
    return list(found.values())


def _by_statement(tree: ast.Module, code: CodeType) -> Iterator[tuple[ast.stmt, list[dis.Instruction]]]:
    """Yield each statement of the top level with what it compiles to, in the order of the source.

    The compiler puts what handles exceptions behind everything else.
    """
    owner: dict[int, int] = {}
    for number, statement in enumerate(tree.body):
        for line in range(_first_line(statement), (statement.end_lineno or statement.lineno) + 1):
            owner.setdefault(line, number)
    steps: dict[int, list[dis.Instruction]] = {}
    at = 0
    for step in dis.get_instructions(code):
        at = owner.get(_line_of(step), at)
        steps.setdefault(at, []).append(step)
    for number, statement in enumerate(tree.body):
        yield statement, steps.get(number, [])


def _take(statement: ast.stmt, steps: list[dis.Instruction], seen: _Seen) -> None:
    """Go through one statement: what it reads has to be bound before, or by another part of it."""
    names = {str(step.argval) for step in steps if step.opname in _BINDS}
    is_simple = not hasattr(statement, "body")
    before = frozenset(seen.bound)
    if not is_simple and not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        seen.bound |= names  # which part of a loop or branch comes first nobody can tell
    for step in steps:
        _step(step, seen)
    seen.bound |= names
    if isinstance(statement, ast.Delete):
        seen.bound -= {target.id for target in statement.targets if isinstance(target, ast.Name)}
    seen.bound -= _caught_only(statement) - before


def _step(step: dis.Instruction, seen: _Seen) -> None:
    line = _line_of(step)
    if step.opname in (*_READS, "DELETE_NAME") and str(step.argval) not in seen.bound:
        seen.unbound.append((str(step.argval), line))
    elif step.opname in _BINDS:
        seen.bound.add(str(step.argval))
    elif isinstance(step.argval, CodeType):
        _nested(step.argval, seen)


def _nested(code: CodeType, seen: _Seen) -> None:
    """Go through code within: a class body and a comprehension run at once, a function when it is called."""
    if not code.co_flags & inspect.CO_OPTIMIZED:
        own = {str(step.argval) for step in dis.get_instructions(code) if step.opname == "STORE_NAME"}
        inner = _Seen(bound=seen.bound | own, anywhere=seen.anywhere)
        for step in dis.get_instructions(code):
            _step(step, inner)
        seen.unbound += inner.unbound
        seen.waiting += inner.waiting
    elif code.co_name in _AT_ONCE:
        for step in dis.get_instructions(code):
            _step(step, seen)
    else:
        seen.waiting += _readings(code)
        seen.bound |= set(_bound_anywhere(code, is_inside=True))


def _readings(code: CodeType) -> Iterator[tuple[str, int]]:
    """Yield the global names that a function reads, and all that is defined in it."""
    own: set[str] = set()
    if not code.co_flags & inspect.CO_OPTIMIZED:
        own = {str(step.argval) for step in dis.get_instructions(code) if step.opname == "STORE_NAME"}
    for step in dis.get_instructions(code):
        if step.opname in _READS and step.argval not in own:
            yield str(step.argval), _line_of(step)
        elif isinstance(step.argval, CodeType):
            yield from _readings(step.argval)


def _bound_anywhere(code: CodeType, *, is_inside: bool = False) -> Iterator[str]:
    """Yield the global names that a module binds, also by `global` in a function."""
    for step in dis.get_instructions(code):
        if step.opname == "STORE_GLOBAL" or (step.opname == "STORE_NAME" and not is_inside):
            yield str(step.argval)
        elif isinstance(step.argval, CodeType):
            yield from _bound_anywhere(step.argval, is_inside=True)


def _caught_only(statement: ast.stmt) -> set[str]:
    """Return the names that only an `except … as` of a statement binds: they are gone at its end."""
    caught: set[str] = set()
    stored: set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.ExceptHandler) and node.name:
            caught.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            stored.add(node.id)
    return caught - stored


def _guarded_lines(tree: ast.Module) -> set[int]:
    """Return the lines on which a missing name is caught by the code itself."""
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Try) and any(_catches(handler.type) for handler in node.handlers):
            for statement in node.body:
                lines |= set(range(statement.lineno, (statement.end_lineno or statement.lineno) + 1))
    return lines


def _catches(caught: ast.expr | None) -> bool:
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return caught is None or any(isinstance(name, ast.Name) and name.id in _CATCHERS for name in names)


def _asked_for(tree: ast.Module) -> Iterator[str]:
    """Yield the names of which the code asks itself whether they are there: `"x" in globals()`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.In | ast.NotIn) for op in node.ops):
            texts = isinstance(node.left, ast.Constant) and isinstance(node.left.value, str)
            if texts and any(_is_table(each) for each in node.comparators):
                yield node.left.value  # type: ignore[attr-defined]


def _by_table(tree: ast.Module) -> Iterator[str]:
    """Yield the names that are bound by `globals()["x"] = …`."""
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=table, slice=ast.Constant(value=str(name)), ctx=ast.Store()):
                if _is_table(table):
                    yield name


def _is_table(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _TABLES


def _line_of(step: dis.Instruction) -> int:
    return (step.positions.lineno if step.positions else 0) or 0


def _first_line(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])

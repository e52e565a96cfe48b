"""The module that a notebook becomes, and the map from its lines to the cells'.

Imports of the top level are gathered at its head, each once and in their order,
`from __future__` first. One stays where it is if that may matter: below what
decides how things are imported (`sys.path`, the environment, a back end), or
where it binds a name that something else binds too.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .cells import Kept, LeftOut

Placed = tuple[str, int]  #: a line of text, and the line of its cell that it is
#: attributes by which a statement may change what a later import finds or does
_SETS = frozenset({"sys.path", "sys.modules", "sys.meta_path", "os.environ", "os.putenv", "os.chdir"})
_CALLS = frozenset({"use", "set_start_method", "addsitedir", "load_dotenv", "patch_all"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the module, from 1: cell by its number, line in the cell, from 1."""

    line: int
    cell: int
    of_cell: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A module's text, which line is of which cell, and what was left out of the cells."""

    text: str
    lines: tuple[Line, ...]
    left_out: tuple[LeftOut, ...]

    def place(self, line: int) -> tuple[int, int]:
        """Return cell and line in the cell of a line of the module, zeros where it is of none."""
        return next(((each.cell, each.of_cell) for each in self.lines if each.line == line), (0, 0))


def composed(kept: Sequence[Kept], why_left_out: Callable[[ast.stmt, bool], str], head: str) -> Composed:
    """Return the module that cells become.

    Parameters
    ----------
    kept : sequence of Kept
        The cells in their order.
    why_left_out : callable
        Takes a statement of a cell's top level, and whether it is the cell's
        last; returns why it is left out, "" if it stays.
    head : str
        What the module says of itself, for its docstring.
    """
    left_out: list[LeftOut] = []
    stays: dict[int, list[ast.stmt]] = {}
    for cell in kept:
        stays[cell.cell.number] = []
        for at, statement in enumerate(cell.tree.body, 1):
            why = why_left_out(statement, at == len(cell.tree.body))
            if why:
                text = cell.text.split("\n")[statement.lineno - 1].strip()
                left_out.append(
                    LeftOut(cell=cell.cell.number, line=statement.lineno, why=why, text=text[:100])
                )
            else:
                stays[cell.cell.number].append(statement)
    gathered = _gathered(kept, stays)
    out = _Out()
    out.plain(f'"""{head}"""', "")
    for is_future in (True, False):
        for cell, statement in gathered:
            if _is_future(statement) == is_future and id(statement) not in out.seen:
                out.imported(cell, statement)
    for cell in kept:
        gone = {id(statement) for _, statement in gathered}
        rest = [statement for statement in stays[cell.cell.number] if id(statement) not in gone]
        if rest:
            out.cell(cell, rest)
    return Composed(text=out.text, lines=tuple(out.lines), left_out=tuple(left_out))


class _Out:
    """The module as it grows."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self.lines: list[Line] = []
        self.seen: set[int] = set()
        self._imports: set[str] = set()
        self._last = 0

    @property
    def text(self) -> str:
        return "\n".join([*self._texts, ""])

    def plain(self, *texts: str) -> None:
        self._texts += texts

    def imported(self, kept: Kept, statement: ast.stmt) -> None:
        """Add an import to those at the head, unless it is there."""
        self.seen.add(id(statement))
        what = ast.unparse(statement)
        if what in self._imports:
            return
        self._imports.add(what)
        number = kept.cell.number
        if number != self._last:
            self.plain(f"# cell {number}")
            self._last = number
        self._add(number, _segment(kept.text, statement))

    def cell(self, kept: Kept, rest: list[ast.stmt]) -> None:
        """Add what stays of a cell, below its number."""
        self.plain("", "", f"# cell {kept.cell.number}")
        self._add(kept.cell.number, _without(kept, rest))
        self._last = 0

    def _add(self, number: int, placed: Sequence[Placed]) -> None:
        for text, line in placed:
            self._texts.append(text)
            if text.strip():
                self.lines.append(Line(line=len(self._texts), cell=number, of_cell=line))


def _without(kept: Kept, rest: list[ast.stmt]) -> list[Placed]:
    """Return a cell's lines, with comments, without the statements that do not stay."""
    texts = kept.text.split("\n")
    placed: dict[int, list[str] | None] = {}
    stay = {id(statement) for statement in rest}
    for group in _groups(kept.tree.body):
        staying = [statement for statement in group if id(statement) in stay]
        if len(staying) == len(group):
            continue
        for line in range(_first(group[0]), _last(group[-1]) + 1):
            placed[line] = None
        for statement in staying:  # of several on one line: each gets lines of its own
            for text, line in _segment(kept.text, statement):
                placed[line] = [*(placed.get(line) or []), text]
    found: list[Placed] = []
    for number, text in enumerate(texts, 1):
        instead = placed.get(number, [text])
        found += [(each, number) for each in instead or []]
    while found and not found[0][0].strip():
        del found[0]
    while found and not found[-1][0].strip():
        del found[-1]
    return found


def _segment(text: str, statement: ast.stmt) -> list[Placed]:
    """Return the lines of a statement alone."""
    found = ast.get_source_segment(text, statement) or ast.unparse(statement)
    return [(line, statement.lineno + at) for at, line in enumerate(found.split("\n"))]


def _groups(body: Sequence[ast.stmt]) -> Iterator[list[ast.stmt]]:
    """Yield the statements of a cell, those together that share a line."""
    if not body:
        return
    group = [body[0]]
    for before, statement in pairwise(body):
        if _first(statement) > _last(before):
            yield group
            group = []
        group.append(statement)
    yield group


def _gathered(kept: Sequence[Kept], stays: dict[int, list[ast.stmt]]) -> list[tuple[Kept, ast.stmt]]:
    """Return the imports that can stand at the head, in their order."""
    statements = [(cell, statement) for cell in kept for statement in stays[cell.cell.number]]
    binders: dict[str, set[str]] = {}
    for _, statement in statements:
        for name, what in _bound(statement):
            binders.setdefault(name, set()).add(what)
    found: list[tuple[Kept, ast.stmt]] = []
    is_open = True
    for cell, statement in statements:
        if _is_future(statement):
            found.append((cell, statement))
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            is_alone = all(len(binders[name]) == 1 for name, _ in _bound(statement))
            is_star = isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*"
            if is_open and is_alone and not is_star:
                found.append((cell, statement))
            is_open = is_open and not is_star  # what a star binds, a later import may bind again
        elif is_open and _decides(statement):
            is_open = False
    return found


def _bound(statement: ast.stmt) -> Iterator[tuple[str, str]]:
    """Yield the names that a statement of the top level binds, each with what binds it."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        for alias in statement.names:
            if isinstance(statement, ast.Import):
                name = alias.asname or alias.name.partition(".")[0]
                what = f"{alias.name if alias.asname else name}"  # `import a.b` and `import a` bind the same
            else:
                name, what = (
                    alias.asname or alias.name,
                    f"{'.' * statement.level}{statement.module}:{alias.name}",
                )
            yield name, what
        return
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name, f"{id(statement)}"
        nodes = list(ast.walk(statement))
        declared = {name for node in nodes if isinstance(node, ast.Global) for name in node.names}
        yield from ((name, f"{id(statement)}") for name in declared)
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id, f"{id(statement)}"
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.ExceptHandler):
            yield node.name or "", f"{id(statement)}"
        elif isinstance(node, ast.alias):
            yield node.asname or node.name.partition(".")[0], f"{id(statement)}"


def _decides(statement: ast.stmt) -> bool:
    """Whether a statement may change what a later import finds or does."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    for node in ast.walk(statement):
        if isinstance(node, ast.Attribute) and (ast.unparse(node) in _SETS or node.attr in _CALLS):
            return True
        if isinstance(node, ast.Name) and node.id in (_CALLS - {"use"}) | {"environ", "exec", "__import__"}:
            return True
    return False


def _is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def _first(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(each.lineno for each in decorators)])


def _last(statement: ast.stmt) -> int:
    return statement.end_lineno or statement.lineno

"""The walk over the tree of a cell that finds what it does with global names.

Statements are gone through in their order; what a branch binds is sure only
where every branch that goes on binds it. The body of a function is not run by
its definition: what it reads is kept apart, as what a call of it would need.
"""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from .ipython import APART, BINDS_NOTHING, PYTHON_MAGICS
from .names import EVERYTHING, GIVEN, Bound, Changed, Deleted, How, Names, is_short, line_of, names_of

_TAKES_AWAY = frozenset({"pop", "popitem", "remove", "discard", "drop", "clear", "popleft"})
_OPENS = frozenset({"exec", "execfile"})
_TABLES = frozenset({"globals", "locals", "vars"})
_TYPE_ALIAS = getattr(ast, "TypeAlias", ())  # from Python 3.12


def walk(tree: ast.Module, text: str) -> Names:
    """Return what a module's tree does with global names; `text` is what it was parsed from."""
    walker = _Walker(text)
    for statement in tree.body:
        walker.visit(statement)
    return walker.result()


def free_names(function: ast.AST) -> frozenset[str]:
    """Return the names that a function, class or lambda reads and does not bind itself."""
    reads: set[str] = set()
    binds: set[str] = set()
    declared: set[str] = set()
    for node in ast.walk(function):
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                reads.add(name)
            case ast.Global(names=names):
                declared.update(names)
            case ast.alias():
                binds.add((node.asname or node.name).partition(".")[0])
            case ast.Name(id=str(name)) | ast.arg(arg=str(name)) | ast.ExceptHandler(name=str(name)):
                binds.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                binds.update([name] if node is not function else [])
    return frozenset((reads - binds) | (reads & declared))


class _Walker(ast.NodeVisitor):
    """Goes through statements in order; the state is what was found so far."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._bound: list[Bound] = []
        self._changed: list[Changed] = []
        self._deleted: list[Deleted] = []
        self._needs: set[str] = set()
        self._known: set[str] = set()
        self._uses: dict[str, frozenset[str]] = {}
        self._may_bind = ""
        self._is_parsed = True
        self._depth = 0
        self._hidden: list[frozenset[str]] = []
        self._reads: set[str] = set()  # of the statement that is being looked at
        self._words: set[str] = set()
        self._all_reads: set[str] = set()
        self._lines: tuple[int, int] = (0, 0)

    def result(self) -> Names:
        """Return what was found."""
        called = self._all_reads & self._uses.keys()
        late = {name for each in called for name in self._uses[each]} - self._known
        return Names(
            bound=tuple(self._bound),
            changed=tuple(self._changed),
            deleted=tuple(self._deleted),
            needs=frozenset((self._needs | late) - GIVEN),
            uses=self._uses,
            may_bind=self._may_bind,
            is_parsed=self._is_parsed,
        )

    # -- statements

    def visit(self, node: ast.AST) -> None:
        """Look at a node; a statement has reads and words of its own."""
        if not isinstance(node, ast.stmt):
            super().visit(node)
            return
        before = (self._reads, self._words, self._lines)
        self._reads, self._words = set(), set()
        self._lines = (node.lineno, node.end_lineno or node.lineno)
        super().visit(node)
        self._all_reads |= self._reads
        self._reads |= before[0]
        self._words |= before[1]
        self._lines = before[2]

    def visit_Assign(self, node: ast.Assign) -> None:
        """Read the value, then bind the targets."""
        self.visit(node.value)
        for target in node.targets:
            self._store(target)
        if isinstance(node.value, ast.Lambda) and isinstance(node.targets[0], ast.Name):
            self._uses[node.targets[0].id] = free_names(node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Bind nothing by an annotation without a value."""
        self.visit(node.annotation)
        if node.value is not None:
            self.visit(node.value)
            self._store(node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """Read what it binds, too."""
        self.visit(node.value)
        if isinstance(node.target, ast.Name):
            self._read(node.target.id)
        self._store(node.target)

    def visit_Import(self, node: ast.Import) -> None:
        """Bind each module, or its top package."""
        for alias in node.names:
            self._bind(alias.asname or alias.name.partition(".")[0])

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """Bind each name; a star may bind any."""
        for alias in node.names:
            if alias.name == "*":
                self._open()
            else:
                self._bind(alias.asname or alias.name)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Run the decorators and defaults, bind the name; keep what the body needs for its calls."""
        outer = [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
        for each in outer:
            self.visit(each)
        self._uses[node.name] = free_names(node)
        self._bind(node.name)
        self._bind_when_called(node)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - the name that ast calls

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Run the body, whose names are the class's own."""
        for each in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(each)
        inner = _Walker(self._text)
        for statement in node.body:
            inner.visit(statement)
        for name in inner._needs:
            self._read(name)
        late = [needs for name, needs in inner._uses.items() if name in inner._known]
        self._uses[node.name] = frozenset(name for needs in late for name in needs)
        self._may_bind = self._may_bind or inner._may_bind
        self._bind(node.name)

    def visit_Delete(self, node: ast.Delete) -> None:
        """Delete names, and parts of what others stand for."""
        for target in _targets(node.targets):
            if isinstance(target, ast.Name):
                self._read(target.id)
                self._deleted.append(
                    Deleted(name=target.id, line=node.lineno, text=self._line, is_sure=not self._depth)
                )
                self._known.discard(target.id)
            else:
                self._change(target, takes_away=True)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        """Bind nothing for sure: a loop may have no turn."""
        self.visit(node.iter)
        self._branches([[node.target, *node.body], []])
        self._all(node.orelse)

    visit_AsyncFor = visit_For  # noqa: N815 - the name that ast calls

    def visit_While(self, node: ast.While) -> None:
        """Bind nothing for sure: a loop may have no turn."""
        self.visit(node.test)
        self._branches([node.body, []])
        self._all(node.orelse)

    def visit_If(self, node: ast.If) -> None:
        """Sure is what both branches bind; a notebook is `__main__`."""
        self.visit(node.test)
        if _is_true(node.test):
            self._all(node.body)
        else:
            self._branches([node.body, node.orelse])

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        """Bind what it opens and run the body, which `suppress` may end early."""
        ends_early = False
        for item in node.items:
            self.visit(item.context_expr)
            ends_early |= "suppress" in ast.dump(item.context_expr)[:200]
            if item.optional_vars is not None:
                self._store(item.optional_vars)
        self._branches([node.body, []] if ends_early else [node.body])

    visit_AsyncWith = visit_With  # noqa: N815 - the name that ast calls

    def visit_Try(self, node: Any) -> None:
        """Sure is what the body and every handler that goes on bind, and the last block."""
        self._branches([[*node.body, *node.orelse], *([handler] for handler in node.handlers)])
        self._all(node.finalbody)

    visit_TryStar = visit_Try  # noqa: N815 - the name that ast calls

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        """Bind its name, which is deleted at its end."""
        if node.type is not None:
            self.visit(node.type)
        if node.name:
            self._lines = (node.lineno, node.lineno)
            self._bind(node.name, "except")
        self._all(node.body)
        self._known.discard(node.name or "")

    def visit_Match(self, node: ast.Match) -> None:
        """Bind nothing for sure: which case holds is not known."""
        self.visit(node.subject)
        self._branches([*([case] for case in node.cases), []])

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        """Bind the name of a pattern."""
        self.generic_visit(node)
        if node.name:
            self._bind(node.name)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        """Bind the rest of a sequence."""
        if node.name:
            self._bind(node.name)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        """Bind the rest of a mapping."""
        self.generic_visit(node)
        if node.rest:
            self._bind(node.rest)

    def visit_Expr(self, node: ast.Expr) -> None:
        """Take a call whose result nobody keeps for a change of what it is called of."""
        self.visit(node.value)
        call = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            in_place = any(keyword.arg == "inplace" and _is_true(keyword.value) for keyword in call.keywords)
            self._change(call.func, takes_away=in_place or call.func.attr in _TAKES_AWAY, is_stored=False)

    def generic_visit(self, node: ast.AST) -> None:
        """Look at all parts; a `type` statement binds its name."""
        super().generic_visit(node)
        if _TYPE_ALIAS and isinstance(node, _TYPE_ALIAS):
            self._bind(node.name.id)

    # -- expressions

    def visit_Name(self, node: ast.Name) -> None:
        """Read a name, or bind it."""
        if isinstance(node.ctx, ast.Load):
            self._read(node.id)
        elif isinstance(node.ctx, ast.Store):
            self._bind(node.id)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        """Bind maybe: it may be in a part of the expression that is not run."""
        self.visit(node.value)
        hidden, self._hidden = self._hidden, []  # in a comprehension it binds outside of it
        self._bind(node.target.id, "maybe")
        self._hidden = hidden

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Count what its body reads: it is mostly called at once."""
        for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(default)
        self._within(_parameters(node.args), [node.body])

    def visit_own_scope(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        """Bind nothing: a comprehension has variables of its own."""
        parts = (node for part in node.generators for node in ast.walk(part.target))
        targets = frozenset(part.id for part in parts if isinstance(part, ast.Name))
        self.visit(node.generators[0].iter)
        self._within(targets, ast.iter_child_nodes(node))

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_own_scope  # noqa: N815

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """Keep the attribute as a word."""
        self._words.add(node.attr)
        self.visit(node.value)

    def visit_keyword(self, node: ast.keyword) -> None:
        """Keep the name of an argument as a word."""
        if node.arg:
            self._words.add(node.arg)
        self.visit(node.value)

    def visit_Constant(self, node: ast.Constant) -> None:
        """Keep a short text or a number as a word."""
        if isinstance(node.value, str | int) and is_short(str(node.value)):
            self._words.add(str(node.value))

    def visit_Call(self, node: ast.Call) -> None:
        """Look at what IPython's own lines have become, and at what may bind anything."""
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in _OPENS:
            self._open()
        elif isinstance(node.func, ast.Attribute):
            if _calls(node.func.value, {"get_ipython"}):
                self._magic(node.func.attr, node.args)
            elif _calls(node.func.value, _TABLES) and node.func.attr in ("update", "setdefault"):
                self._open()

    # -- what was found

    @property
    def _line(self) -> str:
        return line_of(self._text, self._lines[0])

    def _all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def _within(self, names: frozenset[str], nodes: Iterable[ast.AST]) -> None:
        self._hidden.append(names)
        self._all(nodes)
        self._hidden.pop()

    def _branches(self, branches: Sequence[Sequence[ast.AST]]) -> None:
        """Look at what runs one instead of the other; sure is what all that go on bind."""
        first, common = len(self._bound), None
        self._depth += len(branches) > 1
        for branch in branches:
            start = len(self._bound)
            self._all(branch)
            if _goes_on(branch):
                own = {bound.name for bound in self._bound[start:] if bound.how == "sure"}
                common = own if common is None else common & own
        self._depth -= len(branches) > 1
        for number in range(first, len(self._bound)):
            bound = self._bound[number]
            if bound.how == "sure" and bound.name not in (common or ()):
                self._bound[number] = dataclasses.replace(bound, how="maybe")

    def _read(self, name: str) -> None:
        if any(name in hidden for hidden in self._hidden):
            return
        self._reads.add(name)
        if name not in self._known:
            self._needs.add(name)

    def _bind(self, name: str, how: How = "sure", function: str = "") -> None:
        if any(name in hidden for hidden in self._hidden):
            return
        line, last_line = self._lines
        self._bound.append(
            Bound(
                name=name,
                line=line,
                last_line=last_line,
                how=how,
                text=self._line,
                needs=frozenset(self._reads),
                words=frozenset(self._words),
                function=function,
            )
        )
        if not function:
            self._known.add(name)

    def _store(self, target: ast.expr) -> None:
        for part in _targets([target]):
            if isinstance(part, ast.Name):
                self._bind(part.id)
                continue
            if isinstance(part, ast.Subscript) and _calls(part.value, _TABLES):
                if isinstance(part.slice, ast.Constant) and isinstance(part.slice.value, str):
                    self._bind(part.slice.value, "maybe")
                else:
                    self._open()
            self.visit(part)
            self._change(part)

    def _change(self, part: ast.expr, *, takes_away: bool = False, is_stored: bool = True) -> None:
        """Note that `part`, an attribute or item, is set, deleted or called."""
        root: ast.AST = part
        while isinstance(root, ast.Attribute | ast.Subscript | ast.Call):
            root = root.func if isinstance(root, ast.Call) else root.value
        if is_stored:
            self.visit(part)
        if not isinstance(root, ast.Name) or any(root.id in hidden for hidden in self._hidden):
            return
        words = frozenset(_own_words(part)) if is_stored else frozenset(self._words)
        self._changed.append(
            Changed(
                name=root.id,
                line=self._lines[0],
                text=self._line,
                words=words,
                is_stored=is_stored,
                takes_away=takes_away,
            )
        )

    def _bind_when_called(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        declared = {n for node in ast.walk(function) if isinstance(node, ast.Global) for n in node.names}
        for node in ast.walk(function) if declared else ():
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in declared:
                before, self._lines = self._lines, (node.lineno, node.lineno)
                self._bind(node.id, "called", function.name)
                self._lines = before

    def _open(self) -> None:
        self._may_bind = self._may_bind or self._line

    # -- IPython's own

    def _magic(self, method: str, arguments: Sequence[ast.expr]) -> None:
        """Look at a call of `get_ipython()`; what is not known may bind anything."""
        texts = [each.value if isinstance(each, ast.Constant) else None for each in arguments]
        words = [text for text in texts if isinstance(text, str)]
        if len(words) != len(texts):
            self._open()
        elif method == "run_line_magic" and len(words) == 2:
            self._line_magic(*words)
        elif method == "run_cell_magic" and len(words) == 3:
            self._cell_magic(*words)
        elif method not in ("system", "getoutput", "run_line_magic", "run_cell_magic"):
            self._open()

    def _line_magic(self, name: str, rest: str) -> None:
        if name == "time":
            self._take_in(rest, 0)
        elif name in ("reset", "reset_selective"):
            gone = EVERYTHING if name == "reset" else ""
            self._deleted.append(Deleted(name=gone, line=self._lines[0], text=self._line))
            self._known.clear()
        elif name == "xdel" and rest.split():
            gone = rest.rsplit(maxsplit=1)[-1]
            self._deleted.append(Deleted(name=gone, line=self._lines[0], text=self._line))
        elif name not in BINDS_NOTHING:
            self._open()

    def _cell_magic(self, name: str, line: str, body: str) -> None:
        options = line.split()
        if name == "capture":
            for option in options:
                if option.isidentifier():
                    self._bind(option)
        elif name in APART:
            for option, value in pairwise(options):
                if option in ("--out", "--err") and value.isidentifier():
                    self._bind(value)
        if name in PYTHON_MAGICS:
            self._take_in(body, self._lines[0], binds=name != "timeit")
        elif name not in APART:
            self._open()

    def _take_in(self, source: str, offset: int, *, binds: bool = True) -> None:
        """Take in what a magic runs among the notebook's names, `offset` lines further down."""
        inner = names_of(source)
        for bound in inner.bound if binds else ():
            line, last = bound.line + offset, bound.last_line + offset
            if not offset:
                line, last = self._lines
            self._bound.append(dataclasses.replace(bound, line=line, last_line=last))
            self._known.add(bound.name)
        for changed in inner.changed:
            self._changed.append(dataclasses.replace(changed, line=changed.line + offset))
        for deleted in inner.deleted:
            self._deleted.append(dataclasses.replace(deleted, line=deleted.line + offset))
        for name in inner.needs:
            self._read(name)
        self._uses.update(inner.uses)
        self._may_bind = self._may_bind or inner.may_bind
        self._is_parsed &= inner.is_parsed


def _targets(targets: Iterable[ast.expr]) -> Iterator[ast.expr]:
    """Yield what is assigned to one by one: names, attributes, items."""
    for target in targets:
        if isinstance(target, ast.Tuple | ast.List):
            yield from _targets(target.elts)
        elif isinstance(target, ast.Starred):
            yield from _targets([target.value])
        else:
            yield target


def _own_words(part: ast.AST) -> Iterator[str]:
    """Yield the keys and attributes in a target."""
    for node in ast.walk(part):
        match node:
            case ast.Attribute(attr=name):
                yield name
            case ast.Constant(value=str() | int()) if is_short(str(node.value)):
                yield str(node.value)


def _parameters(arguments: ast.arguments) -> frozenset[str]:
    return frozenset(node.arg for node in ast.walk(arguments) if isinstance(node, ast.arg))


def _calls(node: ast.expr, names: Iterable[str]) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


def _is_true(test: ast.expr) -> bool:
    """Whether a condition holds in any notebook."""
    if isinstance(test, ast.Constant):
        return bool(test.value)
    return ast.unparse(test) == "__name__ == '__main__'" if isinstance(test, ast.Compare) else False


def _goes_on(branch: Sequence[ast.AST]) -> bool:
    """Whether what follows is run after this branch."""
    last = branch[-1] if branch else None
    if isinstance(last, ast.ExceptHandler):
        last = last.body[-1]
    return not isinstance(last, ast.Raise | ast.Continue | ast.Break)

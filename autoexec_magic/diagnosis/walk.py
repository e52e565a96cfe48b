"""The walk over the tree of a cell that finds what it does with global names.

Statements are gone through in their order; what a branch binds is sure only
where every branch that goes on binds it. The body of a function is not run by
its definition: what it reads is kept apart, as what a call of it would need.
"""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .gathered import Gathered
from .names import Changed, Deleted, Names, is_short

_TAKES_AWAY = frozenset({"pop", "popitem", "remove", "discard", "drop", "clear", "popleft"})
_OPENS = frozenset({"exec", "execfile"})
_TABLES = frozenset({"globals", "locals", "vars"})
_BINDERS = frozenset(
    (ast.alias, ast.arg, ast.ExceptHandler, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
)
_TYPE_ALIAS = getattr(ast, "TypeAlias", ())  # from Python 3.12


def walk(tree: ast.Module, text: str) -> Names:
    """Return what a module's tree does with global names; `text` is what it was parsed from."""
    found = Gathered(text)
    walker = _Walker(found)
    for statement in tree.body:
        walker.visit(statement)
    return found.result()


def free_names(function: ast.AST) -> frozenset[str]:
    """Return the names that a function, class or lambda reads and does not bind itself."""
    reads: set[str] = set()
    binds: set[str] = set()
    declared: set[str] = set()
    waiting: list[ast.AST] = list(ast.iter_child_nodes(function))
    while waiting:
        node = waiting.pop()
        kind = type(node)
        if kind is ast.Name:
            (reads if type(node.ctx) is ast.Load else binds).add(node.id)  # type: ignore[attr-defined]
            continue
        if kind is ast.Constant:
            continue
        if kind in _BINDERS:
            binds.update(_bound_by(node))
        elif kind is ast.Global:
            declared.update(node.names)  # type: ignore[attr-defined]
        waiting.extend(ast.iter_child_nodes(node))
    return frozenset((reads - binds) | (reads & declared))


def _bound_by(node: ast.AST) -> Iterator[str]:
    """Yield the names that a node binds which is no name itself."""
    match node:
        case ast.alias():
            yield (node.asname or node.name).partition(".")[0]
        case ast.arg(arg=str(name)) | ast.ExceptHandler(name=str(name)):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name


class _Walker(ast.NodeVisitor):
    """Goes through statements in order; `found` takes what is found."""

    def __init__(self, found: Gathered) -> None:
        self._found = found
        self._value: ast.AST | None = None  # what the present statement assigns

    # -- statements

    def visit(self, node: ast.AST) -> None:
        """Look at a node; a statement has reads and words of its own."""
        if not isinstance(node, ast.stmt):
            super().visit(node)
            return
        before = (self._found.reads, self._found.words, self._found.lines)
        self._found.reads, self._found.words = set(), set()
        self._found.lines = (node.lineno, node.end_lineno or node.lineno)
        super().visit(node)
        self._found.all_reads |= self._found.reads
        self._found.reads |= before[0]
        self._found.words |= before[1]
        self._found.lines = before[2]

    def visit_Assign(self, node: ast.Assign) -> None:
        """Read the value, then bind the targets."""
        self.visit(node.value)
        self._value = node.value
        for target in node.targets:
            self._store(target)
        self._value = None
        if isinstance(node.value, ast.Lambda) and isinstance(node.targets[0], ast.Name):
            self._found.uses[node.targets[0].id] = free_names(node.value)

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
            self._found.read(node.target.id)
        self._value = node.target
        self._store(node.target)
        self._value = None

    def visit_Import(self, node: ast.Import) -> None:
        """Bind each module, or its top package."""
        for alias in node.names:
            self._found.bind(alias.asname or alias.name.partition(".")[0])

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """Bind each name; a star may bind any."""
        for alias in node.names:
            if alias.name == "*":
                self._found.bind_any()
            else:
                self._found.bind(alias.asname or alias.name)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Run the decorators and defaults, bind the name; keep what the body needs for its calls."""
        outer = [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
        for each in outer:
            self.visit(each)
        self._found.uses[node.name] = free_names(node)
        self._found.bind(node.name)
        self._bind_when_called(node)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - the name that ast calls

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Run the body, whose names are the class's own."""
        for each in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(each)
        inner = Gathered(self._found.text)
        _Walker(inner)._all(node.body)
        for name in inner.needs:
            self._found.read(name)
        late = [needs for name, needs in inner.uses.items() if name in inner.known]
        self._found.uses[node.name] = frozenset(name for needs in late for name in needs)
        self._found.may_bind = self._found.may_bind or inner.may_bind
        self._found.bind(node.name)

    def visit_Delete(self, node: ast.Delete) -> None:
        """Delete names, and parts of what others stand for."""
        for target in _targets(node.targets):
            if isinstance(target, ast.Name):
                self._found.read(target.id)
                self._found.deleted.append(
                    Deleted(
                        name=target.id, line=node.lineno, text=self._found.line, is_sure=not self._found.depth
                    )
                )
                self._found.known.discard(target.id)
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
            self._found.lines = (node.lineno, node.lineno)
            self._found.bind(node.name, "except")
        self._all(node.body)
        self._found.known.discard(node.name or "")

    def visit_Match(self, node: ast.Match) -> None:
        """Bind nothing for sure: which case holds is not known."""
        self.visit(node.subject)
        self._branches([*([case] for case in node.cases), []])

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        """Bind the name of a pattern."""
        self.generic_visit(node)
        if node.name:
            self._found.bind(node.name)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        """Bind the rest of a sequence."""
        if node.name:
            self._found.bind(node.name)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        """Bind the rest of a mapping."""
        self.generic_visit(node)
        if node.rest:
            self._found.bind(node.rest)

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
            self._found.bind(node.name.id)

    # -- expressions

    def visit_Name(self, node: ast.Name) -> None:
        """Read a name, or bind it."""
        if isinstance(node.ctx, ast.Load):
            self._found.read(node.id)
        elif isinstance(node.ctx, ast.Store):
            self._found.bind(node.id)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        """Bind maybe: it may be in a part of the expression that is not run."""
        self.visit(node.value)
        hidden, self._found.hidden = self._found.hidden, []  # in a comprehension it binds outside of it
        self._found.bind(node.target.id, "maybe")
        self._found.hidden = hidden

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
        self._found.words.add(node.attr)
        self.visit(node.value)

    def visit_keyword(self, node: ast.keyword) -> None:
        """Keep the name of an argument as a word."""
        if node.arg:
            self._found.words.add(node.arg)
        self.visit(node.value)

    def visit_Constant(self, node: ast.Constant) -> None:
        """Keep a short text or a number as a word."""
        if isinstance(node.value, str | int) and is_short(str(node.value)):
            self._found.words.add(str(node.value))

    def visit_Call(self, node: ast.Call) -> None:
        """Look at what IPython's own lines have become, and at what may bind anything."""
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in _OPENS:
            self._found.bind_any()
        elif isinstance(node.func, ast.Attribute):
            if _calls(node.func.value, {"get_ipython"}):
                self._found.magic(node.func.attr, node.args)
            elif _calls(node.func.value, _TABLES) and node.func.attr in ("update", "setdefault"):
                self._found.bind_any()

    # -- what was found

    def _all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def _within(self, names: frozenset[str], nodes: Iterable[ast.AST]) -> None:
        self._found.hidden.append(names)
        self._all(nodes)
        self._found.hidden.pop()

    def _branches(self, branches: Sequence[Sequence[ast.AST]]) -> None:
        """Look at what runs one instead of the other; sure is what all that go on bind."""
        first, common = len(self._found.bound), None
        self._found.depth += len(branches) > 1
        for branch in branches:
            start = len(self._found.bound)
            self._all(branch)
            if _goes_on(branch):
                own = {bound.name for bound in self._found.bound[start:] if bound.how == "sure"}
                common = own if common is None else common & own
        self._found.depth -= len(branches) > 1
        for number in range(first, len(self._found.bound)):
            bound = self._found.bound[number]
            if bound.how == "sure" and bound.name not in (common or ()):
                self._found.bound[number] = dataclasses.replace(bound, how="maybe")

    def _store(self, target: ast.expr) -> None:
        for part in _targets([target]):
            if isinstance(part, ast.Name):
                self._found.bind(part.id)
                continue
            if isinstance(part, ast.Subscript) and _calls(part.value, _TABLES):
                if isinstance(part.slice, ast.Constant) and isinstance(part.slice.value, str):
                    self._found.bind(part.slice.value, "maybe")
                else:
                    self._found.bind_any()
            self.visit(part)
            self._change(part)

    def _change(self, part: ast.expr, *, takes_away: bool = False, is_stored: bool = True) -> None:
        """Note that `part`, an attribute or item, is set, deleted or called."""
        root: ast.AST = part
        while isinstance(root, ast.Attribute | ast.Subscript | ast.Call):
            root = root.func if isinstance(root, ast.Call) else root.value
        if is_stored:
            self.visit(part)
        if not isinstance(root, ast.Name) or any(root.id in hidden for hidden in self._found.hidden):
            return
        words = frozenset(_own_words(part)) if is_stored else frozenset(self._found.words)
        self._found.changed.append(
            Changed(
                name=root.id,
                line=self._found.lines[0],
                text=self._found.line,
                words=words,
                is_stored=is_stored,
                takes_away=takes_away,
                is_remade=is_stored and _reads(self._value, part),
            )
        )

    def _bind_when_called(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if "global" not in self._found.text:
            return
        declared = {n for node in ast.walk(function) if isinstance(node, ast.Global) for n in node.names}
        for node in ast.walk(function) if declared else ():
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in declared:
                before, self._found.lines = self._found.lines, (node.lineno, node.lineno)
                self._found.bind(node.id, "called", function.name)
                self._found.lines = before


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


def _reads(value: ast.AST | None, part: ast.expr) -> bool:
    """Whether `value` reads the very part, `df["b"]` or `self.total`, that is set."""
    if value is None or not isinstance(part, ast.Attribute | ast.Subscript):
        return False
    if value is part:  # what is changed in place, by +=
        return True
    said = ast.dump(part).replace("Store()", "Load()")
    return any(type(node) is type(part) and ast.dump(node) == said for node in ast.walk(value))


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

"""Whether a statement that failed half way may have done something already; pure.

A statement is run again only if nothing but the one call that failed has
happened in it, and that call is one whose failure is known to come before it
does anything: `pd.read_excel(p)`, `df.to_parquet(p)`. Python evaluates from left
to right and inside out, so what stands after the failed call has not run, and
what is assigned has not been assigned. Everything else counts as an effect:
a loop, `+=`, an `await`, any other call before it, a file that is added to, and
whatever has run code of the user's without a call: a property, an operator, a
format (`operands`).
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from typing import TypeAlias

from .operands import Names, Runs

Place: TypeAlias = tuple[
    int, int, int, int
]  #: line, last line, column, last column, as `co_positions` has it

_PLAIN = frozenset({"Path", "bool", "dict", "float", "int", "len", "list", "set", "str", "tuple"})
#: make a value, and from literals nothing else: an iterator that they were given would be used up
_MAKERS = frozenset({"DataArray", "DataFrame", "Dataset", "Index", "Series", "Timestamp", "arange", "array"})
_LITERAL = (ast.Constant, ast.Dict, ast.List, ast.Set, ast.Tuple, ast.UnaryOp, ast.unaryop, ast.expr_context)
_KINDS: dict[type[ast.stmt], str] = {
    ast.For: "a loop",
    ast.AsyncFor: "a loop",
    ast.While: "a loop",
    ast.AugAssign: "an assignment that adds to what is there",
    ast.With: "a `with` block",
    ast.AsyncWith: "a `with` block",
    ast.If: "an `if` block",
    ast.Try: "a `try` block",
    ast.Match: "a `match` block",
    ast.ClassDef: "a class",
    ast.FunctionDef: "a function with decorators or defaults",
    ast.AsyncFunctionDef: "a function with decorators or defaults",
}
_OPEN = {
    ast.Await: "it awaits something",
    ast.Yield: "it yields",
    ast.YieldFrom: "it yields",
    ast.NamedExpr: "it assigns on its way",
    ast.Lambda: "it has code of its own inside",
    ast.ListComp: "it has a loop inside",
    ast.SetComp: "it has a loop inside",
    ast.DictComp: "it has a loop inside",
    ast.GeneratorExp: "it has a loop inside",
    ast.Starred: "its arguments cannot be told",
}
_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Mod)
_MODES = {
    "mode": frozenset({"r", "rb", "w", "wb", "x"}),
    "if_exists": frozenset({"fail", "replace"}),
    "if_sheet_exists": frozenset({"error"}),
    "append": frozenset({False}),
    "append_dim": frozenset({None}),
    "region": frozenset({None}),
}


def may_have_effects(
    statement: ast.stmt | None, place: Place | None, harmless: Collection[str], names: Names | None = None
) -> str:
    """Return why running a failed statement again may do something twice; "" if it may not.

    Parameters
    ----------
    statement : ast.stmt or None
        The whole top-level statement; None where its source is not known.
    place : Place or None
        What of it failed; None where that is not known.
    harmless : collection of str
        The last names of calls (or attributes) that fail before they do anything.
    names : Names, optional
        What names mean where the statement stands; without it they are believed to be plain values.

    Examples
    --------
    >>> read = ast.parse("df = pd.read_excel(folder / 'a.xlsx')").body[0]
    >>> may_have_effects(read, (1, 1, 5, 37), {"read_excel"})
    ''
    >>> may_have_effects(ast.parse("for f in fs: pd.read_excel(f)").body[0], (1, 1, 13, 29), {"read_excel"})
    'it is a loop'
    """
    if statement is None:
        return "its source is not known"
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return ""
    if not isinstance(statement, ast.Expr | ast.Assign | ast.AnnAssign) or statement.value is None:
        return f"it is {_KINDS.get(type(statement), 'more than one expression')}"
    value = statement.value
    reason = next((_OPEN[type(node)] for node in ast.walk(value) if type(node) in _OPEN), "")
    if reason or place is None:
        return reason or "what of it failed is not known"
    try:
        return _before(value, place, harmless, names)
    except Runs as reason:
        return str(reason)


def _before(value: ast.expr, place: Place, harmless: Collection[str], names: Names | None) -> str:
    """Return what had run when the expression at `place` failed, or why that one itself counts."""
    if names is not None:
        for operand in _judged(value, place):
            names.plain(operand)
    for node in _evaluated(value):
        if isinstance(node, ast.BinOp) and not isinstance(node.op, _ARITHMETIC):
            return "it has an operator that may do anything"
        if isinstance(node, ast.Call | ast.Attribute) and _ends_at(node, place):
            name = _last_name(node.func if isinstance(node, ast.Call) else node)
            if name in harmless:
                _look(node, names)
                return _mode(node) if isinstance(node, ast.Call) else ""
            if isinstance(node, ast.Call):
                return f"{name or 'what it calls'}() may have done something"
        elif isinstance(node, ast.Call) and not _is_harmless(node):
            return f"{_last_name(node.func) or 'a call'}() has run before"
        elif names is not None and isinstance(node, ast.expr):
            names.value(node)
    return "what of it failed is not known"


def _is_harmless(call: ast.Call) -> bool:
    """Whether a call that has run before may run again."""
    name = _last_name(call.func)
    given = (*call.args, *(keyword.value for keyword in call.keywords))
    is_literal = all(isinstance(node, _LITERAL) for value in given for node in ast.walk(value))
    return name in _PLAIN or (name in _MAKERS and is_literal)


def _look(node: ast.Call | ast.Attribute, names: Names | None) -> None:
    """Raise `Runs` if what failed was given what is not harmless, or is something else by that name."""
    if names is None:
        return
    if isinstance(node, ast.Attribute):
        names.plain(node.value)
        return
    called = names.value(node.func)
    if getattr(called, "__name__", _last_name(node.func)) != _last_name(node.func):
        raise Runs(f"{_last_name(node.func)}() is something else by that name")
    for item in (*node.args, *(word.value for word in node.keywords)):
        names.plain(item)


def _judged(value: ast.expr, place: Place) -> Iterator[ast.expr]:
    """Yield what was asked whether it is true, on the way to a place: no expression of its own does that."""
    for node in ast.walk(value):
        if isinstance(node, ast.BoolOp | ast.Compare):
            parts = node.values if isinstance(node, ast.BoolOp) else [node.left, *node.comparators]
            ended = [part for part in parts if (part.end_lineno, part.end_col_offset) <= (place[0], place[2])]
            yield from ended
        elif isinstance(node, ast.IfExp) and not _holds(node.test, place):
            yield node.test


def _holds(node: ast.expr, place: Place) -> bool:
    return (node.lineno, node.col_offset) <= (place[0], place[2]) and (place[1], place[3]) <= (
        node.end_lineno or 0,
        node.end_col_offset or 0,
    )


def _ends_at(node: ast.expr, place: Place) -> bool:
    # By its end: where a chain goes over several lines, a call's instruction begins at its last part.
    return (node.end_lineno, node.end_col_offset) == (place[1], place[3])


def _mode(call: ast.Call) -> str:
    """Return how a call says that it adds to what is there, or ""."""
    for keyword in call.keywords:
        if keyword.arg is None:
            return "its arguments cannot be told"
        allowed = _MODES.get(keyword.arg)
        value = keyword.value.value if isinstance(keyword.value, ast.Constant) else ...
        if allowed is not None and value not in allowed:
            return f"{keyword.arg}= may add to what is there"
    return ""


def _evaluated(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the expressions below a node in the order in which they are evaluated, itself last."""
    children: list[ast.AST]
    if isinstance(node, ast.Dict):
        children = [item for pair in zip(node.keys, node.values, strict=True) for item in pair if item]
    elif isinstance(node, ast.IfExp):
        children = [node.test, node.body, node.orelse]
    else:
        children = [
            child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr | ast.keyword)
        ]
    for child in children:
        yield from _evaluated(child)
    yield node


def _last_name(expression: ast.expr) -> str:
    if isinstance(expression, ast.Attribute):
        return expression.attr
    return expression.id if isinstance(expression, ast.Name) else ""

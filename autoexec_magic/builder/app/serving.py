"""Statements of a notebook's top level that an app has no use for: what only shows, and what starts a server.

What is only shown is the last expression of a cell, where nothing of it can do
anything else: an attribute, `df.head()`, `len(rows)`. A call that nobody knows
stays, as it may well be what the cell is for.

In a notebook a server is started where it is tried; in an app the entry starts
it. Such a statement is left out, and with it what uses what it binds.
"""

from __future__ import annotations

import ast

from .shapes import Function, Names, Shape

_SHOWS = frozenset(
    (
        *(
            "head",
            "tail",
            "describe",
            "info",
            "sample",
            "value_counts",
            "nunique",
            "unique",
            "isna",
            "isnull",
        ),
        *("notna", "notnull", "sum", "mean", "median", "std", "min", "max", "count", "corr", "any", "all"),
        *("shape", "to_string", "to_markdown", "round", "sort_values", "nlargest", "nsmallest", "keys"),
        *("values", "items", "dtypes", "memory_usage", "abs", "rename", "reset_index", "astype", "to_html"),
    )
)
_LOOKS = frozenset(
    (
        *("len", "type", "repr", "str", "sorted", "sum", "min", "max", "round", "dir", "vars", "help", "id"),
        *("isinstance", "issubclass", "callable", "hasattr", "list", "dict", "set", "tuple", "bool", "int"),
        *("float", "abs", "all", "any", "enumerate", "zip", "range", "hex", "bin", "hash", "display"),
    )
)
_PLAIN = (
    *(
        ast.Name,
        ast.Attribute,
        ast.Subscript,
        ast.Constant,
        ast.Tuple,
        ast.List,
        ast.Dict,
        ast.Set,
        ast.Slice,
    ),
    *(ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.JoinedStr, ast.FormattedValue),
    *(ast.Starred, ast.keyword, ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.comprehension, ast.Lambda),
    *(ast.arguments, ast.arg),
)
#: what starts a server, or makes one that listens
_SERVES = frozenset(
    (
        *("uvicorn.run", "uvicorn.Server", "waitress.serve", "hypercorn.asyncio.serve", "hypercorn.run.run"),
        *("wsgiref.simple_server.make_server", "werkzeug.serving.make_server", "werkzeug.serving.run_simple"),
        *("bottle.run", "gevent.pywsgi.WSGIServer", "eventlet.wsgi.server", "meinheld.server.run"),
        *(
            "http.server.HTTPServer",
            "http.server.ThreadingHTTPServer",
            "granian.Granian",
            "cheroot.wsgi.Server",
        ),
    )
)
_RUNS = frozenset({"run", "run_server", "run_debug", "listen"})


def is_only_shown(statement: ast.stmt) -> bool:
    """Whether a statement is an expression that does nothing but be shown below its cell.

    Examples
    --------
    >>> [is_only_shown(ast.parse(text).body[0]) for text in ("df.head()", "app", "model.fit(x)", "print(1)")]
    [True, True, False, False]
    """
    if not isinstance(statement, ast.Expr):
        return False
    for node in ast.walk(statement.value):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in _LOOKS:
                continue
            if isinstance(node.func, ast.Attribute) and node.func.attr in _SHOWS:
                continue
            return False
        if not isinstance(node, _PLAIN):
            return False
    return True


class Starts:
    """Which statements start what the entry of the app starts itself; asked for each in its order."""

    def __init__(self, shape: Shape, names: Names) -> None:
        self._shape, self._names = shape, names
        self._own = shape.object.partition(".")[0]
        self._bound: set[str] = set()

    def has(self, statement: ast.stmt) -> bool:
        """Whether a statement is one of those."""
        if self._shape.kind == "notebook" or isinstance(
            statement, ast.ClassDef | ast.Import | ast.ImportFrom
        ):
            return False
        if is_main_block(statement):
            return False  # an import does not run it
        if isinstance(statement, Function):
            if statement.name != self._own and any(map(self._starts, ast.walk(statement))):
                self._bound.add(statement.name)  # it stays; a call of it does not
            return False
        nodes = list(ast.walk(statement))
        if not any(self._starts(node) for node in nodes):
            return False
        stored = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        if self._own in stored:
            return False
        self._bound |= stored
        return True

    def _starts(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Name):
            return isinstance(node.ctx, ast.Load) and node.id in self._bound
        if self._shape.kind in ("asgi", "wsgi"):
            if isinstance(node, ast.Attribute):
                is_own = isinstance(node.value, ast.Name) and node.value.id == self._own
                return node.attr == "serve_forever" or (is_own and node.attr in _RUNS) or self._serves(node)
            return isinstance(node, ast.Call) and self._serves(node.func)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return self._shape.kind == "main" and node.func.id == self._own
        return False

    def _serves(self, node: ast.AST) -> bool:
        return self._names.dotted(node) in _SERVES


def is_main_block(statement: ast.stmt) -> bool:
    """Whether a statement is `if __name__ == "__main__":`."""
    if not isinstance(statement, ast.If) or not isinstance(statement.test, ast.Compare):
        return False
    parts = [statement.test.left, *statement.test.comparators]
    names = {part.id for part in parts if isinstance(part, ast.Name)}
    return "__name__" in names and any(
        isinstance(part, ast.Constant) and part.value == "__main__" for part in parts
    )

"""Statements of a notebook's top level that only try the app: they run whenever it is imported.

In a notebook `handler({"x": 3}, None)` and `app.test_client().get("/")` are how
a person looks whether it works. What such a statement binds, such as a client,
is part of it. They stay, as nobody can know whether one is also meant to warm
something up; a person is told.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .cells import APP, Chosen
from .composed import Composed
from .serving import is_main_block
from .shapes import Function, Shape

#: attributes of an app, and classes that take one, which are there to try it
_ASKED = frozenset({"test_client", "test_request_context", "test_cli_runner", "test_websocket"})
_CLIENTS = frozenset(
    {"TestClient", "AsyncTestClient", "AsyncClient", "ASGITransport", "WSGITransport", "TestApp", "Client"}
)
_NAMES = (ast.Import, ast.ImportFrom)
_LATER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def warnings_of(chosen: Chosen, made: Composed, shape: Shape) -> list[str]:
    """Return a sentence for each cell that tries the app and stays, with the cell and what to do."""
    if shape.kind not in ("asgi", "wsgi", "handler"):
        return []
    own = shape.object.partition(".")[0]
    gone = {(left.cell, left.line) for left in made.left_out}
    bound: set[str] = set()
    found = []
    for kept in chosen.kept:
        number = kept.cell.number
        stays = [each for each in kept.tree.body if (number, each.lineno) not in gone]
        trying = [each for each in stays if _tries(each, own, bound)]
        if not trying:
            continue
        is_alone = len(trying) == len([each for each in stays if not isinstance(each, _NAMES)])
        fix = f"tag cell {number} `skip`"
        if not is_alone or APP in kept.cell.tags:
            fix = "put it into a cell of its own, tagged `skip`"
        found.append(
            f"cell {number} line {trying[0].lineno} tries {own} whenever the app is imported: {fix}, "
            "unless it is meant to"
        )
    return found


def _tries(statement: ast.stmt, own: str, bound: set[str]) -> bool:
    """Whether a statement tries the app; what it binds is then part of trying it."""
    if isinstance(statement, Function | ast.ClassDef | ast.Import | ast.ImportFrom):
        return False
    if is_main_block(statement):
        return False  # an import does not run it
    nodes = list(_at_once(statement))
    stored = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    if own in stored or not any(_is_trial(node, own, bound) for node in nodes):
        return False
    bound |= stored
    return True


def _is_trial(node: ast.AST, own: str, bound: set[str]) -> bool:
    if isinstance(node, ast.Name):
        return isinstance(node.ctx, ast.Load) and node.id in bound
    if not isinstance(node, ast.Call):
        return False
    asked = node.func
    if isinstance(asked, ast.Attribute) and asked.attr in _ASKED:
        return _is(asked.value, own)
    if _is(asked, own):
        return True
    name = asked.attr if isinstance(asked, ast.Attribute) else getattr(asked, "id", "")
    return name in _CLIENTS and any(
        _is(each, own) for each in (*node.args, *(word.value for word in node.keywords))
    )


def _is(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _at_once(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and what is in it, and nothing of what runs only when it is called."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, _LATER):
            yield from _at_once(child)

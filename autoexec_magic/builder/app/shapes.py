"""What a notebook's code is as an app: read off what it binds and imports, and never run.

An ASGI or WSGI object named `app`, a `handler(event, context)`, a `main()`;
else the notebook itself. A name is followed to what it is made of: a class of a
framework or of the notebook, a function that returns one, something that wraps
one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["asgi", "wsgi", "handler", "main", "notebook"]
Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
APP, MAIN = "app", "main"
HANDLERS = ("handler", "lambda_handler")
_DEEPEST = 12  # steps from a name to what it is made of
_MAKES: Mapping[str, Kind] = {
    **dict.fromkeys(
        (
            *("fastapi.FastAPI", "fastapi.applications.FastAPI", "fastapi.APIRouter"),
            *("starlette.applications.Starlette", "starlette.routing.Router", "quart.Quart"),
            *("litestar.Litestar", "litestar.app.Litestar", "sanic.Sanic", "falcon.asgi.App"),
            *("blacksheep.Application", "blacksheep.server.Application", "socketio.ASGIApp"),
            *("django.core.asgi.get_asgi_application", "asgiref.wsgi.WsgiToAsgi", "a2wsgi.WSGIMiddleware"),
            *("channels.routing.ProtocolTypeRouter", "connexion.AsyncApp", "connexion.FlaskApp"),
        ),
        "asgi",
    ),
    **dict.fromkeys(
        (
            *("flask.Flask", "flask.app.Flask", "apiflask.APIFlask", "flask_openapi3.OpenAPI"),
            *("bottle.Bottle", "bottle.default_app", "falcon.App", "falcon.API", "webapp2.WSGIApplication"),
            *("django.core.wsgi.get_wsgi_application", "a2wsgi.ASGIMiddleware", "cherrypy.Application"),
        ),
        "wsgi",
    ),
}
_METHODS: Mapping[str, Kind] = {
    "make_wsgi_app": "wsgi",
    "streamable_http_app": "asgi",
    "http_app": "asgi",
    "sse_app": "asgi",
}
#: objects that are served by an attribute of theirs
_INNER: Mapping[str, tuple[Kind, str]] = {"dash.Dash": ("wsgi", "app.server")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What an app is: `object` is the name that is served or called, "" of a notebook that is run.

    `is_async` a function that has to be awaited, `takes_words` a `main` that
    takes the words of the command line; `flask` one whose templates are looked
    for beside its module. `doubt` says what looked like a shape and is none.
    """

    kind: Kind
    object: str = ""
    is_async: bool = False
    takes_words: bool = False
    is_flask: bool = False
    doubt: str = ""


def shape_of(tree: ast.Module) -> Shape:
    """Return the shape of a module's code."""
    names = Names.of(tree)
    doubt = ""
    if APP in names.values:
        kind, what = names.kind_of(ast.Name(APP, ast.Load()))
        if what in _INNER:
            return Shape(kind=_INNER[what][0], object=_INNER[what][1])
        if kind:
            is_flask = what.partition(".")[0] in ("flask", "quart", "apiflask", "flask_openapi3")
            return Shape(kind=kind, object=APP, is_flask=is_flask)
        doubt = "`app` is bound, and neither ASGI nor WSGI as far as can be read"
    for name in HANDLERS:
        found = names.values.get(name)
        if isinstance(found, Function | ast.Lambda) and _takes(found, 2):
            return Shape(kind="handler", object=name, is_async=isinstance(found, ast.AsyncFunctionDef))
        doubt = doubt or (f"`{name}` takes no (event, context)" if isinstance(found, Function) else "")
    if isinstance(found := names.values.get(MAIN), Function):
        is_async = isinstance(found, ast.AsyncFunctionDef)
        if _takes(found, 0) or found.decorator_list:
            return Shape(kind="main", object=MAIN, is_async=is_async)
        if _takes(found, 1) and found.args.args and found.args.args[0].arg in ("argv", "args"):
            return Shape(kind="main", object=MAIN, is_async=is_async, takes_words=True)
        doubt = doubt or "`main` takes arguments that nobody gives"
    return Shape(kind="notebook", doubt=doubt)


@dataclass(frozen=True, slots=True)
class Names:
    """What each name of a module's top level was bound to last, and what imported names are called."""

    values: dict[str, ast.AST]
    imported: dict[str, str]
    stars: tuple[str, ...] = ()

    @classmethod
    def of(cls, tree: ast.Module) -> Names:
        """Read a module's top level, branches too."""
        values: dict[str, ast.AST] = {}
        imported: dict[str, str] = {}
        stars: list[str] = []
        for node in top_level(tree.body):
            if isinstance(node, Function | ast.ClassDef):
                values[node.name] = node
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    bound = alias.asname or alias.name.partition(".")[0]
                    imported[bound] = alias.name if alias.asname else bound
                    values[bound] = node
            elif isinstance(node, ast.ImportFrom):
                stars += [node.module or ""] * (node.names[0].name == "*")
                for alias in node.names:
                    imported[alias.asname or alias.name] = f"{node.module or ''}.{alias.name}"
                    values[alias.asname or alias.name] = node
            else:
                _assigned(node, values)
        return cls(values, imported, tuple(stars))

    def dotted(self, node: ast.AST) -> str:
        """Return the whole name of what an expression names, such as `fastapi.FastAPI`, or ""."""
        if isinstance(node, ast.Attribute):
            before = self.dotted(node.value)
            return f"{before}.{node.attr}" if before else ""
        if not isinstance(node, ast.Name):
            return ""
        if node.id in self.imported:
            return self.imported[node.id]
        by_star = (f"{star}.{node.id}" for star in self.stars if f"{star}.{node.id}" in _MAKES)
        return next(by_star, "" if node.id in self.values else node.id)

    def kind_of(self, node: ast.AST | None, depth: int = 0) -> tuple[Kind | None, str]:
        """Return what an expression is served as, and by which name it is known; None if nobody can tell."""
        if node is None or depth > _DEEPEST:
            return None, ""
        if isinstance(node, Function):
            return _of_function(node), ""
        if isinstance(node, ast.ClassDef):
            return _of_constructor(node), ""
        if isinstance(node, ast.Name):
            value = self.values.get(node.id)
            return (
                (None, "")
                if isinstance(value, ast.Import | ast.ImportFrom)
                else self.kind_of(value, depth + 1)
            )
        if isinstance(node, ast.Call):
            return self._of_call(node, depth + 1)
        if isinstance(node, ast.IfExp | ast.BoolOp | ast.NamedExpr):
            parts = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
            found = (self.kind_of(part, depth + 1) for part in parts)
            return next((each for each in found if each[0]), (None, ""))
        return None, ""

    def _of_call(self, call: ast.Call, depth: int) -> tuple[Kind | None, str]:
        dotted = self.dotted(call.func)
        if dotted in _INNER:
            return _INNER[dotted][0], dotted
        if dotted in _MAKES:
            return _MAKES[dotted], dotted
        if isinstance(call.func, ast.Attribute) and call.func.attr in _METHODS:
            return _METHODS[call.func.attr], ""
        if isinstance(call.func, ast.Name):
            made = self.values.get(call.func.id)
            if isinstance(made, ast.ClassDef) and (kind := self._of_class(made, depth)):
                return kind
            if isinstance(made, Function) and not isinstance(made, ast.AsyncFunctionDef):
                return self._returned(made, depth)
        arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
        wrapped = (self.kind_of(each, depth) for each in arguments if isinstance(each, ast.Name | ast.Call))
        return next((each for each in wrapped if each[0]), (None, ""))

    def _of_class(self, node: ast.ClassDef, depth: int) -> tuple[Kind | None, str] | None:
        for part in node.body:
            if isinstance(part, Function) and part.name == "__call__":
                kind = _of_function(part, skipped=1)
                return (kind, "") if kind else None
        for base in node.bases:
            if (dotted := self.dotted(base)) in _MAKES:
                return _MAKES[dotted], dotted
            own = self.values.get(base.id) if isinstance(base, ast.Name) else None
            if isinstance(own, ast.ClassDef) and own is not node and depth < _DEEPEST:
                return self._of_class(own, depth + 1)
        return None

    def _returned(self, function: Function, depth: int) -> tuple[Kind | None, str]:
        """Return what a function of the notebook returns; names of its own are looked up in it."""
        own = Names.of(ast.Module(body=function.body, type_ignores=[]))
        inner = Names(self.values | own.values, self.imported | own.imported, self.stars)
        returns = (node.value for node in top_level(function.body) if isinstance(node, ast.Return))
        found = (inner.kind_of(value, depth + 1) for value in returns)
        return next((each for each in found if each[0]), (None, ""))


def top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a block and of its branches, and nothing of functions and classes."""
    for statement in body:
        yield statement
        if isinstance(statement, Function | ast.ClassDef):
            continue
        for part in ("body", "orelse", "finalbody"):
            yield from top_level(getattr(statement, part, []))
        for handler in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
            yield from top_level(handler.body)


def _assigned(node: ast.stmt, values: dict[str, ast.AST]) -> None:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    value = getattr(node, "value", None)
    for target in targets:
        if isinstance(target, ast.Name) and isinstance(node, ast.Assign | ast.AnnAssign) and value:
            before = values.get(target.id)
            # `app = Wrap(app)`: the name in it means what it was before
            values[target.id] = _before(value, target.id, before) if before is not None else value


def _before(value: ast.expr, name: str, before: ast.AST) -> ast.AST:
    """Return a value in which a name of its own stands for what it was bound to before."""

    class _Put(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.AST:
            return before if node.id == name and isinstance(before, ast.expr) else node

    reads = any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(value))
    if not reads:
        return value
    copied = ast.parse(ast.unparse(value), mode="eval").body
    return _Put().visit(copied)  # type: ignore[no-any-return]


def _of_function(function: Function, *, skipped: int = 0) -> Kind | None:
    """Return what a plain function is served as: (scope, receive, send), or (environ, start_response)."""
    count = len(function.args.posonlyargs) + len(function.args.args) - skipped
    names = [each.arg for each in (*function.args.posonlyargs, *function.args.args)][skipped:]
    if isinstance(function, ast.AsyncFunctionDef):
        return "asgi" if count == 3 else None
    if count == 2 or names[:2] == ["environ", "start_response"]:
        return "wsgi"
    return "asgi" if names == ["scope", "receive", "send"] else None


def _of_constructor(node: ast.ClassDef) -> Kind | None:
    """Return what a class itself is served as: PEP 3333 lets its instances be the answers."""
    for part in node.body:
        if isinstance(part, ast.FunctionDef) and part.name == "__init__":
            return "wsgi" if len(part.args.args) == 3 and part.args.args[1].arg == "environ" else None
    return None


def _takes(function: Function | ast.Lambda, count: int) -> bool:
    """Whether a function can be called with so many arguments by their place."""
    args = function.args
    places = len(args.posonlyargs) + len(args.args)
    needed = places - len(args.defaults)
    keywords = any(default is None for default in args.kw_defaults)
    return needed <= count and (count <= places or args.vararg is not None) and not keywords

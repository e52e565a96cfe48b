"""Which web app a Python project has, by its code, which is read and not run.

`app = FastAPI()` says it itself; of `app = create_app()` the function is read,
where it is the module's own or one of the project's.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

from ...errors import BuildError
from .. import reading

_ASGI = frozenset({"FastAPI", "Starlette", "Litestar", "Quart", "Sanic", "get_asgi_application"})
_WSGI = frozenset({"Flask", "Bottle", "Pyramid", "get_wsgi_application", "make_wsgi_app"})
_NAMES = ("app", "application")
_MODULES = ("main", "app", "asgi", "wsgi", "server")
#: distributions of which a project that needs one itself is most likely something that listens
FRAMEWORKS = frozenset(
    {"flask", "fastapi", "starlette", "litestar", "quart", "sanic", "django", "bottle", "pyramid", "falcon"}
    | {"tornado", "cherrypy", "connexion", "robyn", "blacksheep", "dash", "streamlit", "gradio", "nicegui"}
    | {"uvicorn", "hypercorn", "granian", "gunicorn", "waitress"}
)
_READ_BYTES = 1 << 20
_MOST_FUNCTIONS = 4  #: of a factory that calls a factory


def found_in(folder: Path, package: str) -> Iterator[tuple[str, str]]:
    """Yield the shape, `asgi` or `wsgi`, and `MODULE:NAME` of each web app.

    Parameters
    ----------
    folder : Path
        The project's.
    package : str
        The name that it is imported by; "" is none.
    """
    for root, prefix in (
        (folder, ""),
        (folder / "src" / package, f"{package}."),
        (folder / package, f"{package}."),
    ):
        for module in _MODULES:
            file = root / f"{module}.py"
            if package and file.is_file() and (found := _app_in(file, folder)):
                yield found[0], f"{prefix}{module}:{found[1]}"


def framework_among(names: Sequence[str]) -> str:
    """Return the first distribution that listens, most likely, or ""."""
    return next((name for name in names if name in FRAMEWORKS), "")


def _app_in(file: Path, folder: Path) -> tuple[str, str] | None:
    """Return the shape and the name of a web app that a module makes at its top level, or None."""
    tree = _read(file)
    for node in tree.body if tree else ():
        if not isinstance(node, ast.Assign | ast.AnnAssign) or not isinstance(node.value, ast.Call):
            continue
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        if isinstance(target, ast.Name) and target.id in _NAMES and tree:
            shape = _shape_of(node.value, tree, file, folder, _MOST_FUNCTIONS)
            if shape:
                return shape, target.id
    return None


def _read(file: Path) -> ast.Module | None:
    try:
        with reading.opened(file) as stream:
            return ast.parse(stream.read(_READ_BYTES))
    except (BuildError, OSError, SyntaxError, ValueError, RecursionError):
        return None


def _named(name: str) -> str:
    last = name.rpartition(".")[2]
    return "asgi" if last in _ASGI else "wsgi" if last in _WSGI else ""


def _shape_of(call: ast.Call, tree: ast.Module, file: Path, folder: Path, left: int) -> str:
    """Return the shape of what a call makes, "" where that cannot be told."""
    name = ast.unparse(call.func)
    if (shape := _named(name)) or not left:
        return shape
    function = next(
        (each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == name), None
    )
    if function is not None:
        return _returned(function, tree, file, folder, left - 1)
    for other, own in _imported(name, tree, file, folder):
        there = _read(other)
        for each in there.body if there else ():
            if there and isinstance(each, ast.FunctionDef) and each.name == own:
                return _returned(each, there, other, folder, left - 1)
    return ""


def _returned(function: ast.FunctionDef, tree: ast.Module, file: Path, folder: Path, left: int) -> str:
    """Return the shape of what a function returns: a call, or what a call was put into."""
    if function.returns is not None and (shape := _named(ast.unparse(function.returns).strip("'\""))):
        return shape
    calls: dict[str, ast.Call] = {}
    back: list[ast.expr | None] = []
    for node in ast.walk(function):
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            calls.setdefault(ast.unparse(target), node.value)
        elif isinstance(node, ast.Return):
            back.append(node.value)
    for value in back:
        call = value if isinstance(value, ast.Call) else calls.get(ast.unparse(value)) if value else None
        if call is not None and (shape := _shape_of(call, tree, file, folder, left)):
            return shape
    return ""


def _imported(name: str, tree: ast.Module, file: Path, folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files of the project's that a name may come from, with what it is called there."""
    first, _, rest = name.partition(".")
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            module = node.module or ""
            for alias in node.names:
                if (alias.asname or alias.name) == first:
                    # `from shop import factory`, and `factory.create_app()`
                    where, own = (f"{module}.{alias.name}", rest) if rest else (module, alias.name)
                    yield from ((each, own) for each in _files(where, node.level, file, folder))
        elif isinstance(node, ast.Import) and rest:
            bound, _, own = name.rpartition(".")
            for alias in node.names:
                if bound == (alias.asname or alias.name):
                    yield from ((each, own) for each in _files(alias.name, 0, file, folder))


def _files(module: str, level: int, file: Path, folder: Path) -> Iterator[Path]:
    """Yield the files of the project's that a module's name may mean; none outside of its folder."""
    roots: tuple[Path, ...] = (folder, folder / "src")
    if level:
        above = file.parents[level - 1] if level <= len(file.parents) else folder.parent
        roots = (above,) if above.is_relative_to(folder) else ()
    path = module.strip(".").replace(".", "/")
    for root in roots:
        if path:
            yield root / f"{path}.py"
        yield root / path / "__init__.py"

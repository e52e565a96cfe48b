"""What of a Python project is run in an image, on which Python, and where it is imported from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import BuildError
from .. import reading
from . import tables, webapps

PORT = 8000
#: newest first; those that their makers still mend (https://devguide.python.org/versions)
_VERSIONS = ("3.14", "3.13", "3.12", "3.11", "3.10")
_DEFAULT = "3.13"
#: what serves each of them, the one that is most used first; `{app}` is MODULE:NAME
SERVERS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "asgi": {
        "uvicorn": ("python", "-m", "uvicorn", "{app}", "--host", "0.0.0.0", "--port", "{port}"),
        "hypercorn": ("python", "-m", "hypercorn", "--bind", "0.0.0.0:{port}", "{app}"),
        "granian": ("granian", "--interface", "asgi", "--host", "0.0.0.0", "--port", "{port}", "{app}"),
    },
    "wsgi": {
        "gunicorn": ("python", "-m", "gunicorn", "--bind", "0.0.0.0:{port}", "{app}"),
        "waitress": ("python", "-m", "waitress", "--host=0.0.0.0", "--port={port}", "{app}"),
        "granian": ("granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "{port}", "{app}"),
    },
}
#: extras that bring uvicorn with them, by the distribution that has them
_WITH_UVICORN: Mapping[str, frozenset[str]] = {
    "fastapi": frozenset({"standard", "standard-no-fastapi-cloud-cli", "all"}),
    "fastapi-cli": frozenset({"standard"}),
    "litestar": frozenset({"standard", "full"}),
}
_COMPILERS = frozenset(
    {"maturin", "mesonpy", "scikit_build_core.build", "py_build_cmake.build", "setuptools_rust"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is run: a function (`MODULE:NAME`), a module, a file, or an object that a server serves."""

    shape: str
    what: str

    def command(self, dependencies: Sequence[str], port: int) -> tuple[str, ...]:
        """Return the words that run it.

        Raises
        ------
        BuildError
            It is a web app, and nothing that serves one is among its packages.
        """
        if self.shape == "function":
            module, _, name = self.what.partition(":")
            first = name.partition(".")[0]
            return ("python", "-c", f"import sys; from {module} import {first}; sys.exit({name}())")
        if self.shape == "module":
            return ("python", "-m", self.what)
        if self.shape == "file":
            return ("python", self.what)
        return served(self.shape, self.what, dependencies, port)


def served(shape: str, app: str, dependencies: Sequence[str], port: int) -> tuple[str, ...]:
    """Return the words that serve an ASGI or WSGI object, `MODULE:NAME`.

    Raises
    ------
    BuildError
        No server is among the packages.
    """
    names = {canonical(each) for each in dependencies}
    for server, words in SERVERS[shape].items():
        if server in names or (server == "uvicorn" and any(map(_brings_uvicorn, dependencies))):
            return tuple(word.format(app=app, port=port) for word in words)
    first = next(iter(SERVERS[shape]))
    raise BuildError(
        f"{app} is a {shape.upper()} app, and nothing that serves it is among its packages",
        why=f"none of {', '.join(SERVERS[shape])} is a dependency",
        fix=f"uv add {first}, or set command in [tool.autoexec.build]",
    )


def _brings_uvicorn(dependency: str) -> bool:
    """Whether an extra of a dependency's is known to bring uvicorn.

    Examples
    --------
    >>> [_brings_uvicorn(each) for each in ("FastAPI[all,standard]>=0.1", "celery[standard]", "fastapi")]
    [True, False, False]
    """
    extras = re.match(r"\s*[A-Za-z0-9._-]+\s*\[([^\]]*)\]", dependency)
    given = {each.strip().lower() for each in extras[1].split(",")} if extras else set()
    return bool(given & _WITH_UVICORN.get(canonical(dependency), frozenset()))


def entry_of(folder: Path, pyproject: Mapping[str, object]) -> Entry | None:
    """Return what of a project is run, None where nothing says so; its code is read, not run.

    A script of `[project.scripts]` that is the only one, or is called as the
    project; an object `app` of a web framework, also one that a function of the
    project's makes; a package's `__main__`; a
    `main.py` or `app.py`.
    """
    project = tables.below(pyproject, "project")
    scripts = {name: str(value) for name, value in tables.below(project, "scripts").items()}
    name = str(project.get("name", ""))
    chosen = scripts.get(name) or (next(iter(scripts.values())) if len(scripts) == 1 else "")
    if re.fullmatch(r"[\w.]+:[\w.]+", chosen):
        return Entry(shape="function", what=chosen)
    package = canonical(name).replace("-", "_")
    if found := next(webapps.found_in(folder, package), None):
        return Entry(shape=found[0], what=found[1])
    if any((folder / root / package / "__main__.py").is_file() for root in ("src", ".")):
        return Entry(shape="module", what=package)
    for file in ("main.py", "app.py"):
        if (folder / file).is_file():
            return Entry(shape="file", what=file)
    return None


def version_of(folder: Path, requires: str, running: str) -> str:
    """Return the Python, X.Y, that a project is for.

    `.python-version` says it; else the running one if the project takes it,
    else the newest that it takes.

    Raises
    ------
    BuildError
        It takes none.
    """
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        pinned = re.match(r"\s*(3\.\d+)", reading.text(folder / ".python-version"))
    except OSError:
        pinned = None
    if pinned:
        return pinned[1]
    try:
        taken = SpecifierSet(requires)
    except InvalidSpecifier as error:
        fix = "write it as `>=3.11`"
        raise BuildError(f"requires-python is no version: {requires!r}", why=str(error), fix=fix) from error
    # the newest patch of a minor version counts: `>=3.11.4` takes 3.11
    for each in (running, _DEFAULT, *_VERSIONS):
        if f"{each}.99" in taken or f"{each}.0" in taken:
            return each
    fix = "name a base in [tool.autoexec.build]"
    raise BuildError(
        f"no Python fits requires-python {requires!r}", why=f"of {', '.join(_VERSIONS)}", fix=fix
    )


def refuse_compiled(folder: Path, pyproject: Mapping[str, object]) -> None:
    """Refuse a project that has to be compiled: its folder alone cannot be imported from.

    Raises
    ------
    BuildError
        It has to be.
    """
    backend = str(tables.below(pyproject, "build-system").get("build-backend", ""))
    setup = folder / "setup.py"
    try:
        is_extension = re.search(r"\b(?:ext_modules|cythonize|rust_extensions)\b", reading.text(setup))
    except OSError:
        is_extension = None
    if backend in _COMPILERS or is_extension:
        raise BuildError(
            "the project has to be compiled",
            why=f"its build backend is {backend}"
            if backend in _COMPILERS
            else "setup.py has extension modules",
            fix="write a Dockerfile that builds its wheel in a stage of its own",
        )


def canonical(name: str) -> str:
    """Return a distribution's name without its version and extras, as indexes spell it (PEP 503).

    Examples
    --------
    >>> canonical("Flask_RESTful[x]>=1")
    'flask-restful'
    """
    bare = re.match(r"\s*([A-Za-z0-9._-]+)", name)
    return re.sub(r"[-_.]+", "-", bare[1] if bare else "").lower()


def metadata_of(name: str, version: str, pyproject: Mapping[str, object]) -> dict[str, bytes]:
    """Return the files by which importlib.metadata knows a project that is imported from its folder."""
    project = tables.below(pyproject, "project")
    folder = f"{canonical(name).replace('-', '_')}-{version}.dist-info"
    groups = {"console_scripts": tables.below(project, "scripts")} | {
        group: tables.below(project, "entry-points", group) for group in tables.below(project, "entry-points")
    }
    lines = []
    for group, entries in groups.items():
        lines += (
            [f"[{group}]", *(f"{key} = {value}" for key, value in entries.items()), ""] if entries else []
        )
    found = {f"{folder}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()}
    return found | ({f"{folder}/entry_points.txt": "\n".join(lines).encode()} if lines else {})

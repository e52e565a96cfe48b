"""Which tests a change can have an effect on: those that import what changed, however far away.

Imports are read from the sources, none is run. What cannot be seen there (a
name that is put together, a file that is read) is not followed; so a change of anything but Python's
files concerns the tests in its folder and below, and one of pytest's settings all of them.
What a `conftest.py` or an `__init__.py` imports is imported for every test below it.
"""

from __future__ import annotations

import ast
import os
import stat
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_SKIPPED = frozenset(
    (".git", ".venv", "venv", "node_modules", "__pycache__", ".tox", ".nox", "build", "dist", ".eggs")
)
_FOR_ALL_BELOW = frozenset(("conftest.py", "__init__.py"))
_SETTINGS = frozenset(("pyproject.toml", "pytest.ini", ".pytest.ini", "tox.ini", "setup.cfg", "pytest.toml"))
MOST_FILES = 50_000
MOST_BYTES = 4 * 2**20  #: of a source that is read


@dataclass(frozen=True, slots=True)
class Source:
    """A Python file of the project: its path from the root, with slashes, and the names that it imports."""

    path: str
    imports: frozenset[str]
    mtime_ns: int = 0


def is_test(path: str) -> bool:
    """Whether pytest would look for tests in it, by its name.

    Examples
    --------
    >>> is_test("tests/test_a.py"), is_test("a_test.py"), is_test("tests/conftest.py")
    (True, True, False)
    """
    name = PurePosixPath(path).name
    return name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py"))


def affected(changed: Iterable[str], sources: Sequence[Source]) -> tuple[str, ...] | None:
    """Return the test files that a change concerns, sorted; None where it concerns all.

    Parameters
    ----------
    changed : iterable of str
        Paths from the root, with slashes, also of what was removed.
    sources : sequence of Source
        Every Python file of the project.
    """
    tests = [source.path for source in sources if is_test(source.path)]
    found: set[str] = set()
    modules: list[str] = []
    for path in changed:
        name = PurePosixPath(path).name
        if name in _SETTINGS and "/" not in path:
            return None
        if path.endswith(".py"):
            modules.append(path)
        else:
            found.update(_below(PurePosixPath(path).parent, tests))
    found.update(path for path in _reached(modules, sources) if is_test(path))
    present = {source.path for source in sources}
    return tuple(sorted(found & present))


def _below(folder: PurePosixPath, tests: Iterable[str]) -> set[str]:
    return {test for test in tests if PurePosixPath(test).is_relative_to(folder)}


def _reached(changed: Sequence[str], sources: Sequence[Source]) -> set[str]:
    """Return what imports what changed, or a file that does, or has one imported for it."""
    tests = [source.path for source in sources if is_test(source.path)]
    by_name: dict[str, set[str]] = {}
    for source in sources:
        for name in source.imports:
            by_name.setdefault(name, set()).add(source.path)
    found, waiting = set(changed), list(changed)
    while waiting:
        reached = PurePosixPath(waiting.pop())
        paths = {path for name in names_of(str(reached)) for path in by_name.get(name, ())}
        if reached.name in _FOR_ALL_BELOW:
            paths.update(_below(reached.parent, tests))
        waiting += paths - found
        found |= paths
    return found


def names_of(path: str) -> tuple[str, ...]:
    """Return the names by which a file may be imported: from any folder above it, as `sys.path` decides.

    Examples
    --------
    >>> names_of("src/shop/cart.py")
    ('cart', 'shop.cart', 'src.shop.cart')
    >>> names_of("shop/__init__.py")
    ('shop',)
    """
    parts = path.removesuffix(".py").split("/")
    if parts[-1] == "__init__":
        parts.pop()
    return tuple(".".join(parts[at:]) for at in range(len(parts) - 1, -1, -1))


def imports_in(text: str, path: str) -> frozenset[str]:
    r"""Return every dotted name that a source may import, of itself or by what it takes from a package.

    Examples
    --------
    >>> sorted(imports_in("import a.b\nfrom .cart import total\nfrom c import d", "shop/x.py"))
    ['a', 'a.b', 'c', 'c.d', 'shop', 'shop.cart', 'shop.cart.total']
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its strings; where warnings are errors it would not be read
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    found: set[str] = set()
    package = path.split("/")[:-1]
    for node in ast.walk(tree):
        found.update(_imported(node, package))
    return frozenset(found)


def _imported(node: ast.AST, package: Sequence[str]) -> Iterator[str]:
    """Yield the names that one node imports: a statement, a call that takes a name, pytest's plugins."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield from _prefixes(alias.name)
    elif isinstance(node, ast.ImportFrom):
        base = _base(node, package)
        yield from _prefixes(base)
        yield from (f"{base}.{alias.name}" if base else alias.name for alias in node.names)
    elif isinstance(node, ast.Call) and node.args:
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in ("import_module", "__import__", "importorskip"):
            yield from _named(node.args[0])
    elif isinstance(node, ast.Assign) and "pytest_plugins" in (getattr(at, "id", "") for at in node.targets):
        for each in getattr(node.value, "elts", (node.value,)):
            yield from _named(each)


def _named(node: ast.expr) -> list[str]:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return _prefixes(node.value) if is_text else []  # type: ignore[attr-defined]


def _base(node: ast.ImportFrom, package: Sequence[str]) -> str:
    name = node.module or ""
    if not node.level:
        return name
    above = list(package[: len(package) - node.level + 1]) if node.level <= len(package) + 1 else []
    return ".".join([*above, *([name] if name else [])])


def _prefixes(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: count + 1]) for count in range(len(parts)) if name]


def scan(root: Path, before: Mapping[str, Source]) -> dict[str, Source]:
    """Return the Python files of a project by their paths; what is as it was before is not read again."""
    found: dict[str, Source] = {}
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(
            name for name in folders if name not in _SKIPPED and not name.endswith(".egg-info")
        )
        for name in files:
            if not name.endswith(".py") or len(found) >= MOST_FILES:
                continue
            file = Path(folder) / name
            try:
                state = file.stat()
                path = file.relative_to(root).as_posix()
                known = before.get(path)
                if known is not None and known.mtime_ns == state.st_mtime_ns:
                    found[path] = known
                elif stat.S_ISREG(state.st_mode) and state.st_size <= MOST_BYTES:  # a pipe would never end
                    text = file.read_text("utf-8", "replace")
                    found[path] = Source(path, imports_in(text, path), state.st_mtime_ns)
            except OSError:  # it went meanwhile
                continue
    return found


def affected_by(changed: Iterable[str], root: Path) -> tuple[str, ...] | None:
    """Return the test files of the project at `root` that a change concerns, as `affected` does."""
    changed = tuple(changed)
    return affected(changed, tuple(scan(root, {}).values())) if changed else ()


def changed_between(before: Mapping[str, Source], after: Mapping[str, Source]) -> tuple[str, ...]:
    """Return the files that are new, gone or another from one look to the next, sorted."""
    paths = before.keys() | after.keys()
    return tuple(
        sorted(
            path
            for path in paths
            if path not in before or path not in after or before[path].mtime_ns != after[path].mtime_ns
        )
    )

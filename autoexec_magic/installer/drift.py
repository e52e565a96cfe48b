"""What an installed distribution no longer has: a submodule or a name that moved or went.

A table kept by hand (`drift.toml`) says what took its place. A submodule that
is in no table and in no file of an installed package is drift, too, unless the
package makes its submodules while it runs. Nothing is imported to find out.
"""

from __future__ import annotations

import functools
import importlib.machinery
import importlib.util
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from .distributions import version_of
from .known import upwards
from .scan import Needed

PYTHON = "python"
# Words in an `__init__` by which a package can have submodules that are no files.
_MAKERS = ("sys.modules", "__getattr__", "__path__", "lazy", "meta_path", "_bootstrap", "setattr(")
_MOST_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Moved:
    """`name` is not in `distribution` from version `gone` on; use `instead`."""

    name: str
    distribution: str
    gone: str
    instead: str


@functools.cache
def table() -> Mapping[str, Moved]:
    """Return all rows by the dotted name; read once, at first use."""
    content = tomllib.loads(_text())
    rows = content["modules"].items()
    return MappingProxyType(
        {name: Moved(name, row["distribution"], row["gone"], row["instead"]) for name, row in rows}
    )


def moved(need: Needed) -> str:
    """Return the evidence that what is imported went from its project, or "".

    A name that is there all the same (an old version is installed, somebody
    put it back) has not drifted here. Where the distribution is not installed,
    its newest release would not bring the name either.
    """
    if f'"{need.module.partition(".")[0]}.' not in _text():
        return ""  # most modules have not moved: the table need not be parsed for them
    wanted = [*upwards(need.module), *(f"{need.module}.{name}" for name in need.names)]
    row = next((table()[name] for name in wanted if name in table()), None)
    if row is None:
        return ""
    version = _version(row)
    if version and not _is_gone(row, version):
        return ""
    loaded = sys.modules.get(row.name.rpartition(".")[0])
    if row.name in sys.modules or (loaded and _has(loaded, row.name.rpartition(".")[2])):
        return ""
    had = f"{row.distribution} has no {row.name} from {row.gone} on"
    return f"{had}{f' ({version} is here)' if version else ''}; use {row.instead}"


def version_with(name: str) -> str:
    """Return what to install to have a dotted `name` again, `DISTRIBUTION<VERSION`, or "".

    Examples
    --------
    >>> version_with("gensim.summarization")
    'gensim<4.0'
    >>> version_with("collections.Mapping")
    ''
    """
    row = table().get(name)
    return f"{row.distribution}<{row.gone}" if row and row.distribution != PYTHON else ""


def lacks(module: str) -> str:
    """Return the evidence that an installed package has no such submodule, or "".

    A package that may make submodules while it runs is believed.
    """
    if module in sys.modules:
        return ""
    path: list[str] | None = None
    package = ""
    for name in reversed(list(upwards(module))):
        if name in sys.modules:
            path = list(getattr(sys.modules[name], "__path__", []) or [])
            if not path:
                return ""
        else:
            spec = _spec(name, path)
            if spec is None:
                return _evidence(package, module) if package and not _makes(path or []) else ""
            if spec.submodule_search_locations is None:
                return ""  # a single file (six.py) makes its submodules when it runs
            path = list(spec.submodule_search_locations)
        package = name
    return ""


@functools.cache
def _text() -> str:
    return Path(__file__).with_name("drift.toml").read_text("utf-8")


def _evidence(package: str, module: str) -> str:
    version = version_of(package.partition(".")[0])
    shown = f"{package} {version}" if version else package
    return f"{shown} is installed, and has no {module}: another version had it, or it is misspelt"


def _spec(name: str, path: list[str] | None) -> importlib.machinery.ModuleSpec | None:
    try:
        if path is None:
            return importlib.util.find_spec(name)
        return importlib.machinery.PathFinder.find_spec(name.rpartition(".")[2], path)
    except (ImportError, ValueError, AttributeError):
        return None


def _makes(path: list[str]) -> bool:
    """Whether a package's own code could make submodules, as far as its text tells."""
    for folder in path:
        try:
            text = (Path(folder) / "__init__.py").read_bytes()[:_MOST_BYTES].decode("utf-8", "replace")
        except OSError:
            return True  # a namespace, or an extension module: nobody can tell
        if any(word in text for word in _MAKERS):
            return True
    return False


def _version(row: Moved) -> str:
    if row.distribution == PYTHON:
        return ".".join(map(str, sys.version_info[:3]))
    return version_of(row.distribution)


def _is_gone(row: Moved, version: str) -> bool:
    from packaging.version import InvalidVersion, Version

    try:
        return Version(version) >= Version(row.gone)
    except InvalidVersion:
        return False


def _has(loaded: object, name: str) -> bool:
    """Whether a module has a name; one that was moved may say so by an ImportError of its own (PEP 562)."""
    try:
        return hasattr(loaded, name)
    except ImportError:
        return False

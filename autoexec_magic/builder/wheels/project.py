"""What a Python project says of itself, read without running any of it.

Name and version where they stand as plain text (PEP 621, Poetry's table,
setup.cfg, the literals of a call of `setup()`); what only the backend knows is
`DYNAMIC` until it was built. What the backend needs is PEP 518's, with its
default where nothing is said.
"""

from __future__ import annotations

import ast
import configparser
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import BuildError, UsageError
from .. import reading

DYNAMIC = "dynamic"
#: PEP 517: without [build-system] a project is built as setup.py has it
DEFAULT_REQUIRES = ("setuptools>=40.8.0",)
DEFAULT_BACKEND = "setuptools.build_meta:__legacy__"
_FILES = ("pyproject.toml", "setup.py", "setup.cfg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project as it stands on the disk. `name` and `version` may be `DYNAMIC`; the version is normal.

    `requires` are the backend's requirements, `backend` its name. `groups` are
    the dependency groups (PEP 735), `extras` the names of optional dependencies.
    """

    name: str
    version: str
    requires: tuple[str, ...] = DEFAULT_REQUIRES
    backend: str = DEFAULT_BACKEND
    backend_path: tuple[str, ...] = ()
    python: str = ""
    extras: tuple[str, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    testpaths: tuple[str, ...] = ()


def is_project(folder: Path) -> bool:
    """Whether a folder is a Python project: cheap, and never raises."""
    if any((folder / name).is_file() for name in _FILES[1:]):
        return True
    try:
        values = tomllib.loads(reading.text(folder / _FILES[0]))
    except (BuildError, OSError, ValueError, RecursionError):
        return False
    return isinstance(values.get("build-system"), dict) or isinstance(values.get("project"), dict)


def read(folder: Path) -> Project:
    """Return what a folder's project says.

    Raises
    ------
    UsageError
        A file is not what it should be, or a name, version or requirement is not valid.
    BuildError
        A file cannot be read, or is none.
    """
    if not any(os.path.lexists(folder / name) for name in _FILES):
        raise UsageError(
            f"{folder.name or folder} is no Python project",
            why=f"it has no {', no '.join(_FILES)}",
            fix="%autoexec build wheel FOLDER, the folder with pyproject.toml",
        )
    values = _pyproject(folder / "pyproject.toml")
    project, system = _table(values, "project"), _table(values, "build-system")
    legacy = {**_setup_py(folder / "setup.py"), **_setup_cfg(folder / "setup.cfg")}
    poetry = _table(_table(values, "tool"), "poetry")
    said = project or poetry or legacy
    requires: tuple[str, ...] = DEFAULT_REQUIRES
    backend = DEFAULT_BACKEND
    if system:
        requires = _requirements(system.get("requires"))
        backend = _text(system, "build-backend", DEFAULT_BACKEND)
    pytest_options = _table(_table(_table(values, "tool"), "pytest"), "ini_options")
    return Project(
        name=_name(said),
        version=_version(said),
        requires=requires,
        backend=backend,
        backend_path=_listed(system.get("backend-path")),
        python=_text(project, "requires-python", ""),
        extras=tuple(_table(project, "optional-dependencies")),
        groups=_groups(_table(values, "dependency-groups")),
        testpaths=_texts(pytest_options.get("testpaths")),
    )


def checked_version(text: str) -> str:
    """Return a version as PEP 440 writes it.

    Raises
    ------
    UsageError
        It is none.

    Examples
    --------
    >>> checked_version("v1.0-rc1")
    '1.0rc1'
    """
    from packaging.version import InvalidVersion, Version

    try:
        return str(Version(text))
    except InvalidVersion as error:
        why = "a version is as in 1.2.3, 1.2.3rc1, 1.2.3.post1 (PEP 440)"
        fix = 'mend it: version = "1.2.3" in pyproject.toml'
        raise UsageError(f"{text!r} is no version", why=why, fix=fix) from error


def checked_name(text: str) -> str:
    """Return a distribution's name.

    Raises
    ------
    UsageError
        It is none.
    """
    from packaging.utils import InvalidName, canonicalize_name

    try:
        canonicalize_name(text, validate=True)
    except InvalidName as error:
        why = "a name is letters, digits, `.`, `-` and `_`, and begins and ends with a letter or digit"
        fix = 'mend it: name = "pear-tree" in pyproject.toml'
        raise UsageError(f"{text!r} is no name of a package", why=why, fix=fix) from error
    return text


def _name(said: Mapping[str, object]) -> str:
    name = said.get("name")
    if name is None and "name" in _texts(said.get("dynamic")):
        raise UsageError(
            "the name is dynamic", why="PEP 621 does not allow it", fix='name = "…" in [project]'
        )
    return checked_name(name) if isinstance(name, str) else DYNAMIC


def _version(said: Mapping[str, object]) -> str:
    version = said.get("version")
    if isinstance(version, str) and not version.strip():
        raise UsageError("the version is empty", fix='version = "0.1.0" in [project]')
    return checked_version(version) if isinstance(version, str) else DYNAMIC


def _pyproject(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(reading.text(file))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"cannot read {file}", why=str(error), fix="mend the file") from error


def _setup_cfg(file: Path) -> dict[str, object]:
    """Return name and version, where they are no `attr:` or `file:`."""
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(reading.text(file))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (configparser.Error, OSError) as error:
        raise UsageError(
            f"cannot read {file}", why=str(error).splitlines()[0], fix="mend the file"
        ) from error
    said = dict(parser.items("metadata")) if parser.has_section("metadata") else {}
    return {
        name: said[name].strip()
        for name in ("name", "version")
        if said.get(name, "").strip() and not said[name].strip().startswith(("attr:", "file:"))
    }


def _setup_py(file: Path) -> dict[str, object]:
    """Return the literals of its call of `setup()`; what is computed is not known."""
    try:
        tree = ast.parse(reading.content(file))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found: dict[str, object] = {}
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        named = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        for word in call.keywords if named == "setup" else ():
            if word.arg in ("name", "version") and isinstance(word.value, ast.Constant):
                found[word.arg] = word.value.value
    return found


def _requirements(value: object) -> tuple[str, ...]:
    from packaging.requirements import InvalidRequirement, Requirement

    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        why = "PEP 518: `requires` is a list of texts, and must be there"
        raise UsageError(
            "[build-system] has no list `requires`", why=why, fix='requires = ["hatchling"] in [build-system]'
        )
    for item in value:
        try:
            Requirement(item)
        except InvalidRequirement as error:
            why = str(error).splitlines()[0]
            raise UsageError(
                f"{item!r} in build-system.requires is no requirement", why=why, fix="mend it"
            ) from error
    return tuple(value)


def _groups(table: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    """Return each dependency group with what it includes of others."""

    def of(name: str) -> tuple[str, ...]:
        found: list[str] = []
        seen = {name}  # each group counts once: by including two others twice, thirty of them are a billion
        todo: list[object] = _reversed(table.get(name))
        while todo:
            item = todo.pop()
            if isinstance(item, str):
                found.append(item)
            elif isinstance(item, dict) and isinstance(included := item.get("include-group"), str):
                todo += _reversed(table.get(included)) if included not in seen else []
                seen.add(included)
        return tuple(found)

    return {name: of(name) for name in table}


def _reversed(items: object) -> list[object]:
    return list(reversed(items)) if isinstance(items, list) else []


def _table(values: Mapping[str, object], name: str) -> dict[str, object]:
    value = values.get(name)
    return value if isinstance(value, dict) else {}


def _text(values: Mapping[str, object], name: str, default: str) -> str:
    value = values.get(name, default)
    return value if isinstance(value, str) else default


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(value.split())
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _listed(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()

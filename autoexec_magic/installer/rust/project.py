"""What a Rust project's own files say of it: its packages, what they depend on, its lock.

Read from `Cargo.toml` and `Cargo.lock`; nothing is run. A file that cannot be
read says nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..own_files import FILLED

ENDINGS = frozenset({".rs"})
_MOST_BYTES = 16 * 2**20
_DEPTH = 40
_KINDS = ("dependencies", "dev-dependencies", "build-dependencies")


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One `Cargo.toml`; `wants` maps the names in the source to the dependency's entry.

    `library` is what the source calls the package itself.
    """

    folder: Path
    name: str = ""
    library: str = ""
    wants: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """A crate of the lock."""

    version: str
    checksum: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A folder with a `Cargo.toml`, and the members of its workspace; `root` is where the lock belongs."""

    root: Path
    packages: tuple[Package, ...]
    locked: Mapping[str, tuple[Locked, ...]]
    shared: Mapping[str, Any]

    def package_at(self, file: Path) -> Package:
        """Return the package that a file belongs to: the nearest above it."""
        around = [each for each in self.packages if file.is_relative_to(each.folder)]
        return max(around or self.packages[:1], key=lambda each: len(each.folder.parts))


def read_project(folder: Path) -> Project | None:
    """Return the Rust project around `folder`, or None where no `Cargo.toml` is."""
    nearest = next((place for place in _upwards(folder) if (place / "Cargo.toml").is_file()), None)
    if nearest is None:
        return None
    root = next((place for place in _upwards(nearest) if nearest in _members(place)), nearest)
    content = read_toml(root / "Cargo.toml")
    folders = dict.fromkeys((*([root] if "package" in content else []), *_members(root), nearest))
    return Project(
        root=root,
        packages=tuple(_package(place) for place in folders),
        locked=_locked(root),
        shared=table(table(content.get("workspace")).get("dependencies")),
    )


def read_toml(path: Path) -> dict[str, Any]:
    """Return a TOML file's content, or an empty table where there is none that can be read."""
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return {}
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}


def table(value: object) -> dict[str, Any]:
    """Return `value` if it is a table, else an empty one."""
    return value if isinstance(value, dict) else {}


def spelt(name: str) -> str:
    """Return a package's name as the source spells it.

    Examples
    --------
    >>> spelt("serde-json")
    'serde_json'
    """
    return name.replace("-", "_")


def path_folders(project: Project) -> Iterator[Path]:
    """Yield the folders of what the packages depend on by a path."""
    for package in project.packages:
        for entry in package.wants.values():
            if isinstance(entry.get("path"), str):
                yield (package.folder / entry["path"]).resolve()


def _upwards(folder: Path) -> Iterator[Path]:
    for place in (folder, *folder.parents)[:_DEPTH]:
        yield place
        if (place / ".git").exists():
            return


def _members(root: Path) -> list[Path]:
    workspace = table(read_toml(root / "Cargo.toml").get("workspace"))
    patterns = workspace.get("members", [])
    excluded = {root / str(each) for each in workspace.get("exclude", []) if isinstance(each, str)}
    found = []
    for pattern in patterns if isinstance(patterns, list) else []:
        clean = str(pattern).strip("/")
        if not clean or ".." in clean.split("/"):
            continue
        places = sorted(root.glob(clean)) if "*" in clean else [root / clean]
        found += [
            place
            for place in places
            if (place / "Cargo.toml").is_file()
            and place not in excluded
            and not FILLED & {*place.relative_to(root).parts}
        ]
    return found


def _package(folder: Path) -> Package:
    content = read_toml(folder / "Cargo.toml")
    own = table(content.get("package"))
    name = str(own.get("name", ""))
    wants: dict[str, Mapping[str, Any]] = {}
    tables = [content, *(table(each) for each in table(content.get("target")).values())]
    for kind in _KINDS:
        for each in tables:
            for key, entry in table(each.get(kind)).items():
                wants[spelt(key)] = entry if isinstance(entry, dict) else {"version": str(entry)}
    return Package(
        folder=folder,
        name=name,
        library=str(table(content.get("lib")).get("name") or spelt(name)),
        wants=wants,
    )


def _locked(root: Path) -> dict[str, tuple[Locked, ...]]:
    found: dict[str, tuple[Locked, ...]] = {}
    listed = read_toml(root / "Cargo.lock").get("package", [])
    for entry in listed if isinstance(listed, list) else []:
        name = str(table(entry).get("name", ""))
        locked = Locked(
            version=str(entry.get("version", "")),
            checksum=str(entry.get("checksum", "")),
            source=str(entry.get("source", "")),
        )
        found[name] = (*found.get(name, ()), locked)
    return found

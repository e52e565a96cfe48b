"""What a Node project's own files say of it: its packages, its lock, its paths.

Read from `package.json`, the lock file and `tsconfig.json`; nothing is run. A
file that cannot be read says nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from ..own_files import FILLED

Keeper: TypeAlias = Literal["npm", "pnpm", "yarn", "bun"]

ENDINGS = frozenset({".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx"})
MOST_JSON_BYTES = 64 * 2**20  # the lock of a large monorepo has some ten
_LOCKS: Mapping[str, Keeper] = {
    "package-lock.json": "npm",
    "npm-shrinkwrap.json": "npm",
    "pnpm-lock.yaml": "pnpm",
    "yarn.lock": "yarn",
    "bun.lock": "bun",
    "bun.lockb": "bun",
}
_KINDS = ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies")
_EXTENDS = 5
_DEPTH = 40
# JSON as TypeScript reads it: strings stay, comments and the comma before an end go.
_LOOSE = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/|,(?=\s*[}\]])', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One `package.json` of the project; `wants` maps what it depends on to the range it takes."""

    folder: Path
    name: str = ""
    wants: Mapping[str, str]
    inner: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """A package of the lock: where it came from, and the digest of it."""

    version: str
    integrity: str = ""
    resolved: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A folder with a `package.json`, and the workspaces below it.

    `root` is where the lock and `node_modules` belong. `paths` are patterns
    that `tsconfig.json` maps, `bases` the folders it lets names begin in.
    """

    root: Path
    packages: tuple[Package, ...]
    keeper: Keeper = "npm"
    lock: Path | None = None
    locked: Mapping[str, Locked]
    paths: tuple[str, ...] = ()
    bases: tuple[Path, ...] = ()

    def package_at(self, file: Path) -> Package:
        """Return the package that a file belongs to: the nearest above it."""
        around = [each for each in self.packages if file.is_relative_to(each.folder)]
        return max(around or self.packages[:1], key=lambda each: len(each.folder.parts))


def read_project(folder: Path) -> Project | None:
    """Return the Node project around `folder`, or None where no `package.json` is.

    The nearest `package.json` counts, or the one above it that has it among
    its workspaces.
    """
    nearest = next((place for place in _upwards(folder) if (place / "package.json").is_file()), None)
    if nearest is None:
        return None
    root = next((place for place in _upwards(nearest) if nearest in _members(place)), nearest)
    folders = dict.fromkeys((root, *_members(root), nearest))
    lock = next((root / name for name in _LOCKS if (root / name).is_file()), None)
    paths, bases = _typescript(nearest, root)
    return Project(
        root=root,
        packages=tuple(_package(place) for place in folders),
        keeper=_LOCKS[lock.name] if lock else _declared_keeper(root),
        lock=lock,
        locked=_locked(root),
        paths=paths,
        bases=bases,
    )


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file, or an empty one where there is none that can be read."""
    try:
        if not path.is_file() or path.stat().st_size > MOST_JSON_BYTES:
            return {}
        found = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def table(value: object) -> dict[str, Any]:
    """Return `value` if it is a table, else an empty one."""
    return value if isinstance(value, dict) else {}


def _upwards(folder: Path) -> Iterator[Path]:
    """Yield a folder and those above it, up to the repository's."""
    for place in (folder, *folder.parents)[:_DEPTH]:
        yield place
        if (place / ".git").exists():
            return


def _package(folder: Path) -> Package:
    content = read_json(folder / "package.json")
    wants = {name: str(spec) for kind in reversed(_KINDS) for name, spec in table(content.get(kind)).items()}
    name = content.get("name")
    return Package(
        folder=folder,
        name=name if isinstance(name, str) else "",
        wants=wants,
        inner=tuple(table(content.get("imports"))),
    )


def _members(root: Path) -> list[Path]:
    """Return the folders of a root's workspaces: npm's and yarn's list, or pnpm's file."""
    listed = read_json(root / "package.json").get("workspaces")
    patterns = table(listed).get("packages", []) if isinstance(listed, dict) else listed or []
    patterns = [each for each in patterns if isinstance(each, str)] if isinstance(patterns, list) else []
    try:
        text = (root / "pnpm-workspace.yaml").read_text("utf-8")
        patterns += re.findall(r"^\s*-\s*['\"]?([^'\"\n#]+?)['\"]?\s*$", text, re.MULTILINE)
    except (OSError, ValueError):
        pass
    found = []
    for pattern in patterns:
        clean = pattern.removeprefix("./").strip("/")
        if clean.startswith("!") or not clean or ".." in clean.split("/"):
            continue
        places = root.glob(clean) if "*" in clean else [root / clean]
        found += [
            place
            for place in sorted(places)
            if (place / "package.json").is_file() and not FILLED & {*place.relative_to(root).parts}
        ]
    return found


def _declared_keeper(root: Path) -> Keeper:
    """Return what `packageManager` names (Corepack), npm by default."""
    named = str(read_json(root / "package.json").get("packageManager", "")).partition("@")[0]
    return next((keeper for keeper in ("pnpm", "yarn", "bun") if keeper == named), "npm")


def _locked(root: Path) -> dict[str, Locked]:
    """Return what npm's lock has at the top of `node_modules`, by name (lock formats 2 and 3)."""
    content = read_json(root / "package-lock.json") or read_json(root / "npm-shrinkwrap.json")
    found: dict[str, Locked] = {}
    for place, entry in table(content.get("packages")).items():
        name = place.rpartition("node_modules/")[2]
        if not name or place == name or not isinstance(entry, dict):
            continue
        if name in found and place != f"node_modules/{name}":
            continue
        found[name] = Locked(
            version=str(entry.get("version", "")),
            integrity=str(entry.get("integrity", "")),
            resolved=str(entry.get("resolved", "")),
        )
    return found


def _typescript(nearest: Path, root: Path) -> tuple[tuple[str, ...], tuple[Path, ...]]:
    """Return the patterns and base folders of the `tsconfig.json` and `jsconfig.json` that count."""
    paths: dict[str, None] = {}
    bases: dict[Path, None] = {}
    for folder in dict.fromkeys((nearest, root)):
        waiting = [path for name in ("tsconfig", "jsconfig") for path in folder.glob(f"{name}*.json")]
        for _ in range(_EXTENDS):
            following: list[Path] = []
            for path in waiting[:20]:
                content = _loose(path)
                options = table(content.get("compilerOptions"))
                paths |= dict.fromkeys(table(options.get("paths")))
                if isinstance(options.get("baseUrl"), str):
                    bases[path.parent / options["baseUrl"]] = None
                above = content.get("extends")
                named = above if isinstance(above, list) else [above]
                following += [
                    path.parent / each for each in named if isinstance(each, str) and each.startswith(".")
                ]
            waiting = [path if path.suffix == ".json" else path.with_suffix(".json") for path in following]
    return tuple(paths), tuple(bases)


def _loose(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > 2**20:
            return {}
        found = json.loads(_LOOSE.sub(lambda match: match[1] or "", path.read_text("utf-8-sig")))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}

"""What kinds of project a folder holds, and where: Python, Node, Rust, or several side by side.

From the names of files, and from what three kinds of them say about
workspaces; nothing is run. The look is breadth first and bounded, so that the
answer comes at once for a tree of any size: a project lies near the top.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import tomllib
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .remembered import Language
from .tree import LANGUAGES, LEFT_OUT

MOST_FOLDERS = 150  # that are listed; 20 to 40 µs each
MOST_DEPTH = 4
MOST_MANIFEST_BYTES = 2**20
_PYTHON = frozenset(
    ("pyproject.toml", "setup.py", "setup.cfg", "environment.yml", "environment.yaml", "Pipfile")
)
_HIDDEN = re.compile(r"^\.|\.(?:dist|egg)-info$")
# No projects inside: a package, an environment.
_BELOW_PYTHON = frozenset(
    {"__init__.py", "pyvenv.cfg", "conda-meta"}
)  # no projects inside: a package, an environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One project: `folder` from the folder asked about ("." for itself), its manifests by name.

    Without manifests, it is what the source files there are. `workspace` is the
    folder of the project whose workspace names it, or "".
    """

    kind: Language
    folder: str
    manifests: tuple[str, ...]
    workspace: str = ""


def kinds(path: Path) -> tuple[Kind, ...]:
    """Return the projects in a folder, those at the top first.

    Parameters
    ----------
    path : Path
        A folder; of a file, its folder. At most `MOST_FOLDERS` folders, down
        to `MOST_DEPTH` below it, are looked into.
    """
    top = str(path if path.is_dir() else path.parent)
    found: list[Kind] = []
    members: dict[Language, list[tuple[str, tuple[str, ...]]]] = {"python": [], "node": [], "rust": []}
    todo, loose = deque([("", 0)]), set[Language]()
    for _ in range(MOST_FOLDERS):
        if not todo:
            break
        inside, depth = todo.popleft()
        here = f"{top}/{inside}" if inside else top
        names, folders = _listed(here)
        if inside and any(name in names for name in _BELOW_PYTHON):
            continue
        found += _projects(here, inside or ".", names, members)
        if depth <= 1:
            loose |= _languages(names)
        if depth < MOST_DEPTH:
            prefix = f"{inside}/" if inside else ""
            todo += [(prefix + name, depth + 1) for name in sorted(folders)]
    with_manifest = {kind.kind for kind in found}
    bare = [Kind(kind=kind, folder=".", manifests=()) for kind in sorted(loose - with_manifest)]
    return tuple(found + bare)


def _listed(folder: str) -> tuple[Collection[str], list[str]]:
    """Return the names in a folder, each quick to find, and those that are folders to look into."""
    try:
        with os.scandir(folder) as entries:
            names = {entry.name: entry.is_dir(follow_symlinks=False) for entry in entries}
    except OSError:
        return (), []
    folders = [name for name, is_folder in names.items() if is_folder]
    return names.keys(), [name for name in folders if name not in LEFT_OUT and not _HIDDEN.search(name)]


def _projects(
    here: str, inside: str, names: Collection[str], members: dict[Language, list[tuple[str, tuple[str, ...]]]]
) -> Iterator[Kind]:
    python = [name for name in names if name[:12] == "requirements" and name.endswith(".txt")]
    python += [name for name in _PYTHON if name in names]
    if "setup.cfg" in python and not _is_package(f"{here}/setup.cfg"):
        python.remove("setup.cfg")
    by_kind: dict[Language, tuple[str, ...]] = {
        "python": tuple(sorted(python)),
        "node": ("package.json",) if "package.json" in names else (),
        "rust": ("Cargo.toml",) if "Cargo.toml" in names else (),
    }
    for kind, manifests in by_kind.items():
        if not manifests:
            continue
        yield Kind(kind=kind, folder=inside, manifests=manifests, workspace=_workspace(inside, members[kind]))
        patterns = tuple(
            pattern for name in manifests for pattern in _members(f"{here}/{name}", name, by_kind=kind)
        )
        if patterns:
            members[kind].append((inside, patterns))


def _is_package(path: str) -> bool:
    """Whether a `setup.cfg` says more than the settings of some tool."""
    text = _text(path)
    return "[metadata]" in text or "[options]" in text


def _workspace(inside: str, owners: Sequence[tuple[str, tuple[str, ...]]]) -> str:
    """Return the folder of the workspace that `inside` belongs to, or ""."""
    for owner, patterns in reversed(owners):
        below = inside if owner == "." else inside.removeprefix(f"{owner}/")
        if owner != "." and below == inside:
            continue
        chosen = False
        for pattern in patterns:  # a later `!…` takes away
            if _matches(below, pattern.removeprefix("!")):
                chosen = not pattern.startswith("!")
        if chosen:
            return owner
    return ""


def _matches(folder: str, pattern: str) -> bool:
    parts, wanted = folder.split("/"), pattern.removeprefix("./").rstrip("/").split("/")
    if "**" in wanted:
        head = wanted[: wanted.index("**")]
        return len(parts) > len(head) and all(map(fnmatch.fnmatchcase, parts, head))
    return len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))


def _members(path: str, name: str, *, by_kind: Language) -> Iterator[str]:
    """Yield the patterns of a manifest's workspace; what it leaves out comes last, with a `!`.

    https://docs.npmjs.com/cli/using-npm/workspaces,
    https://doc.rust-lang.org/cargo/reference/workspaces.html,
    https://docs.astral.sh/uv/concepts/projects/workspaces/
    """
    if by_kind == "python" and name != "pyproject.toml":
        return
    text = _text(path)
    if "workspace" not in text:
        return
    try:
        content = json.loads(text) if by_kind == "node" else tomllib.loads(text)
    except (ValueError, RecursionError):
        return
    if not isinstance(content, dict):
        return
    if by_kind == "node":
        found = content.get("workspaces")
        yield from _strings(found.get("packages") if isinstance(found, dict) else found)
        return
    if by_kind == "python":
        tool = content.get("tool")
        uv = tool.get("uv") if isinstance(tool, dict) else None
        content = uv if isinstance(uv, dict) else {}
    workspace = content.get("workspace")
    if isinstance(workspace, dict):
        yield from _strings(workspace.get("members"))
        yield from (f"!{pattern}" for pattern in _strings(workspace.get("exclude")))


def _languages(names: Collection[str]) -> set[Language]:
    """Return the languages of source files; of thousands of names, most are only cut off."""
    ends = {name[-3:] for name in names}
    return {
        language
        for suffix, language in LANGUAGES.items()
        if suffix[-3:] in ends and any(name.endswith(suffix) for name in names)
    }


def _strings(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _text(path: str) -> str:
    """Return what a regular file of ordinary size says, or ""."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return os.read(handle, MOST_MANIFEST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
    finally:
        os.close(handle)

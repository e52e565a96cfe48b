"""The root of workspaces, which is no package itself: which folders below it are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ...errors import BuildError, UsageError
from .manifest import MANIFEST, load

_MOST_LOOKED_AT = 200
_MOST_NAMED = 5


def refuse_root(folder: Path) -> None:
    """Refuse a folder that only holds packages together, and name those that can be built.

    Raises
    ------
    UsageError
        It does; a root with a name and a version of its own is a package, too.
    """
    try:
        data = load(folder / MANIFEST) if (folder / MANIFEST).is_file() else {}
    except BuildError:
        return  # what is wrong with it is said by whoever reads it whole
    said = data.get("workspaces")
    listed = said.get("packages") if isinstance(said, dict) else said
    if not isinstance(listed, list) or (data.get("name") and data.get("version")):
        return
    found = list(_packages(folder, [each for each in listed if isinstance(each, str)]))
    more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    named = f"its packages are {', '.join(found[:_MOST_NAMED])}{more}"
    raise UsageError(
        f"{folder.name or folder} is the root of workspaces, and no package itself",
        why=named if found else "none of them is a package",
        fix=f"%autoexec build npm {found[0] if found else 'FOLDER'}",
    )


def _packages(folder: Path, patterns: list[str]) -> Iterator[str]:
    """Yield the folders below the root that have a package to build; private ones are none."""
    for pattern in patterns:
        parts = PurePosixPath(pattern).parts
        if not parts or pattern.startswith(("/", "!")) or ".." in parts or "**" in parts:
            continue
        for number, place in enumerate(sorted(folder.glob(pattern.rstrip("/")))):
            if number >= _MOST_LOOKED_AT:
                return
            try:
                data = load(place / MANIFEST) if (place / MANIFEST).is_file() else {}
            except BuildError:
                continue
            if data.get("name") and data.get("version") and not data.get("private"):
                yield place.relative_to(folder).as_posix()

"""Take back what an npm install has left, byte for byte: manifest, lock and `node_modules`.

What will be overwritten is kept before: the small files as bytes, the packages
that the plan replaces or removes as hard links beside our other data. npm
unpacks into new folders and renames them, so a link keeps the old content.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .npm import Plan

FILES = ("package.json", "package-lock.json", "npm-shrinkwrap.json", "node_modules/.package-lock.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What was there: `files` with their bytes (None: not there), `entries` of `node_modules`.

    `links` are the programs of `.bin` and where they lead; `kept` maps folders
    that the install may change to their copies, `names` to what was in them.
    """

    root: Path
    files: Mapping[Path, bytes | None]
    entries: frozenset[Path]
    links: Mapping[Path, str]
    kept: Mapping[Path, Path]
    names: Mapping[Path, Sequence[str]]
    has_modules: bool


@contextlib.contextmanager
def snapshot(root: Path, cwd: Path, plan: Plan, cache: Path) -> Iterator[Before]:
    """Keep what the plan may change while the block runs."""
    paths = dict.fromkeys([*(root / name for name in FILES), cwd / "package.json"])
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix="before-") as folder:
        kept = {}
        for number, place in enumerate(_replaced(plan)):
            if place.is_dir() and not place.is_symlink():
                kept[place] = Path(folder, str(number))
                shutil.copytree(place, kept[place], symlinks=True, copy_function=_linked)
        yield Before(
            root=root,
            files={path: _bytes(path) for path in paths},
            entries=frozenset(_entries(root)),
            links=_links(root),
            kept=kept,
            names={place: _names(place) for place in kept},
            has_modules=(root / "node_modules").exists(),
        )


def take_back(plan: Plan, before: Before) -> list[str]:
    """Make everything as it was; return what is not, one text each."""
    modules = before.root / "node_modules"
    if not before.has_modules:
        shutil.rmtree(modules, ignore_errors=True)
    else:
        new = set(_entries(before.root)) - before.entries
        for place in sorted({*new, *(each.place for each in plan.added if each.place not in before.kept)}):
            if place not in before.entries:
                _remove(place)
        for place, copy in before.kept.items():
            _remove(place)
            with contextlib.suppress(OSError):
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copytree(copy, place, symlinks=True, copy_function=_linked)
        _restore_links(before)
        _prune(before)
    for path, content in before.files.items():
        _put(path, content)
    return _left(plan, before)


def _left(plan: Plan, before: Before) -> list[str]:
    left = [path.name for path, content in before.files.items() if _bytes(path) != content]
    left += [f"{each.name} {each.version}" for each in plan.added if not each.before and each.place.exists()]
    return left + [place.name for place, names in before.names.items() if _names(place) != names]


def _replaced(plan: Plan) -> list[Path]:
    changed = [each.place for each in plan.added if each.before]
    return list(dict.fromkeys([*changed, *(each.place for each in plan.removed)]))


def _entries(root: Path) -> Iterator[Path]:
    """Yield what is directly in `node_modules`, and in the folders of scopes."""
    modules = root / "node_modules"
    for path in modules.iterdir() if modules.is_dir() else ():
        yield path
        if path.name.startswith("@") and path.is_dir() and not path.is_symlink():
            yield from path.iterdir()


def _links(root: Path) -> dict[Path, str]:
    programs = root / "node_modules" / ".bin"
    found = programs.iterdir() if programs.is_dir() else ()
    return {path: os.readlink(path) for path in found if path.is_symlink()}  # noqa: PTH115 - the text as it is


def _restore_links(before: Before) -> None:
    for path, target in _links(before.root).items():
        if before.links.get(path) != target:
            _remove(path)
    for path, target in before.links.items():
        if not path.is_symlink():
            with contextlib.suppress(OSError):
                path.parent.mkdir(exist_ok=True)
                path.symlink_to(target)


def _prune(before: Before) -> None:
    for path in _entries(before.root):
        if path not in before.entries and path.is_dir() and not path.is_symlink():
            with contextlib.suppress(OSError):
                path.rmdir()


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            place.unlink(missing_ok=True)


def _linked(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _put(path: Path, content: bytes | None) -> None:
    """Write a file as it was, in one step, unless it is so already."""
    with contextlib.suppress(OSError):
        if _bytes(path) == content:
            return
        if content is None:
            path.unlink(missing_ok=True)
            return
        mode = path.stat().st_mode if path.exists() else 0o644
        descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(part).chmod(mode)
        Path(part).replace(path)


def _names(folder: Path) -> Sequence[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))

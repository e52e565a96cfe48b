"""Take back what an install that did not end well has left, and say what is true afterwards.

An installer that is killed leaves files without the record that its own
uninstall needs. So the environment's names are noted before, and afterwards
what was added is removed: by its record where there is one, else because it
was not there before, was not there when the install began, and no installed
distribution owns it. No program is started here that could be stopped
halfway.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from .installed import places
from .known import normal

_CLOCK_SECONDS = 2.0  # by which a file system's clock may be behind ours
_OURS = (".dist-info", ".data", "__pycache__")


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What was in the environment: `versions` by normal name, and the `paths` of files and folders."""

    versions: Mapping[str, str]
    paths: frozenset[str]
    since: float = field(default_factory=lambda: time.time() - _CLOCK_SECONDS)


def snapshot() -> Before:
    """Return what is in this interpreter's environment: top-level names, and all below namespaces."""
    paths = frozenset(_paths())
    return Before(versions=_versions(), paths=paths)


def take_back(added: Mapping[str, str], before: Before) -> list[str]:
    """Remove what an install added since `before`.

    Parameters
    ----------
    added : mapping of str to str
        The versions, by name, that the install would have added.
    before : Before
        What was there.

    Returns
    -------
    list of str
        Each `NAME VERSION` that is not as before: one that could not be
        removed, or one that was replaced and is gone.
    """
    names = {normal(name) for name in added}
    for info in _infos():
        if str(info) not in before.paths and _identity(info)[0] in names:
            remove(metadata.Distribution.at(info))
    _sweep(before)
    return differences(added, before)


def differences(added: Mapping[str, str], before: Before) -> list[str]:
    """Return each `NAME VERSION` of those in `added` that is here and was not, or the other way round."""
    names = {normal(name) for name in added}
    importlib.invalidate_caches()
    now = _versions()
    lost = {f"{name} {version}" for name, version in before.versions.items() if now.get(name) != version}
    kept = {f"{name} {version}" for name, version in now.items() if before.versions.get(name) != version}
    return sorted(text for text in lost | kept if text.partition(" ")[0] in names)


def remove(distribution: metadata.Distribution) -> None:
    """Remove the files on the record of a distribution, none of them outside the environment."""
    prefix = Path(places().data).resolve()
    folders = set()
    for file in distribution.files or ():
        place = Path(str(distribution.locate_file(file)))
        place = place.parent.resolve() / place.name
        if place.is_relative_to(prefix):
            with contextlib.suppress(OSError):
                place.unlink(missing_ok=True)
            folders.add(place.parent)
    kept = {
        prefix,
        *(folder.resolve() for folder in _folders()),
        Path(places().scripts).resolve(),
    }
    for folder in sorted(folders, key=lambda each: len(each.parts), reverse=True):
        if folder not in kept:
            shutil.rmtree(folder / "__pycache__", ignore_errors=True)
            _prune(folder, kept)


def _folders() -> list[Path]:
    sites = map(Path, dict.fromkeys((places().purelib, places().platlib)))
    return [site for site in sites if site.is_dir()]


def _paths() -> Iterator[str]:
    """Yield what an install could add to; in texts, for it is thousands before each of them."""
    for folder in _folders():
        yield from _below(str(folder), is_top=True)
    scripts = places().scripts
    with contextlib.suppress(FileNotFoundError):
        yield from (entry.path for entry in os.scandir(scripts))


def _below(folder: str, *, is_top: bool) -> Iterator[str]:
    """Yield what is in `folder`, and in the namespaces in it, all the way down."""
    with os.scandir(folder) as entries:
        for entry in entries:
            yield entry.path
            if not entry.is_dir(follow_symlinks=False) or (is_top and entry.name.endswith(_OURS)):
                continue
            if not is_top or not os.path.exists(f"{entry.path}/__init__.py"):  # noqa: PTH110
                yield from _below(entry.path, is_top=False)


def _infos() -> list[Path]:
    found = []
    for folder in _folders():
        found += [folder / name for name in os.listdir(folder) if name.endswith(".dist-info")]
    return found


def _identity(info: Path) -> tuple[str, str]:
    """Return a distribution's normal name and version, from its folder's name (PEP 427, PEP 376)."""
    name, _, version = info.name.removesuffix(".dist-info").partition("-")
    return normal(name), version


def _versions() -> dict[str, str]:
    # What was only half unpacked has no description yet, and is not installed.
    return dict(_identity(info) for info in _infos() if os.path.exists(f"{info}/METADATA"))  # noqa: PTH110


def _prune(folder: Path, kept: set[Path]) -> None:
    """Remove a folder and those above it while they are empty."""
    while folder not in kept:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


def _sweep(before: Before) -> None:
    """Remove what is new and nobody's."""
    owned: set[str] = set()
    for info in _infos():
        if (info / "METADATA").is_file():
            for file in metadata.Distribution.at(info).files or ():
                place = Path(os.path.normpath(info.parent / file))
                owned |= {str(place), *map(str, place.parents)}
    for name in sorted(set(_paths()) - before.paths):
        path = Path(name)
        if name in owned or not _is_new(path, before.since):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _is_new(path: Path, since: float) -> bool:
    # The time of a file's content is the wheel's; that of its place on the disk is now.
    try:
        return path.lstat().st_ctime >= since
    except FileNotFoundError:
        return False

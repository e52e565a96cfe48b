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
import sysconfig
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from .known import normal

_CLOCK_SECONDS = 2.0  # by which a file system's clock may be behind ours
_OURS = (".dist-info", ".data", "__pycache__")


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What was in the environment: `versions` by normal name, and the `paths` of files and folders."""

    versions: Mapping[str, str]
    paths: frozenset[Path]
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
        if info not in before.paths and _identity(info)[0] in names:
            _remove(metadata.Distribution.at(info))
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


def _folders() -> list[Path]:
    places = (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))
    return [Path(place) for place in dict.fromkeys(places) if Path(place).is_dir()]


def _paths() -> Iterator[Path]:
    for folder in _folders():
        for path in folder.iterdir():
            yield path
            is_shared = path.is_dir() and not path.is_symlink() and not path.name.endswith(_OURS)
            if is_shared and not (path / "__init__.py").exists():
                yield from path.rglob("*")
    scripts = Path(sysconfig.get_path("scripts"))
    if scripts.is_dir():
        yield from scripts.iterdir()


def _infos() -> list[Path]:
    return [path for folder in _folders() for path in folder.iterdir() if path.name.endswith(".dist-info")]


def _identity(info: Path) -> tuple[str, str]:
    """Return a distribution's normal name and version, from its folder's name (PEP 427, PEP 376)."""
    name, _, version = info.name.removesuffix(".dist-info").partition("-")
    return normal(name), version


def _versions() -> dict[str, str]:
    # What was only half unpacked has no description yet, and is not installed.
    return dict(_identity(info) for info in _infos() if (info / "METADATA").is_file())


def _remove(distribution: metadata.Distribution) -> None:
    """Remove the files on the record of a distribution, none of them outside the environment."""
    prefix = Path(sysconfig.get_path("data")).resolve()
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
        Path(sysconfig.get_path("scripts")).resolve(),
    }
    for folder in sorted(folders, key=lambda each: len(each.parts), reverse=True):
        if folder not in kept:
            shutil.rmtree(folder / "__pycache__", ignore_errors=True)
            _prune(folder, kept)


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
    for path in sorted(set(_paths()) - before.paths):
        if str(path) in owned or not _is_new(path, before.since):
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

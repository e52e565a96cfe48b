"""Which files of other distributions a wheel would replace, in this interpreter's environment.

Two distributions that bring the same file (opencv-python and its headless
twin) leave an environment in which neither is whole, and nobody is told. The
cost is bounded: only where a file is already there is its owner looked for.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import sysconfig
import time
import zipfile
from collections.abc import Callable, Mapping
from importlib import metadata
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .known import normal, table

if TYPE_CHECKING:
    from .wheel import Inside

MOST = 3
_UNSETTLED_NS = 2_000_000_000
_INFOS = (".dist-info", ".egg-info")
_OURS = {"autoexec_magic": "autoexec-magic"}  # which has no record of its files where it is worked on


class Places(NamedTuple):
    """Where an environment has what (`sysconfig`)."""

    purelib: str
    platlib: str
    scripts: str
    data: str


def places() -> Places:
    """Return this interpreter's places; to work them out takes a tenth of a millisecond each."""
    return _places_of(sys.prefix, sysconfig.get_path)


def overwrites(path: Path, inside: Inside, distribution: str) -> tuple[str, ...]:
    """Return which files of other installed distributions a wheel would replace.

    Parameters
    ----------
    path : Path
        The wheel; files that are there with the same bytes do not count.
    inside : Inside
        What is in it.
    distribution : str
        Whose wheel it is; its own files may be replaced.

    Returns
    -------
    tuple of str
        At most `MOST`, each `FILE of DISTRIBUTION VERSION`, or that a program
        or a setting which is there is no distribution's.
    """
    site = Path(places().purelib)
    there = {place.resolve(): shown for place, shown in _targets(inside, site) if place.is_file()}
    # Names of files are told apart before any path is followed: every package has an `__init__.py`.
    last = {place.parts[-count:] for place in there for count in (1, 2)}
    beside = {place for place in there if not place.is_relative_to(site.resolve())}
    found: list[str] = []
    for other in metadata.distributions(path=[str(site), places().platlib]) if there else ():
        name, version = other.name or "", ""  # each look at either reads its file again
        is_own = normal(name) == normal(distribution)
        for file in other.files or ():
            if file.parts[-2:] not in last:
                continue
            place = Path(str(other.locate_file(file))).resolve()
            beside.discard(place)
            if (shown := there.get(place)) is None or is_own:
                continue
            version = version or other.version
            line = f"{shown} of {name} {version}"
            if line not in found and not _is_same(path, shown, place):
                found.append(line)
    # The environment's own: what made it wrote no record (`bin/activate`, a program copied there).
    found += [f"{there[place]}, which is no distribution's" for place in sorted(beside)]
    return tuple(found[:MOST])


def claims(inside: Inside, distribution: str) -> tuple[str, ...]:
    """Return which names of others a wheel brings along: those of the table, and those of packages here.

    Returns
    -------
    tuple of str
        At most `MOST`, each `it brings NAME, which is OWNER's`.
    """
    found = []
    for top in inside.tops:
        row = table().get(top)
        owner = row.distribution if row else _OURS.get(top) or _owner(top, inside, distribution)
        if owner and normal(owner) != normal(distribution):
            found.append(f"it brings {top}, which is {owner}'s")
    return tuple(found[:MOST])


def versions() -> dict[str, str]:
    """Return the version of each distribution that can be imported from, by its normal name.

    As far as the folders' names tell (PEP 376); where two have a name, the
    one that Python would find first.
    """
    found: dict[str, str] = {}
    for place in sys.path:
        for name, version in listed(place or ".").items():
            found.setdefault(name, version)
    return found


def version_of(name: str) -> str | None:
    """Return the version of one distribution that can be imported from, or None."""
    wanted = normal(name)
    return next((found[wanted] for place in sys.path if wanted in (found := listed(place or "."))), None)


def modules_of(name: str) -> tuple[str, ...]:
    """Return the top-level names that an installed distribution brought, or none where it is not here."""
    try:
        files = metadata.distribution(name).files or ()
    except metadata.PackageNotFoundError:
        return ()
    firsts = {file.parts[0] for file in files if file.suffix in (".py", ".so", ".pyd")}
    return tuple(sorted({first.partition(".")[0] for first in firsts if not first.endswith("-info")} - {""}))


def listed(place: str) -> Mapping[str, str]:
    """Return the versions of what is in one folder, by normal name."""
    try:
        changed_ns = os.stat(place).st_mtime_ns  # noqa: PTH116 - asked each time anything is installed
    except OSError:
        return {}
    # A clock ticks more slowly than files are made: what has just changed may change again unseen.
    if time.time_ns() - changed_ns < _UNSETTLED_NS:
        return _read(place)
    return _kept(place, changed_ns)


@functools.lru_cache(maxsize=64)
def _kept(place: str, changed_ns: int) -> Mapping[str, str]:
    return _read(place)


def _read(place: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    with contextlib.suppress(OSError):
        for entry in sorted(os.listdir(place)):
            if entry.endswith(_INFOS):
                name, version = _identity(entry)
                found.setdefault(name, version)
    return found


@functools.lru_cache(maxsize=8192)
def _identity(entry: str) -> tuple[str, str]:
    parts = entry.rpartition(".")[0].split("-")
    return normal(parts[0]), parts[1] if len(parts) > 1 else ""


@functools.lru_cache(maxsize=4)
def _places_of(prefix: str, path_of: Callable[[str], str]) -> Places:
    return Places(*(path_of(name) for name in Places._fields))


def _owner(top: str, inside: Inside, distribution: str) -> str:
    """Return whose module called `top` is here already, if it is somebody else's, or "".

    A single file, an extension and a package of one name stand before one
    another, so each counts against each. A namespace is everybody's, until a
    wheel brings the `__init__.py` that makes it its own.
    """
    names = [name for name in inside.names if name.partition("/")[0].partition(".")[0] == top]
    makes_regular = any(name == f"{top}/__init__.py" or "/" not in name for name in names)
    site = str(Path(places().purelib))
    behind = sys.path[sys.path.index(site) + 1 :] if site in sys.path else []
    for place in dict.fromkeys((site, places().platlib, *behind)):
        held = _held(place, top, with_namespace=makes_regular)
        if not held:
            continue
        owners = {
            str(other.name)
            for other in metadata.distributions(path=[place])
            if any(_is_among(file.as_posix(), held) for file in other.files or ())
        }
        if owners:
            return "" if normal(distribution) in map(normal, owners) else min(owners)
    return ""


def _held(place: str, top: str, *, with_namespace: bool) -> tuple[str, ...]:
    """Return the files, or the folder with a slash, by which a folder of `sys.path` has a module."""
    folder = Path(place, top)
    found = [name for name in (f"{top}/__init__.py", f"{top}.py") if Path(place, name).is_file()]
    found += [f"{top}{end}" for end in EXTENSION_SUFFIXES if Path(place, f"{top}{end}").is_file()]
    if not found and with_namespace and folder.is_dir():
        found = [f"{top}/"]
    return tuple(found)


def _is_among(file: str, held: tuple[str, ...]) -> bool:
    return any(file.startswith(each) if each.endswith("/") else file == each for each in held)


def _targets(inside: Inside, site: Path) -> list[tuple[Path, str]]:
    """Return where the wheel's files would land; a top-level name that is new costs one look."""
    old: dict[str, bool] = {}
    targets = []
    for name in inside.names:
        top = name.partition("/")[0]
        if top not in old:
            old[top] = (site / top).exists() and not top.endswith(".dist-info")
        if old[top]:
            targets.append((site / name, name))
    scripts, data = Path(places().scripts), Path(places().data)
    targets += [(scripts / name, name) for name in inside.scripts]
    return targets + [(data / name, name) for name in inside.placed]


def _is_same(path: Path, name: str, place: Path) -> bool:
    """Whether the wheel's file `name` has the bytes of the one in place."""
    with zipfile.ZipFile(path) as archive:
        try:
            entry = archive.getinfo(name)
        except KeyError:
            return False
        return entry.file_size == place.stat().st_size and archive.read(entry) == place.read_bytes()

"""What stands in this interpreter's environment: distributions, their files, who needs them.

A footprint is a digest of a distribution's files as its RECORD has them: two
installs of one wheel have the same, by whatever program. It tells whether what
was installed is still there.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import sys
from collections.abc import Collection, Iterable, Iterator
from importlib import metadata
from pathlib import Path

from .installed import places
from .known import normal

_EDITED_SHOWN = 3
_PIECE_BYTES = 1 << 20


def standing(names: Collection[str] | None = None) -> dict[str, metadata.Distribution]:
    """Return the distributions of this environment, by normal name; not those of a folder beyond it.

    Parameters
    ----------
    names : collection of str, optional
        Normal names; by default all. Others cost next to nothing then: only
        folders' names are read here (PEP 376, PEP 427).
    """
    found: dict[str, metadata.Distribution] = {}
    for place in dict.fromkeys((places().purelib, places().platlib)):
        entries = os.listdir(place) if os.path.isdir(place) else ()  # noqa: PTH112
        for entry in sorted(name for name in entries if name.endswith((".dist-info", ".egg-info"))):
            name = normal(entry.rpartition(".")[0].partition("-")[0])
            if name not in found and (names is None or name in names) and _is_whole(f"{place}/{entry}"):
                found[name] = metadata.Distribution.at(Path(place, entry))
    return found


def footprint(distribution: metadata.Distribution) -> str:
    """Return the digest of its files, 64 hexadecimal digits, or "" where it has no RECORD.

    What each installer writes in its own way does not count: the `.dist-info`,
    programs, bytecode.
    """
    rows = sorted(f"{path}\n{file_hash}\n" for path, file_hash in _hashed(distribution))
    return hashlib.sha256("".join(rows).encode("utf-8", "surrogateescape")).hexdigest() if rows else ""


def edited(distribution: metadata.Distribution) -> tuple[str, ...]:
    """Return the first few files that are not as they were installed: changed, or gone."""
    found: list[str] = []
    for path, file_hash in _hashed(distribution):
        mode, _, value = file_hash.partition("=")
        place = Path(str(distribution.locate_file(path)))
        if len(found) < _EDITED_SHOWN and _digest(place, mode) != value:
            found.append(path)
    return tuple(found)


def is_version(distribution: metadata.Distribution, version: str) -> bool:
    """Whether a distribution has this version, however each is spelled (PEP 440)."""
    from packaging.version import InvalidVersion, Version

    try:
        return Version(distribution.version) == Version(version)
    except InvalidVersion:
        return distribution.version == version


def files_of(distributions: Iterable[metadata.Distribution]) -> set[str]:
    """Return where all their files are, links resolved."""
    return {
        os.path.realpath(str(distribution.locate_file(file)))
        for distribution in distributions
        for file in distribution.files or ()
    }


def loaded_from(files: Collection[str]) -> tuple[str, ...]:
    """Return the top-level modules that this process has loaded from `files`, sorted."""
    found = set()
    for name, module in tuple(sys.modules.items()):
        origin = getattr(module, "__file__", None)
        if isinstance(origin, str) and os.path.realpath(origin) in files:
            found.add(name.partition(".")[0])
    return tuple(sorted(found))


def needing(gone: Collection[str], versions: dict[str, str]) -> Iterator[str]:
    """Yield what would lack something, as people read it.

    Parameters
    ----------
    gone : collection of str
        The normal names of what is taken out.
    versions : dict of str to str
        The versions that others will have, by normal name.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    for name, distribution in sorted(standing().items()):
        if name in gone or name in versions:
            continue
        for text in distribution.requires or ():
            try:
                requirement = Requirement(text)
            except InvalidRequirement:
                continue
            if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
                continue
            needed = normal(requirement.name)
            version = versions.get(needed)
            is_unmet = version is not None and not requirement.specifier.contains(version, prereleases=True)
            if needed in gone or is_unmet:
                yield f"{name} {distribution.version} needs {requirement.name}{requirement.specifier}"


def _is_whole(info: str) -> bool:
    # What was only half unpacked has no description yet, and is not installed.
    return info.endswith(".egg-info") or os.path.isfile(f"{info}/METADATA")  # noqa: PTH113


def _hashed(distribution: metadata.Distribution) -> Iterator[tuple[str, str]]:
    """Yield each file of a RECORD (PEP 376) that came with the wheel, and its hash."""
    for row in csv.reader((distribution.read_text("RECORD") or "").splitlines()):
        if len(row) < 2 or not row[1]:
            continue
        path = row[0].replace("\\", "/")
        is_installers = ".dist-info/" in path or path.startswith(("..", "/")) or path.endswith(".pyc")
        if not is_installers:
            yield path, row[1]


def _digest(place: Path, mode: str) -> str:
    """Return a file's hash as a RECORD spells it (PEP 376), or "" where it cannot be read."""
    try:
        digest = hashlib.new(mode)
        with place.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                digest.update(piece)
    except (OSError, ValueError):
        return ""
    return base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode("ascii")

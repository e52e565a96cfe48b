"""Look into the crates of a directory on this machine: which there are, and what rules one out.

A directory source has one folder a crate, with a `.cargo-checksum.json` that
holds the digest of the package and of each file. The files are compared with
it: what cargo would compile must be what was published. Nothing is built.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .project import read_toml, spelt, table
from .versions import newest

MOST_CRATES = 20_000
MOST_FILES = 50_000
CHECKSUM = ".cargo-checksum.json"
_MOST_CHECKSUM_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Crate:
    """A crate in a directory source.

    `library` is what the source calls it, or "" where it has only programs.
    `digest` is the SHA-256 of its package, "" where the directory does not say.
    `runs` is what of it runs when it is built, `faults` what rules it out.
    """

    name: str
    version: str
    folder: Path
    library: str
    digest: str = ""
    runs: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    names_files: bool = True


def crates_for(module: str, folder: Path) -> list[Crate]:
    """Return the crates whose library is called `module`, the newest of each, unchecked.

    Those that are themselves called so come first.
    """
    found: dict[str, list[Crate]] = {}
    for place in _folders(folder):
        crate = _crate(place)
        if crate is not None and crate.library == module:
            found.setdefault(crate.name, []).append(crate)
    best = [_newest(each) for each in found.values()]
    return sorted(best, key=lambda each: (spelt(each.name) != module, each.name))


def crate_named(name: str, folder: Path, version: str = "") -> Crate | None:
    """Return a crate by its package's name, the newest where no version is given."""
    found = [
        crate
        for place in _folders(folder)
        if spelt(place.name).startswith(spelt(name))
        and (crate := _crate(place)) is not None
        and spelt(crate.name) == spelt(name)
        and version in ("", crate.version)
    ]
    return _newest(found) if found else None


def checked(crate: Crate) -> Crate:
    """Return `crate` with what its files say of it, after comparing them with their digests."""
    faults = []
    content = _checksums(crate.folder)
    if content is None:
        return _with(crate, faults=(f"has no {CHECKSUM} that can be read",))
    listed = table(content.get("files"))
    here = list(_files(crate.folder))
    if len(here) > MOST_FILES:
        return _with(crate, faults=(f"has more than {MOST_FILES} files",))
    links = [path for path in here if path.is_symlink()]
    if links:
        faults.append(f"has {links[0].relative_to(crate.folder)}, which is a link")
    for name, digest in listed.items():
        path = crate.folder / str(name)
        if ".." in Path(str(name)).parts or not path.is_file():
            faults.append(f"lacks {str(name)[:200]}")
        elif _digest(path) != digest:
            faults.append(f"has another {name} than was published (its SHA-256 differs)")
    if listed:
        names = {path.relative_to(crate.folder).as_posix() for path in here}
        # cargo does not look at what is not listed, and compiles it all the same.
        extra = sorted(name for name in names - {*listed} if name.endswith((".rs", ".toml")))
        faults += [f"has {extra[0]}, which was not published"] if extra else []
    return _with(
        crate,
        digest=str(content.get("package") or ""),
        faults=tuple(faults[:5]),
        names_files=bool(listed),
    )


def _with(crate: Crate, **fields: Any) -> Crate:
    from dataclasses import replace

    return replace(crate, **fields)


def _folders(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        for count, entry in enumerate(sorted(entries, key=lambda each: each.name)):
            if count >= MOST_CRATES:
                return
            if entry.is_dir() and not entry.name.startswith("."):
                yield Path(entry.path)


def _crate(place: Path) -> Crate | None:
    content = read_toml(place / "Cargo.toml")
    package = table(content.get("package"))
    name, version = package.get("name"), package.get("version")
    if not isinstance(name, str) or not isinstance(version, str):
        return None
    return Crate(
        name=name,
        version=version,
        folder=place,
        library=_library(content, place, name),
        runs=_runs(content, place),
    )


def _library(content: Mapping[str, Any], place: Path, name: str) -> str:
    library = table(content.get("lib"))
    if not library and not (place / "src" / "lib.rs").is_file():
        return ""
    return str(library.get("name") or spelt(name))


def _runs(content: Mapping[str, Any], place: Path) -> tuple[str, ...]:
    """Return what of a crate runs on this machine when it is built."""
    build = table(content.get("package")).get("build")
    runs = []
    if isinstance(build, str) or (build is not False and (place / "build.rs").is_file()):
        runs.append(build if isinstance(build, str) else "build.rs")
    library = table(content.get("lib"))
    if library.get("proc-macro") is True or library.get("proc_macro") is True:
        runs.append("a procedural macro")
    return tuple(runs)


def _newest(crates: list[Crate]) -> Crate:
    version = newest([crate.version for crate in crates])
    return next((crate for crate in crates if crate.version == version), crates[0])


def _checksums(folder: Path) -> dict[str, Any] | None:
    path = folder / CHECKSUM
    try:
        if path.stat().st_size > _MOST_CHECKSUM_BYTES:
            return None
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _files(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        for name in names:
            if name != CHECKSUM:
                yield Path(place, name)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

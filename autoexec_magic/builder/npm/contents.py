"""What is in a tarball that npm packed: read as data, held against what may be and what has to be there.

A tarball is a gzipped tar whose files all stand below one folder, `package`.
What would land outside, what two readers could unpack differently, and what is
no plain file is refused; so is a secret. Nothing is unpacked to the disk.
"""

from __future__ import annotations

import base64
import hashlib
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from ...errors import BuildError
from ..secretfiles import Stream, secret_in_stream
from . import entries
from .manifest import MANIFEST, Manifest, bare, parsed

MOST_BYTES = 1024 * 2**20  #: unpacked; the largest packages that are used have some 300 MiB
OVERLAP_BYTES = 4096  #: what is kept of a piece: a folder may stand across two
TOP = "package"
_MOST_NAMED = 5
_CHUNK = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """A tarball: its files by their path in the package, each with its SHA-256 and mode.

    `digest` is `sha256:` with 64 digits, `integrity` npm's `sha512-` with
    Base64, `shasum` the SHA-1 that old registries know. `secrets` are the files
    that hold one, with what says so; `placed` those that name a given folder.
    """

    files: Mapping[str, tuple[str, int]]
    manifest: Mapping[str, object] = field(repr=False)
    digest: str
    integrity: str
    shasum: str
    bytes: int
    faults: tuple[str, ...] = ()
    secrets: tuple[tuple[str, str], ...] = ()
    placed: tuple[str, ...] = ()


def read(file: Path, folders: Sequence[Path] = ()) -> Contents:
    """Return what is in a tarball; files that name one of `folders` are noted.

    Raises
    ------
    BuildError
        It cannot be read, or would unpack to more than `MOST_BYTES`.
    """
    sums = hashlib.sha256(), hashlib.sha512(), hashlib.sha1(usedforsecurity=False)
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            for each in sums:
                each.update(chunk)
    reading = _Reading(tuple(str(folder).encode() for folder in folders))
    try:
        with tarfile.open(file, "r:gz") as archive:
            for member in archive:
                reading.take(archive, member)
    except (tarfile.TarError, OSError, EOFError, zlib.error, ValueError) as error:
        why = f"{type(error).__name__}: {error}"
        raise BuildError(f"{file.name} is no tarball that can be read", why=why, fix="npm pack") from error
    return Contents(
        files=reading.files,
        manifest=parsed(reading.manifest) if reading.manifest else {},
        digest=f"sha256:{sums[0].hexdigest()}",
        integrity=f"sha512-{base64.b64encode(sums[1].digest()).decode()}",
        shasum=sums[2].hexdigest(),
        bytes=file.stat().st_size,
        faults=tuple(reading.faults),
        secrets=tuple(reading.secrets),
        placed=tuple(reading.placed),
    )


def check(found: Contents, wanted: Manifest, unrun: Sequence[str] = ()) -> tuple[str, ...]:
    """Refuse a tarball that must not be handed out; return what a person should know of it.

    `unrun` are scripts that did not run, which may be why a file is missing.

    Raises
    ------
    BuildError
        It holds a secret, or something that lands elsewhere, or lacks what its
        package.json names.
    """
    if found.secrets:
        path, why = found.secrets[0]
        more = f" (and {len(found.secrets) - 1} more)" if len(found.secrets) > 1 else ""
        error = BuildError(
            f"{path}{more} would go into the package {wanted.name}",
            why=why,
            fix=f"name {path} in .npmignore, or name in `files` only what belongs into the package",
        )
        error.evidence = tuple(f"{each}: {reason}" for each, reason in found.secrets[1:_MOST_NAMED])
        raise error
    faults = [*found.faults, *_identity(found, wanted)]
    missing = [] if faults else entries.faults(found.manifest, found.files)
    if faults or missing:
        said = (faults or missing)[:_MOST_NAMED]
        error = BuildError(
            f"the package {wanted.name} is not what it says", why=said[0], fix=_fix(missing, wanted)
        )
        hint = f"{', '.join(unrun)} did not run: what makes these files belongs into the build script"
        error.evidence = (*said[1:], *((hint,) if missing and unrun else ()))
        raise error
    placed = (
        f"{', '.join(found.placed[:_MOST_NAMED])} names the folder that it was built in"
        if found.placed
        else ""
    )
    return (*entries.doubts(found.manifest, found.files), *((placed,) if placed else ()))


def differing(one: Contents, other: Contents) -> list[str]:
    """Return the files that two tarballs do not have alike, each with how."""
    found = []
    for path in sorted({*one.files, *other.files}):
        first, second = one.files.get(path), other.files.get(path)
        if first is None or second is None:
            found.append(f"{path} is in one only")
        elif first[0] != second[0]:
            found.append(f"{path} has another content")
        elif first != second:
            found.append(f"{path} has another mode")
    return found or (["the order or the dates of its files"] if one.digest != other.digest else [])


def _fix(missing: Sequence[str], wanted: Manifest) -> str:
    if not missing:
        return "npm pack --dry-run shows what goes in"
    if "files" in wanted.data:
        return "add it to `files` in package.json, or let the build script make it"
    return "let the build script make it, or correct package.json"


def _identity(found: Contents, wanted: Manifest) -> list[str]:
    if not found.manifest:
        return [f"it has no {MANIFEST}"]
    name, version = found.manifest.get("name"), found.manifest.get("version")
    if name != wanted.name or not isinstance(version, str) or bare(version) != bare(wanted.version):
        return [f"its package.json says {name} {version}: a script has changed it"]
    return []


class _Reading:
    """Takes the members of a tar one by one."""

    def __init__(self, folders: Sequence[bytes]) -> None:
        self.files: dict[str, tuple[str, int]] = {}
        self.faults: list[str] = []
        self.secrets: list[tuple[str, str]] = []
        self.placed: list[str] = []
        self.manifest = b""
        self._folders = folders
        self._bytes = 0
        self._spelt: dict[str, str] = {}

    def take(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        """Read one member."""
        if fault := fault_of(member):
            self.faults.append(fault)
            return
        if member.isdir():
            return
        path = member.name.partition("/")[2]
        if path in self.files:
            self.faults.append(f"it has {path} twice, and which one lands is up to who unpacks it")
        twin = self._spelt.setdefault(path.casefold(), path)
        if twin != path:
            self.faults.append(f"{path} and {twin} are one file where capitals do not count")
        self._bytes += member.size
        if self._bytes > MOST_BYTES:
            raise ValueError(f"it would unpack to more than {MOST_BYTES >> 20} MiB")
        content = archive.extractfile(member)
        assert content is not None
        self._look(path, cast("Stream", content), member)

    def _look(self, path: str, content: Stream, member: tarfile.TarInfo) -> None:
        found, before, is_placed = hashlib.sha256(), b"", False

        def take(chunk: bytes) -> None:
            nonlocal before, is_placed
            found.update(chunk)
            is_placed = is_placed or any(folder in before + chunk for folder in self._folders)
            before = (before + chunk)[-OVERLAP_BYTES:]
            if path == MANIFEST:
                self.manifest += chunk

        why = secret_in_stream(path, content, take)
        self.files[path] = (found.hexdigest(), member.mode & 0o777)
        if why:
            self.secrets.append((path, why))
        if is_placed:
            self.placed.append(path)


def fault_of(member: tarfile.TarInfo) -> str:
    """Return what is wrong with a member's name or kind, or ""."""
    name = member.name
    if not (member.isreg() or member.isdir()) or member.issparse():
        kind = "a link" if member.issym() or member.islnk() else "neither a file nor a folder"
        return f"it has {name}, which is {kind}"
    is_elsewhere = name.startswith("/") or "\\" in name or "\0" in name or ".." in name.split("/")
    if is_elsewhere or name.partition("/")[0] != TOP:
        return f"it has {name}, which would land outside of its folder"
    return ""

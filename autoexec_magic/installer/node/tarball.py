"""Look into a package's tarball: what it holds, and what rules it out whoever says yes.

A tarball is a gzipped tar whose entries all stand below one folder, which npm
takes off. Nothing is unpacked to the disk here. What two readers could unpack
differently, what would land outside, and what is no plain file is a fault.
"""

from __future__ import annotations

import json
import tarfile
import tempfile
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from .entry import holds
from .semver import is_range

MOST_BYTES = 1024 * 2**20  # unpacked; the largest packages that are used have some 300 MiB
MOST_ENTRIES = 100_000
MOST_MANIFEST_BYTES = 4 * 2**20
_CHUNK = 2**18
_IN_MEMORY = 32 * 2**20
_AT_INSTALL = ("preinstall", "install", "postinstall")
_KINDS = ("dependencies", "optionalDependencies", "peerDependencies")
# Programs that everybody takes for somebody else's, and which `npx` or a script would then run.
_TAKEN = frozenset({"bash", "cargo", "corepack", "git", "node", "npm", "npx", "python", "python3", "sh"})


class TarballFault(Exception):
    """It is no tarball that can be looked into; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What is in a tarball; `files` are relative to the package's folder."""

    manifest: Mapping[str, Any]
    files: frozenset[str]
    scripts: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    def held(self, subpaths: Sequence[str]) -> tuple[str, ...]:
        """Return those of `subpaths` that the package has an entry for."""
        return tuple(each for each in subpaths if holds(self.manifest, self.files, each))


def look(path: Path, name: str, version: str) -> Inside:
    """Return what is in the tarball at `path`, which is to be `name` in `version`.

    Raises
    ------
    TarballFault
        It cannot be read, is cut short or would unpack to more than `MOST_BYTES`.
    """
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as plain:
        _unzip(path, plain)
        plain.seek(0)
        try:
            with tarfile.open(fileobj=plain, mode="r:", encoding="utf-8") as archive:
                files, faults, manifest = _read(archive)
                end = archive.offset
        except (tarfile.TarError, UnicodeError, ValueError, OverflowError) as error:
            raise TarballFault(f"it is no tar that can be read ({type(error).__name__})") from error
        # tarfile stops at the first block that is none; what another reader finds behind it is unseen.
        plain.seek(end)
        while block := plain.read(_CHUNK):
            if block.strip(b"\0"):
                faults.append("has something behind its end, which another reader could unpack")
                break
    faults += _identity(manifest, name, version)
    scripts = _scripts(manifest, files)
    programs = _programs(manifest)
    if taken := sorted(_TAKEN.intersection(programs) - {name}):
        faults.append(f"would put a program {taken[0]} before the one of that name")
    return Inside(
        manifest=manifest, files=frozenset(files), scripts=scripts, programs=programs, faults=tuple(faults)
    )


def _unzip(path: Path, plain: IO[bytes]) -> None:
    size = 0
    with path.open("rb") as file:
        unzip = zlib.decompressobj(wbits=31)
        chunk = file.read(_CHUNK)
        while chunk or not unzip.eof:
            if not chunk:
                raise TarballFault("it is cut short")
            try:
                data = unzip.decompress(chunk, _CHUNK)
            except zlib.error as error:
                raise TarballFault("it is not gzipped") from error
            size += len(data)
            if size > MOST_BYTES:
                raise TarballFault(f"it would unpack to more than {MOST_BYTES >> 20} MiB")
            plain.write(data)
            if unzip.eof:
                if (unzip.unused_data + file.read(_CHUNK)).strip(b"\0"):
                    raise TarballFault("it has a second part behind its end")
                return
            chunk = unzip.unconsumed_tail or file.read(_CHUNK)


def _read(archive: tarfile.TarFile) -> tuple[dict[str, int], list[str], dict[str, Any]]:
    """Return the files with their sizes, the faults of names and kinds, and the manifest."""
    files: dict[str, int] = {}
    folders: set[str] = set()
    faults: list[str] = []
    manifest: dict[str, Any] = {}
    for count, member in enumerate(archive):
        if count >= MOST_ENTRIES:
            raise TarballFault(f"it has more than {MOST_ENTRIES} entries")
        fault = _fault(member)
        if fault:
            faults.append(fault)
            continue
        name = "/".join(part for part in member.name.split("/") if part not in ("", "."))
        place = name.partition("/")[2]
        if member.isdir():
            folders.add(place)
            continue
        if place in files:
            faults.append(f"has {place} twice, and which one lands is up to who unpacks it")
        files[place] = member.size
        if place == "package.json":
            manifest = _manifest(archive, member)
    clash = next((file for file in files if file in folders), "")
    return files, [*faults, *([f"has {clash} as a file and as a folder"] if clash else [])], manifest


def _fault(member: tarfile.TarInfo) -> str:
    name = member.name
    if not (member.isreg() or member.isdir()) or member.issparse():
        kind = "a link" if member.issym() or member.islnk() else "neither a file nor a folder"
        return f"has {name}, which is {kind}"
    if name.startswith("/") or "\\" in name or "\0" in name or name[1:2] == ":":
        return f"has {name}, which would land outside its folder"
    if ".." in name.split("/"):
        return f"has {name}, which would land outside its folder"
    if not member.isdir() and "/" not in name:
        return f"has {name} beside its folder"
    return ""


def _manifest(archive: tarfile.TarFile, member: tarfile.TarInfo) -> dict[str, Any]:
    file = archive.extractfile(member)
    if file is None or member.size > MOST_MANIFEST_BYTES:
        raise TarballFault("its package.json is too large to be read")
    try:
        found = json.loads(file.read().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise TarballFault("its package.json cannot be read") from error
    if not isinstance(found, dict):
        raise TarballFault("its package.json is no table")
    return found


def _identity(manifest: Mapping[str, Any], name: str, version: str) -> list[str]:
    faults = []
    if not manifest:
        return ["has no package.json"]
    if manifest.get("name") != name:
        faults.append(f"says that it is {str(manifest.get('name'))[:100]}")
    if str(manifest.get("version", "")).removeprefix("v").partition("+")[0] != version.partition("+")[0]:
        faults.append(f"says that it is version {str(manifest.get('version'))[:100]}")
    strange = strangers(manifest)
    if strange:
        faults.append(f"depends on {strange[0]}, which does not come from the registry")
    return faults


def strangers(manifest: Mapping[str, Any]) -> list[str]:
    """Return what a package depends on that is an address, a repository or a path, with it.

    A name of it that npm would take from elsewhere by an alias (`npm:…`) comes
    from the registry, and is none.
    """
    found = []
    for kind in _KINDS:
        wants = manifest.get(kind)
        for name, spec in wants.items() if isinstance(wants, dict) else ():
            text = str(spec).strip()
            plain = text.rpartition("@")[2] if text.startswith("npm:") else text
            if not is_range(plain) and not plain.replace("-", "").replace(".", "").isalnum():
                found.append(f"{str(name)[:100]} from {text[:100]}")
    return found


def _scripts(manifest: Mapping[str, Any], files: Collection[str]) -> tuple[str, ...]:
    given = manifest.get("scripts")
    named = [each for each in _AT_INSTALL if isinstance(given, dict) and given.get(each)]
    if "binding.gyp" in files and "install" not in named and "preinstall" not in named:
        named.append("binding.gyp")  # npm then builds it with node-gyp
    return tuple(named)


def _programs(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    given = manifest.get("bin")
    if isinstance(given, str):
        return (str(manifest.get("name", "")).rpartition("/")[2],)
    return tuple(sorted(map(str, given))) if isinstance(given, dict) else ()

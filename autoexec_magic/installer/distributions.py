"""What is installed here: which distribution holds which module, and who needs whom.

`importlib.metadata.packages_distributions()` parses every RECORD line by line
and takes a tenth of a second and more in an environment of a few hundred distributions.
This is the same answer, read from the same files, with leaps over most of each.
Answers are kept, also for the next process, until a folder on the path changes.
"""

from __future__ import annotations

import contextlib
import csv
import functools
import importlib.machinery
import importlib.metadata
import inspect
import json
import os
import re
import site
import sys
import sysconfig
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from ..config import data_dir
from .known import normal

_INFOS = (".dist-info", ".egg-info")
_NAME = re.compile(rb"^name:[ \t]*(.*?)[ \t\r]*$", re.MULTILINE | re.IGNORECASE)
_REQUIRED = re.compile(rb"^requires-dist:[ \t]*([A-Za-z0-9][A-Za-z0-9._-]*)", re.MULTILINE | re.IGNORECASE)
# From 3.12 on, files count by any ending, and only those that are there.
_IS_NEW = sys.version_info >= (3, 12)

_HEAD_BYTES = 4096  # the name stands at the top of the metadata; the description below may be long

SETTLED_NS = 2_000_000_000  # a folder that changed less than 2 s ago may be changing still
_Key = tuple[tuple[str, int], ...]


def packages() -> Mapping[str, list[str]]:
    """Return what `importlib.metadata.packages_distributions()` returns, faster.

    Returns
    -------
    mapping of str to list of str
        The distributions that hold each top-level name, spelt as they spell
        themselves, in the order in which they are found.
    """
    return _packages(_key(), _moment())


def version_of(distribution: str) -> str:
    """Return the installed version of a distribution, however its name is spelt, or ""."""
    return _versions(_key(), _moment()).get(normal(distribution), "")


def needed_by(distribution: str) -> tuple[str, ...]:
    """Return which installed distributions name `distribution` among what they require.

    Requirements under a marker or an extra count: an optional dependency is
    one that its user has named, too. Only what stands in the environment is
    asked: the working directory is on the path, too, and a project that
    somebody sent could describe anything in it.
    """
    places = _environment(sys.prefix, sys.base_prefix)
    key = tuple(each for each in _key() if os.path.realpath(each[0]) in places)
    return _users(key, _moment()).get(normal(distribution), ())


@functools.lru_cache(maxsize=2)
def _environment(*_prefixes: str) -> frozenset[str]:
    """Return where installers put what they install, links resolved."""
    places = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages()]
    if site.ENABLE_USER_SITE:
        places.append(site.getusersitepackages())
    if Path(sys.prefix, "pyvenv.cfg").is_file():  # one that may see the packages of the Python below it
        places += site.getsitepackages([sys.base_prefix])
    return frozenset(os.path.realpath(place) for place in places)


def _key() -> _Key:
    """Return the folders on the path, each with the time of its last change."""
    return tuple(_stamp(entry) for entry in sys.path)


def _stamp(entry: str) -> tuple[str, int]:
    try:
        return entry, os.stat(entry or ".").st_mtime_ns
    except (OSError, ValueError):
        return entry, 0


def _moment() -> int:
    """Return what makes an answer new where a folder has just changed: an install may be half done."""
    newest = max((stamp for _, stamp in _key()), default=0)
    now = time.time_ns()
    return now if now - newest < SETTLED_NS else 0


@functools.lru_cache(maxsize=4)
def _packages(key: _Key, _at: int) -> Mapping[str, list[str]]:
    if _has_other_finders() or any(stamp and not os.path.isdir(entry or ".") for entry, stamp in key):
        return MappingProxyType(dict(importlib.metadata.packages_distributions()))
    kept = None if _at else _kept(key)
    if kept is None:
        kept = _scanned(key)
        if not _at:
            _keep(key, kept)
    return MappingProxyType(kept)


def _scanned(key: _Key) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for info in _infos(key):
        name = _name(info)
        for top in _declared(info) or _inferred(info):
            found.setdefault(top, []).append(name)
    return found


def _place(key: _Key) -> Path:
    """Return where the answer for this path and this Python is kept."""
    text = repr((sys.version_info[:3], [entry for entry, _ in key]))
    return data_dir() / "cache" / f"distributions-{zlib.crc32(text.encode()):08x}.json"


def _kept(key: _Key) -> dict[str, list[str]] | None:
    """Return what another process kept, if nothing changed since."""
    try:
        known = json.loads(_place(key).read_bytes())
        if known["key"] == [list(stamp) for stamp in key] and isinstance(known["packages"], dict):
            return known["packages"]
    except (OSError, ValueError, KeyError, TypeError):
        return None  # never kept, or not as we write it
    return None


def _keep(key: _Key, packages: Mapping[str, list[str]]) -> None:
    place = _place(key)
    part = place.with_name(f".{place.name}.{os.getpid()}")
    with contextlib.suppress(OSError):  # a full or read-only disk costs the next process a scan
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part.write_text(json.dumps({"key": key, "packages": dict(packages)}), "utf-8")
        part.chmod(0o600)
        part.replace(place)


@functools.lru_cache(maxsize=4)
def _versions(key: _Key, _at: int) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for info in _infos(key):
        stem = os.path.basename(info).rpartition(".")[0]
        name, _, version = stem.partition("-")
        found.setdefault(normal(name), version.partition("-")[0] or "0")
    return MappingProxyType(found)


@functools.lru_cache(maxsize=4)
def _users(key: _Key, _at: int) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for info in _infos(key):
        name, needs = _needs(info, _changed(info))
        for needed in needs:
            found.setdefault(needed, {})[name] = None
    return MappingProxyType({needed: tuple(users) for needed, users in found.items()})


def _changed(info: str) -> tuple[int, int, int]:
    """Return what changes when the metadata does; a folder is written anew, but perhaps not its file."""
    try:
        found = os.stat(f"{info}{os.sep}METADATA")
    except OSError:
        return (time.time_ns(), 0, 0)  # of the older kinds, which are few
    settled = found.st_ctime_ns if time.time_ns() - found.st_ctime_ns > SETTLED_NS else time.time_ns()
    return settled, found.st_size, found.st_ino


@functools.lru_cache(maxsize=4096)
def _needs(info: str, _at: tuple[int, int, int]) -> tuple[str, tuple[str, ...]]:
    """Return a distribution's name, and the normal names of what it requires."""
    head = _head(info)
    name = _name_in(head)
    needed = (normal(match[1].decode("ascii")) for match in _REQUIRED.finditer(head))
    return name, tuple(each for each in dict.fromkeys(needed) if each != normal(name))


def _has_other_finders() -> bool:
    """Whether somebody else than the path says what is installed."""
    usual = (importlib.machinery.PathFinder, importlib.metadata.MetadataPathFinder)
    return any(hasattr(finder, "find_distributions") and finder not in usual for finder in sys.meta_path)


def _infos(key: _Key) -> Iterator[str]:
    """Yield the folders that describe distributions, in importlib's order: by name within a folder."""
    for entry, stamp in key:
        root = entry or "."
        try:
            names = os.listdir(root) if stamp else []
        except OSError:
            continue
        groups: dict[str, list[str]] = {}
        eggs: list[str] = []
        is_egg = root.lower().endswith(".egg")
        for child in names:
            low = child.lower()
            if low.endswith(_INFOS):
                groups.setdefault(normal(low.rpartition(".")[0].partition("-")[0]), []).append(child)
            elif is_egg and low == "egg-info":
                eggs.append(child)
        for children in groups.values():
            yield from (f"{root}{os.sep}{child}" for child in children)
        yield from (f"{root}{os.sep}{child}" for child in eggs)


def _read(info: str, name: str, limit: int = -1) -> bytes:
    """Return a file of an info folder; nothing where it is not there, or the info is itself a file."""
    try:
        descriptor = os.open(f"{info}{os.sep}{name}" if name else info, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        size = os.fstat(descriptor).st_size
        return os.read(descriptor, size if limit < 0 else min(limit, size))
    except OSError:  # it is a folder
        return b""
    finally:
        os.close(descriptor)


def _head(info: str, limit: int = -1) -> bytes:
    """Return the fields of the metadata, without the description below them."""
    text = _read(info, "METADATA", limit) or _read(info, "PKG-INFO", limit) or _read(info, "", limit)
    end = text.find(b"\n\n")
    return text[:end] if end >= 0 else text.partition(b"\r\n\r\n")[0]


def _name(info: str) -> str:
    return _name_in(_head(info, _HEAD_BYTES)) or _name_in(_head(info))


def _name_in(head: bytes) -> str:
    match = _NAME.search(head)
    return match[1].decode("utf-8", "replace") if match else ""


def _declared(info: str) -> list[str]:
    return _read(info, "top_level.txt").decode("utf-8", "replace").split()


def _inferred(info: str) -> set[str]:
    """Return the top-level names of the files of a distribution, as this version of Python names them."""
    record = _read(info, "RECORD")
    if record:
        tops = _grouped(record, info) if b'"' not in record else None
        if tops is not None:
            return tops
        rows = csv.reader(record.decode("utf-8", "replace").splitlines())
        return _tops(info, (row[0] for row in rows if row))
    listed = _read(info, "installed-files.txt") or _read(info, "SOURCES.txt")
    return _tops(info, (line.strip('"') for line in listed.decode("utf-8", "replace").splitlines()))


def _grouped(record: bytes, info: str) -> set[str] | None:
    """Return the top-level names of a RECORD by leaps over the files of one folder, or None.

    Installers write it sorted, so that a folder's lines stand together; where
    they do not, the caller reads line by line.
    """
    tops: set[str] = set()
    start = 0
    while start < len(record):
        end = record.find(b"\n", start)
        end = len(record) if end < 0 else end
        path = record[start:end].partition(b",")[0]
        top, slash, _ = path.partition(b"/")
        lines = record[start:end]
        if slash:
            begin = b"\n" + top + slash
            last = record.rfind(begin, start)
            if last > start:
                end = record.find(b"\n", last + 1)
                end = len(record) if end < 0 else end
                if record.count(b"\n", start, end) != record.count(begin, start, end):
                    return None
                lines = record[start:end]
        if _IS_NEW:
            files = (line.partition(b",")[0].decode("utf-8", "replace") for line in lines.split(b"\n"))
            tops |= _tops(info, files)
        elif b".py," in lines:
            tops.add(top.decode("utf-8", "replace").removesuffix("" if slash else ".py"))
        start = end + 1
    return tops


def _tops(info: str, files: Iterable[str]) -> set[str]:
    """Return the top-level names of files, read one by one."""
    site = os.path.dirname(info)
    tops: set[str] = set()
    for file in files:
        top, slash, _ = file.partition("/")
        if not slash:
            top = (inspect.getmodulename(file) or file) if _IS_NEW else file.removesuffix(".py")
        if top in tops:
            continue
        if "." not in top and os.path.exists(os.path.join(site, file)) if _IS_NEW else file.endswith(".py"):
            tops.add(top)
    return tops

"""What is in an sdist, looked at a piece at a time, and unpacked by plain files and folders only.

Unpacking is done outside of the cage. `tarfile` keeps what leads out by asking
where a path leads, which links in the archive have changed in several ways
(CVE-2025-4517 writes anywhere, with its filter for data). Here no link is ever
made: what a link in the archive stands for, which must be a file of the same
archive, is unpacked as that file once more.
"""

from __future__ import annotations

import gzip
import itertools
import os
import posixpath
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, cast

from ...errors import BuildError
from ..secretfiles import Stream
from . import members

_ENDING = ".tar.gz"
_MOST_HEADER_BYTES = 1 << 20  # of one member: names, owners, times
_MOST_HEADERS_BYTES = 256 << 20
_MOST_HOPS = 8  # of links that lead to links
_UNREADABLE = (tarfile.TarError, zlib.error, EOFError, OSError, RuntimeError, ValueError, IndexError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member: `path` is its place, `kind` "file", "folder" or "link"; a link's `target` is another path.

    `stream` is what a file holds, to be read before the next member is asked for.
    """

    path: str
    kind: str
    is_executable: bool
    seconds: int
    target: str
    about: str
    stream: Stream | None = field(default=None, repr=False)


def read(path: Path) -> Iterator[Member]:
    """Yield the members of an sdist, each of which may be in it.

    Raises
    ------
    BuildError
        It is no sdist, or a member must not be in it.
    """
    try:
        with gzip.open(path, "rb") as packed:
            yield from _read(path.name, _Bounded(packed))
    except _UNREADABLE as error:
        raise _broken(path.name, error) from error


def look_into(path: Path) -> bytes:
    """Return the PKG-INFO of an sdist.

    Raises
    ------
    BuildError
        It is no sdist, or it holds what it must not.
    """
    wanted = f"{path.name.removesuffix(_ENDING)}/PKG-INFO"
    tree = _Tree(path.name)
    info = bytearray()

    def keep(piece: bytes) -> None:
        info.extend(piece)
        if len(info) > members.MOST_TOLD_BYTES:
            raise members.fault(path.name, wanted, "it is too large")

    for member in read(path):
        tree.note(member)
        if member.stream is None:
            continue
        if is_info := member.path == wanted:
            info.clear()  # the last one counts
        # to its end: a broken one is found here, and not when somebody installs it
        members.refuse_secret(path.name, member.path, member.stream, keep if is_info else None)
    tree.check()
    if not info:
        raise BuildError(f"{path.name} has no PKG-INFO", why="an index refuses it", fix="a newer backend")
    return bytes(info)


def unpack(path: Path, folder: Path) -> Path:
    """Unpack an sdist into a folder that is empty and nobody else's, and return its one folder.

    Raises
    ------
    BuildError
        It is no sdist, or it holds what it must not.
    """
    tree = _Tree(path.name)
    seconds: dict[str, int] = {}
    for member in read(path):
        tree.note(member)
        place, seconds[member.path] = folder / member.path, member.seconds
        (place if member.kind == "folder" else place.parent).mkdir(parents=True, exist_ok=True)
        if member.stream is not None:
            with place.open("wb") as file:
                for piece in members.pieces(member.stream):
                    file.write(piece)
            place.chmod(0o755 if member.is_executable else 0o644)
    tree.check()
    size = 0
    for link, other in tree.links():
        size += (folder / other).stat().st_size
        members.check_sum(path.name, 0, size)
        shutil.copyfile(folder / other, folder / link)
        shutil.copymode(folder / other, folder / link)
    for each, when in seconds.items():
        os.utime(folder / each, (when, when))
    return folder / path.name.removesuffix(_ENDING)


def _read(name: str, stream: _Bounded) -> Iterator[Member]:
    top = name.removesuffix(_ENDING)
    count = size = 0
    with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r:", errorlevel=2) as archive:
        while True:
            stream.begin_header()
            info = archive.next()
            if info is None:
                return
            cast("list[object]", vars(archive)["members"]).clear()  # it keeps all that they say of themselves
            count, size = count + 1, size + max(info.size, 0)
            members.check_sum(name, count, size)
            member = _member(name, info)
            if member.path.split("/")[0] != top:
                why = f"it holds {member.path.split('/')[0]} where PEP 625 asks for one folder {top}"
                raise BuildError(f"{name} is no sdist", why=why, fix="a newer backend")
            is_file = member.kind == "file"
            yield replace(member, stream=_Content(name, stream, info.size)) if is_file else member


def _member(archive: str, info: tarfile.TarInfo) -> Member:
    path, target = members.check_path(archive, info.name), ""
    if info.issym() or info.islnk():
        base = posixpath.dirname(path) if info.issym() else ""
        target = posixpath.normpath(posixpath.join(base, info.linkname))
        is_out = posixpath.isabs(info.linkname) or target.split("/")[0] != path.split("/")[0]
        if is_out or len(info.linkname) > 1_024 or "\0" in info.linkname:
            raise members.fault(archive, path, f"it is a link that leads out: {info.linkname[:120]}")
    elif info.issparse() or not (info.isreg() or info.isdir()):
        raise members.fault(archive, path, "it is neither file nor folder")
    elif info.size < 0:
        raise members.fault(archive, path, "its size is less than nothing")
    return Member(
        path=path,
        kind="link" if target else "folder" if info.isdir() else "file",
        is_executable=bool(info.mode & 0o100),
        seconds=int(min(max(info.mtime, 0), 2**32)),
        target=target,
        about=f"{info.mode:o} {info.uid}:{info.gid} {info.uname}:{info.gname}",
    )


class _Tree:
    """Which paths an sdist has, and what each of them is."""

    def __init__(self, archive: str) -> None:
        self._archive = archive
        self._kinds: dict[str, str] = {}
        self._targets: dict[str, str] = {}

    def note(self, member: Member) -> None:
        """Add one; the same file may stand there again, and no other thing in its place."""
        is_other = self._kinds.setdefault(member.path, member.kind) != member.kind
        if member.kind == "link":
            is_other |= self._targets.setdefault(member.path, member.target) != member.target
        parents = itertools.accumulate(member.path.split("/")[:-1], lambda above, name: f"{above}/{name}")
        if is_other or any(self._kinds.setdefault(each, "folder") != "folder" for each in parents):
            raise members.fault(self._archive, member.path, "another thing stands there in its place")

    def check(self) -> None:
        """Refuse a link that is no file of the archive."""
        for _ in self.links():
            pass

    def links(self) -> Iterator[tuple[str, str]]:
        """Yield each link with the file that it is."""
        for link in self._targets:
            at = link
            for _ in range(_MOST_HOPS):
                at = self._targets.get(at, at)
            if self._kinds.get(at) != "file":
                raise members.fault(self._archive, link, "it is a link that leads to no file of the archive")
            yield link, at


class _Bounded:
    """What `tarfile` reads: it may read no header without end, and go no further than an archive may."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream = stream
        self._left = _MOST_HEADER_BYTES
        self._all = _MOST_HEADERS_BYTES
        self._most = members.MOST_BYTES + _MOST_HEADERS_BYTES

    def begin_header(self) -> None:
        """Let one header be read."""
        self._left = _MOST_HEADER_BYTES

    def read(self, size: int = -1) -> bytes:
        """Return bytes of a header."""
        if not 0 <= size <= min(self._left, self._all):
            raise ValueError("a header in it has no end")
        self._left -= size
        self._all -= size
        return self._stream.read(size)

    def content(self, size: int) -> bytes:
        """Return bytes of a member."""
        return self._stream.read(size)

    def tell(self) -> int:
        """Return where it is."""
        return self._stream.tell()

    def seek(self, place: int, whence: int = 0) -> int:
        """Go on to a place."""
        if whence or not 0 <= place <= self._most:
            raise ValueError("it is larger than what is looked at")
        return self._stream.seek(place)


class _Content:
    """What one member holds."""

    def __init__(self, archive: str, stream: _Bounded, size: int) -> None:
        self._archive, self._stream, self._left = archive, stream, size

    def read(self, size: int) -> bytes:
        """Return at most so many bytes more, none at its end."""
        wanted = min(size, self._left)
        try:
            piece = self._stream.content(wanted)
        except _UNREADABLE as error:
            raise _broken(self._archive, error) from error
        if len(piece) < wanted:
            raise _broken(self._archive, EOFError("it ends in the middle of a file"))
        self._left -= len(piece)
        return piece


def _broken(archive: str, error: Exception) -> BuildError:
    return BuildError(f"{archive} is no sdist", why=str(error), fix="see what the backend wrote")

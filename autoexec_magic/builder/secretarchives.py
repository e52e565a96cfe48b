"""The files in a small archive, to be looked at for secrets: in a ZIP file, a gzipped tar, or a gzipped file.

An archive is other people's data: of each file the beginning is unpacked, in
memory, of no more than so many files, and what is broken ends it. An archive in
an archive is a file like any other.
"""

from __future__ import annotations

import contextlib
import gzip
import itertools
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, BinaryIO, cast

ZIP, GZIP = b"PK\x03\x04", b"\x1f\x8b\x08"
BEGINNINGS = (ZIP, GZIP)
MOST_BYTES = 64 << 20  #: of an archive that is looked into
_MOST_UNPACKED_BYTES = 512 << 20  # of a tar, which is unpacked to where the last of its files begins
_MOST_MEMBERS, _MOST_MEMBER_BYTES = 2_000, 1 << 20
#: what an archive raises that is broken, or has a password: nobody reads it either
_BROKEN = (
    *(OSError, EOFError, RuntimeError, ValueError, LookupError, ArithmeticError, struct.error),
    *(zipfile.BadZipFile, zlib.error, tarfile.TarError),
)


def files_in(path: str, file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """Yield the first files in an archive, by name, each with its first mebibyte.

    Parameters
    ----------
    path : str
        The archive's path: a gzipped file is called as it is, without `.gz`.
    file : BinaryIO
        What it holds, wherever it stands; it can be read again.
    """
    file.seek(0)
    is_zip = file.read(len(ZIP)) == ZIP
    file.seek(0)
    with contextlib.suppress(*_BROKEN):
        yield from itertools.islice(_in_zip(file) if is_zip else _in_gzip(path, file), _MOST_MEMBERS)


def _in_zip(file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            if info.is_dir() or stat.S_ISLNK(info.external_attr >> 16):
                continue
            with contextlib.suppress(*_BROKEN), archive.open(info) as member:
                yield info.filename, member.read(_MOST_MEMBER_BYTES)


def _in_gzip(path: str, file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a tar that is in it, or what is in it as the one file that it is."""
    with gzip.GzipFile(fileobj=file, mode="rb") as unpacked:
        begun = unpacked.read(_MOST_MEMBER_BYTES)
        try:
            tarfile.TarInfo.frombuf(begun[: tarfile.BLOCKSIZE], "utf-8", "surrogateescape")
        except tarfile.TarError:
            yield re.sub(r"(?i)\.gz\Z", "", path), begun
            return
        unpacked.seek(0)
        with tarfile.open(fileobj=cast("IO[bytes]", _Bounded(unpacked)), mode="r:") as archive:
            while info := archive.next():
                cast("list[object]", vars(archive)["members"]).clear()  # it keeps all that they say
                content = archive.extractfile(info) if info.isreg() else None
                if content is not None:
                    yield info.name, content.read(_MOST_MEMBER_BYTES)


class _Bounded:
    """What `tarfile` reads: no header without end is in memory, and no archive without end is unpacked."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream = stream
        self.tell = stream.tell

    def read(self, size: int = -1) -> bytes:
        """Return bytes of a header or a file."""
        if not 0 <= size <= _MOST_MEMBER_BYTES:
            raise ValueError("a header in it has no end")
        return self._stream.read(size)

    def seek(self, place: int) -> int:
        """Go on to a place."""
        if not 0 <= place <= _MOST_UNPACKED_BYTES:
            raise ValueError("it is larger than what is looked at")
        return self._stream.seek(place)

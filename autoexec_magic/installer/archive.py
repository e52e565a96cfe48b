"""Whether every reader of a ZIP file finds the same files in it.

Some readers go by the directory at the end, others by the headers before each
file, from the front. What is well made says the same in both places, byte
after byte, with nothing before, between or behind. Everything else is refused:
it would be looked into by one reader and unpacked by another (CVE-2025-54368).

Pure but for reading the file; nothing is unpacked.

References
----------
APPNOTE.TXT 6.3, sections 4.3.7 (local headers), 4.3.9 (data descriptors),
4.3.12 (central directory), 4.3.14 to 4.3.16 (end records), 4.5.3 (zip64), 4.6.9 (Unicode path).
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TypeAlias

Data: TypeAlias = mmap.mmap | bytes

_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_FIELD = struct.Struct("<2H")
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_ZIP64, _UNICODE_PATH = 0x0001, 0x7075
_DESCRIBED_AFTER = 0x8
_DESCRIPTORS = {fmt.size: fmt for fmt in map(struct.Struct, ("<3L", "<L2Q"))}
_MARK = b"PK\7\10"


class _Entry(NamedTuple):
    """What the directory says of a file: all that a local header has to repeat."""

    offset: int
    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int


class _UnlikeError(Exception):
    """Two readers would find different things."""


def unlike(path: Path) -> str:
    """Return how a ZIP file could be read in two ways, as "it …", or "" where it cannot.

    Raises
    ------
    OSError
        It cannot be read.
    """
    with path.open("rb") as file:
        if not file.read(1):
            return "it is empty"
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return unlike_in(data)


def unlike_in(data: Data) -> str:
    r"""Return the same of bytes.

    Examples
    --------
    >>> unlike_in(b"PK\5\6" + 18 * b"\0")
    ''
    >>> unlike_in(b"PK\5\6" + 18 * b"\0" + b"more")
    'it has something behind its end'
    """
    try:
        count, start, size = _end(data)
        entries = sorted(_directory(data, count, start, size))
        _follow(data, entries, start)
    except _UnlikeError as error:
        return str(error)
    except struct.error:
        return "it ends too early"
    return ""


def _end(data: Data) -> tuple[int, int, int]:
    """Return how many files the directory has, where it begins, and its size in bytes."""
    at = len(data) - _END.size
    if at < 0 or data[at : at + 4] != b"PK\5\6":
        raise _UnlikeError("it has something behind its end")
    _, disk, first, here, count, size, start, comment = _END.unpack_from(data, at)
    told = (here, count, size, start)
    if comment or disk or first:
        raise _UnlikeError("it has something behind its end")
    locator = at - _LOCATOR.size
    if locator >= 0 and data[locator : locator + 4] == b"PK\6\7":
        at = locator - _END64.size
        _, disk, place, disks = _LOCATOR.unpack_from(data, locator)
        if at < 0 or place != at or disk or disks != 1 or data[at : at + 4] != b"PK\6\6":
            raise _UnlikeError("it has two ends")
        _, rest, _, _, disk, first, here, count, size, start = _END64.unpack_from(data, at)
        limits = (_FULL16, _FULL16, _FULL32, _FULL32)
        agrees = all(
            old in (limit, new)
            for old, new, limit in zip(told, (here, count, size, start), limits, strict=True)
        )
        if rest != _END64.size - 12 or disk or first or not agrees:
            raise _UnlikeError("it has two ends")
    if here != count or start + size != at:
        raise _UnlikeError("its directory is not where its end says")
    return count, start, size


def _directory(data: Data, count: int, start: int, size: int) -> Iterator[_Entry]:
    at, end = start, start + size
    for _ in range(count):
        head = _CENTRAL.unpack_from(data, at)
        if head[0] != b"PK\1\2":
            raise _UnlikeError("its directory is not where its end says")
        (
            _,
            _,
            _,
            flags,
            method,
            _,
            _,
            crc,
            packed,
            full,
            name_size,
            extra_size,
            comment,
            disk,
            _,
            _,
            offset,
        ) = head
        at += _CENTRAL.size
        name = data[at : at + name_size]
        extra = data[at + name_size : at + name_size + extra_size]
        at += name_size + extra_size + comment
        full, packed, offset = _wide(extra, full, packed, offset)
        if at > end or disk:
            raise _UnlikeError("its directory is not where its end says")
        yield _Entry(offset, name, flags, method, crc, packed, full)
    if at != end:
        raise _UnlikeError("its directory is not where its end says")


def _wide(extra: bytes, *values: int) -> tuple[int, ...]:
    """Return values, those that are too large for 32 bits from the zip64 field."""
    wide: list[int] | None = None
    at = 0
    while at < len(extra):
        if at + _FIELD.size > len(extra):
            break  # some writers pad with a few zeros
        kind, size = _FIELD.unpack_from(extra, at)
        at += _FIELD.size
        if kind == _UNICODE_PATH:
            raise _UnlikeError("it has files with two names")
        if kind == _ZIP64:
            if wide is not None or at + size > len(extra):
                raise _UnlikeError("it has files of two sizes")
            wide = [number for (number,) in struct.iter_unpack("<Q", extra[at : at + size - size % 8])]
        at += size
    if _FULL32 not in values:
        return values
    left = iter(wide or ())
    try:
        return tuple(next(left) if value == _FULL32 else value for value in values)
    except (StopIteration, RuntimeError):
        raise _UnlikeError("it has files of two sizes") from None


def _follow(data: Data, entries: list[_Entry], start: int) -> None:
    """Raise unless the local headers, from the front, are those of the directory and fill all before it."""
    at = 0
    for number, entry in enumerate(entries):
        if entry.offset != at:
            raise _UnlikeError("it has something between its files that its directory does not name")
        head = _LOCAL.unpack_from(data, at)
        mark, _, flags, method, _, _, crc, packed, size, name_size, extra_size = head
        at += _LOCAL.size
        extra = data[at + name_size : at + name_size + extra_size]
        if mark != b"PK\3\4" or data[at : at + name_size] != entry.name:
            raise _UnlikeError("its files have other names in its directory")
        at += name_size + extra_size
        size, packed = _wide(extra, size, packed)
        is_after = bool(flags & _DESCRIBED_AFTER)
        told, meant = (crc, packed, size), (entry.crc, entry.packed, entry.size)
        if (flags, method) != (entry.flags, entry.method) or not (
            told == meant or (is_after and not any(told))
        ):
            raise _UnlikeError("its files are others in its directory")
        at += entry.packed
        if is_after:
            after = entries[number + 1].offset if number + 1 < len(entries) else start
            _check_descriptor(data[at : min(after, at + 32)], meant)
            at = after
    if at != start:
        raise _UnlikeError("it has something between its files that its directory does not name")


def _check_descriptor(told: bytes, meant: tuple[int, int, int]) -> None:
    bare = told.removeprefix(_MARK)
    for text in (told, bare):
        fmt = _DESCRIPTORS.get(len(text))
        if fmt and fmt.unpack(text) == meant:
            return
    raise _UnlikeError("its files are others in its directory")

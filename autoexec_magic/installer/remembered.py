"""What an earlier scan of a tree found: one file a tree, in the cache.

It is a cache: what is damaged, of another version or of another place is as if
it were not there, and that it cannot be written is no reason to fail.
"""

from __future__ import annotations

import contextlib
import hashlib
import marshal
import os
import sys
import tempfile
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

Stamp: TypeAlias = tuple[int, int, int]  #: of a file: mtime in nanoseconds, bytes, inode
Language: TypeAlias = Literal["python", "node", "rust"]
#: language, module, line, cell, names, required
Row: TypeAlias = tuple[Language, str, int, int, tuple[str, ...], bool]
Rows: TypeAlias = tuple[
    tuple[Row, ...], tuple[tuple[str, int, int], ...]
]  #: imports; faults: why, line, cell
Kept: TypeAlias = dict[str, tuple[Stamp, bytes]]  #: by path, the rows packed

UNREAD: Stamp = (0, 0, 0)  #: of a folder that cannot be listed
VERSION = 2  # of the rows: another scan finds other things
MOST_TREES = 20  # the oldest are removed
# What was written as we looked may be written again within one tick of its clock (git: racily clean).
FRESH_NS = 2_000_000_000
_NAME = "scan-{}.bin"


@dataclass(slots=True)
class Remembered:
    """What is known of one tree: `old` from before, `new` to be kept."""

    file: Path | None
    old: Kept
    new: Kept
    began_ns: int

    @classmethod
    def of(cls, tree: Path, folder: Path | None) -> Remembered:
        """Return what `folder` keeps of `tree`; nothing where it keeps nothing that can be used."""
        if folder is None:
            return cls(None, {}, {}, 0)
        place = os.path.realpath(tree)
        name = hashlib.sha256(os.fsencode(place)).hexdigest()[:16]
        file = folder / _NAME.format(name)
        return cls(file, _load(file), {}, time.time_ns())

    def save(self) -> None:
        """Keep what is new, whole or not at all."""
        if self.file is None or self.new == self.old:
            return
        limit = self.began_ns - FRESH_NS
        kept = {name: item for name, item in self.new.items() if item[0][0] < limit and item[0] != UNREAD}
        if kept == self.old:
            return
        body = marshal.dumps(kept)
        with contextlib.suppress(OSError):
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(self.file, _head(body) + body)
            _remove_oldest(self.file.parent)


def packed(rows: Rows) -> bytes:
    """Return rows as they are kept; nothing where there are none."""
    return marshal.dumps(rows) if rows[0] or rows[1] else b""


def unpacked(kept: bytes) -> Rows:
    """Return rows from what `packed` returned, or from a whole cache."""
    rows: Rows = marshal.loads(kept) if kept else ((), ())
    return rows


def _head(body: bytes) -> bytes:
    """Return what has to stand before `body` for it to be taken."""
    python = f"{sys.implementation.cache_tag} {marshal.version} {VERSION}"
    return f"autoexec-scan {python} {len(body)} {zlib.crc32(body):08x}\n".encode()


def _load(file: Path) -> Kept:
    try:
        head, _, body = file.read_bytes().partition(b"\n")
        if head + b"\n" != _head(body):
            return {}
        kept = marshal.loads(body)  # our own, in a folder of ours, and whole
    except (OSError, EOFError, ValueError, TypeError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _write(file: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=".scan-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _remove_oldest(folder: Path) -> None:
    files = sorted(folder.glob(_NAME.format("*")), key=lambda file: file.stat().st_mtime_ns)
    for file in files[:-MOST_TREES]:
        file.unlink(missing_ok=True)

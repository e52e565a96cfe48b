"""What a script wrote into its working directory, and the figures it showed: found when it has ended.

A file counts that was changed since the script was started: by the time of its
last change, which no program can set. Nothing is read beforehand, so a large
folder costs nothing before the script starts. So much is looked at and no more;
links are not followed, and what is no regular file is passed over.

Of pictures those are shown that are what they say by their first bytes (PNG,
JPEG) and no larger, when they are drawn, than a screen can use. What can hold
a program (SVG, HTML) is only named: in a notebook it would run as the notebook.
"""

from __future__ import annotations

import contextlib
import hashlib
import mimetypes
import os
import stat
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..redact import one_line
from ..values import Made
from . import regular

MOST_LOOKED_AT, MOST_SECONDS = 20_000, 0.5
MOST_NAMED, MOST_SHOWN = 50, 20
MOST_PICTURE_BYTES, MOST_SHOWN_BYTES = 16 * 2**20, 48 * 2**20
MOST_PIXELS = 50_000_000
_DEEP = 12
_MOST_SEGMENTS = 4096  # of a JPEG before its frame: its profile and its tables are at most some hundreds
#: Folders that tools fill: what is new there is not what the script was for.
LEFT_OUT = frozenset(
    (
        *(".git", ".hg", ".svn", "node_modules", ".venv", "venv", "__pycache__", ".ipynb_checkpoints"),
        *(
            ".mypy_cache",
            ".pytest_cache",
            ".ruff_cache",
            ".tox",
            ".nox",
            ".cache",
            "target",
            ".cargo",
            ".npm",
        ),
    )
)
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})  # ITU-T T.81, table B.1: SOF0 to SOF15


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a script made, and whether there is more that was not looked at."""

    made: tuple[Made, ...] = ()
    is_all: bool = True


def mark(file: Path) -> int:
    """Return the time of now as a file system counts it, in nanoseconds: that of this file's last change.

    A file that was changed before has an earlier time, one that is changed from
    now on a later one, or the same: time goes by steps of some milliseconds,
    finer where a file has been asked for its time (Linux 6.13).
    """
    file.stat()
    os.utime(file)
    return file.stat().st_ctime_ns


def find(folder: Path, since: int, figures: Path) -> Found:
    """Return what is new or changed since in `folder`, and what lies in `figures`."""
    walk = _Walk(since)
    shown = _Shown()
    found = [item for part in _figures(figures) if (item := shown.of_file(*part))]
    for at, name, label, _ in walk.files(folder):
        if item := shown.of_file(at, name, label):
            found.append(item)
        # No more is named, so no more is read: they may be links to one large file.
        if len(found) > MOST_NAMED:
            break
    return Found(made=tuple(found[:MOST_NAMED]), is_all=walk.is_all and len(found) <= MOST_NAMED)


def has_written(folder: Path, since: int) -> bool:
    """Whether something was written in `folder` since, or not all of it could be looked at."""
    walk = _Walk(since, is_whole=True)
    return any(True for _ in walk.files(folder)) or not walk.is_all or walk.has_changed_folder


class _Walk:
    """Looks through a folder for what changed since a time."""

    def __init__(self, since: int, *, is_whole: bool = False) -> None:
        self.is_all = True
        self.has_changed_folder = False
        self._since = since
        self._left = MOST_LOOKED_AT
        self._until = time.monotonic() + MOST_SECONDS
        self._left_out = frozenset() if is_whole else LEFT_OUT

    def files(self, folder: Path) -> Iterator[tuple[int, str, str, os.stat_result]]:
        """Yield each file: the descriptor of its folder, its name there and from `folder`, and its state."""
        with contextlib.suppress(OSError):
            at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                self.has_changed_folder = os.fstat(at).st_ctime_ns >= self._since
                yield from self._below(at, "", _DEEP)
            finally:
                os.close(at)

    def _below(self, at: int, path: str, deep: int) -> Iterator[tuple[int, str, str, os.stat_result]]:
        folders = []
        with os.scandir(at) as entries:
            for entry in entries:
                self._left -= 1
                if self._left < 0 or (self._left % 256 == 0 and time.monotonic() > self._until):
                    self.is_all = False
                    return
                try:
                    state = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                if stat.S_ISDIR(state.st_mode):
                    folders.append(entry.name)
                if state.st_ctime_ns < self._since:
                    continue
                if stat.S_ISREG(state.st_mode):
                    yield at, entry.name, f"{path}{entry.name}", state
                else:
                    self.has_changed_folder = True
        for name in sorted(folders):
            if name in self._left_out:
                continue
            if deep <= 0:
                self.is_all = False
                return
            with contextlib.suppress(OSError):
                inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
                try:
                    yield from self._below(inner, f"{path}{name}/", deep - 1)
                finally:
                    os.close(inner)


class _Shown:
    """What is shown so far: each picture once, and no more than a cell can hold."""

    def __init__(self) -> None:
        self._digests: set[bytes] = set()
        self._bytes = 0

    def of_file(self, at: int, name: str, label: str) -> Made | None:
        """Return what is known of a file; a picture that can be shown with its content."""
        try:
            with regular.opened(name, at) as (file, state):
                mime = mimetypes.guess_type(name, strict=False)[0] or "application/octet-stream"
                made = Made(name=_text(label), size_bytes=state.st_size, mime=mime)
                if state.st_size > MOST_PICTURE_BYTES:
                    return made
                head = file.read(16)
                if not head.startswith((_PNG, _JPEG)):
                    return made
                data = head + file.read(state.st_size - len(head))
        except OSError:
            return None
        return self._with_picture(made, data)

    def _with_picture(self, made: Made, data: bytes) -> Made | None:
        mime, width, height = size_of(data)
        if not mime or width * height > MOST_PIXELS:
            return made
        digest = hashlib.sha256(data).digest()
        made = replace(made, mime=mime, width=width, height=height)
        if digest in self._digests or len(self._digests) >= MOST_SHOWN:
            return made
        if self._bytes + len(data) > MOST_SHOWN_BYTES:
            return made
        self._digests.add(digest)
        self._bytes += len(data)
        return replace(made, data=data)


def size_of(data: bytes) -> tuple[str, int, int]:
    """Return what a picture is by its first bytes, its width and height; "", 0, 0 for what is none."""
    if data.startswith(_PNG) and data[12:16] == b"IHDR" and len(data) >= 24:
        return "image/png", *struct.unpack_from(">II", data, 16)
    at = 2
    for _ in range(_MOST_SEGMENTS if data.startswith(_JPEG) else 0):
        if at + 9 > len(data) or data[at] != 0xFF:
            break
        kind = data[at + 1]
        if kind in _FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return "image/jpeg", width, height
        if kind == 0xFF:  # a byte to fill up
            at += 1
        else:
            at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    return "", 0, 0


def _figures(folder: Path) -> Iterator[tuple[int, str, str]]:
    """Yield the figures that a script showed, in their order."""
    with contextlib.suppress(OSError):
        at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            names = []
            with os.scandir(at) as entries:
                for entry in entries:
                    names.append(entry.name)
                    if len(names) > MOST_LOOKED_AT:
                        break
            for name in sorted(names)[:MOST_NAMED]:
                number = name.rpartition("-")[2].removesuffix(".png")
                yield at, name, f"figure {number}" if number.isdecimal() else "figure"
        finally:
            os.close(at)


def _text(name: str) -> str:
    """Return a file's name as text that every record and screen takes."""
    return one_line(os.fsencode(name).decode("utf-8", "replace"))[:200]

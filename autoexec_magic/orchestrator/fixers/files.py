"""Write a script's file as it was patched: whole or not at all, and what it was is kept.

The bytes that were read are compared with those that are there now: a person
who edits the file meanwhile loses nothing. Lines that stay keep their own ends,
new ones get those that most have; a mark of the byte order stays.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections import Counter
from pathlib import Path

from . import compared

BOM = b"\xef\xbb\xbf"
MOST_BACKUPS = 100
_LINE_END = re.compile(r"(\r\n|\r|\n)")  # as Python reads a text: universal newlines


class Changed(Exception):
    """The file is not what was read; the text says so."""


def rewrite(path: Path, before: bytes, source: str) -> Path:
    """Replace a file's content by `source`; return where the one before is kept.

    Parameters
    ----------
    path : Path
        A file, or a link to one: the link stays.
    before : bytes
        What it held when it was read.
    source : str
        The new content, its lines ended by a line feed.

    Raises
    ------
    Changed
        It holds something else by now.
    OSError
        It cannot be written; it is as it was then.
    """
    real = Path(os.path.realpath(path))
    content = encoded(before, source)
    if real.read_bytes() != before:
        raise Changed("somebody changed it meanwhile")
    kept = _keep(real, before)
    try:
        _put(real, content, before)
    except BaseException:
        with contextlib.suppress(OSError):
            kept.unlink()
        raise
    return kept


def encoded(before: bytes, source: str) -> bytes:
    r"""Return `source` as bytes, with the line ends and the mark of what it was made of.

    Examples
    --------
    >>> encoded(b"a\r\nb\r\n", "a\nx\nb\n")
    b'a\r\nx\r\nb\r\n'
    """
    mark = BOM if before.startswith(BOM) else b""
    pieces = _LINE_END.split(before.removeprefix(BOM).decode("utf-8"))
    old, ends = pieces[::2], [*pieces[1::2], ""]
    new = source.removeprefix("\ufeff").split("\n")
    usual = (Counter(filter(None, ends)).most_common(1) or [("\n", 0)])[0][0]
    found: list[str] = []
    for tag, start, _, first, last in compared.changes(old, new):
        for at in range(first, last):
            found.append(new[at])
            found.append((ends[start + at - first] if tag == "equal" else "") or usual)
    return mark + "".join(found[:-1]).encode("utf-8")  # what follows the last line is nothing


def _keep(path: Path, content: bytes) -> Path:
    """Write what the file was beside it, under a name that is free."""
    for number in range(MOST_BACKUPS):
        kept = path.with_name(f"{path.name}.before{number or ''}")
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                # By the descriptor: by its name it could be a link by now, to somebody else's file.
                os.fchmod(descriptor, path.stat().st_mode & 0o777)
                os.fsync(descriptor)
            return kept
    raise FileExistsError(f"there are {MOST_BACKUPS} files {path.name}.before already")


def _put(path: Path, content: bytes, before: bytes) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    new = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(descriptor, path.stat().st_mode & 0o777)
            os.fsync(descriptor)
        if path.read_bytes() != before:
            raise Changed("somebody changed it meanwhile")
        new.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
        raise

"""What every member of an archive must be, in a wheel and in an sdist: its path, its size, and no secret.

A backend is foreign code, so that an archive is other people's data: a few
megabytes may stand for terabytes. It is read a piece at a time, and no further
than what a package that somebody can install may have.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator

from ...errors import BuildError
from ..secretfiles import Stream, secret_in_stream

CHUNK = 1 << 20
MOST_MEMBERS = 100_000
MOST_BYTES = 4 * 2**30  #: of all members, unpacked: no index takes as much
MOST_TOLD_BYTES = 16 * 2**20  #: of METADATA, PKG-INFO, RECORD and entry points, which are read whole
_MOST_SIGNS = 1_024
_MOST_PART = 255
_MOST_DEPTH = 64


def check_path(archive: str, name: str) -> str:
    """Return a member's path without the end of a folder's, if it is a path below where it is unpacked.

    Raises
    ------
    BuildError
        It is absolute, leads out, is another system's, or too long or too deep.
    """
    plain = name.rstrip("/")
    if plain.startswith("/") or (len(plain) > 1 and plain[1] == ":"):
        raise fault(archive, name, "its path is absolute")
    if "\\" in plain or any(ord(sign) < 32 or 0xD800 <= ord(sign) < 0xE000 for sign in plain):
        raise fault(archive, name, "its path has a backslash, a control character, or is no text")
    parts = plain.split("/")
    if any(part in ("..", ".", "") for part in parts):
        raise fault(archive, name, "its path leads out of where it is unpacked")
    if len(plain) > _MOST_SIGNS or len(parts) > _MOST_DEPTH:
        raise fault(archive, name, f"its path has more than {_MOST_SIGNS:,} signs or {_MOST_DEPTH} folders")
    if any(len(part.encode()) > _MOST_PART for part in parts):
        raise fault(archive, name, f"a name in its path has more than {_MOST_PART} bytes")
    return plain


def check_sum(archive: str, count: int, size: int) -> None:
    """Refuse an archive of more members, or more bytes, than are looked at.

    Raises
    ------
    BuildError
        It has more.
    """
    if count > MOST_MEMBERS:
        why = f"it holds more than {MOST_MEMBERS:,} members"
    elif size > MOST_BYTES:
        why = f"it holds more than {MOST_BYTES / 2**30:.0f} GiB"
    else:
        return
    raise BuildError(f"{archive} is not looked at", why=why, fix="see what the backend packs")


def pieces(stream: Stream) -> Iterator[bytes]:
    """Yield what a member holds, a piece at a time."""
    while piece := stream.read(CHUNK):
        yield piece


def refuse_secret(
    archive: str, name: str, stream: Stream, also: Callable[[bytes], object] | None = None
) -> None:
    """Refuse a member that is a secret; it is read to its end, and `also` is given each piece.

    Raises
    ------
    BuildError
        It is one; it is named, and not shown.
    """
    if why := secret_in_stream(name, stream, also):
        fix = f"keep {posixpath.basename(name)} out of the package: exclude it in the backend's settings"
        raise BuildError(f"{name} in {archive} is a secret", why=why, fix=fix)


def fault(archive: str, member: str, why: str) -> BuildError:
    """Return what says that a member must not be there."""
    shown = member if len(member) <= 120 else f"{member[:119]}…"
    return BuildError(f"{shown!r} must not be in {archive}", why=why, fix="see what the backend packs")

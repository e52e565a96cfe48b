"""Whether two builds of the same made the same, and if not, in which members they differ.

Measured, never promised: a backend may write a time, an order or a path.
"""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

from ..inputs import digest_of
from ..secretfiles import Stream
from . import members, sdist

_NAMED = 5


def differing(first: Path, second: Path) -> tuple[str, ...]:
    """Return sentences on what differs, none where every byte is the same."""
    if digest_of(first) == digest_of(second):
        return ()
    before, after = _members(first), _members(second)
    names = [name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)]
    if not names:
        return (f"a second build of {first.name} has other bytes: its order or compression differ",)
    told = ", ".join(f"{name} ({_how(before.get(name), after.get(name))})" for name in names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return (f"a second build of {first.name} differs in {told}{more}",)


def _members(path: Path) -> dict[str, tuple[str, str, str]]:
    """Return each member's content as a digest, its time, and its mode."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            infos = wheel.infolist()
            members.check_sum(path.name, len(infos), sum(info.file_size for info in infos))
            return {
                info.filename: (
                    _digest_in(wheel, info),
                    str(info.date_time),
                    oct(info.external_attr >> 16),
                )
                for info in infos
            }
    return {
        each.path: (_digest(each.stream) if each.stream else each.target, str(each.seconds), each.about)
        for each in sdist.read(path)
    }


def _how(before: tuple[str, str, str] | None, after: tuple[str, str, str] | None) -> str:
    if before is None or after is None:
        return "only in one"
    kinds = ("content", "time", "mode or owner")
    return ", ".join(kind for kind, one, other in zip(kinds, before, after, strict=True) if one != other)


def _digest_in(wheel: zipfile.ZipFile, info: zipfile.ZipInfo) -> str:
    with wheel.open(info) as member:
        return _digest(member)


def _digest(stream: Stream) -> str:
    found = hashlib.sha256()
    for piece in members.pieces(stream):
        found.update(piece)
    return found.hexdigest()

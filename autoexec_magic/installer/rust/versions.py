"""Versions of crates, as far as a decision needs them (Semantic Versioning 2.0.0)."""

from __future__ import annotations

import re
from collections.abc import Sequence

_VERSION = re.compile(r"(\d{1,15})\.(\d{1,15})\.(\d{1,15})(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")
_Key = tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]


def key(version: str) -> _Key:
    """Return something that sorts as versions do; what is none comes first.

    Examples
    --------
    >>> sorted(["1.10.0", "1.9.0", "1.10.0-rc.2", "1.10.0-rc.10"], key=key)
    ['1.9.0', '1.10.0-rc.2', '1.10.0-rc.10', '1.10.0']
    """
    match = _VERSION.fullmatch(version)
    if match is None:
        return -1, 0, 0, False, ()
    major, minor, patch, pre = match.groups()
    parts = tuple(
        (not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in (pre or "").split(".")
    )
    return int(major), int(minor), int(patch), pre is None, parts if pre else ()


def newest(versions: Sequence[str]) -> str:
    """Return the newest version, a release before any pre-release; "" of none."""
    releases = [version for version in versions if key(version)[3]]
    return max(releases or versions, key=key, default="")

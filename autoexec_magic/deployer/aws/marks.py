"""What a release leaves at AWS, by which it is known again: short marks, and the whole of it packed."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

from autoexec_magic.deployer.difference import fields_of
from autoexec_magic.deployer.spelled import release_of, spelled
from autoexec_magic.releasefacts import Release

RELEASE = "AUTOEXEC_RELEASE"  #: the variable, or label, that has the whole release
SERVICE_TAG, FENCE_TAG, RELEASE_TAG = "autoexec:service", "autoexec:fence", "autoexec:release"
_MOST_DESCRIPTION = 256
_MOST_UNPACKED = 2**20
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What a version's description says: whose it is, and of which code it was made.

    `digest` is the artifact's, `code` what AWS calls the code's digest, `config`
    the first digits of the configuration's.
    """

    release_id: str
    digest: str
    code: str
    config: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What an alias's description says: the last deploy that moved it, and where it moved it to."""

    fence: int
    version: str
    weights: tuple[tuple[str, float], ...] = ()


def written(mark: Stamp | Turn) -> str:
    """Return a mark as a description, at most 256 characters."""
    text = json.dumps(asdict(mark), separators=(",", ":"))
    assert len(text) <= _MOST_DESCRIPTION
    return text


def stamp_of(description: str) -> Stamp | None:
    """Return what `written` wrote, None where somebody else did."""
    found = _read(Stamp, description)
    return found if found and all(isinstance(value, str) for value in asdict(found).values()) else None


def turn_of(description: str) -> Turn | None:
    """Return what `written` wrote, None where somebody else did."""
    found = _read(Turn, description)
    if found is None or not isinstance(found.fence, int):
        return None
    try:
        weights = tuple((str(version), float(share)) for version, share in found.weights)
    except (TypeError, ValueError):
        return None
    return Turn(fence=found.fence, version=str(found.version), weights=weights)


def packed(release: Release) -> str:
    """Return a whole release in few letters; no secret is in it.

    Examples
    --------
    >>> from autoexec_magic.releasefacts import Spec
    >>> spec = Spec(artifact="image", reference="web:1", digest="sha256:ab")
    >>> release = Release(service="web", target="aws", release_id="r1", spec=spec)
    >>> unpacked(packed(release)) == release
    True
    """
    text = json.dumps(spelled(release), separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def unpacked(text: str) -> Release | None:
    """Return the release that `packed` packed, None where it is none."""
    try:
        opened = zlib.decompressobj()
        data = opened.decompress(base64.b64decode(text, validate=True), _MOST_UNPACKED)
        return release_of(json.loads(data))
    except (binascii.Error, zlib.error, ValueError, TypeError):
        return None


def told(
    release: Release | None, expected: Mapping[str, str], seen: Mapping[str, str]
) -> tuple[dict[str, str], str]:
    """Return what a release runs with at AWS, field by field, and what somebody else changed of it.

    What people wrote is told as they wrote it, where AWS has just that; AWS's own
    defaults are told, too.

    Parameters
    ----------
    release : Release or None
        What the platform says that it is.
    expected, seen : mapping of str to str
        What it would have of this release, and what it has, by the names of `fields_of`.
    """
    if release is None:
        return {name: value for name, value in seen.items() if value}, ""
    differ = {
        name: (expected.get(name, ""), seen.get(name, ""))
        for name in sorted({*expected, *seen})
        if expected.get(name, "") != seen.get(name, "")
    }
    found = {**seen, **fields_of(release.spec), **{name: now for name, (_, now) in differ.items()}}
    words = [
        f"{name} is {now or 'gone'}, and was {was or 'not there'}" for name, (was, now) in differ.items()
    ]
    return {name: value for name, value in found.items() if value}, "; ".join(words)


def _read(kind: type[_T], description: str) -> _T | None:
    try:
        body: Any = json.loads(description)
        return kind(**{each.name: body[each.name] for each in fields(kind)})  # type: ignore[arg-type]
    except (ValueError, TypeError, KeyError):
        return None

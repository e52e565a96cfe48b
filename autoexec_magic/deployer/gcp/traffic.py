"""Who gets which part of the traffic, as a list that names each revision, pure.

A share is a revision, its percent and its tag; a revision may have a share for
its tag alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from autoexec_magic.deployer.gcp.place import tag_of
from autoexec_magic.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A revision's part of the traffic in whole percents, and the tag of its own URL, "" for none."""

    revision: str
    percent: int = 0
    tag: str = ""
    uri: str = ""


def parts_of(statuses: Sequence[Any]) -> tuple[Part, ...]:
    """Return what Cloud Run says that it does, in its order."""
    return tuple(
        Part(revision=each.revision.rpartition("/")[2], percent=each.percent, tag=each.tag, uri=each.uri)
        for each in statuses
    )


def shares_of(parts: Sequence[Part]) -> dict[str, int]:
    """Return the percents by revision, the largest first; those without any are left out.

    Examples
    --------
    >>> shares_of([Part(revision="a", percent=10), Part(revision="b", percent=90), Part(revision="c")])
    {'b': 90, 'a': 10}
    """
    found: dict[str, int] = {}
    for each in parts:
        found[each.revision] = found.get(each.revision, 0) + each.percent
    return dict(sorted(((one, many) for one, many in found.items() if many), key=lambda item: -item[1]))


def beside(parts: Sequence[Part], revision: str) -> tuple[Part, ...]:
    """Return the traffic as it is, pinned to its revisions, and a tag without traffic for a new one."""
    kept = _pinned(parts)
    if any(each.revision == revision and each.tag == tag_of(revision) for each in kept):
        return kept
    if any(each.revision == revision for each in kept):
        return tuple(
            replace(each, tag=tag_of(revision)) if each.revision == revision else each for each in kept
        )
    return (*kept, Part(revision=revision, tag=tag_of(revision)))


def all_to(parts: Sequence[Part], revision: str) -> tuple[Part, ...]:
    """Return all traffic for one revision; the others keep their tags."""
    rest = [replace(each, percent=0) for each in _pinned(parts) if each.revision != revision and each.tag]
    return (Part(revision=revision, percent=100, tag=tag_of(revision)), *rest)


def some_to(parts: Sequence[Part], revision: str, percent: float) -> tuple[Part, ...]:
    """Return a part of the traffic for one revision, the rest for the one that has most of it.

    Raises
    ------
    UsageError
        It is no whole percent.
    """
    if percent != int(percent) or not 0 < percent < 100:
        raise UsageError(
            f"Cloud Run cannot give {percent:g} % of the traffic",
            why="it splits in whole percents",
            fix="--canary 10,50",
        )
    rest = next((one for one in shares_of(parts) if one != revision), "")
    if not rest:
        return all_to(parts, revision)
    others = [each for each in all_to(parts, revision)[1:] if each.revision != rest]
    tag = next((each.tag for each in parts if each.revision == rest), "")
    return (
        Part(revision=revision, percent=int(percent), tag=tag_of(revision)),
        Part(revision=rest, percent=100 - int(percent), tag=tag),
        *others,
    )


def alone(revision: str) -> tuple[Part, ...]:
    """Return all traffic for one revision, and no other one's tag."""
    return (Part(revision=revision, percent=100, tag=tag_of(revision)),)


def _pinned(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Return the parts with each revision once where it can be: a tag and a percent in one."""
    found: dict[tuple[str, str], Part] = {}
    for each in parts:
        key = (each.revision, each.tag)
        before = found.get(key)
        found[key] = replace(each, percent=each.percent + (before.percent if before else 0), uri="")
    return tuple(found.values())

"""What is there once beside the Service, such as an Ingress: it changes as the traffic is moved.

The Service says what there is, the old ones too until a release has passed its
gate: so whoever comes after a client that died finds all of it.
"""

from __future__ import annotations

from ...events import Emit
from ...releasefacts import Release
from . import bodies, names
from .cluster import word_of
from .objects import Body
from .place import Place, say
from .seen import is_ours
from .staging import applied


def marks_in(front: Body | None) -> set[str]:
    """Return what a Service says that there is, by `bodies.mark_of`."""
    annotations = (front or {}).get("metadata", {}).get("annotations") or {}
    return set(str(annotations.get(names.SHARED, "")).split())


def marks_of(place: Place, release: Release) -> set[str]:
    """Return what a release has."""
    return {bodies.mark_of(kind, body) for kind, body in bodies.shared(place, release)}


def change(place: Place, release: Release | None, before: set[str], emit: Emit) -> None:
    """Let there be what a release has, and nothing else of what there was; None has nothing."""
    wanted = bodies.shared(place, release) if release else []
    for kind, body in wanted:
        applied(place, kind, body, emit)
    for mark in sorted(before - {bodies.mark_of(kind, body) for kind, body in wanted}):
        kind, _, name = mark.rpartition("/")
        there = place.cluster.get(kind, name)
        if there is not None and is_ours(there, place.service):
            place.cluster.delete(kind, name)
            say(emit, f"{word_of(kind, name)} is removed")

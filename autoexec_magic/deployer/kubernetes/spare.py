"""What the earlier release is for while a newer one bakes: it answers again as soon as nobody else does.

A gate counts bad looks before it shuts, and an undo stages, tries and reads
back. For as long nobody would answer where the newer release has no pod left
that is ready. So the look itself moves the traffic back, in one write, and only
where it is by whoever moved it here, in the same turn; the gate shuts then, and
the undo finds it done.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from ...errors import DeployError
from ...releasefacts import Release
from . import bodies, names, seen, sharing
from .objects import Body, selector_of
from .place import Place
from .pods import serving
from .traffic import live_tail_of, moved


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Who has been given all traffic, by us, in which turn."""

    tail: str
    fence: int


def given_back(place: Place, release: Release, turn: Turn | None) -> Release | None:
    """Return the earlier release, once it has the traffic of one that has no pod that is ready.

    Parameters
    ----------
    place, release
        Whose, and which is unwell.
    turn : Turn or None
        What we have switched last; None, or that of another release, moves nothing.

    Returns
    -------
    Release or None
        None where nothing was moved: pods are ready still, or there is nothing to go back to.
    """
    tail = names.tail_of(release.release_id)
    if turn is None or turn.tail != tail or not release.spec.replicas:
        return None
    if serving(place.cluster.listed("pods", labels=selector_of(place.service, release.release_id))):
        return None
    with contextlib.suppress(DeployError):  # then it is the undo's matter, and so is the error
        front = place.front()
        older = _ready_before(place, front) if front and live_tail_of(front) == tail else None
        if older is not None:
            shared = sharing.marks_in(front)
            moved(
                place,
                lambda event: None,
                turn.fence,
                lambda version: bodies.front(place, older, shared=shared, fence=turn.fence, version=version),
            )
        return older
    return None


def _ready_before(place: Place, front: Body) -> Release | None:
    """Return the release that had the traffic before, where it has pods that are ready."""
    tail = (front["metadata"].get("annotations") or {}).get(names.BEFORE, "")
    own = next((each for each in place.deployments() if tail and seen.tail_in(each) == tail), None)
    labels = {names.SERVICE: place.service, names.RELEASE: tail}
    if own is None or not serving(place.cluster.listed("pods", labels=labels)):
        return None
    return seen.release_in(own)

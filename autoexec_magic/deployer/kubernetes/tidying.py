"""Ending what nobody uses: older releases run no pods, and those that no rollback needs are removed."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from ...errors import UsageError
from ...events import Emit
from ...releasefacts import Release
from . import bodies, names, seen, sharing
from .objects import Body
from .place import Place, say
from .refusals import Stale
from .staging import BUDGETS, applied
from .traffic import live_tail_of


def tidy(place: Place, live: Release | None, keep: Sequence[Release], emit: Emit) -> None:
    """Let only what has traffic run, and remove what is not needed for one of `keep`."""
    front = place.front()
    if front is not None and live is not None:
        _baked(place, live, front, emit)
    kept = {names.tail_of(each.release_id) for each in keep}
    used = {names.tail_of(live.release_id)} if live else set()
    used |= {live_tail_of(front)} - {""}
    found = place.deployments()
    secrets = {_secret_of(place, each) for each in found if seen.tail_in(each) in kept | used}
    for each in found:
        tail, name = seen.tail_in(each), each["metadata"]["name"]
        if tail in used:
            continue
        if tail not in kept:
            _removed(place, each, secrets)
            say(emit, f"Deployment {name} is removed")
        elif each["spec"].get("replicas", 1):
            place.cluster.merge("deployments", name, {"spec": {"replicas": 0}})


def _baked(place: Place, live: Release, front: Body, emit: Emit) -> None:
    """Let pods that are not ready lose their traffic from now on: there is no gate any more that watches."""
    if not front["spec"].get("publishNotReadyAddresses") or live_tail_of(front) != names.tail_of(
        live.release_id
    ):
        return
    metadata = front["metadata"]
    body = bodies.front(
        place,
        live,
        shared=sharing.marks_of(place, live),
        fence=int(metadata.get("annotations", {}).get(names.FENCE, "0")),
        is_baking=False,
        version=metadata["resourceVersion"],
    )
    with contextlib.suppress(Stale):  # whoever changed it deploys, and comes here later
        applied(place, "services", body, emit)


def _secret_of(place: Place, deployment: Body) -> str:
    release = seen.release_in(deployment)
    return names.secret_of(place.service, release.spec.secrets) if release else ""


def _removed(place: Place, deployment: Body, needed: set[str]) -> None:
    """Remove a release; its Deployment last, as it is what leads to the others."""
    secret, name = _secret_of(place, deployment), deployment["metadata"]["name"]
    if secret and secret not in needed:
        place.cluster.delete("secrets", secret)
    release = seen.release_in(deployment)
    with contextlib.suppress(UsageError):  # what it says cannot be read: it was not made by it either
        for kind, body in bodies.own(place, release) if release else ():
            place.cluster.delete(kind, body["metadata"]["name"])
    if place.cluster.serves(BUDGETS):
        place.cluster.delete("poddisruptionbudgets", name)
    place.cluster.delete("deployments", name)

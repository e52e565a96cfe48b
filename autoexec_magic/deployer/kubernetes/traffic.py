"""Moving the traffic of a service: its selector, changed in one write that nobody else's may come between.

The Service notes the turn of who moved it last. Whoever comes with an earlier
one has lost it, as after a pause in which somebody else deployed; a Service
that was changed since it was read is read again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from ...errors import DeployError, ServiceLocked
from ...events import Emit
from ...executor.stops import NEVER
from ...releasefacts import Release
from ..target import Unwell
from . import bodies, names, objects, sharing
from .looking import look
from .objects import Body, selector_of
from .place import Place, named, say
from .pods import serving
from .refusals import Stale
from .seen import tail_in
from .shares import pods_for, share_of
from .staging import applied, foreign_in

_TRIES = 5
_LOOK_SECONDS = 0.25


def switch(place: Place, release: Release | None, emit: Emit, *, fence: int, ended: dict[str, int]) -> None:
    """Give all traffic to a staged release once its pods are ready; with None take the Service away.

    Raises
    ------
    ServiceLocked
        Somebody with a later turn was here.
    DeployError
        The release is not ready, and what has the traffic is; or the cluster refuses.
    """
    if release is None:
        _taken_away(place, emit, fence)
        return
    front = place.front()
    _refuse_late(front, fence)
    before = before_of(front, names.tail_of(release.release_id))
    scaled(place, release, release.spec.replicas)
    unwell = awaited(place, release, release.spec.gate.start_seconds, ended)
    if unwell is not None and _is_answered(place, release):
        raise _not_ready(release, unwell)
    is_baking = not _has_ending(place, release)
    there_is = sharing.marks_in(front)
    shared = there_is | sharing.marks_of(place, release)
    moved(
        place,
        emit,
        fence,
        lambda version: bodies.front(
            place,
            release,
            shared=shared,
            fence=fence,
            before=before,
            is_baking=is_baking,
            version=version,
        ),
    )
    sharing.change(place, release, there_is, emit)
    say(emit, f"{named(release)} has the traffic of {place.service}")


def split(
    place: Place, release: Release, percent: float, emit: Emit, *, fence: int, ended: dict[str, int]
) -> None:
    """Give a staged release a part of the traffic, by the number of its pods beside those of the live one.

    Raises
    ------
    ServiceLocked
        Somebody with a later turn was here.
    DeployError
        Nothing is live that the rest could go to, or an autoscaler says how many pods it has.
    """
    check_split(place, release)
    front = place.front()
    _refuse_late(front, fence)
    own, live_tail = names.tail_of(release.release_id), live_tail_of(front)
    others = place.deployments()
    live = next((each for each in others if tail_in(each) == live_tail), None)
    if live is None or live_tail == own:
        raise DeployError(
            f"nothing of {place.service} is live that could keep the rest of the traffic",
            fix="leave --canary out",
        )
    live_pods = max(1, int(live["spec"].get("replicas", 1)))
    pods = pods_for(percent, live_pods, release.spec.replicas)
    for each in others:  # the selector leads to all pods of the service that are ready
        if tail_in(each) not in (own, live_tail):
            _ended_before(place, each)
    scaled(place, release, pods)
    if (unwell := awaited(place, release, release.spec.gate.start_seconds, ended)) is not None:
        raise _not_ready(release, unwell)
    shared = sharing.marks_in(front)
    moved(
        place,
        emit,
        fence,
        lambda version: bodies.front(
            place, release, shared=shared, fence=fence, live_tail=live_tail, version=version
        ),
    )
    share = share_of(pods, live_pods)
    note = "" if abs(share - percent) < 1 else f"; {percent:g} % cannot be had with so few pods"
    say(emit, f"{named(release)} has {share:.0f} % of the traffic: {pods} of {pods + live_pods} pods{note}")


def check_split(place: Place, release: Release) -> None:
    """Refuse a part of the traffic for a release with an autoscaler, which would make it another one.

    Raises
    ------
    DeployError
        Its manifests have one.
    """
    manifest = bodies.manifest_for(place, release)
    if manifest is not None and manifest.scales:
        raise DeployError(
            f"{release.service} has an autoscaler, and cannot have a part of the traffic",
            why="the part is that of its pods, and the autoscaler would change their number",
            fix="leave --canary out, or the HorizontalPodAutoscaler",
        )


def live_tail_of(front: Body | None) -> str:
    """Return which release a Service leads to, or shares with a newer one; "" where it leads elsewhere."""
    if front is None:
        return ""
    selector = front["spec"].get("selector") or {}
    if names.SERVICE not in selector:
        return ""
    own = selector.get(names.RELEASE)
    return str(own or (front["metadata"].get("annotations") or {}).get(names.LIVE, ""))


def before_of(front: Body | None, tail: str) -> str:
    """Return which release has the traffic back if this one fails, "" where it is itself what is put back."""
    noted = ((front or {}).get("metadata", {}).get("annotations") or {}).get(names.BEFORE, "")
    live = live_tail_of(front)
    if live == tail:
        return str(noted)
    return "" if noted == tail else live


def scaled(place: Place, release: Release, pods: int) -> None:
    """Let a release have so many pods, and where an autoscaler looks after it no fewer."""
    manifest = bodies.manifest_for(place, release)
    _scaled(place, place.object_of(release), pods, is_least=bool(manifest and manifest.scales))


def awaited(place: Place, release: Release, seconds: float, ended: dict[str, int]) -> Unwell | None:
    """Wait for a release to be well, for so many seconds at most; return why it is not."""
    until = time.monotonic() + seconds
    while (unwell := look(place, release, ended)) is not None:
        if unwell.is_final or time.monotonic() > until:
            return unwell
        NEVER.pause(_LOOK_SECONDS)
    return None


def moved(place: Place, emit: Emit, fence: int, body_of: Callable[[str], Body]) -> None:
    """Apply the Service over exactly what was read, again where it changed meanwhile."""
    for number in range(_TRIES):
        front = place.front()
        _refuse_late(front, fence)
        version = front["metadata"]["resourceVersion"] if front else ""
        body = body_of(version)
        try:
            if front is not None and (theirs := foreign_in(place, front)):
                say(emit, f"! service {place.service}: taken out what somebody else set: {', '.join(theirs)}")
                _selecting(place, body, theirs, version)
                continue
            found = applied(place, "services", body, emit)
            left = (found["spec"].get("selector") or {}).keys() - body["spec"]["selector"].keys()
            if left:
                _selecting(place, body, left, found["metadata"]["resourceVersion"])
        except Stale:
            if number == _TRIES - 1:
                raise
        else:
            return


def _scaled(place: Place, name: str, pods: int, *, is_least: bool = False) -> None:
    there = place.cluster.get("deployments", name)
    now = there["spec"].get("replicas", 1) if there else pods
    if now < pods or (now > pods and not is_least):
        place.cluster.merge("deployments", name, {"spec": {"replicas": pods}})


def _refuse_late(front: Body | None, fence: int) -> None:
    """Refuse a turn that is over."""
    noted = ((front or {}).get("metadata", {}).get("annotations") or {}).get(names.FENCE, "")
    if noted.isdecimal() and int(noted) > fence:
        raise ServiceLocked(
            "somebody else deployed this service meanwhile",
            why=f"its Service was moved in turn {noted}, and this is turn {fence}",
            fix="%autoexec status, then deploy again",
        )


def _selecting(place: Place, body: Body, theirs: Iterable[str], version: str) -> None:
    """Set the whole selector in one write: a key that somebody else set stays when ours are applied."""
    selector = {**dict.fromkeys(theirs), **body["spec"]["selector"]}
    change = {"metadata": {"resourceVersion": version}, "spec": {"selector": selector}}
    place.cluster.merge("services", place.service, change)


def _taken_away(place: Place, emit: Emit, fence: int) -> None:
    for number in range(_TRIES):
        front = place.front()
        if front is None:
            return
        _refuse_late(front, fence)
        sharing.change(place, None, sharing.marks_in(front), emit)
        try:
            place.cluster.delete("services", place.service, version=front["metadata"]["resourceVersion"])
        except Stale:
            if number == _TRIES - 1:
                raise
        else:
            say(emit, f"the Service {place.service} is taken away")
            return


def _has_ending(place: Place, release: Release) -> bool:
    """Whether pods of a release are about to end: where unready pods get traffic, those do, too."""
    labels = selector_of(place.service, release.release_id)
    return any(
        each["metadata"].get("deletionTimestamp") for each in place.cluster.listed("pods", labels=labels)
    )


def _is_answered(place: Place, release: Release) -> bool:
    """Whether another release has the traffic, with pods that are ready."""
    tail = live_tail_of(place.front())
    if not tail or tail == names.tail_of(release.release_id):
        return False
    labels = {names.SERVICE: place.service, names.RELEASE: tail}
    return bool(serving(place.cluster.listed("pods", labels=labels)))


def _not_ready(release: Release, unwell: Unwell) -> DeployError:
    error = DeployError(
        f"{named(release)} is not ready for traffic",
        why=unwell.why,
        fix=f"%autoexec logs {release.service}",
    )
    error.evidence = unwell.evidence
    return error


def _ended_before(place: Place, deployment: Body) -> None:
    """End the pods of a release that has no traffic, and wait until none of them could get any."""
    name = deployment["metadata"]["name"]
    _scaled(place, name, 0)
    labels = selector_of(place.service, tail_in(deployment))
    until = time.monotonic() + objects.GRACE_SECONDS
    while time.monotonic() < until:
        pods = place.cluster.listed("pods", labels=labels)
        if all(each["metadata"].get("deletionTimestamp") for each in pods):
            return
        NEVER.pause(_LOOK_SECONDS)
    raise DeployError(
        f"the pods of {name} do not end, and would get a part of the traffic",
        fix=f"{place.kubectl} get pods -l {names.RELEASE}={tail_in(deployment)}",
    )

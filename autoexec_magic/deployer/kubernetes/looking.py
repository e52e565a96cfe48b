"""One look at a release: its Deployment, the ReplicaSet that counts, its pods, and their last words."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from ...errors import DeployError
from ...releasefacts import Release
from ..target import Unwell
from . import names
from .bodies import container_of
from .objects import selector_of
from .place import Place
from .pods import Found, ends_of, judged
from .seen import annotations_in

LAST_LINES = 20


def look(place: Place, release: Release, ended: dict[str, int]) -> Unwell | None:
    """Return why a release is not well just now, None where it is, with its last words; see `found_in`."""
    found = found_in(place, release, ended)
    return told(place, release, found) if found else None


def found_in(place: Place, release: Release, ended: dict[str, int]) -> Found | None:
    """Return why a release is not well just now, None where it is; nothing more is asked about it yet.

    Parameters
    ----------
    place, release
        Whose, and which.
    ended : dict of str to int
        How often each pod's containers had ended at the last look; brought up to date.
    """
    name = place.object_of(release)
    deployment = place.cluster.get("deployments", name)
    if deployment is None:
        return Found(unwell=Unwell(why=f"the Deployment {name} is not there", is_final=True))
    if annotations_in(deployment).get(names.RELEASE_ID) != release.release_id:
        return Found(unwell=Unwell(why=f"the Deployment {name} is not of this release", is_final=True))
    if release.spec.replicas and not deployment["spec"].get("replicas", 1):
        return Found(unwell=Unwell(why=f"the Deployment {name} is scaled to none"))
    labels = selector_of(place.service, release.release_id)
    sets = place.cluster.listed("replicasets", labels=labels)
    pods = place.cluster.listed("pods", labels=labels)
    found = judged(deployment, sets, pods, ended)
    ended.update(ends_of(pods))
    return found


def told(place: Place, release: Release, found: Found) -> Unwell:
    """Return why a release is not well; add what the cluster noted about the pod, and its last lines."""
    why = place.cluster.masked(found.unwell.why)
    if not found.pod:
        return replace(found.unwell, why=why)
    noted = "" if found.unwell.is_final else _noted(place, found.pod)
    evidence: tuple[str, ...] = ()
    query = {"tailLines": str(LAST_LINES), "container": container_of(place, release)}
    with contextlib.suppress(DeployError):  # it may have none yet, or none any more
        evidence = tuple(place.cluster.lines(found.pod, **query))
    if found.is_previous and not evidence:
        with contextlib.suppress(DeployError):
            evidence = tuple(place.cluster.lines(found.pod, previous="true", **query))
    return replace(found.unwell, why=f"{why}: {noted}" if noted else why, evidence=evidence)


def _noted(place: Place, pod: str) -> str:
    """Return the newest warning about a pod, "" where there is none."""
    with contextlib.suppress(DeployError):
        fields = f"involvedObject.kind=Pod,involvedObject.name={pod},type=Warning"
        found = place.cluster.listed("events", labels={}, fields=fields)
        newest = sorted(found, key=lambda each: str(each.get("lastTimestamp") or each.get("eventTime") or ""))
        return place.cluster.masked(str(newest[-1].get("message", "")).strip()) if newest else ""
    return ""

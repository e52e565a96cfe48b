"""Bringing a release to a cluster, unused: what the cluster would refuse is known before it is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...errors import DeployError
from ...events import Emit
from ...releasefacts import Release
from . import bodies, enforced, names, objects
from .cluster import word_of
from .manifest import SHARED
from .objects import Body
from .owners import others_of
from .place import Place, check, named, say
from .refusals import Conflicting, conflicting
from .seen import is_ours

SLEEPS_FROM = 30  #: the minor version of Kubernetes that can wait by itself before it ends a pod
BUDGETS = "policy/v1"


def stage(place: Place, release: Release, emit: Emit) -> Release:
    """Apply the objects of a release, all but the Service, and return it with its name there.

    Raises
    ------
    DeployError
        The cluster refuses one of them, or a secret is not to be had; nothing was written.
    """
    check(release)
    wanted = wanted_of(place, release)
    shared = bodies.shared(place, release)
    for kind, body in (*wanted, front_of(place, release), *shared):
        applied(place, kind, body, emit, is_dry=True)
    enforced.lint(place, release, [body for kind, body in wanted if kind == "deployments"], emit)
    for kind, body in wanted:
        applied(place, kind, body, emit)
    name = place.object_of(release)
    _wake(place, name, release.spec.replicas)
    say(emit, f"{named(release)} is staged as Deployment {name} in {place.cluster.namespace}")
    return replace(release, place=f"{place.cluster.namespace}/{name}")


def wanted_of(place: Place, release: Release) -> list[tuple[str, Body]]:
    """Return the objects of a release with their kinds, in the order in which they are applied.

    Raises
    ------
    DeployError
        One has its name already and is somebody else's, or a secret is not to be had.
    """
    name = place.object_of(release)
    there = place.cluster.get("deployments", name)
    if there is not None and not is_ours(there, place.service):
        raise DeployError(
            f"the Deployment {name} is somebody else's",
            fix=f"{place.kubectl} get deployment {name} --show-labels",
        )
    for kind, body in (*bodies.own(place, release), *bodies.shared(place, release)):
        _refuse_foreign(place, kind, body)
    sleeps = place.cluster.minor() >= SLEEPS_FROM
    found = list(_secret_of(place, release))
    # what the pods name comes before them, and what names the Deployment after it
    own = bodies.own(place, release)
    found += [each for each in own if each[1]["kind"] == "ConfigMap"]
    found.append(("deployments", bodies.deployment(place, release, sleeps=sleeps)))
    found += [each for each in own if each[1]["kind"] != "ConfigMap"]
    has_budget = any(each[1]["kind"] == "PodDisruptionBudget" for each in own)
    if release.spec.replicas > 1 and not has_budget and place.cluster.serves(BUDGETS):
        found.append(("poddisruptionbudgets", objects.budget(place.service, release)))
    return found


def front_of(place: Place, release: Release) -> tuple[str, Body]:
    """Return the Service as it would be, to be tried and not applied."""
    there = place.front()
    if there is not None:
        foreign_in(place, there)
    fence = (there or {}).get("metadata", {}).get("annotations", {}).get(names.FENCE, "0")
    return "services", bodies.front(place, release, fence=int(fence) if fence.isdecimal() else 0)


def foreign_in(place: Place, front: Body) -> list[str]:
    """Return the keys of a Service's selector that are not ours, where they may be taken out.

    Some clusters own a selector key by key, and do not call it a conflict when ours are
    applied beside those of somebody else: it would then lead nowhere.

    Raises
    ------
    Conflicting
        They may not.
    """
    found = sorted((front["spec"].get("selector") or {}).keys() - {names.SERVICE, names.RELEASE})
    if not found or place.options.conflicts == "take":
        return found
    who = [each.manager for each in others_of(front) if any("selector" in one for one in each.fields)]
    pairs = tuple((f"spec.selector.{key}", ", ".join(who) or "somebody") for key in found)
    raise conflicting(place.cluster.asked("PATCH", f"service {place.service}"), pairs)


def applied(place: Place, kind: str, body: Body, emit: Emit, *, is_dry: bool = False) -> Body:
    """Apply an object; what somebody changed in a release's own is put back, and who it was is told."""
    is_shared = kind == "services" or kind.rpartition("/")[2] in SHARED.values()
    takes = not is_shared or place.options.conflicts == "take"
    try:
        return place.cluster.apply(kind, body, is_dry=is_dry)
    except Conflicting as error:
        others = [(field, who) for field, who in error.fields if who != names.MANAGER]
        if not takes and others:
            raise
        if others and not is_dry:
            shown = ", ".join(f"{field.lstrip('.')} ({who})" for field, who in others)
            say(
                emit, f"! {word_of(kind, body['metadata']['name'])}: put back what somebody else set: {shown}"
            )
    return place.cluster.apply(kind, body, force=True, is_dry=is_dry)


def _wake(place: Place, name: str, pods: int) -> None:
    """Give pods to what was tidied: where an autoscaler says how many, applying it says nothing of them."""
    there = place.cluster.get("deployments", name)
    if there is not None and pods and not there["spec"].get("replicas", 1):
        place.cluster.merge("deployments", name, {"spec": {"replicas": pods}})


def _refuse_foreign(place: Place, kind: str, body: Body) -> None:
    """Refuse to take over what has its name already and is somebody else's."""
    name = body["metadata"]["name"]
    there = place.cluster.get(kind, name)
    if there is not None and not is_ours(there, place.service):
        raise DeployError(
            f"{word_of(kind, name)} in {place.cluster.namespace} is somebody else's",
            why=f"it has no label {names.SERVICE}={place.service}",
            fix=f"{place.kubectl} get {word_of(kind, name)} --show-labels, or give it another name",
        )


def _secret_of(place: Place, release: Release) -> Iterator[tuple[str, Body]]:
    """Yield the Secret, where it is not there: its name says which values are in it, and they stay."""
    secrets = release.spec.secrets
    name = names.secret_of(place.service, secrets)
    if not name or place.cluster.is_there("secrets", name):
        return
    for each in secrets:
        if each.name not in place.values or place.versions.get(each.name) != each.version:
            raise DeployError(
                f"the secret {each.name} of {named(release)} is not to be had any more",
                why=f"the Secret {name} is not there, and {each.reference} has another value now",
                fix=f"put the value back where {each.reference} says, or deploy a release with the new one",
            )
    yield "secrets", objects.secret_object(place.service, release, place.values)

"""The objects of a release: made by us, or a person's own manifests with the release put into them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...errors import DeployError
from ...releasefacts import Release
from . import filled, names, objects
from .manifest import Manifest
from .objects import Body
from .place import Place

MOST_ANNOTATION_BYTES = 256 * 1024  #: of all annotations of an object together, as the API has it


def manifest_for(place: Place, release: Release) -> Manifest | None:
    """Return the manifests that a release has itself, which an undo restores; None where ours are made."""
    return filled.manifest_in(place.options_for(release), place.service, place.cluster.namespace)


def container_of(place: Place, release: Release) -> str:
    """Return the name of the container that is the service's."""
    found = manifest_for(place, release)
    return found.container if found else place.service


def deployment(place: Place, release: Release, *, sleeps: bool) -> Body:
    """Return the Deployment of a release.

    Raises
    ------
    DeployError
        What it has to say of itself is more than a cluster keeps.
    """
    options, found = place.options_for(release), manifest_for(place, release)
    if found is None:
        body = objects.deployment(place.service, release, options, sleeps=sleeps)
    else:
        body = filled.deployment(found, place.service, release, options, sleeps=sleeps)
    _refuse_large(body)
    return body


def front(place: Place, release: Release, *, shared: Iterable[str] = (), **more: Any) -> Body:
    """Return the Service that leads to a release; `more` is as in `objects.service_object`.

    Parameters
    ----------
    place, release
        Whose it is, and who gets the traffic.
    shared : iterable of str, optional
        What else there is once, by `mark_of`.
    """
    options, found = place.options_for(release), manifest_for(place, release)
    if found is not None:
        options = filled.options_for(found, options, release.spec)
    ours = objects.service_object(place.service, release, options, **more)
    body = filled.front(found, ours) if found else ours
    if marks := sorted(set(shared)):
        body["metadata"]["annotations"][names.SHARED] = " ".join(marks)
    return body


def own(place: Place, release: Release) -> list[tuple[str, Body]]:
    """Return what else a release has of its own, with the kinds."""
    found = manifest_for(place, release)
    return filled.own_of(found, place.service, release) if found else []


def shared(place: Place, release: Release) -> list[tuple[str, Body]]:
    """Return what is there once for the service, with the kinds, as a release has it."""
    found = manifest_for(place, release)
    return filled.shared_of(found, place.service) if found else []


def has_budget(place: Place, release: Release) -> bool:
    """Whether a release brings a PodDisruptionBudget of its own."""
    return any(kind.endswith("/poddisruptionbudgets") for kind, _ in own(place, release))


def mark_of(kind: str, body: Body) -> str:
    """Return what tells an object that is there once: its kind and its name."""
    return f"{kind}/{body['metadata']['name']}"


def _refuse_large(body: Body) -> None:
    template = body["spec"]["template"]["metadata"]["annotations"]
    size = sum(
        len(key.encode()) + len(text.encode("utf-8", "surrogatepass")) for key, text in template.items()
    )
    if size > MOST_ANNOTATION_BYTES:
        raise DeployError(
            f"{body['metadata']['name']} is too large for the cluster to keep what it is made of",
            why=f"its annotations have {size:,} bytes, of at most {MOST_ANNOTATION_BYTES:,}",
            fix="put large files into a ConfigMap of your own by kubectl, and name that in the manifests",
        )

"""What of own manifests is not *restricted*: told, and refused where the namespace enforces that.

A cluster that enforces it takes the Deployment, and refuses its pods later.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import DeployError
from ...events import Emit
from ...releasefacts import Release
from .objects import Body
from .place import Place, say
from .refusals import Refused
from .restricted import broken

_ENFORCE = "pod-security.kubernetes.io/enforce"
_SHOWN = 8


def lint(place: Place, release: Release, deployments: Sequence[Body], emit: Emit) -> None:
    """Tell what a person's Deployment does not meet.

    Raises
    ------
    DeployError
        The namespace enforces the profile.
    """
    if not place.options_for(release).manifest_text:
        return
    found = [each for body in deployments for each in broken(body)]
    if not found:
        return
    lines = [f"{each.control} at {each.where}: {each.fix}" for each in found]
    if _is_enforced(place):
        raise DeployError(
            f"the namespace {place.cluster.namespace} takes no such pods: it enforces the restricted profile",
            why="; ".join(lines[:_SHOWN]),
            fix=f"mend the manifests; {place.kubectl} get namespace {place.cluster.namespace} --show-labels",
        )
    for line in lines[:_SHOWN]:
        say(emit, f"! not restricted: {line}")
    if len(lines) > _SHOWN:
        say(emit, f"! not restricted: {len(lines) - _SHOWN} more")


def _is_enforced(place: Place) -> bool:
    """Whether the namespace says so; where nobody may ask, its pods will be refused."""
    try:
        labels = place.cluster.labels_of_namespace()
    except Refused:
        return False
    return labels.get(_ENFORCE) == "restricted"

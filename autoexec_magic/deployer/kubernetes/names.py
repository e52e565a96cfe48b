"""What is called how on a cluster: objects, labels and annotations.

Each release is a Deployment of its own, named after its service and the random
part of its id; the Service's selector says which one has the traffic. What a
release is stands in annotations of its pod template, because a Deployment's
own stay as they are when somebody rolls it back.
"""

from __future__ import annotations

import hashlib
import re

from ...releasefacts import Secret

MANAGER = "autoexec-magic"  #: owns the fields that we set
SERVICE = "autoexec.dev/service"  #: label of all that belongs to a service
RELEASE = "autoexec.dev/release"  #: label of one release's objects and pods: the end of its id
MANAGED_BY = "app.kubernetes.io/managed-by"
RELEASE_ID = "autoexec.dev/release-id"
DIGEST = "autoexec.dev/digest"
CONFIG_DIGEST = "autoexec.dev/config-digest"
SPELLED = "autoexec.dev/spelled"  #: all of the release, as JSON
FENCE = "autoexec.dev/fence"  #: on the Service: the turn of who moved its traffic last
LIVE = "autoexec.dev/live"  #: on the Service: the release that has all traffic, or shares it with a newer one
BEFORE = "autoexec.dev/before"  #: on the Service while a release bakes: the one that has it back if need be
SHARED = "autoexec.dev/shared"  #: on the Service: what else there is once for it, from own manifests
_TAIL_CHARS = 8


def tail_of(release_id: str) -> str:
    """Return the end of a release's id, as labels and names take it.

    Examples
    --------
    >>> tail_of("0193a1b2-c3d4-7000-8000-0123456789ab")
    '456789ab'
    """
    return re.sub(r"[^a-z0-9]", "", release_id.lower())[-_TAIL_CHARS:]


def object_of(service: str, release_id: str) -> str:
    """Return the name of a release's Deployment, at most 49 characters."""
    return f"{service}-{tail_of(release_id)}"


def secret_of(service: str, secrets: tuple[Secret, ...]) -> str:
    """Return the name of the Secret with exactly these versions of the values; "" where there are none."""
    if not secrets:
        return ""
    text = "\n".join(sorted(f"{each.name}={each.version}" for each in secrets))
    return f"{service}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"

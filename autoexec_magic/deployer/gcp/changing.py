"""A change of a service, by its etag: what somebody else changed meanwhile is read again, not written over.

On the service itself stands the fence of the deploy that changed it last, and a
digest of what we left: whoever comes with a lower fence is refused, and what is not
as we left it was changed by somebody else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence

from autoexec_magic.deployer.gcp.asking import Asking, Message, library
from autoexec_magic.deployer.gcp.place import INGRESS
from autoexec_magic.deployer.gcp.refusals import Conflict
from autoexec_magic.deployer.gcp.settling import service_of, settled
from autoexec_magic.deployer.gcp.template import PREFIX
from autoexec_magic.deployer.gcp.traffic import Part
from autoexec_magic.errors import DeployError, UsageError
from autoexec_magic.releasefacts import Spec

FENCE, LEFT, FIRST = (f"{PREFIX}{name}" for name in ("fence", "left", "first"))
_TRIES = 6

#: Takes the service as it is, None where there is none, and returns it as it should be, None to leave it.
Change = Callable[[Message | None], Message | None]


def written(asking: Asking, change: Change, what: str, *, validate_only: bool = False) -> Message | None:
    """Write a change and return its operation, None where there is nothing to change.

    Raises
    ------
    DeployError
        It was refused, or others changed it again and again.
    """
    for attempt in range(_TRIES):
        service = settled(asking)
        etag = service.etag if service is not None else ""
        wanted = change(service)
        if wanted is None:
            return None
        try:
            return _sent(asking, wanted, what, is_new=service is None, validate_only=validate_only)
        except Conflict:
            now = service_of(asking)
            is_same = (now.etag if now is not None else "") == etag
            if is_same or attempt == _TRIES - 1:
                raise
    raise AssertionError("a try ends in a return or in an error")


def _sent(asking: Asking, wanted: Message, what: str, *, is_new: bool, validate_only: bool) -> Message:
    run_v2, place = library(), asking.place
    wanted.annotations[LEFT] = state_of(wanted)
    if is_new:
        request = run_v2.CreateServiceRequest(
            parent=place.parent, service_id=place.service, service=wanted, validate_only=validate_only
        )
        return asking.run("Services.create_service", request, what)
    request = run_v2.UpdateServiceRequest(service=wanted, validate_only=validate_only)
    return asking.run("Services.update_service", request, what)


def state_of(service: Message) -> str:
    """Return a digest of what we decide of a service: its traffic, its template's name, who is let in."""
    said = [
        str(service.template.revision),
        sorted([each.revision, each.percent, each.tag, int(each.type_)] for each in service.traffic),
        service.ingress.name,
        bool(service.invoker_iam_disabled),
    ]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]


def set_traffic(service: Message, parts: Sequence[Part]) -> None:
    """Give each revision its part by its name."""
    run_v2 = library()
    by_name = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION
    service.traffic = [
        run_v2.TrafficTarget(type_=by_name, revision=each.revision, percent=each.percent, tag=each.tag)
        for each in parts
    ]


def set_entrance(service: Message, spec: Spec) -> None:
    """Say who reaches the service, and who is let in: that is the service's, and no revision's."""
    run_v2 = library()
    service.ingress = run_v2.IngressTraffic[INGRESS[spec.option("ingress", "all")]]
    service.invoker_iam_disabled = spec.option("public", "false").lower() == "true"


def check_fence(service: Message, fence: int) -> None:
    """Refuse whoever has lost its turn.

    Raises
    ------
    DeployError
        A later deploy was here.
    """
    seen = str(service.annotations.get(FENCE, "0"))
    if seen.isdecimal() and int(seen) > fence:
        name = str(service.name).rpartition("/")[2]
        raise DeployError(
            f"a later deploy of {name} was here: this one has lost its turn",
            why=f"its fence is {seen}, and ours {fence}",
            fix=f"%autoexec status {name}",
        )


def check_whose(service: Message) -> None:
    """Refuse to take a service over that somebody else made.

    Raises
    ------
    UsageError
        None of our deploys made it.
    """
    if LEFT not in service.annotations:
        name = str(service.name).rpartition("/")[2]
        raise UsageError(
            f"there is a service {name} already, and no deploy of ours made it",
            why=f"{service.creator or 'somebody'} did",
            fix=f"--name {name[:30]}-2, or take the other one away: gcloud run services delete {name}",
        )

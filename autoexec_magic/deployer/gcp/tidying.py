"""What nobody uses any more at Cloud Run: tags, and revisions that are not to be kept.

A tag keeps a revision's least instances running, and so costs. A service whose
newest revision failed says for good that it is not ready: what is live is made
its template again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from autoexec_magic.deployer.gcp import reading
from autoexec_magic.deployer.gcp.asking import Asking, Message, library
from autoexec_magic.deployer.gcp.changing import LEFT, set_traffic, written
from autoexec_magic.deployer.gcp.refusals import Absent, Conflict
from autoexec_magic.deployer.gcp.settling import carried_out, revision_of, settled
from autoexec_magic.deployer.gcp.template import template_from
from autoexec_magic.deployer.gcp.traffic import alone, parts_of, shares_of

_PAGE = 100


def tidied(asking: Asking, live: str, keep: Sequence[str]) -> None:
    """Leave the live revision's tag alone, and delete our revisions that are not to be kept.

    Parameters
    ----------
    asking : Asking
        Who asks.
    live : str
        The live revision; where it has not all of the traffic, nothing is done.
    keep : sequence of str
        Revisions that stay.

    Raises
    ------
    DeployError
        Google refuses it.
    """
    service = settled(asking)
    if service is None or shares_of(parts_of(service.traffic_statuses)) != {live: 100}:
        return
    revision = revision_of(asking, live)
    if revision is None or LEFT not in service.annotations:
        return
    _let_go(asking, live, revision)
    for each in _revisions(asking):
        short = str(each.name).rpartition("/")[2]
        if short not in (live, *keep) and reading.is_ours(each, asking.place.service):
            _delete(asking, short)


def _let_go(asking: Asking, live: str, revision: Message) -> None:
    template = template_from(revision)

    def change(service: Message | None, *, returns: bool = True) -> Message | None:
        parts = parts_of(service.traffic_statuses) if service is not None else ()
        if service is None or shares_of(parts) != {live: 100}:
            return None  # somebody else is at it
        is_alone = tuple(replace(each, uri="") for each in parts) == alone(live)
        if is_alone and (service.template.revision == live or not returns):
            return None
        set_traffic(service, alone(live))
        if returns:
            service.template = template
        return service

    what = f"the tags of {asking.place.service} are still there"
    try:
        operation = written(asking, change, what)
    except Conflict:
        operation = written(asking, lambda service: change(service, returns=False), what)
    if operation is not None:
        carried_out(asking, operation, what)


def _revisions(asking: Asking) -> list[Message]:
    request = library().ListRevisionsRequest(parent=asking.place.name, page_size=_PAGE)
    pager = asking.run("Revisions.list_revisions", request, f"the revisions of {asking.place.service}")
    return asking.again(lambda: list(pager), f"the revisions of {asking.place.service} cannot be listed")


def _delete(asking: Asking, short: str) -> None:
    request = library().DeleteRevisionRequest(name=asking.place.revision(short))
    try:
        asking.run("Revisions.delete_revision", request, f"{short} was not deleted")
    except (Absent, Conflict):
        return  # it is gone, or Cloud Run still needs it: the next deploy asks again

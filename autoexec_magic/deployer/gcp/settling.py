"""Waiting for Cloud Run to come to an end, and reading what is so then.

While a service is reconciled, what it says of its traffic may be neither old nor
new: it is not read. After a reconciliation that failed `observed_generation` stays
behind for good, and what it says is what serves: so the end is told by
`reconciling`, and a revision's state by its own conditions.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from autoexec_magic.deployer.gcp.asking import Asking, Message, library
from autoexec_magic.deployer.gcp.refusals import Absent
from autoexec_magic.deployer.target import Unanswered
from autoexec_magic.errors import DeployError
from autoexec_magic.redact import mask, one_line

SETTLE_SECONDS = 60.0  #: for so long a service may be changing before nothing is said of it
OPERATION_SECONDS = 300.0  #: a startup probe takes 240 s at most
_PAUSE_SECONDS = 0.1
_MOST_PAUSE_SECONDS = 2.0


def service_of(asking: Asking) -> Message | None:
    """Return the service as it is just now, None where there is none."""
    request = library().GetServiceRequest(name=asking.place.name)
    try:
        return asking.run("Services.get_service", request, f"{asking.place.service} cannot be looked at")
    except Absent:
        return None


def settled(asking: Asking, seconds: float = SETTLE_SECONDS) -> Message | None:
    """Return the service once nothing changes it any more, None where there is none.

    Raises
    ------
    Unanswered
        It was still being changed after so many seconds.
    """
    until, pause = time.monotonic() + seconds, _PAUSE_SECONDS
    while True:
        service = service_of(asking)
        if service is None or not service.reconciling:
            return service
        if time.monotonic() > until:
            raise Unanswered(
                f"Cloud Run is still changing {asking.place.service}",
                why=f"for more than {seconds:g} s",
                fix=f"%autoexec status {asking.place.service}, in a while",
            )
        time.sleep(pause)
        pause = min(2 * pause, _MOST_PAUSE_SECONDS)


def revision_of(asking: Asking, short: str) -> Message | None:
    """Return a revision, None where there is none."""
    request = library().GetRevisionRequest(name=asking.place.revision(short))
    try:
        return asking.run("Revisions.get_revision", request, f"{short} cannot be looked at")
    except Absent:
        return None


def carried_out(
    asking: Asking,
    operation: Message,
    what: str,
    *,
    is_enough: Callable[[], bool] = lambda: False,
    seconds: float = OPERATION_SECONDS,
) -> Message:
    """Return an operation once it has ended well, or once what was wanted of it is there.

    Parameters
    ----------
    asking : Asking
        Who asks.
    operation : Operation
        As the call that began it returned it.
    what : str
        What was not done where it fails.
    is_enough : callable, optional
        Says that it need not be waited for any longer.
    seconds : float, default 300
        How long it is waited for.

    Raises
    ------
    DeployError
        It ended badly.
    Unanswered
        It did not end.
    """
    found: Message = getattr(operation, "operation", operation)
    until, pause = time.monotonic() + seconds, _PAUSE_SECONDS
    while not found.done:
        if is_enough():
            return found
        if time.monotonic() > until:
            raise Unanswered(
                what, why=f"it goes on for more than {seconds:g} s", fix="%autoexec status, in a while"
            )
        time.sleep(pause)
        pause = min(1.5 * pause, _MOST_PAUSE_SECONDS)
        found = asking.run("Services.get_operation", {"name": found.name}, what)
    if found.HasField("error") and not is_enough():
        raise DeployError(
            what, why=one_line(mask(found.error.message)), fix=f"%autoexec status {asking.place.service}"
        )
    return found

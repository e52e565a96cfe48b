"""Whether Cloud Run itself says that a revision is well, pure."""

from __future__ import annotations

from autoexec_magic.deployer.gcp.asking import Message
from autoexec_magic.deployer.target import Unwell
from autoexec_magic.redact import mask, one_line

_READY = "Ready"
#: what waiting does not mend
FINAL = frozenset(
    {
        "HEALTH_CHECK_CONTAINER_ERROR",
        "CONTAINER_MISSING",
        "CONTAINER_PERMISSION_DENIED",
        "CONTAINER_IMAGE_UNAUTHORIZED",
        "CONTAINER_IMAGE_AUTHORIZATION_CHECK_FAILED",
        "ENCRYPTION_KEY_PERMISSION_DENIED",
        "SECRETS_ACCESS_CHECK_FAILED",
        "VPC_NETWORK_NOT_FOUND",
        "REVISION_FAILED",
        "PROGRESS_DEADLINE_EXCEEDED",
    }
)


def unready(revision: Message | None) -> Unwell | None:
    """Return why a revision is not ready, None where it is.

    Only what is said of its newest generation counts, and only once Cloud Run has
    come to an end with it: what was so before is not read.
    """
    if revision is None:
        return Unwell(why="its revision is not there", is_final=True)
    is_current = revision.observed_generation == revision.generation and not revision.reconciling
    found = next((each for each in revision.conditions if each.type_ == _READY), None)
    if found is None or not is_current:
        return Unwell(why="Cloud Run is still starting it")
    state = found.state.name
    if state == "CONDITION_SUCCEEDED":
        return None
    reason = reason_of(found)
    said = one_line(mask(str(found.message)))
    why = ": ".join(each for each in (reason, said) if each) or "Cloud Run says that it is not ready"
    return Unwell(why=why, is_final=state == "CONDITION_FAILED" and reason in FINAL)


def reason_of(condition: Message) -> str:
    """Return the reason of a condition, of a revision or common to all; "" where none is given."""
    for name in ("revision_reason", "reason"):
        value = getattr(condition, name, None)
        if value:
            return str(value.name)
    return ""

"""What a cluster's answers mean: its refusals as errors with the next command, pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...errors import DeployError

BUSY = (429, 500, 502, 503, 504)  #: asked again; after a while nobody answers
_OWNER = re.compile(r'conflict with "([^"]+)"')
_FORBIDDEN = re.compile(r'cannot (\S+) resource "([^"]+)"')
_NOT_MADE = re.compile(
    r'([a-z]+)[a-z0-9.-]* "[^"]+" is forbidden:\s*'
)  # an apply that would make it says no verb
_NO_NAMESPACE = re.compile(r'namespaces "([^"]+)" not found')
_UNTYPED = b"failed to create typed patch object"  # how older clusters say that an object is none of its kind
_LONGEST = 600


class Refused(DeployError):
    """The cluster answered, and does not do it; `status` is the HTTP status."""

    status: int = 0


class Stale(Refused):
    """An object was changed by somebody since it was read."""


class Conflicting(Refused):
    """Fields are somebody else's; `fields` are pairs of a field and who has it."""

    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked of a cluster: the verb and the object in words, and where."""

    method: str
    what: str
    namespace: str
    context: str = ""

    @property
    def kubectl(self) -> str:
        """The beginning of a command that asks the same place."""
        context = f" --context {self.context}" if self.context else ""
        return f"kubectl{context} -n {self.namespace}"


def is_busy(status: int, body: bytes) -> bool:
    """Whether an answer may be another one when it is asked again.

    Examples
    --------
    >>> is_busy(503, b""), is_busy(500, b"failed to create typed patch object"), is_busy(404, b"")
    (True, False, False)
    """
    return status in BUSY and not (status == 500 and _UNTYPED in body)


def words_of(status: int, body: bytes) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """Return the reason, the message and the causes (field, message) of an answer, as far as it has them."""
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return "", f"HTTP {status}: {body[:_LONGEST].decode('utf-8', 'replace').strip()}", ()
    details = found.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    pairs = tuple(
        (str(each.get("field", "")), str(each.get("message", "")))
        for each in causes or ()
        if isinstance(each, dict)
    )
    return str(found.get("reason", "")), str(found.get("message", "") or f"HTTP {status}")[:_LONGEST], pairs


def refusal(asked: Asked, status: int, body: bytes, mask: Callable[[str], str] = str) -> Refused:
    """Return the error for an answer that is a refusal.

    Parameters
    ----------
    asked : Asked
        What was asked.
    status : int
        The HTTP status, 400 or above.
    body : bytes
        The answer, a `Status` as a rule.
    mask : callable, optional
        Takes secrets out of its words.
    """
    _, message, causes = words_of(status, body)
    message = mask(message)
    if status == 409:
        error = _conflict(asked, message, causes)
    elif status == 401:
        error = Refused(
            "the cluster does not know who asks",
            why=message,
            fix=f"{asked.kubectl} get pods, and log in again",
        )
    elif status == 403:
        error = _forbidden(asked, message)
    elif status == 404 and (found := _NO_NAMESPACE.search(message)):
        error = Refused(
            f"there is no namespace {found[1]}",
            why=message,
            fix=f"{asked.kubectl.partition(' -n ')[0]} create namespace {found[1]}",
        )
    elif status == 404:
        error = Refused(
            f"the cluster does not have {asked.what}",
            why=message,
            fix=f"{asked.kubectl} get all, or kubectl api-resources",
        )
    else:
        error = Refused(f"the cluster refuses {asked.what}", why=message, fix=_fix_of(asked, message))
    error.status = status
    return error


def _forbidden(asked: Asked, message: str) -> Refused:
    """Return the error for what may not be done: by the role, or by admission, which says 403 as well."""
    if found := _FORBIDDEN.search(message):
        verb, resource = found[1], found[2]
    elif found := _NOT_MADE.fullmatch(message):
        verb, resource = "create", found[1]
    else:
        return Refused(f"the cluster refuses {asked.what}", why=message, fix=_fix_of(asked, message))
    return Refused(
        f"nobody gave the right to {verb} {resource}",
        why=message,
        fix=f"{asked.kubectl} auth can-i {verb} {resource}; docs/kubernetes-role.yaml has all, and"
        " docs/kubernetes-manifest-role.yaml those of own manifests",
    )


def _fix_of(asked: Asked, message: str) -> str:
    if "exceeded quota" in message:
        return f"{asked.kubectl} describe quota; then fewer replicas, or less memory"
    if "violates PodSecurity" in message:
        return f"{asked.kubectl} get namespace {asked.namespace} --show-labels"
    if "admission webhook" in message:
        return f"{asked.kubectl} get validatingwebhookconfigurations,mutatingwebhookconfigurations"
    return f"change the settings of the service; {asked.kubectl} get events"


def _conflict(asked: Asked, message: str, causes: Sequence[tuple[str, str]]) -> Refused:
    fields = tuple((field, _owner_of(said)) for field, said in causes if _OWNER.search(said))
    if not fields:
        return Stale(f"{asked.what} was changed meanwhile", why=message, fix="deploy it again")
    return conflicting(asked, fields)


def conflicting(asked: Asked, fields: tuple[tuple[str, str], ...]) -> Conflicting:
    """Return the error for fields that are somebody else's, given in pairs of a field and who has it."""
    shown = ", ".join(f"{field.lstrip('.')} is {owner}'s" for field, owner in fields)
    error = Conflicting(
        f"{asked.what} has fields that somebody else set",
        why=shown,
        fix=f"{asked.kubectl} get {asked.what} -o yaml --show-managed-fields; conflicts = 'take' has them",
    )
    error.fields = fields
    return error


def _owner_of(said: str) -> str:
    found = _OWNER.search(said)
    return found[1] if found else ""

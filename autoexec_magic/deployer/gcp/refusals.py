"""What Google answers instead of what was asked for, in our words, with the next thing to type.

References
----------
https://cloud.google.com/apis/design/errors
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from autoexec_magic.deployer.gcp.permissions import ROLES
from autoexec_magic.deployer.gcp.place import Place
from autoexec_magic.errors import DeployError
from autoexec_magic.redact import mask, one_line


class Absent(DeployError):
    """What was asked for is not there."""


class Conflict(DeployError):
    """Somebody else changed it meanwhile, or it is there already, or it is not in a state for that."""


_PERMISSION = re.compile(r"[Pp]ermission '?\"?([a-z]+(?:\.[A-Za-z]+)+)")
_BUSY = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "UNKNOWN"})
_BUSY_HTTP = frozenset({408, 429, 500, 502, 503, 504})
_PATIENT = frozenset({"RATE_LIMIT_EXCEEDED", "RESOURCE_BUSY"})
_LOGIN = "gcloud auth application-default login"
_MOST = 600  #: characters of what Google says


def is_busy(error: Exception) -> bool:
    """Whether it may answer when it is asked again: it is busy, hangs, or is asked too often.

    A quota that is used up is not of that kind: it stays so.
    """
    if status_of(error) == "RESOURCE_EXHAUSTED":
        said = words_of(error).lower()
        return reason_of(error) in _PATIENT or (not reason_of(error) and "per minute" in said)
    return status_of(error) in _BUSY or (not status_of(error) and getattr(error, "code", None) in _BUSY_HTTP)


def explained(error: Exception, what: str, place: Place) -> DeployError:
    """Return what Google's answer means.

    Parameters
    ----------
    error : Exception
        One of `google.api_core.exceptions` or of `google.auth.exceptions`.
    what : str
        What was not done, a sentence's beginning.
    place : Place
        Where.
    """
    said, status = words_of(error), status_of(error)
    if _is_of_login(error) or status == "UNAUTHENTICATED":
        return DeployError(f"{what}: there are no credentials that Google takes", why=said, fix=_LOGIN)
    if status == "PERMISSION_DENIED":
        return _denied(error, what, place, said)
    if status == "NOT_FOUND":
        if "/services/" in said or "evision" in said or "ecret" in said or "ervice" in said:
            return Absent(what, why=said, fix="%autoexec status " + place.service)
        return DeployError(
            f"{what}: the project {place.project} or the region {place.region} is not there",
            why=said,
            fix="gcloud projects list, and gcloud run regions list; then mend project and region",
        )
    if status in ("ABORTED", "FAILED_PRECONDITION", "ALREADY_EXISTS"):
        return Conflict(what, why=said, fix=f"%autoexec status {place.service}, then deploy again")
    if status == "RESOURCE_EXHAUSTED":
        return DeployError(
            f"{what}: the quota of {place.project} is used up",
            why=said,
            fix=f"https://console.cloud.google.com/iam-admin/quotas?project={place.project}",
        )
    fix = "mend the setting that it names" if status == "INVALID_ARGUMENT" else "look at what it says"
    return DeployError(what, why=said, fix=fix)


def status_of(error: Exception) -> str:
    """Return the name of a gRPC status, such as `NOT_FOUND`, "" where there is none."""
    code = getattr(error, "grpc_status_code", None)
    return str(code.name) if code is not None else ""


def reason_of(error: Exception) -> str:
    """Return the reason of an error's `ErrorInfo`, "" where there is none."""
    return str(getattr(error, "reason", None) or "")


def words_of(error: Exception) -> str:
    """Return what Google says, with the fields that it names, as one line, without secrets."""
    said = str(getattr(error, "message", "") or error)
    named = [
        f"{each.field}: {each.description}"
        for detail in getattr(error, "details", None) or ()
        for each in getattr(detail, "field_violations", ())
    ]
    return one_line(mask("; ".join([said, *named])))[:_MOST]


def _is_of_login(error: Exception) -> bool:
    from google.auth import exceptions

    return isinstance(error, exceptions.GoogleAuthError)


def _denied(error: Exception, what: str, place: Place, said: str) -> DeployError:
    about: Mapping[str, Any] = getattr(error, "metadata", None) or {}
    if reason_of(error) == "SERVICE_DISABLED":
        service = str(about.get("service", "run.googleapis.com"))
        return DeployError(
            f"{what}: {service} is not enabled in {place.project}",
            why=said,
            fix=str(about.get("activationUrl", ""))
            or f"gcloud services enable {service} --project {place.project}",
        )
    found = _PERMISSION.search(said)
    permission = str(about.get("permission", "")) or (found.group(1) if found else "")
    if not permission:
        return DeployError(
            f"{what}: Google refuses it", why=said, fix=f"look at the project's id and region: {place.parent}"
        )
    return DeployError(
        f"{what}: {permission} is not permitted in {place.project}",
        why=said,
        fix=f"gcloud projects add-iam-policy-binding {place.project} --member=YOU --role={_role(permission)}",
    )


def _role(permission: str) -> str:
    """Return a predefined role that has a permission."""
    if permission == "iam.serviceAccounts.actAs":
        return "roles/iam.serviceAccountUser"
    if permission == "run.routes.invoke":
        return "roles/run.invoker"
    if permission == "run.services.setIamPolicy":
        return "roles/run.admin"
    family = permission.partition(".")[0]
    return next((role for role in ROLES if role.startswith(f"roles/{family}.")), "ROLE")

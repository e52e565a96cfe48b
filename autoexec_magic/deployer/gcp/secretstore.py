"""Values of secrets at Secret Manager: one secret for each variable, one numbered version for each value.

Which number has which value stands on the secret itself, by the version's keyed
digest: a rollback finds the number of a value that nobody else has any more. No
value is ever read back. It is asked by REST, with the credentials of everything
else; the value is in the body of one call, and nowhere else.

References
----------
https://cloud.google.com/secret-manager/docs/reference/rest
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from autoexec_magic.deployer.gcp.asking import Asking
from autoexec_magic.deployer.gcp.refusals import Absent, Conflict
from autoexec_magic.errors import DeployError
from autoexec_magic.releasefacts import Release, Secret

_ROOT = "https://secretmanager.googleapis.com/v1"
_KEY = "autoexec-"
_TRIES = 5
_MOST_BYTES = 65_536


def stored(release: Release, values: Mapping[str, str], asking: Asking) -> dict[str, tuple[str, str]]:
    """Return where each secret of a release is, by variable: the secret's name, and its version's number.

    What is not there yet is put there.

    Raises
    ------
    DeployError
        A value is not known any more, or its version was taken away.
    """
    return {each.name: _stored(each, release, values, asking) for each in release.spec.secrets}


def known(release: Release, asking: Asking) -> dict[str, tuple[str, str]]:
    """Return where those secrets of a release are that are there already; changes nothing."""
    found = {}
    for each in release.spec.secrets:
        name = name_of(release.service, each)
        number = _number(_secret(name, asking), each)
        if number:
            found[each.name] = (name, number)
    return found


def name_of(service: str, secret: Secret) -> str:
    """Return the name that a variable's secret has at Secret Manager.

    Examples
    --------
    >>> name_of("web", Secret(name="DB_PASSWORD", reference="env:DB"))
    'web-DB_PASSWORD'
    """
    return f"{service}-{secret.name}"[:255]


def _stored(secret: Secret, release: Release, values: Mapping[str, str], asking: Asking) -> tuple[str, str]:
    name = name_of(release.service, secret)
    found = _secret(name, asking)
    if number := _number(found, secret):
        _check_there(name, number, secret, asking)
        return name, number
    if secret.name not in values:
        raise DeployError(
            f"{release.service} has no value of {secret.name} any more",
            why=f"{name} at Secret Manager has no version of it",
            fix=f"deploy it anew: %autoexec deploy {release.service}",
        )
    if found is None:
        _make(name, asking)
    number = _add(name, values[secret.name], secret, asking)
    _write_down(name, secret, number, asking)
    return name, number


def _secret(name: str, asking: Asking) -> dict[str, Any] | None:
    try:
        return asking.rest("GET", _url(asking, name), f"the secret {name} cannot be looked at")
    except Absent:
        return None


def _number(found: Mapping[str, Any] | None, secret: Secret) -> str:
    notes: Mapping[str, str] = (found or {}).get("annotations") or {}
    return str(notes.get(f"{_KEY}{secret.version}", ""))


def _check_there(name: str, number: str, secret: Secret, asking: Asking) -> None:
    fix = f"gcloud secrets versions enable {number} --secret {name}, or deploy it anew"
    what = f"version {number} of the secret {name} is not there"
    try:
        found = asking.rest("GET", f"{_url(asking, name)}/versions/{number}", what)
    except Absent as error:
        raise DeployError(what, why=f"{secret.name} had its value from there", fix=fix) from error
    if found.get("state") != "ENABLED":
        raise DeployError(what, why=f"it is {str(found.get('state')).lower()}", fix=fix)


def _make(name: str, asking: Asking) -> None:
    body = {"replication": {"automatic": {}}, "labels": {"managed-by": "autoexec-magic"}}
    root = f"{_ROOT}/projects/{asking.place.project}/secrets"
    try:
        asking.rest("POST", root, f"the secret {name} was not made", body=body, query={"secretId": name})
    except Conflict:
        return  # somebody else made it meanwhile


def _add(name: str, value: str, secret: Secret, asking: Asking) -> str:
    content = value.encode("utf-8", "surrogateescape")
    if len(content) > _MOST_BYTES:
        raise DeployError(
            f"the value of {secret.name} is too long",
            why="Secret Manager takes 64 KiB",
            fix="put it into a file of the image that is no secret, and its key into the secret",
        )
    body = {"payload": {"data": base64.b64encode(content).decode("ascii")}}
    made = asking.rest(
        "POST", f"{_url(asking, name)}:addVersion", f"no version of {name} was added", body=body
    )
    return str(made["name"]).rpartition("/")[2]


def _write_down(name: str, secret: Secret, number: str, asking: Asking) -> None:
    """Write which number has which value; whoever changes it meanwhile is read again."""
    what = f"the secret {name} does not say which version is which"
    for attempt in range(_TRIES):
        found = _secret(name, asking) or {}
        notes = {**(found.get("annotations") or {}), f"{_KEY}{secret.version}": number}
        body = {"annotations": notes, "etag": found.get("etag", "")}
        try:
            asking.rest("PATCH", _url(asking, name), what, body=body, query={"updateMask": "annotations"})
        except Conflict:
            if attempt == _TRIES - 1:
                raise
        else:
            return


def _url(asking: Asking, name: str) -> str:
    return f"{_ROOT}/projects/{asking.place.project}/secrets/{name}"

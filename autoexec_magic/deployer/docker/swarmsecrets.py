"""Secrets in a Swarm's own store: each version once, named by what it is of, never by what it is.

The store tells nobody a value again, and keeps it for the tasks that name it:
an older release that is kept has its versions there. One that no service of ours
names any more is removed with `tidy`; one that is in use the Swarm keeps itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from ... import dockerengine
from ...dockerengine import Client
from ...errors import DeployError
from ...releasefacts import Release, Secret
from . import images, labels, secretfiles
from .staging import Known

NAME, VERSION = "autoexec.secret", "autoexec.secret-version"
_MODE = 0o400


def stored(
    client: Client, release: Release, image: Mapping[str, Any], known: Known
) -> list[Mapping[str, Any]]:
    """Return what a service names a release's secrets by, each stored.

    Raises
    ------
    DeployError
        One of that version is not to be had, or the image does not know its user.
    """
    if not release.spec.secrets:
        return []
    there = _listed(client, release.service, known.owner)
    uid, gid = _user(client, image, release.service, known.owner)
    found: list[Mapping[str, Any]] = []
    for secret in release.spec.secrets:
        name = _name(release, secret, known.owner)
        stored_id = there.get(name) or _created(client, release, secret, name, known)
        file = {"Name": secret.name, "UID": str(uid), "GID": str(gid), "Mode": _MODE}
        found.append({"SecretID": stored_id, "SecretName": name, "File": file})
    return found


def are_those(client: Client, release: Release, ids: Mapping[str, str], owner: str) -> bool:
    """Whether a service names the very versions of a release; `ids` are the stored ones by their files."""
    if not release.spec.secrets:
        return not ids
    there = _listed(client, release.service, owner)
    return ids == {each.name: there.get(_name(release, each, owner)) for each in release.spec.secrets}


def swept(client: Client, service: str, owner: str, used: Sequence[str]) -> list[str]:
    """Remove what no service names by its id, and return the names."""
    removed = []
    for name, stored_id in _listed(client, service, owner).items():
        if stored_id in used:
            continue
        try:
            client.remove_secret(stored_id)
        except dockerengine.failures() as error:
            if getattr(error, "status_code", 0) not in (400, 404, 409):  # in use after all, or gone
                raise
            continue
        removed.append(name)
    return removed


def _listed(client: Client, service: str, owner: str) -> dict[str, str]:
    """Return the ids of the stored secrets of a service, by their names."""
    told = client.secrets(filters={"label": [f"{labels.SERVICE}={service}", f"{labels.OWNER}={owner}"]})
    mine = {labels.SERVICE: service, labels.OWNER: owner}
    return {
        str(each["Spec"]["Name"]): str(each["ID"])
        for each in told
        if mine.items() <= (each["Spec"].get("Labels") or {}).items()
    }


def _name(release: Release, secret: Secret, owner: str) -> str:
    """Return the name of a version in the store; at most 64 characters, as the Swarm has it."""
    version = secret.version or release.release_id  # that of nobody knows what is the release's alone
    words = "\0".join((owner, release.service, secret.name, version))
    return f"autoexec-{release.service[:30]}-{hashlib.sha256(words.encode()).hexdigest()[:20]}"


def _created(client: Client, release: Release, secret: Secret, name: str, known: Known) -> str:
    value = known.value(secret)
    if value is None:
        raise DeployError(
            f"the secret {secret.name} of {labels.base_name(release)} is not to be had any more",
            why=f"{secret.reference} has another value now, and the Swarm does not keep the one it had",
            fix=f"give {secret.reference} its earlier value, or deploy again with the one of now",
        )
    marks = {
        labels.SERVICE: release.service,
        labels.OWNER: known.owner,
        NAME: secret.name,
        VERSION: secret.version,
        labels.RELEASE_ID: release.release_id,
    }
    told = client.create_secret(name, value.encode("utf-8", "surrogateescape"), labels=marks)
    return str(told["ID"])


def _user(client: Client, image: Mapping[str, Any], service: str, owner: str) -> tuple[int, int]:
    """Return the ids of an image's user and group; a name is looked up in a container that is not started."""
    user = images.user_of(image)
    uid, _, gid = user.partition(":")
    if not user or (uid.isdecimal() and gid.isdecimal()):
        return int(uid or 0), int(gid or 0)
    marks = {labels.SERVICE: service, labels.OWNER: owner}  # what is left of it is tidied
    made = client.create_container(str(image["Id"]), ["true"], labels=marks)["Id"]
    try:
        return secretfiles.owner_of(client, made, user)
    finally:
        client.remove_container(made, force=True, v=True)

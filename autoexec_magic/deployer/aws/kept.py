"""Secrets' values, kept by AWS Secrets Manager: a version for each value, which its release finds again.

A version's id is a digest of the service, the secret's name and the version that the
release names, so whoever knows the release knows the id, and a value that is
there already is not sent again. Values go to Secrets Manager and nowhere else.

A version stays for as long as it has a staging label, and a secret has twenty of
them at most. Each of ours names the function or service that needs the version,
and is taken off when no release there does: then Secrets Manager may delete it.
The secret itself, and the labels of others, stay.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autoexec_magic.deployer.aws.calls import Calls
from autoexec_magic.errors import DeployError, UsageError
from autoexec_magic.releasefacts import Release, Secret

_MOST_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Where a secret's value is at AWS; `version` is "" where the ARN is all."""

    arn: str
    version: str = ""

    @property
    def value_from(self) -> str:
        """As a task definition spells it."""
        return f"{self.arn}:::{self.version}" if self.version else self.arn


def version_id(service: str, secret: Secret) -> str:
    """Return the id of the version that has a secret's value, 32 hexadecimal digits.

    Examples
    --------
    >>> len(version_id("web", Secret(name="KEY", reference="env:KEY", version="ab")))
    32
    """
    text = "\0".join((service, secret.name, secret.version))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def is_at_aws(secret: Secret) -> bool:
    """Whether its reference is an ARN, of a secret or a parameter that somebody keeps there."""
    return secret.reference.startswith("arn:")


def kept(
    calls: Calls, service: str, secrets: Sequence[Secret], values: Mapping[str, str], *, place: str
) -> dict[str, Reference]:
    """Bring the values that are not there yet, and return where each is, by name.

    Parameters
    ----------
    calls : Calls
        Asks AWS.
    service : str
        Whose secrets they are.
    secrets : sequence of Secret
        As the release names them.
    values : mapping of str to str
        The values that this process has, by name.
    place : str
        What the versions are for, such as `lambda-web`: part of their labels.

    Raises
    ------
    DeployError
        A version is gone, and nobody has its value any more.
    UsageError
        A value is empty or too long.
    """
    return {each.name: _kept(calls, service, each, values, place) for each in secrets}


def known(
    calls: Calls, service: str, secrets: Sequence[Secret], values: Mapping[str, str]
) -> dict[str, Reference]:
    """Return where each value is or would be, by name; asks, and changes nothing.

    Raises
    ------
    DeployError, UsageError
        As `kept` would refuse it.
    """
    found = {}
    for each in secrets:
        seen = None if is_at_aws(each) else _described(calls, service, each)
        version = version_id(service, each)
        if not is_at_aws(each) and not (seen and version in seen.get("VersionIdsToStages", {})):
            _value(service, each, values)
        arn = each.reference if is_at_aws(each) else str((seen or {}).get("ARN", "arn:"))
        found[each.name] = Reference(arn=arn, version="" if is_at_aws(each) else version)
    return found


def needed_by(service: str, releases: Iterable[Release]) -> set[str]:
    """Return the ids of the versions that releases have, whether or not they are at the platform."""
    return {version_id(service, each) for release in releases for each in release.spec.secrets}


def let_go(calls: Calls, service: str, names: Iterable[str], needed: Collection[str], *, place: str) -> None:
    """Take our labels off the versions that are not needed any more.

    Parameters
    ----------
    calls : Calls
        Asks AWS.
    service : str
        Whose secrets they are.
    names : iterable of str
        The secrets to look at.
    needed : collection of str
        The ids of the versions that a release there, or one that is kept, has.
    place : str
        As for `kept`: the labels of another place stay.
    """
    ours = _label(place, "")
    for name in sorted(set(names)):
        seen = calls.find("secretsmanager", "describe_secret", SecretId=_named(service, name))
        if seen is None or seen.get("DeletedDate"):
            continue
        for version, labels in sorted(seen.get("VersionIdsToStages", {}).items()):
            for label in labels if version not in needed else ():
                if label.startswith(ours):
                    calls.find(
                        "secretsmanager",
                        "update_secret_version_stage",
                        SecretId=seen["ARN"],
                        VersionStage=label,
                        RemoveFromVersionId=version,
                    )


def name_in(service: str, arn: str) -> str:
    """Return the name of a secret of ours by its ARN, "" where it is none.

    Examples
    --------
    >>> name_in("web", "arn:aws:secretsmanager:eu-west-1:1:secret:autoexec/web/KEY-a1b2c3")
    'KEY'
    """
    _, found, rest = arn.partition(f":secret:{_named(service, '')}")
    return rest.rpartition("-")[0] if found else ""


def _kept(calls: Calls, service: str, secret: Secret, values: Mapping[str, str], place: str) -> Reference:
    if is_at_aws(secret):
        return Reference(arn=secret.reference)
    name, version = _named(service, secret.name), version_id(service, secret)
    label = _label(place, secret.version or "none")
    seen = _described(calls, service, secret)
    labels = (seen or {}).get("VersionIdsToStages", {}).get(version)
    if seen is None or labels is None:
        value = _value(service, secret, values)
        if seen is None:
            text = f"autoexec-magic: {secret.name} of {service}"
            seen = calls.ask("secretsmanager", "create_secret", Name=name, Description=text)
        made = calls.ask(
            "secretsmanager",
            "put_secret_value",
            SecretId=name,
            ClientRequestToken=version,
            SecretString=value,
            VersionStages=[label],
        )
        labels = made.get("VersionStages", ())
    if label not in labels:  # another place's so far, or one that nobody needed for a while
        words = {"SecretId": name, "VersionStage": label, "MoveToVersionId": version}
        calls.ask("secretsmanager", "update_secret_version_stage", **words)
    return Reference(arn=seen["ARN"], version=version)


def _described(calls: Calls, service: str, secret: Secret) -> dict[str, Any] | None:
    name = _named(service, secret.name)
    seen = calls.find("secretsmanager", "describe_secret", SecretId=name)
    if seen and seen.get("DeletedDate"):
        raise DeployError(
            f"the secret {name} is about to be deleted",
            why=f"since {seen['DeletedDate']}",
            fix=f"aws secretsmanager restore-secret --secret-id {name}",
        )
    return seen


def _named(service: str, name: str) -> str:
    return f"autoexec/{service}/{name}"


def _label(place: str, version: str) -> str:
    return f"autoexec-{place}.{version}"


def _value(service: str, secret: Secret, values: Mapping[str, str]) -> str:
    if secret.name not in values:
        raise DeployError(
            f"nobody has that value of the secret {secret.name} of {service} any more",
            why="Secrets Manager has no such version of it",
            fix=f"deploy it anew: %autoexec deploy {service}",
        )
    value = values[secret.name]
    if not 0 < len(value.encode("utf-8", "surrogateescape")) <= _MOST_BYTES:
        raise UsageError(
            f"the secret {secret.name} cannot be kept",
            why="it is empty or above 64 kB",
            fix="give it another value",
        )
    return value

"""Secrets' values, kept by AWS Secrets Manager: a version for each value, which its release finds again.

A version's id is a digest of the service, the secret's name and the version that the
release names, so whoever knows the release knows the id, and a value that is
there already is not sent again. Values go to Secrets Manager and nowhere else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autoexec_magic.deployer.aws.calls import Calls
from autoexec_magic.errors import DeployError, UsageError
from autoexec_magic.releasefacts import Secret

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
    calls: Calls, service: str, secrets: Sequence[Secret], values: Mapping[str, str]
) -> dict[str, Reference]:
    """Bring the values that are not there yet, and return where each is, by name.

    Raises
    ------
    DeployError
        A version is gone, and nobody has its value any more.
    UsageError
        A value is empty or too long.
    """
    return {each.name: _kept(calls, service, each, values) for each in secrets}


def _kept(calls: Calls, service: str, secret: Secret, values: Mapping[str, str]) -> Reference:
    if is_at_aws(secret):
        return Reference(arn=secret.reference)
    name, version = f"autoexec/{service}/{secret.name}", version_id(service, secret)
    seen = calls.find("secretsmanager", "describe_secret", SecretId=name)
    if seen and seen.get("DeletedDate"):
        raise DeployError(
            f"the secret {name} is about to be deleted",
            why=f"since {seen['DeletedDate']}",
            fix=f"aws secretsmanager restore-secret --secret-id {name}",
        )
    if seen and version in seen.get("VersionIdsToStages", {}):
        return Reference(arn=seen["ARN"], version=version)
    value = _value(service, secret, values)
    if seen is None:
        text = f"autoexec-magic: {secret.name} of {service}"
        seen = calls.ask("secretsmanager", "create_secret", Name=name, Description=text)
    calls.ask(
        "secretsmanager",
        "put_secret_value",
        SecretId=name,
        ClientRequestToken=version,
        SecretString=value,
        VersionStages=[f"autoexec-{secret.version or 'none'}"],
    )
    return Reference(arn=seen["ARN"], version=version)


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

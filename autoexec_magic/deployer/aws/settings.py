"""A release as a Lambda function's configuration, and back, field by field; pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

from autoexec_magic.deployer.aws.kept import Reference, is_at_aws, version_id
from autoexec_magic.deployer.aws.marks import RELEASE, packed
from autoexec_magic.deployer.aws.options import Options
from autoexec_magic.deployer.difference import EMPTY
from autoexec_magic.errors import UsageError
from autoexec_magic.releasefacts import Release

_LEAST_MIB, _MOST_MIB = 128, 10_240
_MOST_VARIABLES_BYTES = 4096
_THEIRS = frozenset({"_HANDLER", "_X_AMZN_TRACE_ID", "LD_LIBRARY_PATH_OVERRIDE", "TZ_OVERRIDE"})
_THEIR_PREFIXES = ("AWS_", "LAMBDA_")
_NAME = re.compile(r"[A-Za-z]\w+", re.ASCII)
_ARN, _VERSION = "_ARN", "_VERSION"


def check(release: Release, options: Options) -> None:
    """Refuse what Lambda cannot do, before anything is asked of it.

    Raises
    ------
    UsageError
        With what to leave out or to add.
    """
    spec, service = release.spec, release.service
    table = f"[tool.autoexec.deploy.{service}.aws]"
    faults = {
        "Lambda scales by itself": ("replicas", spec.replicas != 1),
        "Lambda gives processors by memory": ("cpus", bool(spec.cpus)),
        "a function has no port": ("port", bool(spec.port)),
        "a function is asked by an event": ("health-command", bool(spec.gate.command)),
        "a zip has no command, but a handler": ("command", bool(spec.command) and spec.artifact != "image"),
    }
    for why, (name, is_wrong) in faults.items():
        if is_wrong:
            raise UsageError(
                f"{name} of {service} cannot be set for Lambda",
                why=why,
                fix=f"leave {name} out, or service = 'ecs' in {table}",
            )
    if not options.role:
        raise UsageError(
            f"nobody says which role {service} runs with", fix=f"role = 'arn:aws:iam::…:role/…' in {table}"
        )
    if spec.artifact != "image" and not options.handler:
        raise UsageError(
            f"nobody says what of {service} is called", fix=f"handler = 'app.handler' in {table}"
        )
    if spec.memory_bytes and not _LEAST_MIB <= memory_mib(spec.memory_bytes) <= _MOST_MIB:
        raise UsageError(
            f"{service} cannot have that much memory", why="Lambda gives 128M to 10G", fix="memory = '512M'"
        )
    for name in (*dict(spec.environment), *(each.name for each in spec.secrets)):
        if name in _THEIRS or name.startswith(_THEIR_PREFIXES) or name == RELEASE:
            raise UsageError(f"the variable {name} is taken", why="it is Lambda's, or ours", fix="rename it")
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"Lambda takes no variable {name}",
                why="a name begins with a letter, and has two characters at least",
                fix="rename it",
            )


def memory_mib(size: int) -> int:
    """Return bytes in whole mebibytes, rounded up; 0 is the least that there is.

    Examples
    --------
    >>> memory_mib(0), memory_mib(512 * 2**20), memory_mib(512 * 2**20 + 1)
    (128, 512, 513)
    """
    return -(-size // 2**20) if size else _LEAST_MIB


def configuration_of(
    release: Release, options: Options, references: Mapping[str, Reference]
) -> dict[str, Any]:
    """Return what `update_function_configuration` takes: all of it, so that an undo restores all of it.

    Raises
    ------
    UsageError
        The variables are more than Lambda takes.
    """
    spec = release.spec
    variables = {**dict(spec.environment), **_variables(references), RELEASE: packed(release)}
    if _bytes(variables) > _MOST_VARIABLES_BYTES:
        variables[RELEASE] = release.release_id  # whose it is must be there: else equal ones are one version
    if _bytes(variables) > _MOST_VARIABLES_BYTES:
        raise UsageError(
            f"{release.service} has too many variables",
            why=f"{_bytes(variables):,} bytes, and Lambda takes {_MOST_VARIABLES_BYTES:,}",
            fix="put some of them into a file of the artifact",
        )
    found: dict[str, Any] = {
        "Role": options.role,
        "Timeout": options.timeout,
        "MemorySize": memory_mib(spec.memory_bytes),
        "Environment": {"Variables": variables},
        "VpcConfig": {
            "SubnetIds": list(options.subnets),
            "SecurityGroupIds": list(options.security_groups),
        },
    }
    if spec.artifact == "image":
        found["ImageConfig"] = {"Command": list(spec.command)} if spec.command else {}
    else:
        found |= {"Handler": options.handler, "Runtime": options.runtime}
    return found


def seen_fields(configuration: Mapping[str, Any]) -> dict[str, str]:
    """Return what a version runs with, by the names of `difference.fields_of`."""
    variables = dict(configuration.get("Environment", {}).get("Variables", {}))
    variables.pop(RELEASE, None)
    found = {
        "memory": str(configuration.get("MemorySize", 0) * 2**20),
        "command": shlex.join(_command(configuration)),
        "option.timeout": str(configuration.get("Timeout", "")),
        "option.role": str(configuration.get("Role", "")),
        "option.handler": str(configuration.get("Handler") or ""),
        "option.runtime": str(configuration.get("Runtime") or ""),
        "option.subnets": ",".join(sorted((configuration.get("VpcConfig") or {}).get("SubnetIds", ()))),
        "option.security-groups": ",".join(
            sorted((configuration.get("VpcConfig") or {}).get("SecurityGroupIds", ()))
        ),
    }
    for name in [each for each in variables if each.endswith(_ARN) and variables[each].startswith("arn:")]:
        secret = name.removesuffix(_ARN)
        arn, version = variables.pop(name), variables.pop(f"{secret}{_VERSION}", "")
        found[f"secret.{secret}"] = version or arn
    return found | {f"env.{name}": value or EMPTY for name, value in variables.items()}


def secrets_in(configuration: Mapping[str, Any]) -> dict[str, str]:
    """Return the versions' ids of the secrets that a version has a place of, by the secrets' ARNs."""
    variables = configuration.get("Environment", {}).get("Variables", {})
    return {
        value: variables.get(f"{name.removesuffix(_ARN)}{_VERSION}", "")
        for name, value in variables.items()
        if name.endswith(_ARN) and value.startswith("arn:")
    }


def expected_fields(release: Release, options: Options) -> dict[str, str]:
    """Return what `seen_fields` finds where a version is as its release says."""
    references = {
        each.name: Reference(arn=each.reference)
        if is_at_aws(each)
        else Reference(arn="arn:", version=version_id(release.service, each))
        for each in release.spec.secrets
    }
    return seen_fields(configuration_of(release, options, references))


def _variables(references: Mapping[str, Reference]) -> dict[str, str]:
    found = {}
    for name, reference in references.items():
        found[f"{name}{_ARN}"] = reference.arn
        if reference.version:
            found[f"{name}{_VERSION}"] = reference.version
    return found


def _bytes(variables: Mapping[str, str]) -> int:
    return sum(len(name.encode()) + len(value.encode()) for name, value in variables.items())


def _command(configuration: Mapping[str, Any]) -> list[str]:
    said = configuration.get("ImageConfigResponse") or {}
    config = said.get("ImageConfig") or configuration.get("ImageConfig") or {}
    return list(config.get("Command") or ())

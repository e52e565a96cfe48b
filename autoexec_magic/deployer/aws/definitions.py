"""A release as an ECS task definition, and back, field by field; pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from autoexec_magic.deployer.aws.kept import Reference, is_at_aws, version_id
from autoexec_magic.deployer.aws.marks import RELEASE, SERVICE_TAG
from autoexec_magic.deployer.aws.options import Options
from autoexec_magic.deployer.aws.probes import HEALTH, Probe, check_of, note_of, noted, probe_of
from autoexec_magic.deployer.difference import EMPTY
from autoexec_magic.deployer.spelled import release_of, spelled
from autoexec_magic.errors import UsageError
from autoexec_magic.releasefacts import Release, Spec

#: Fargate's sizes: CPU units, the least and the most memory in MiB, and its steps
_SIZES = (
    (256, 512, 2048, 512),
    (512, 1024, 4096, 1024),
    (1024, 2048, 8192, 1024),
    (2048, 4096, 16_384, 1024),
    (4096, 8192, 30_720, 1024),
    (8192, 16_384, 61_440, 4096),
    (16_384, 32_768, 122_880, 8192),
)


def check(release: Release, options: Options) -> None:
    """Refuse what ECS cannot do, before anything is asked of it.

    Raises
    ------
    UsageError
        With what to leave out or to add.
    """
    spec, service = release.spec, release.service
    table = f"[tool.autoexec.deploy.{service}.aws]"
    if spec.artifact != "image":
        raise UsageError(f"ECS runs images, and {service} is {spec.artifact}", fix="artifact = 'image'")
    if (spec.secrets or options.launch == "FARGATE") and not options.execution_role:
        raise UsageError(
            f"nobody says by which role the image of {service} is pulled",
            fix=f"execution-role = 'arn:aws:iam::…:role/ecsTaskExecutionRole' in {table}",
        )
    if options.launch == "FARGATE" and not options.subnets:
        raise UsageError(
            f"nobody says in which network {service} runs",
            fix=f"subnets = 'subnet-…' and security-groups = 'sg-…' in {table}",
        )
    if (spec.gate.path or options.target_group) and not spec.port:
        raise UsageError(f"{service} has no port", why="it is asked there", fix="port = 8080")
    if options.launch == "FARGATE":
        size_of(spec.cpus, spec.memory_bytes)


def size_of(cpus: float, memory_bytes: int) -> tuple[int, int]:
    """Return the least size of Fargate that has so much: CPU units, and memory in MiB.

    Raises
    ------
    UsageError
        There is none.

    Examples
    --------
    >>> size_of(0, 0), size_of(0.5, 3 * 2**30), size_of(0.25, 8 * 2**30)
    ((256, 512), (512, 3072), (1024, 8192))
    """
    memory = -(-memory_bytes // 2**20)
    for units, least, most, step in _SIZES:
        if cpus * 1024 <= units and memory <= most:
            return units, max(least, -(-memory // step) * step)
    raise UsageError(
        f"Fargate has no size of {cpus:g} cpus and {memory} MiB",
        why="at most 16 cpus and 120 GiB",
        fix="ask for less",
    )


def definition_of(
    release: Release,
    options: Options,
    image: str,
    references: Mapping[str, Reference],
    region: str,
    probe: Probe | None = None,
) -> dict[str, Any]:
    """Return what `register_task_definition` takes: all that a release runs with.

    Parameters
    ----------
    release : Release
        The release.
    options : Options
        The settings that it was made with.
    image : str
        Its image's name in ECR, with its digest.
    references : mapping of str to Reference
        Where its secrets are, by name.
    region : str
        Of its logs.
    probe : Probe, optional
        What asks whether a task is well; else as of an image of which nothing is known.
    """
    probe = probe or probe_of(release.spec, has_balancer=bool(options.target_group))
    spec = release.spec
    variables = dict(spec.environment)
    if spec.port:
        variables.setdefault("PORT", str(spec.port))
    container: dict[str, Any] = {
        "name": release.service,
        "image": image,
        "essential": True,
        "environment": [{"name": name, "value": variables[name]} for name in sorted(variables)],
        "secrets": [{"name": name, "valueFrom": references[name].value_from} for name in sorted(references)],
        "dockerLabels": {RELEASE: json.dumps(spelled(release)), HEALTH: note_of(probe)},
    }
    if spec.command:
        container["command"] = list(spec.command)
    if spec.port:
        container["portMappings"] = [{"containerPort": spec.port, "protocol": "tcp"}]
    if health := check_of(spec, probe):
        container["healthCheck"] = health
    if options.log_group:
        container["logConfiguration"] = {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": options.log_group,
                "awslogs-region": region,
                "awslogs-stream-prefix": release.release_id,
            },
        }
    found: dict[str, Any] = {
        "family": options.name,
        "containerDefinitions": [container],
        "tags": [{"key": SERVICE_TAG, "value": release.service}],
        "runtimePlatform": {
            "cpuArchitecture": options.architecture.upper(),
            "operatingSystemFamily": "LINUX",
        },
    }
    if options.execution_role:
        found["executionRoleArn"] = options.execution_role
    if options.role:
        found["taskRoleArn"] = options.role
    return found | _sized(spec, options, container)


def _sized(spec: Spec, options: Options, container: dict[str, Any]) -> dict[str, Any]:
    if options.launch == "FARGATE":
        units, memory = size_of(spec.cpus, spec.memory_bytes)
        return {
            "cpu": str(units),
            "memory": str(memory),
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
        }
    container["memory"] = -(-spec.memory_bytes // 2**20) or 512
    if spec.cpus:
        container["cpu"] = int(spec.cpus * 1024)
    return {"networkMode": "awsvpc" if options.subnets else "bridge", "requiresCompatibilities": ["EC2"]}


def release_in(definition: Mapping[str, Any]) -> Release | None:
    """Return the release that a task definition was made of, None where it is none of ours."""
    labels = container_of(definition).get("dockerLabels") or {}
    try:
        return release_of(json.loads(labels[RELEASE]))
    except (KeyError, ValueError, TypeError):
        return None


def container_of(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return its only container, as we write it; the first one of somebody else's."""
    return dict((definition.get("containerDefinitions") or [{}])[0])


def probe_in(definition: Mapping[str, Any]) -> Probe:
    """Return the health check that a task definition of ours was made with."""
    return noted(container_of(definition))


def image_digest(definition: Mapping[str, Any]) -> str:
    """Return the digest that its image is pinned to, "" where it is not."""
    _, found, digest = str(container_of(definition).get("image", "")).rpartition("@")
    return digest if found else ""


def seen_fields(definition: Mapping[str, Any], replicas: int) -> dict[str, str]:
    """Return what runs of a task definition, by the names of `difference.fields_of`."""
    container = container_of(definition)
    ports = container.get("portMappings") or [{}]
    probe = container.get("healthCheck") or {}
    port = str(ports[0].get("containerPort") or "")
    variables = {each["name"]: each["value"] for each in container.get("environment") or ()}
    if variables.get("PORT") == port:
        variables.pop("PORT", None)
    secrets = {each["name"]: _version(each["valueFrom"]) for each in container.get("secrets") or ()}
    found = {
        "command": shlex.join(container.get("command") or ()),
        "port": port,
        "replicas": str(replicas),
        "memory": str(definition.get("memory") or container.get("memory") or ""),
        "cpus": str(definition.get("cpu") or container.get("cpu") or ""),
        "health.command": shlex.join(probe.get("command") or ()),
        "option.role": str(definition.get("taskRoleArn") or ""),
        "option.execution-role": str(definition.get("executionRoleArn") or ""),
    }
    return {
        **found,
        **{f"env.{name}": value or EMPTY for name, value in variables.items()},
        **{f"secret.{name}": value for name, value in secrets.items()},
    }


def secrets_in(definition: Mapping[str, Any]) -> dict[str, str]:
    """Return the versions' ids of the secrets that a task definition names, by the secrets' ARNs."""
    found = {}
    for each in container_of(definition).get("secrets") or ():
        arn, is_ours, version = str(each["valueFrom"]).rpartition(":::")
        found[arn if is_ours else version] = version if is_ours else ""
    return found


def expected_fields(release: Release, options: Options, probe: Probe) -> dict[str, str]:
    """Return what `seen_fields` finds where all is as its release says, and is asked by `probe`."""
    references = {
        each.name: Reference(arn=each.reference)
        if is_at_aws(each)
        else Reference(arn="arn:aws:secretsmanager:::secret:x", version=version_id(release.service, each))
        for each in release.spec.secrets
    }
    made = definition_of(release, options, "", references, "", probe)
    return seen_fields(made, release.spec.replicas)


def _version(value_from: str) -> str:
    """Return the version's id that a reference names, the whole reference where it names none."""
    last = value_from.rsplit(":", maxsplit=1)[-1]
    return last if ":secret:" in value_from and value_from.count(":") == 9 and last else value_from

"""With what a Swarm service is created: a release's, in the Swarm's words, with little power."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...releasefacts import Release, Spec
from . import containers, images, labels
from .settings import settings_of

_SECOND = 10**9
_PROCESSES = 512
_RESTART_SECONDS = 1  # between the end of a task and the start of the next
_LEAST_MONITOR_SECONDS, _MOST_MONITOR_SECONDS = 5.0, 600.0
_NANO = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """What a release's services are made of: its image, its port inside, its stored secrets, and where."""

    release: Release
    image: Mapping[str, Any]
    inner_port: int
    secrets: Sequence[Mapping[str, Any]]
    owner: str
    node_id: str
    has_no_new_privileges: bool = False


def words_of(making: Making, *, name: str, replicas: int, port: int) -> dict[str, Any]:
    """Return what `create_service` and `update_service` take; a `port` of 0 is for the Swarm to choose."""
    release = making.release
    is_ingress = settings_of(dict(release.spec.options)).publish == "ingress"
    published: dict[str, Any] = {
        "Protocol": "tcp",
        "TargetPort": making.inner_port,
        "PublishMode": "ingress" if is_ingress else "host",
    }
    if port:
        published["PublishedPort"] = port
    seconds = min(max(_LEAST_MONITOR_SECONDS, release.spec.gate.bake_seconds), _MOST_MONITOR_SECONDS)
    update = {
        "Parallelism": 1,
        # one port of a node is one task's: the next can start only when that has ended
        "Order": "start-first" if is_ingress else "stop-first",
        "Monitor": round(seconds * _SECOND),
        "MaxFailureRatio": 0,
    }
    return {
        "name": name,
        "task_template": _template(making, is_ingress=is_ingress),
        "labels": labels.labels_of(release, str(making.image["Id"]), making.owner),
        "mode": mode_of(replicas),
        "update_config": {**update, "FailureAction": "rollback"},
        "rollback_config": {**update, "FailureAction": "pause"},
        "endpoint_spec": {"Mode": "vip", "Ports": [published]},
    }


def _template(making: Making, *, is_ingress: bool) -> dict[str, Any]:
    release, image_id = making.release, str(making.image["Id"])
    spec = release.spec
    known = {each.partition("@")[2] for each in making.image.get("RepoDigests") or ()}
    is_everywhere = is_ingress and spec.digest in known
    contained: dict[str, Any] = {
        "Image": image_name(spec) if is_everywhere else image_id,
        "Env": [f"{key}={value}" for key, value in containers.variables_of(spec, making.inner_port).items()],
        # not `labels.SERVICE`: a task's container is the Swarm's to end, and not ours
        "Labels": {labels.RELEASE_ID: release.release_id, labels.IMAGE_ID: image_id},
        "CapabilityDrop": ["ALL"],
        "StopGracePeriod": settings_of(dict(spec.options)).stop_seconds * _SECOND,
    }
    if spec.command:
        contained["Args"] = list(spec.command)
    if making.secrets:
        contained["Secrets"] = [dict(each) for each in making.secrets]
    if check := _healthcheck(making):
        contained["Healthcheck"] = check
    if making.has_no_new_privileges:
        contained["Privileges"] = {"NoNewPrivileges": True}
    limits = {"MemoryBytes": spec.memory_bytes, "NanoCPUs": round(spec.cpus * _NANO), "Pids": _PROCESSES}
    return {
        "ContainerSpec": contained,
        "Resources": {"Limits": {name: value for name, value in limits.items() if value}},
        "RestartPolicy": {"Condition": "any", "Delay": _RESTART_SECONDS * _SECOND},
        **({} if is_everywhere else {"Placement": {"Constraints": [f"node.id=={making.node_id}"]}}),
    }


def _healthcheck(making: Making) -> dict[str, Any]:
    """Return the gate's command as a health check, which works on any node; else the image's own."""
    gate = making.release.spec.gate
    if not gate.command:
        found = containers.healthcheck(making.image)
        return {_camel(name): value for name, value in found.items()}
    return {
        "Test": ["CMD", *gate.command],
        "Interval": round(max(gate.interval_seconds, 0.5) * _SECOND),
        "Timeout": round(max(gate.answer_seconds, 0.5) * _SECOND),
        "Retries": max(gate.failures, 1),
        "StartPeriod": round(gate.start_seconds * _SECOND),
    }


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def mode_of(replicas: int) -> dict[str, Any]:
    """Return the mode of a service that has so many tasks."""
    return {"Replicated": {"Replicas": replicas}}


def image_name(spec: Spec) -> str:
    """Return an image by its digest, as any node of a Swarm may pull it."""
    return f"{images.repository(spec.reference)}@{spec.digest}"

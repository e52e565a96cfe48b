"""A Swarm service of ours: what is seen of it and of its tasks, and how it is made, changed and scaled."""

from __future__ import annotations

import contextlib
import shlex
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...dockerengine import Client
from ...releasefacts import Release
from . import containers, labels, swarmspec
from .swarmspec import Making

_NANO = 10**9

_ENDED = frozenset({"complete", "failed", "rejected", "shutdown", "orphaned", "remove"})
_LEAVING = frozenset({"shutdown", "remove", "complete"})
_TRIES = 5
_PAUSE_SECONDS = 0.05
_OF_A_TASK = ("ContainerSpec", "Resources", "Placement", "ForceUpdate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A service as the engine has it.

    `arguments` are what stands for a container's command. `secrets` are the stored
    secrets' ids by the names of their files. `update` says how an update went that
    somebody made, "" where there was none. `spec` is all of it, in the engine's words.
    """

    name: str
    service_id: str
    version: int
    labels: Mapping[str, str] = field(default_factory=dict)
    image: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    replicas: int = 0
    port: int = 0
    inner_port: int = 0
    memory_bytes: int = 0
    cpus: float = 0.0
    has_check: bool = False
    secrets: Mapping[str, str] = field(default_factory=dict)
    update: str = ""
    spec: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def release_id(self) -> str:
        """The release that it says it is of."""
        return self.labels.get(labels.RELEASE_ID, "")

    @property
    def is_running(self) -> bool:
        """Whether it is meant to run."""
        return self.replicas > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One start of a replica; `state` and `error` are the engine's words, "" where it says none."""

    task_id: str
    state: str
    error: str = ""
    is_wanted: bool = True  # the Swarm wants it to run, now or soon
    container_id: str = ""
    node_id: str = ""
    created: str = ""

    @property
    def has_ended(self) -> bool:
        """Whether it runs no more, or never did."""
        return self.state in _ENDED

    @property
    def is_running(self) -> bool:
        """Whether it runs, and its health check, where it has one, says that it is well."""
        return self.is_wanted and self.state == "running"


def all_of(client: Client, service: str) -> list[Served]:
    """Return the services of one of ours, also those without replicas, by their names."""
    listed = client.services(filters={"label": f"{labels.SERVICE}={service}"})
    found = (served_of(each) for each in listed)
    return sorted((each for each in found if each.labels.get(labels.SERVICE) == service), key=_order)


def seen(client: Client, name: str) -> Served | None:
    """Return what the engine has of a service, None where there is none."""
    from docker.errors import NotFound

    try:
        return served_of(client.inspect_service(name))
    except NotFound:
        return None


def served_of(told: Mapping[str, Any]) -> Served:
    """Return what the engine tells of a service, as a value."""
    spec = told["Spec"]
    template = spec.get("TaskTemplate") or {}
    contained = template.get("ContainerSpec") or {}
    limits = (template.get("Resources") or {}).get("Limits") or {}
    inner_port, port = _ports(told)
    return Served(
        name=str(spec["Name"]),
        service_id=str(told["ID"]),
        version=int(told["Version"]["Index"]),
        labels=spec.get("Labels") or {},
        image=str(contained.get("Image") or ""),
        environment=dict(line.partition("=")[::2] for line in contained.get("Env") or ()),
        arguments=tuple(contained.get("Args") or ()),
        replicas=int(((spec.get("Mode") or {}).get("Replicated") or {}).get("Replicas") or 0),
        port=port,
        inner_port=inner_port,
        memory_bytes=int(limits.get("MemoryBytes") or 0),
        cpus=int(limits.get("NanoCPUs") or 0) / _NANO,
        has_check=bool((contained.get("Healthcheck") or {}).get("Test")),
        secrets={
            str((each.get("File") or {}).get("Name")): str(each["SecretID"])
            for each in contained.get("Secrets") or ()
        },
        update=_update(told.get("UpdateStatus") or {}),
        spec=spec,
    )


def tasks_of(client: Client, served: Served) -> list[Task]:
    """Return the tasks of a service as its spec is now, oldest first; none of what it was before."""
    from docker.errors import NotFound

    try:
        told = client.tasks(filters={"service": served.service_id})
    except NotFound:
        return []
    now = _of_a_task(served.spec.get("TaskTemplate") or {})
    found = (task_of(each) for each in told if _of_a_task(each.get("Spec") or {}) == now)
    return sorted(found, key=lambda task: task.created)


def past_tasks(client: Client, service: str) -> frozenset[str]:
    """Return the ids of the tasks of one of ours that have ended or are to end, of whichever spec."""
    from docker.errors import NotFound

    found: set[str] = set()
    for served in all_of(client, service):
        with contextlib.suppress(NotFound):
            tasks = [task_of(each) for each in client.tasks(filters={"service": served.service_id})]
            found |= {each.task_id for each in tasks if each.has_ended or not each.is_wanted}
    return frozenset(found)


def task_of(told: Mapping[str, Any]) -> Task:
    """Return what the engine tells of a task, as a value."""
    status = told.get("Status") or {}
    error = str(status.get("Err") or "")
    return Task(
        task_id=str(told["ID"]),
        state=str(status.get("State") or ""),
        error=error.removeprefix("task: "),
        is_wanted=str(told.get("DesiredState")) not in _LEAVING,
        container_id=str((status.get("ContainerStatus") or {}).get("ContainerID") or ""),
        node_id=str(told.get("NodeID") or ""),
        created=str(told.get("CreatedAt") or ""),
    )


def create(client: Client, making: Making, *, name: str, replicas: int, port: int) -> None:
    """Create a service with as little power as it can have; `port` is 0 for one that the Swarm chooses."""
    client.create_service(**swarmspec.words_of(making, name=name, replicas=replicas, port=port))


def changed(client: Client, name: str, making: Making, *, replicas: int, port: int) -> None:
    """Let a service be what its release says again, with the port that it has, or else with `port`."""
    _updated(
        client,
        name,
        lambda now: swarmspec.words_of(making, name=name, replicas=replicas, port=now.port or port),
    )


def scale(client: Client, name: str, replicas: int) -> None:
    """Let a service have so many replicas, and be otherwise as it is."""

    def words_of(now: Served) -> dict[str, Any]:
        if now.replicas == replicas:
            return {}
        return {
            "task_template": now.spec["TaskTemplate"],
            "name": now.name,
            "labels": now.spec.get("Labels"),
            "mode": swarmspec.mode_of(replicas),
            "update_config": now.spec.get("UpdateConfig"),
            "rollback_config": now.spec.get("RollbackConfig"),
            "endpoint_spec": now.spec.get("EndpointSpec"),
        }

    _updated(client, name, words_of)


def _updated(client: Client, name: str, words_of: Callable[[Served], dict[str, Any]]) -> None:
    """Update a service as it is now; the Swarm writes on it by itself, and then it is read again."""
    import docker.errors

    for left in reversed(range(_TRIES)):
        now = seen(client, name)
        words = words_of(now) if now else {}
        if now is None or not words:
            return
        try:
            client.update_service(now.service_id, now.version, **words)
            return
        except docker.errors.APIError as error:
            if not left or "out of sequence" not in str(error):
                raise
            time.sleep(_PAUSE_SECONDS)


def differences(served: Served, release: Release) -> list[str]:
    """Return how a service is other than its release says, in words; no value of a variable is told."""
    spec = release.spec
    wanted = containers.variables_of(spec, served.inner_port)
    names = sorted({*wanted, *served.environment})
    found = [
        f"its variable {name} is another"
        for name in names
        if wanted.get(name) != served.environment.get(name)
    ]
    if served.image not in (served.labels.get(labels.IMAGE_ID), swarmspec.image_name(spec)):
        found.append("it runs another image")
    if served.arguments != spec.command:
        found.append(f"its command is {shlex.join(served.arguments) or 'its image'}")
    if served.memory_bytes != spec.memory_bytes:
        found.append(f"its memory is {served.memory_bytes or 'not limited'}")
    if round(served.cpus * _NANO) != round(spec.cpus * _NANO):
        found.append(f"its processors are {f'{served.cpus:g}' if served.cpus else 'not limited'}")
    if set(served.secrets) != {each.name for each in spec.secrets}:
        found.append("its secrets are others")
    return found


def _ports(told: Mapping[str, Any]) -> tuple[int, int]:
    """Return the port inside, and the one on this machine: as asked for, or as the Swarm chose."""
    asked = (told["Spec"].get("EndpointSpec") or {}).get("Ports") or ()
    given = (told.get("Endpoint") or {}).get("Ports") or ()
    for each in (*given, *asked):
        if each.get("PublishedPort"):
            return int(each.get("TargetPort") or 0), int(each["PublishedPort"])
    return next((int(each.get("TargetPort") or 0) for each in asked), 0), 0


def _update(status: Mapping[str, Any]) -> str:
    said = (str(status.get(name) or "") for name in ("State", "Message", "StartedAt"))
    return ", ".join(each for each in said if each)


def _of_a_task(template: Mapping[str, Any]) -> list[Any]:
    """Return what makes a task, and not the service around it; the engine leaves out what is empty."""
    return [template.get(name) or {} for name in _OF_A_TASK]


def _order(served: Served) -> tuple[str, int, str]:
    base, _, number = served.name.rpartition("-")
    return base, int(number) if number.isdecimal() else 0, served.name

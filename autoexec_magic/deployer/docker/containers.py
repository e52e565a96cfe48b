"""A container of ours: with what it is created, and what is seen of it as the engine has it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...dockerengine import Client
from ...errors import UsageError
from ...releasefacts import Release, Spec
from . import labels, secretfiles

HOST = "127.0.0.1"
_PROCESSES = 512
_SECOND = 10**9
_HEALTH_SECONDS = 5  # an image's own check says for a first time after its interval, which is 30 s by default
_NANO = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A container as the engine has it.

    `status` is the engine's word ("running", "exited"), `restarts` how often the
    engine started it again by itself since it was started by hand. `health` is "" where it has no
    check. `port` is on this machine, `inner_port` inside; 0 where none is published.
    """

    name: str
    container_id: str
    image_id: str
    status: str
    labels: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    restarts: int = 0
    exit_code: int = 0
    error: str = ""
    health: str = ""
    port: int = 0
    inner_port: int = 0
    memory_bytes: int = 0
    cpus: float = 0.0

    @property
    def release_id(self) -> str:
        """The release that it says it is of."""
        return self.labels.get(labels.RELEASE_ID, "")

    @property
    def is_running(self) -> bool:
        """Whether it runs just now, and is not about to be started again."""
        return self.status == "running"


def variables_of(spec: Spec, port: int) -> dict[str, str]:
    """Return the environment that a container gets on top of its image's; of a secret there is its file.

    Raises
    ------
    UsageError
        A variable has the name that a secret's file needs.
    """
    found = dict(spec.environment)
    found.setdefault("PORT", str(port))
    for each in spec.secrets:
        name = f"{each.name}_FILE"
        if name in found:
            raise UsageError(f"{name} is a variable, and says where the secret is", fix="name one otherwise")
        found[name] = secretfiles.path_of(each.name)
    return found


def create(
    client: Client,
    release: Release,
    image: Mapping[str, Any],
    *,
    name: str,
    port: int,
    host_port: int,
    owner: str = "",
) -> None:
    """Create a container, not started: by its image's id, with as little power as it can have."""
    spec = release.spec
    image_id = str(image["Id"])
    settings = client.create_host_config(
        restart_policy={"Name": "unless-stopped"},
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        pids_limit=_PROCESSES,
        mem_limit=spec.memory_bytes or None,
        nano_cpus=round(spec.cpus * _NANO) or None,
        port_bindings={port: (HOST, host_port)},
    )
    words: dict[str, Any] = {"healthcheck": check} if (check := healthcheck(image)) else {}
    client.create_container(
        image=image_id,
        command=list(spec.command) or None,
        name=name,
        ports=[port],
        environment=variables_of(spec, port),
        labels=labels.labels_of(release, image_id, owner),
        host_config=settings,
        use_config_proxy=False,  # what runs is what the release says
        **words,
    )


def healthcheck(image: Mapping[str, Any]) -> dict[str, Any]:
    """Return an image's own check, asked often enough to say something while the gate is open."""
    own = (image.get("Config") or {}).get("Healthcheck") or {}
    if (own.get("Test") or ["NONE"])[0] == "NONE":
        return {}
    names = {"Test": "test", "Timeout": "timeout", "Retries": "retries", "StartPeriod": "start_period"}
    found = {name: own[key] for key, name in names.items() if own.get(key)}
    interval = own.get("Interval") or _HEALTH_SECONDS * _SECOND
    return {**found, "interval": min(interval, _HEALTH_SECONDS * _SECOND)}


def seen(client: Client, name: str) -> Seen | None:
    """Return what the engine has of a container, None where there is none."""
    from docker.errors import NotFound

    try:
        return seen_of(client.inspect_container(name))
    except NotFound:
        return None


def seen_of(told: Mapping[str, Any]) -> Seen:
    """Return what the engine tells of a container, as a value."""
    state, config, host = told["State"], told["Config"], told["HostConfig"]
    inner_port, port = _ports(host.get("PortBindings") or {})
    return Seen(
        name=str(told["Name"]).lstrip("/"),
        container_id=str(told["Id"]),
        image_id=str(told["Image"]),
        status="restarting" if state.get("Restarting") else str(state["Status"]),
        labels=config.get("Labels") or {},
        environment=_pairs(config.get("Env")),
        command=tuple(config.get("Cmd") or ()),
        restarts=int(told.get("RestartCount") or 0),
        exit_code=int(state.get("ExitCode") or 0),
        error=str(state.get("Error") or ""),
        health=str((state.get("Health") or {}).get("Status") or "").replace("none", ""),
        port=port,
        inner_port=inner_port,
        memory_bytes=int(host.get("Memory") or 0),
        cpus=int(host.get("NanoCpus") or 0) / _NANO,
    )


def all_of(client: Client, service: str) -> list[Seen]:
    """Return the containers of a service, also those that are stopped, by their names."""
    listed = client.containers(all=True, filters={"label": f"{labels.SERVICE}={service}"})
    found = (seen(client, each["Id"]) for each in listed)
    return sorted((each for each in found if each is not None), key=_order)


def inherited(image: Mapping[str, Any]) -> dict[str, str]:
    """Return the environment that an image has by itself."""
    return _pairs((image.get("Config") or {}).get("Env"))


def own_command(image: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the command that an image has by itself."""
    return tuple((image.get("Config") or {}).get("Cmd") or ())


def _order(container: Seen) -> tuple[str, int, str]:
    base, _, number = container.name.rpartition("-")
    return base, int(number) if number.isdecimal() else 0, container.name


def _ports(bindings: Mapping[str, Sequence[Mapping[str, str]] | None]) -> tuple[int, int]:
    """Return the port inside, and the one on this machine; 0 and 0 where none is published."""
    for inner, bound in bindings.items():
        for each in bound or ():
            if each.get("HostPort"):
                return int(inner.partition("/")[0]), int(each["HostPort"])
    return 0, 0


def _pairs(lines: Sequence[str] | None) -> dict[str, str]:
    return dict(line.partition("=")[::2] for line in lines or ())


def differences(container: Seen, release: Release, image: Mapping[str, Any] | None) -> list[str]:
    """Return how a container is other than its release says, in words; no value of a variable is told.

    Parameters
    ----------
    container : Seen
        As it is.
    release : Release
        As it should be.
    image : mapping, optional
        What the engine tells of its image, None where that is gone: then what comes of
        it counts as right.
    """
    spec = release.spec
    wanted = {**inherited(image or {}), **variables_of(spec, container.inner_port)}
    names = wanted if image is None else {*wanted, *container.environment}
    command = spec.command or (container.command if image is None else own_command(image))
    others = sorted(name for name in names if wanted.get(name) != container.environment.get(name))
    found = [f"its variable {name} is another" for name in others]
    if container.image_id != container.labels.get(labels.IMAGE_ID):
        found.append("it runs another image")
    if container.command != command:
        found.append(f"its command is {shlex.join(container.command)}")
    if container.memory_bytes != spec.memory_bytes:
        found.append(f"its memory is {container.memory_bytes or 'not limited'}")
    if round(container.cpus * _NANO) != round(spec.cpus * _NANO):
        found.append(f"its processors are {f'{container.cpus:g}' if container.cpus else 'not limited'}")
    return found

"""Brings a release's services into being: created with their secrets, or given their replicas again.

By a port of a node (`publish = "host"`) there is a service for each replica, with a port of its own that
stays when its task is replaced: whoever routes to it need not be told. By the routing mesh there is one,
whose port the Swarm chooses and keeps.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from ...dockerengine import Client
from ...errors import DeployError
from ...events import Emit, Progress
from ...releasefacts import Release
from . import containers, images, labels, swarmsecrets, swarmservices
from .settings import settings_of
from .staging import PORT_WORDS, Known, free_port
from .swarmservices import Served, Task
from .swarmspec import Making

_TRIES = 8
_SETTLE_SECONDS = 15.0
_PAUSE_SECONDS = 0.05
_ON_ITS_WAY = frozenset(
    {"new", "pending", "allocated", "assigned", "accepted", "preparing", "ready", "starting"}
)
_NO_NEW_PRIVILEGES_API = (1, 44)


def slots(release: Release) -> dict[str, int]:
    """Return the names of a release's services, and how many replicas each has."""
    replicas = release.spec.replicas
    if is_ingress(release) or not replicas:
        return {labels.name_of(release, 1): replicas}
    return {labels.name_of(release, number): 1 for number in range(1, replicas + 1)}


def is_ingress(release: Release) -> bool:
    """Whether it is published by the routing mesh."""
    return settings_of(dict(release.spec.options)).publish == "ingress"


def staged(client: Client, release: Release, known: Known, emit: Emit) -> bool:
    """Let all services of a release be there and run; return whether any was started for it.

    Raises
    ------
    DeployError
        The image is not to be had, a secret of that version is not, or the Swarm refuses.
    UsageError
        Its settings cannot be.
    """
    image = images.found(client, release.spec) or images.pulled(client, release.spec, emit)
    version = tuple(int(part) for part in str(client.api_version).split("."))
    making = Making(
        release=release,
        image=image,
        inner_port=images.port_of(release.spec, image),
        secrets=swarmsecrets.stored(client, release, image, known),
        owner=known.owner,
        node_id=str(client.info()["Swarm"]["NodeID"]),
        has_no_new_privileges=version >= _NO_NEW_PRIVILEGES_API,
    )
    past = swarmservices.past_tasks(client, release.service)
    staging = _Staging(client=client, making=making, emit=emit, past=past)
    began = [name for name, replicas in slots(release).items() if staging.one(name, replicas)]
    staging.settled(began)
    return any(slots(release)[name] for name in began)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Staging:
    client: Client
    making: Making
    emit: Emit
    past: frozenset[str]  # tasks that ended before this began: what they lacked is no news

    def one(self, name: str, replicas: int) -> bool:
        """Let one service be there as it should be; return whether anything was done for it."""
        there = swarmservices.seen(self.client, name)
        if there is None:
            self._create(name, replicas)
            return True
        self._check_ours(there)
        if not self._is_right(there):
            port = self._new_port()
            swarmservices.changed(self.client, name, self.making, replicas=replicas, port=port)
            self._say(f"{name} is what its release says again")
            return True
        if there.replicas == replicas:
            return False
        swarmservices.scale(self.client, name, replicas)
        self._say(f"{name} is started again" if replicas else f"{name} is stopped")
        return True

    def settled(self, names: Sequence[str]) -> None:
        """Wait until the tasks have begun; one whose port is somebody else's by now gets another.

        Raises
        ------
        DeployError
            No port is to be had.
        """
        if is_ingress(self.making.release):
            return  # the Swarm sees to its port; a task may be on its way to another node for long
        for name in names:
            replicas = slots(self.making.release)[name]
            for _ in range(_TRIES):
                if not replicas or not self._lacks_its_port(name):
                    break
                self.client.remove_service(name)
                self._create(name, replicas)
            else:
                raise DeployError(f"{name} gets no port on this machine", fix="ss -ltn")

    def _create(self, name: str, replicas: int) -> None:
        port = self._new_port()
        swarmservices.create(self.client, self.making, name=name, replicas=replicas, port=port)
        self._say(f"{name} is created" + ("" if replicas else ", with no replicas"))

    def _new_port(self) -> int:
        return 0 if is_ingress(self.making.release) else free_port("")

    def _check_ours(self, there: Served) -> None:
        service = self.making.release.service
        if there.labels.get(labels.SERVICE) != service:
            raise DeployError(
                f"there is a Swarm service {there.name} that is none of {service}",
                why="it has none of its labels",
                fix=f"docker service rm {there.name}, if nobody needs it",
            )

    def _is_right(self, there: Served) -> bool:
        """Whether it is what this release made, whole: also its secrets' versions, its port and its image."""
        release, written = self.making.release, labels.release_in(there.labels)
        wanted = {str(each["File"]["Name"]): str(each["SecretID"]) for each in self.making.secrets}
        return (
            written is not None
            and (written.release_id, written.spec) == (release.release_id, release.spec)
            and there.labels.get(labels.IMAGE_ID) == self.making.image["Id"]
            and (there.inner_port, dict(there.secrets)) == (self.making.inner_port, wanted)
            and there.port > 0
            and not swarmservices.differences(there, release)
        )

    def _lacks_its_port(self, name: str) -> bool:
        until = time.monotonic() + _SETTLE_SECONDS
        while time.monotonic() < until:
            served = swarmservices.seen(self.client, name)
            tasks = swarmservices.tasks_of(self.client, served) if served else []
            told = [each.error.lower() for each in tasks if each.task_id not in self.past]
            if any(words in error for error in told for words in PORT_WORDS):
                return True
            wanted = [each for each in tasks if each.is_wanted]  # none just after it got replicas again
            if wanted and all(self._has_begun(each) for each in wanted):
                return False
            time.sleep(_PAUSE_SECONDS)
        return False

    def _has_begun(self, task: Task) -> bool:
        """Whether it has its port: one with a health check is said to be starting until that is well."""
        if task.state == "starting" and task.container_id:
            found = containers.seen(self.client, task.container_id)
            return found is not None and found.is_running
        return task.state not in _ON_ITS_WAY

    def _say(self, text: str) -> None:
        self.emit(Progress(phase="deploy", text=text))

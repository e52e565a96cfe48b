"""Brings a release's containers into being: created, given their secrets, started; what is there stays.

Each publishes a port of its own choice that does not change when it starts again, by itself or after
the machine did: whoever routes to it need not be told.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ... import dockerengine
from ...dockerengine import Client
from ...errors import DeployError
from ...events import Emit, Progress
from ...releasefacts import Release, Secret
from . import containers, images, labels, secretfiles
from .containers import Seen

_PORTS = range(20_000, 32_768)  # below those that Linux gives to connections that go out
_TRIES = 8
#: what an engine says where somebody else has a port by now
PORT_WORDS = ("port is already allocated", "address already in use", "ports are not available")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What this process knows: secrets' values and versions, by name, and whose it is (`labels.owner_of`)."""

    values: Mapping[str, str]
    versions: Mapping[str, str]
    owner: str = ""

    def value(self, secret: Secret) -> str | None:
        """Return a value of the very version, None where there is none."""
        is_it = self.versions.get(secret.name, "") == secret.version
        return self.values.get(secret.name) if is_it else None


def staged(client: Client, release: Release, known: Known, emit: Emit) -> bool:
    """Let all containers of a release be there and run; return whether any was started for it.

    Raises
    ------
    DeployError
        The image is not to be had, a secret of that version is not, or the engine cannot start it.
    UsageError
        Its settings cannot be.
    """
    image = images.found(client, release.spec) or images.pulled(client, release.spec, emit)
    port = images.port_of(release.spec, image)
    # with no replicas there is one that is not started: the release stands on it
    numbers = range(1, max(1, release.spec.replicas) + 1)
    making = _Making(client=client, release=release, image=image, port=port, known=known, emit=emit)
    were_started = [making.one(labels.name_of(release, number)) for number in numbers]
    return any(were_started)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Making:
    client: Client
    release: Release
    image: Mapping[str, Any]
    port: int
    known: Known
    emit: Emit

    def one(self, name: str) -> bool:
        """Let one container be there as it should be, and run; return whether it was started."""
        there = containers.seen(self.client, name)
        if there is not None and self._is_right(there):
            if there.status in ("running", "restarting") or not self.release.spec.replicas:
                return False
            if self._started(name, is_paused=there.status == "paused"):
                self._say(f"{name} is started again")
                return True
        values = self._values()  # before the one that may have them is removed
        if there is not None:
            self.client.remove_container(there.container_id, force=True, v=True)
        for _ in range(_TRIES):
            self._create(name, values)
            if not self.release.spec.replicas or self._started(name):
                self._say(f"{name} is created" + ("" if self.release.spec.replicas else ", not started"))
                return bool(self.release.spec.replicas)
            self.client.remove_container(name, force=True, v=True)
        raise DeployError(f"{name} gets no port on this machine", fix="docker ps --format '{{.Ports}}'")

    def _is_right(self, there: Seen) -> bool:
        """Whether a container is what this release made, whole, and nobody else's.

        Raises
        ------
        DeployError
            It is none of ours.
        """
        release = self.release
        if there.labels.get(labels.SERVICE) != release.service:
            raise DeployError(
                f"there is a container {there.name} that is none of {release.service}",
                why="it has none of its labels",
                fix=f"docker rename {there.name} OTHER, or docker rm {there.name}",
            )
        written = labels.release_in(there.labels)
        is_this = written is not None and written.spec == release.spec
        was_begun = there.status == "created" and release.spec.replicas > 0  # its secrets may not be in it
        right_port = there.inner_port == self.port and there.port > 0
        return (
            is_this
            and there.release_id == release.release_id
            and there.image_id == self.image["Id"]
            and not was_begun
            and right_port
            and not containers.differences(there, release, self.image)
        )

    def _create(self, name: str, values: Mapping[str, str]) -> None:
        containers.create(
            self.client,
            self.release,
            self.image,
            name=name,
            port=self.port,
            host_port=free_port(),
            owner=self.known.owner,
        )
        if values:
            secretfiles.write(self.client, name, values, images.user_of(self.image))

    def _started(self, name: str, *, is_paused: bool = False) -> bool:
        """Start it, or let it go on; return False where its port is somebody else's by now."""
        try:
            (self.client.unpause if is_paused else self.client.start)(name)
        except dockerengine.failures() as error:
            if any(words in str(error).lower() for words in PORT_WORDS):
                return False
            raise
        return True

    def _values(self) -> dict[str, str]:
        """Return the secrets' values: as resolved now, or as a container that is still there has them."""
        found = {}
        others: list[Seen] | None = None
        for secret in self.release.spec.secrets:
            value = self.known.value(secret)
            if value is None:
                others = others or containers.all_of(self.client, self.release.service)
                value = _kept(self.client, others, secret)
            if value is None:
                raise DeployError(
                    f"the secret {secret.name} of {labels.base_name(self.release)} is not to be had any more",
                    why=f"{secret.reference} has another value now, and no container keeps the one it had",
                    fix=f"give {secret.reference} its earlier value, or deploy again with the one of now",
                )
            found[secret.name] = value
        return found

    def _say(self, text: str) -> None:
        self.emit(Progress(phase="deploy", text=text))


def _kept(client: Client, others: list[Seen], secret: Secret) -> str | None:
    """Return a secret's value out of a container whose release has it in the same version."""
    for each in others:
        release = labels.release_in(each.labels)
        same = release is not None and any(
            (one.name, one.version) == (secret.name, secret.version) for one in release.spec.secrets
        )
        if same and secret.version and (value := secretfiles.read(client, each.container_id, secret.name)):
            return value
    return None


def free_port(host: str = containers.HOST) -> int:
    """Return a port of this machine that nobody listens on just now; `host` is "" for all addresses."""
    for _ in range(100):
        port = random.choice(_PORTS)
        with socket.socket() as tried:
            try:
                tried.bind((host, port))
            except OSError:
                continue
            return port
    raise DeployError("this machine has no free port", fix="ss -ltn")

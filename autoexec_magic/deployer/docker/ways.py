"""How a release runs at the engine: as containers, or as services of a Swarm; which one is chosen here alone.

A release that is there already, in whichever way, stays in that way: it has its
containers or its services, and never both. Else what `mode` says is done; where it
says nothing, an engine that is a manager of a Swarm gets services.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, Protocol, TypeAlias

from ...dockerengine import Client
from ...errors import MissingTool, UsageError
from ...events import Emit
from ...releasefacts import Release
from ..serving.routes import Routes
from ..target import Live, Unanswered, Unwell
from .settings import settings_of
from .staging import Known

Kind: TypeAlias = Literal["containers", "swarm"]
_SILENT = ("pending", "error", "locked")  # what a node says whose Swarm is there, and cannot be asked
_LEAST_API = (1, 41)  # the first that takes a service's capabilities away (Docker 20.10)


class Unit(Protocol):
    """A container, or a service: what is started, routed to and ended by its name."""

    @property
    def name(self) -> str:
        """Its name at the engine."""

    @property
    def labels(self) -> Mapping[str, str]:
        """What stands on it."""

    @property
    def release_id(self) -> str:
        """The release that it says it is of."""

    @property
    def port(self) -> int:
        """Where it is reached on this machine, 0 where nowhere."""

    @property
    def is_running(self) -> bool:
        """Whether it runs, or is meant to."""


class Way(Protocol):
    """One way for releases to run; each method asks the engine by the client that it gets."""

    kind: ClassVar[Kind]
    nouns: ClassVar[str]  # what its units are called

    def units(self, client: Client, service: str) -> Sequence[Unit]:
        """Return all that is there of a service, also what is stopped."""

    def wanted(self, release: Release) -> int:
        """Return how many units a release has; 1 or more."""

    def staged(self, client: Client, release: Release, known: Known, emit: Emit) -> bool:
        """Let a release run; return whether anything was started for it. The errors are `stage`'s."""

    def from_now(self, client: Client, release: Release) -> None:
        """Count from here on how often it is started again."""

    def unwell(self, client: Client, release: Release) -> Unwell | None:
        """Return why a release is not well just now."""

    def live(self, client: Client, service: str, routes: Routes, port: int) -> Live:
        """Return what is live, where the routes lead to somebody."""

    def end(self, client: Client, unit: Unit, *, is_kept: bool) -> None:
        """Stop a unit, and remove it where it is not kept."""

    def swept(self, client: Client, service: str, owner: str) -> Sequence[str]:
        """Remove what only units that are gone had, and return the names of it."""

    def told(self, units: Sequence[Unit], *, lines: int, follow: bool) -> Iterator[str]:
        """Yield what units wrote last, and then what they write."""


@dataclass(slots=True, kw_only=True, eq=False)
class Ways:
    """Which way a release runs; what was found of one stays so for this process."""

    containers: Way
    swarm: Way
    options: Mapping[str, str] = field(default_factory=dict)
    _found: dict[str, Way] = field(default_factory=dict)
    _is_manager: bool | None = None

    def of(self, client: Client, release: Release) -> Way:
        """Return the way in which a release runs, or would.

        Raises
        ------
        UsageError
            It is to be a Swarm's, and the engine is no manager of one.
        MissingTool
            The engine is too old for that.
        """
        if release.release_id not in self._found:
            there = self.holding(client, release.service, release.release_id)
            self._found[release.release_id] = there or self._chosen(client, release)
        return self._found[release.release_id]

    def holding(self, client: Client, service: str, release_id: str) -> Way | None:
        """Return the way in which a release is there, None where it is not."""
        for way in self.all(client):
            if any(each.release_id == release_id for each in way.units(client, service)):
                return way
        return None

    def all(self, client: Client) -> tuple[Way, ...]:
        """Return the ways that the engine has, those of a Swarm first.

        Raises
        ------
        Unanswered
            It is in a Swarm, and cannot say just now what is there.
        """
        if self._is_manager is None:
            why = _hindrance(client)
            if any(why.endswith(state) for state in _SILENT) and self.options.get("mode") != "containers":
                raise Unanswered("the Swarm of the Docker Engine does not answer", why=why, fix="docker info")
            self._is_manager = not why
        return (self.swarm, self.containers) if self._is_manager else (self.containers,)

    def _chosen(self, client: Client, release: Release) -> Way:
        mode = settings_of({**self.options, **dict(release.spec.options)}).mode
        if mode == "containers":
            return self.containers
        if mode == "swarm" and (why := _hindrance(client)):
            if why.startswith("its API"):
                raise MissingTool(
                    "the Docker Engine is too old for a Swarm's services", why=why, fix="update it"
                )
            raise UsageError(
                "docker.mode is swarm, and the Docker Engine is no manager of one",
                why=why,
                fix="docker swarm init, or docker.mode = 'containers'",
            )
        return self.all(client)[0]


def _hindrance(client: Client) -> str:
    """Return why services cannot be asked for, "" where they can."""
    told = client.info().get("Swarm") or {}
    state = str(told.get("LocalNodeState") or "inactive")
    if state != "active":
        return f"its node is {state}"
    if not told.get("ControlAvailable"):
        return "its node is a worker"
    version = tuple(int(part) for part in str(client.api_version).split(".") if part.isdecimal())
    return "" if version >= _LEAST_API else f"its API is {client.api_version}, and 1.41 is the least"

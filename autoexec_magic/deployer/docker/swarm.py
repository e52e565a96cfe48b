"""Releases as services of a Swarm: what `ways.Way` asks for, by the API of its manager.

Each release has services of its own beside those of the one that is live, and the
proxy in front moves the requests, as with containers. An update of one service in
place (`docker service update`) was the other way, and keeps less of what is promised.
It gives a part of the requests to tasks that nobody has tried. It remembers one
earlier spec only, so two releases back is not to be had. Whether it came to rest is
told by a status that stays from the update before. And on one node, by a port of the
node, the old task has to end before the new one can start, so requests fail. Beside
each other, what was live is not touched before the switch, an undo names it, and what
is read back is the spec and the tasks of that one release.

A service has an update and a rollback config all the same: whoever updates one by
hand gets it back where the new tasks do not stay. That shows in `status`, since
nothing of ours updates a service but to mend what somebody else did.

By a port of the node (`publish = "host"`) each replica is a service of one task: a
task that is replaced keeps its port, which one with a port of the Swarm's choice would
not, and the proxy would lead nowhere until somebody looked. The Swarm publishes it on
all addresses of the node; it has no other way. By the routing mesh (`"ingress"`) there
is one service with all replicas, on any node where the image is a registry's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from ... import dockerengine
from ...dockerengine import Client
from ...events import Emit
from ...releasefacts import Release
from ..serving.routes import Routes
from ..target import Live, Unwell
from . import swarmlogs, swarmreading, swarmsecrets, swarmservices, swarmstaging, telling
from .staging import Known
from .swarmlooks import SwarmLooks
from .swarmservices import Served
from .ways import Kind, Unit


class Swarm:
    """Services of a Swarm that this engine is a manager of.

    Parameters
    ----------
    secrets : sequence of str
        Values that no line of evidence or of a log may have.
    """

    kind: ClassVar[Kind] = "swarm"
    nouns: ClassVar[str] = "services"

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        self._secrets = secrets
        self._looks = SwarmLooks(secrets=secrets)

    def units(self, client: Client, service: str) -> list[Served]:
        """Return the services of one of ours, also those without replicas."""
        return swarmservices.all_of(client, service)

    def wanted(self, release: Release) -> int:
        """Return how many services a release has."""
        return len(swarmstaging.slots(release))

    def staged(self, client: Client, release: Release, known: Known, emit: Emit) -> bool:
        """Let all services of a release run; return whether any was started for it."""
        return swarmstaging.staged(client, release, known, emit)

    def from_now(self, client: Client, release: Release) -> None:
        """Count from here on how many tasks end."""
        for each in swarmservices.all_of(client, release.service):
            if each.release_id == release.release_id:
                self._looks.from_now(client, each)

    def unwell(self, client: Client, release: Release) -> Unwell | None:
        """Return why the services of a release are not well just now."""
        return self._looks.unwell(client, release)

    def live(self, client: Client, service: str, routes: Routes, port: int) -> Live:
        """Return what is live, as its services and their tasks are."""
        return swarmreading.live(client, service, routes, port)

    def end(self, client: Client, unit: Unit, *, is_kept: bool) -> None:
        """Take a service's replicas away, or the whole of it; the Swarm ends its tasks in their own time."""
        served = swarmservices.seen(client, unit.name)
        if served is None or served.release_id != unit.release_id:
            return
        if is_kept:
            swarmservices.scale(client, served.name, 0)
        else:
            client.remove_service(served.service_id)

    def swept(self, client: Client, service: str, owner: str) -> Sequence[str]:
        """Remove the stored secrets that no service names any more, and return their names."""
        used = [each for served in swarmservices.all_of(client, service) for each in served.secrets.values()]
        return swarmsecrets.swept(client, service, owner, used)

    def told(self, units: Sequence[Unit], *, lines: int, follow: bool) -> Iterator[str]:
        """Yield what the tasks of services wrote last, and then what they write."""
        names = [each.name for each in units]
        with dockerengine.connected() as client:
            streams = [swarmlogs.opened(client, name, lines=lines, follow=follow) for name in names]
            yield from telling.told(names, streams, follow=follow, secrets=self._secrets)

"""Releases as containers side by side: what `ways.Way` asks for, by the Docker Engine alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from ... import dockerengine
from ...dockerengine import Client
from ...events import Emit
from ...releasefacts import Release
from ..serving.routes import Routes
from ..target import Live, Unwell
from . import containers, labels, reading, staging, telling
from .containers import Seen
from .front import main_share
from .looking import Looks
from .settings import settings_of
from .staging import Known
from .ways import Kind, Unit

_SPARE_SECONDS = 30.0  # of the engine, over what a container gets to end


class SideBySide:
    """Containers of the Docker Engine.

    Parameters
    ----------
    secrets : sequence of str
        Values that no line of evidence or of a log may have.
    """

    kind: ClassVar[Kind] = "containers"
    nouns: ClassVar[str] = "containers"

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        self._secrets = secrets
        self._looks = Looks(secrets=secrets)

    def units(self, client: Client, service: str) -> list[Seen]:
        """Return the containers of a service, also those that are stopped."""
        return containers.all_of(client, service)

    def wanted(self, release: Release) -> int:
        """Return one for each replica; with none there is one that is not started."""
        return max(1, release.spec.replicas)

    def staged(self, client: Client, release: Release, known: Known, emit: Emit) -> bool:
        """Let all containers of a release run; return whether any was started for it."""
        return staging.staged(client, release, known, emit)

    def from_now(self, client: Client, release: Release) -> None:
        """Count from here on how often each is started again."""
        for each in containers.all_of(client, release.service):
            if each.release_id == release.release_id:
                self._looks.from_now(each)

    def unwell(self, client: Client, release: Release) -> Unwell | None:
        """Return why the containers of a release are not well just now."""
        return self._looks.unwell(client, release)

    def live(self, client: Client, service: str, routes: Routes, port: int) -> Live:
        """Return what is live, as its containers are."""
        share = main_share(routes)
        assert share is not None
        found = reading.found_of(client, service, share.release_id)
        return reading.live_of(routes, found, port=port, changed=reading.changes(found, share))

    def end(self, client: Client, unit: Unit, *, is_kept: bool) -> None:
        """Stop a container, and remove it where it is not kept."""
        seen = containers.seen(client, unit.name)
        if seen is None or seen.release_id != unit.release_id:
            return
        seconds = stop_seconds(labels.release_in(seen.labels))
        if seen.status not in ("exited", "created", "dead"):
            client.timeout = seconds + _SPARE_SECONDS
            client.stop(seen.container_id, timeout=seconds)
        if not is_kept:
            client.remove_container(seen.container_id, force=True, v=True)

    def swept(self, client: Client, service: str, owner: str) -> Sequence[str]:
        """Return nothing: what a container had goes with it."""
        return ()

    def told(self, units: Sequence[Unit], *, lines: int, follow: bool) -> Iterator[str]:
        """Yield what containers wrote last, and then what they write."""
        with dockerengine.connected() as client:
            names = [each.name for each in units]
            streams = [client.logs(name, stream=True, follow=follow, tail=lines) for name in names]
            yield from telling.told(names, streams, follow=follow, secrets=self._secrets)


def stop_seconds(release: Release | None) -> int:
    """Return how long what is of a release gets to end by itself, in seconds."""
    said = release.spec.option("stop-seconds") if release else ""
    return settings_of({"stop-seconds": said}).stop_seconds

"""Releases of a service as containers side by side, behind a reverse proxy on this machine.

A release's containers (at a Swarm, its services: `ways` has which) are created and
started beside those of the one that is live; the proxy then moves all requests, or
a part of them, from one moment to the next. What was live stays for a while,
stopped, with its secrets: making it live again is the same path. All that a
container is stands on it in labels, so what is live is read from the proxy and the
engine, and from nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import ClassVar

from ...dockerengine import Client
from ...errors import DeployError
from ...events import Emit, Progress
from ...releasefacts import Release, TargetKind
from ..serving.client import Serving
from ..serving.routes import Share
from ..target import Live, Unwell
from . import images, labels, staging
from .calls import Calls
from .front import Front, main_share
from .settings import settings_of
from .sidebyside import SideBySide
from .swarm import Swarm
from .ways import Unit, Way, Ways

_PAUSE_SECONDS = 0.1
_MOST_AT_ONCE = 8


class Docker:
    """The Docker Engine as a place where one service is live.

    Parameters
    ----------
    service : str
        Its name.
    serving : Serving
        What stands in front of it; its folder is this service's alone.
    options : mapping, optional
        The target's own settings, as `settings.KNOWN` has them.
    values, versions : mapping, optional
        The secrets that could be resolved, by name, and the version of each (`secretrefs.resolved`).
    host : str, default "127.0.0.1"
        The address at which people reach the service.
    limit_seconds : float, default 20
        For so long an engine that does not answer is asked again.

    Raises
    ------
    UsageError
        A setting is unknown, or cannot be.
    """

    kind: ClassVar[TargetKind] = "docker"

    def __init__(
        self,
        *,
        service: str,
        serving: Serving,
        options: Mapping[str, str] | None = None,
        values: Mapping[str, str] | None = None,
        versions: Mapping[str, str] | None = None,
        host: str = "127.0.0.1",
        limit_seconds: float = 20.0,
    ) -> None:
        settings_of(options or {})
        self.service = service
        self._known = staging.Known(
            values=dict(values or {}),
            versions=dict(versions or {}),
            owner=labels.owner_of(serving.folder),
        )
        secrets = tuple(self._known.values.values())
        self._front = Front(serving=serving, host=host)
        self._calls = Calls(limit_seconds=limit_seconds)
        self._ways = Ways(containers=SideBySide(secrets), swarm=Swarm(secrets), options=options or {})
        self._fresh: set[str] = set()  # started by us, and not seen well since

    def live(self) -> Live | None:
        """Return what is live, as the proxy and the engine have it; the errors are those of `Calls.asked`.

        A proxy that ended, as with the machine, is started again first.
        """
        state = self._front.state()
        if state is None and self._front.meant().shares:
            self._front.ensure(0)
            state = self._front.state()
        routes = state.routes if state else self._front.meant()
        share = main_share(routes)
        if share is None:
            return None
        port = state.port if state else 0

        def read(client: Client) -> Live:
            way = self._ways.holding(client, self.service, share.release_id) or self._ways.all(client)[0]
            return way.live(client, self.service, routes, port)

        return self._calls.asked(f"what is live of {self.service} cannot be read", read)

    def check(self, release: Release) -> None:
        """Refuse settings that cannot be, and another port than the service has."""
        images.checked(release.spec)
        settings_of(dict(release.spec.options))
        self._front.serving.check_port(release.spec.port, self._front.state())

    def stage(self, release: Release, emit: Emit) -> Release:
        """Let a release's containers run beside what is live.

        Raises
        ------
        DeployError, UsageError, MissingTool
            Its image or a secret is not to be had, its port is somebody else's, the
            engine cannot start it; nothing that is live was touched.
        """
        images.checked(release.spec)
        settings_of(dict(release.spec.options))
        placed = replace(release, place=labels.base_name(release))
        was_started = self._calls.asked(
            f"{placed.place} cannot be started",
            lambda client: self._ways.of(client, placed).staged(client, placed, self._known, emit),
            changes=True,
            image=release.spec.reference,
        )
        self._front.ensure(release.spec.port)
        if was_started:
            self._fresh.add(release.release_id)
            self._count_from_now(release)
        return placed

    def switch(self, release: Release | None, emit: Emit, *, fence: int) -> None:
        """Give all requests to a staged release; where it is not well for one, who was live is asked.

        One that was started for this, as an undo's, is waited for until it is well,
        for as long as its gate lets it start: no request is to meet it earlier.

        Raises
        ------
        DeployError
            It is not staged, or a later deploy was here.
        """
        if release is None:
            self._front.end(fence)
            emit(Progress(phase="deploy", text=f"{self.service} is taken away"))
            return
        share = self._share(release, 100.0)
        self._front.ensure(release.spec.port)
        self._await(release)
        before = self._other(release)
        self._front.note(release.release_id)
        self._front.route(share, fallback=before, fence=fence)
        emit(Progress(phase="deploy", text=f"{labels.base_name(release)} gets all requests"))

    def split(self, release: Release, percent: float, emit: Emit, *, fence: int) -> None:
        """Give a part of the requests to a staged release; all of them where nothing is live.

        Raises
        ------
        DeployError
            It is not staged, or a later deploy was here.
        """
        before = self._other(release)
        if before is None:
            self.switch(release, emit, fence=fence)
            return
        share = self._share(release, percent)
        rest = replace(before, percent=100.0 - percent)
        self._front.note(release.release_id)
        self._front.route(share, rest, fallback=replace(before, percent=100.0), fence=fence)
        emit(Progress(phase="deploy", text=f"{labels.base_name(release)} gets {percent:g} % of the requests"))

    def unwell(self, release: Release) -> Unwell | None:
        """Return why a live release is not well: its containers, and what became of the requests to it."""
        if found := self.unwell_aside(release):
            return found
        state = self._front.state()
        if state is None:
            return Unwell(why="what stands in front of it has ended: nothing answers at its port")
        return self._front.unwell(release.release_id, state)

    def unwell_aside(self, release: Release) -> Unwell | None:
        """Return why a release is not well just now, whoever uses it."""
        found = self._calls.asked(
            f"nobody can say how {labels.base_name(release)} is",
            lambda client: self._ways.of(client, release).unwell(client, release),
        )
        if found is None:
            self._fresh.discard(release.release_id)
        return found

    def tidy(self, live: Release | None, keep: Sequence[Release], emit: Emit) -> None:
        """Stop all but the live release once their requests have ended, and remove what is not kept."""
        routed = self._settled(live)
        kept = {each.release_id for each in keep} | routed
        what = f"what is older of {self.service} is still there"
        old = [pair for pair in self._calls.asked(what, self._mine) if pair[1].release_id not in routed]
        for release_id in sorted({unit.release_id for _, unit in old if unit.is_running}):
            self._front.end_routes_of(release_id)
        if old:
            with ThreadPoolExecutor(min(len(old), _MOST_AT_ONCE)) as pool:
                list(pool.map(lambda pair: self._ended(*pair, is_kept=pair[1].release_id in kept), old))
        for _, unit in old:
            how = "stopped, and kept" if unit.release_id in kept else "removed"
            emit(Progress(phase="deploy", text=f"{unit.name} is {how}"))
        for name in self._calls.asked(what, self._swept, changes=True):
            emit(Progress(phase="deploy", text=f"{name} is removed"))

    def logs(self, release: Release, *, lines: int, follow: bool) -> Iterator[str]:
        """Yield what a release's containers wrote last, and then what they write; secrets are masked.

        Raises
        ------
        DeployError
            It has no containers any more.
        """
        way, found = self._units(release)
        if not found:
            raise DeployError(
                f"{labels.base_name(release)} is not there any more",
                why="only the newest releases that were good are kept",
                fix=f"%autoexec releases {self.service}",
            )
        return way.told(found, lines=lines, follow=follow)

    def address(self) -> str:
        """Return the URL at which people of this machine reach the service, "" where nobody does."""
        state = self._front.state()
        if state is None:
            return ""
        host = "127.0.0.1" if state.host in ("0.0.0.0", "::", "") else state.host
        return f"http://{host}:{state.port}/"

    def _units(self, release: Release) -> tuple[Way, list[Unit]]:
        def found(client: Client) -> tuple[Way, list[Unit]]:
            way = self._ways.of(client, release)
            units = way.units(client, self.service)
            return way, [each for each in units if each.release_id == release.release_id]

        return self._calls.asked(f"what is there of {self.service} cannot be read", found)

    def _mine(self, client: Client) -> list[tuple[Way, Unit]]:
        """Return all that is there of the service, and that nobody else put there, in each way."""
        found = [(way, unit) for way in self._ways.all(client) for unit in way.units(client, self.service)]
        return [pair for pair in found if pair[1].labels.get(labels.OWNER) == self._known.owner]

    def _swept(self, client: Client) -> list[str]:
        ways = self._ways.all(client)
        return [name for way in ways for name in way.swept(client, self.service, self._known.owner)]

    def _share(self, release: Release, percent: float) -> Share:
        way, units = self._units(release)
        ports = tuple(each.port for each in units if each.port)
        if len(ports) < way.wanted(release):
            raise DeployError(
                f"{labels.base_name(release)} is not staged",
                why=f"{len(ports)} of its {way.wanted(release)} {way.nouns} are there",
                fix=f"%autoexec deploy {self.service}",
            )
        return Share(release_id=release.release_id, percent=percent, ports=ports)

    def _other(self, release: Release) -> Share | None:
        """Return who else is live, with all of the traffic; a release is no fallback of itself."""
        state = self._front.state()
        share = main_share(state.routes) if state else None
        if share is not None and share.release_id == release.release_id and state is not None:
            share = state.routes.fallback
        is_other = share is not None and share.release_id != release.release_id
        return replace(share, percent=100.0) if share is not None and is_other else None

    def _await(self, release: Release) -> None:
        until = time.monotonic() + release.spec.gate.start_seconds
        while release.release_id in self._fresh:
            found = self.unwell_aside(release)
            if found is None or found.is_final or time.monotonic() > until:
                return
            time.sleep(_PAUSE_SECONDS)

    def _count_from_now(self, release: Release) -> None:
        self._calls.asked(
            f"nobody can say how {labels.base_name(release)} is",
            lambda client: self._ways.of(client, release).from_now(client, release),
        )

    def _settled(self, live: Release | None) -> set[str]:
        """Take the fallback away, whose gate is closed; return the releases that get requests."""
        state = self._front.state()
        if state is None:
            return {live.release_id} if live else set()
        routes = state.routes
        share = main_share(routes)
        if share is None and live is None:
            self._front.end(state.fence)
            return set()
        is_whole = share is not None and live is not None and share.release_id == live.release_id
        if is_whole and routes.fallback is not None and len(routes.shares) == 1:
            self._front.route(*routes.shares, fallback=None, fence=state.fence)
            routes = replace(routes, fallback=None)
        return set(routes.releases()) | ({live.release_id} if live else set())

    def _ended(self, way: Way, unit: Unit, *, is_kept: bool) -> None:
        self._calls.asked(
            f"{unit.name} cannot be ended",
            lambda client: way.end(client, unit, is_kept=is_kept),
            changes=True,
        )

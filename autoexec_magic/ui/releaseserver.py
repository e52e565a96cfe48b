"""The server's side of the panel's Releases tab.

    GET  autoexec/releases?limit=                           all services of the record, the newest first
    GET  autoexec/releases/TARGET/SERVICE/status            how one stands, as its platform says
    GET  autoexec/releases/TARGET/SERVICE/difference?to=ID  what making that release live would change
    GET  autoexec/releases/TARGET/SERVICE/logs?release=ID   the last lines that one wrote
    POST autoexec/releases/TARGET/SERVICE/rollback          {"to": ID}: make that release live

A service is named by its target and its name, a release by its id; what is none
matches no route, and what is not on the record is not found. The record is read
here; a platform is asked by our command line alone, in the workspace and by the
interpreter of the run that deployed the service (`commanded`). So is a rollback,
which is a run of its own: it names its release, and needs no yes but the one
that the panel had. Those that start a process refuse the page of another site
even where that only asks.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from jupyter_server.auth.decorator import authorized
from jupyter_server.utils import url_path_join
from tornado.ioloop import IOLoop
from tornado.web import HTTPError, authenticated

from ..deployer import ServiceTold, Told, changes_of, fields_of, services_told
from ..errors import AutoexecError, UsageError
from ..history import RUN_ID, Store
from ..ledger import ledger_in
from ..releasefacts import Release
from ..releases import Listed
from .commanded import Answer, answered, begun, origin_of
from .releaserows import change_record, release_record
from .routes import RESOURCE, ApiHandler, Shelf

MOST_RELEASES, MOST_SERVICES = 500, 200
MOST_LINES, LINES = 1000, 200
ASK_SECONDS = 60.0  #: a platform far away; a busy machine starts an interpreter in ten
BEGIN_SECONDS = 60.0
THREADS = 4
_SERVICE = r"(local|docker|kubernetes|aws|gcp)/([a-z](?:[a-z0-9-]{0,38}[a-z0-9])?)"

T = TypeVar("T")


def routes(base: str, shelf: Shelf) -> list[tuple[str, type[ApiHandler], dict[str, Any]]]:
    """Return the routes of the releases, each as a server takes it."""
    given = {"shelf": shelf, "desk": Desk(shelf.store)}
    return [
        (url_path_join(base, "autoexec/releases", *parts), handler, given)
        for parts, handler in (
            ((), ReleasesHandler),
            ((_SERVICE, "status"), StatusHandler),
            ((_SERVICE, "difference"), DifferenceHandler),
            ((_SERVICE, "logs"), LogsHandler),
            ((_SERVICE, "rollback"), RollbackHandler),
        )
    ]


@dataclass(slots=True)
class _Asked:
    """The last answer about a service, and when it was asked for."""

    lock: threading.Lock
    at: float = 0.0
    answer: Answer | None = None


class Desk:
    """What is known of releases, and how their platforms are asked: on threads of its own, each one once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ledger = ledger_in(store.folder.parent)
        self._known: tuple[object, list[ServiceTold]] = (None, [])
        self._asked: dict[tuple[str, str], _Asked] = {}
        self._askers = ThreadPoolExecutor(THREADS, thread_name_prefix="autoexec-ask")

    async def ask(self, function: Callable[..., T], *arguments: object) -> T:
        """Return what `function` returns, called on one of the threads that ask."""
        found: T = await IOLoop.current().run_in_executor(self._askers, function, *arguments)
        return found

    def services(self) -> list[ServiceTold]:
        """Return all services; the record is read again only when there is something new on it."""
        head = self._ledger.head()
        known, found = self._known
        if head is None or head != known:
            found = services_told(self._ledger)
            self._known = (head, found)
        return found

    def service(self, target: str, name: str) -> ServiceTold | None:
        """Return a service, None where none of that name was deployed there."""
        return next((each for each in self.services() if (each.target, each.service) == (target, name)), None)

    def status(self, service: ServiceTold, since: float) -> Answer:
        """Return what the platform says; of all who wait since before it was asked, each gets that answer."""
        asked = self._asked.setdefault((service.target, service.service), _Asked(threading.Lock()))
        with asked.lock:
            if asked.answer is None or asked.at < since:
                asked.at = time.monotonic()
                asked.answer = self.said(service, "status")
            return asked.answer

    def said(self, service: ServiceTold, verb: str, *words: str) -> Answer:
        """Return what a verb says of a service."""
        origin = origin_of(self._store, service.runs, service.service)
        line = (verb, service.service, "--target", service.target, *words)
        return answered(self._store, origin, line, target=service.target, timeout=ASK_SECONDS)

    def roll_back(self, service: ServiceTold, to: str) -> str | Answer:
        """Begin to make a release live, and return the run's id, or what kept it from having one."""
        own = [each.deployed.run_id for each in service.told if each.deployed.release.release_id == to]
        origin = origin_of(self._store, (*own, *service.runs), service.service)
        line = ("rollback", service.service, "--target", service.target, "--to", to)
        return begun(self._store, origin, line, target=service.target, timeout=BEGIN_SECONDS)


class _Handler(ApiHandler):
    """What the routes of releases share."""

    def initialize(self, shelf: Shelf, desk: Desk) -> None:  # type: ignore[override]  # tornado's own way
        """Take what the route was made with."""
        super().initialize(shelf)
        self.desk = desk

    async def told(self, target: str, name: str) -> ServiceTold:
        """Return the service, or answer 404; or 403 to another site's page: what follows starts a process."""
        if self.request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            raise HTTPError(403, "another site's page asks for nothing here")
        found = await self.shelf.ask(self.desk.service, target, name)
        if found is None:
            raise HTTPError(404, "there is no such service on record")
        return found

    def named(self, text: str, service: ServiceTold) -> Release:
        """Return a release of the service by its id, or answer 400 or 404."""
        if not RUN_ID.fullmatch(text):
            raise HTTPError(400, "a release is named by its id")
        releases = (each.deployed.release for each in service.told)
        found = next((each for each in releases if each.release_id == text), None)
        if found is None:
            raise HTTPError(404, "there is no such release on record")
        return found

    def refuse_as(self, fault: dict[str, str]) -> None:
        """Answer with what a verb said that was not done."""
        self.set_status(409)
        self.finish(json.dumps(fault))


class ReleasesHandler(_Handler):
    """The services on record."""

    _track_activity = False  # a forgotten tab must not keep an idle server alive

    @authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self) -> None:
        """Answer with all services, and at most `limit` releases of each."""
        limit = self.number("limit", 50, least=1, most=MOST_RELEASES)
        try:
            found = await self.shelf.ask(self.desk.services)
        except AutoexecError as error:
            self.refuse(error)
            return
        services = [_record(each, limit) for each in found[:MOST_SERVICES]]
        self.finish(json.dumps({"services": services, "more": len(found) > MOST_SERVICES}))


class StatusHandler(_Handler):
    """How a service stands."""

    _track_activity = False

    @authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self, target: str, name: str) -> None:
        """Answer with what the platform says is live, whether it is well, and what somebody else changed."""
        service = await self.told(target, name)
        try:
            answer = await self.desk.ask(self.desk.status, service, time.monotonic())
        except AutoexecError as error:
            self.refuse(error)
            return
        self.refuse_as(answer.fault) if answer.fault else self.finish(json.dumps(answer.result))


class DifferenceHandler(_Handler):
    """What a rollback would change."""

    @authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self, target: str, name: str) -> None:
        """Answer with each field in which the release is not as what the platform says is live."""
        service = await self.told(target, name)
        release = self.named(self.get_query_argument("to", ""), service)
        try:
            answer = await self.desk.ask(self.desk.status, service, time.monotonic())
        except AutoexecError as error:
            self.refuse(error)
            return
        self.refuse_as(answer.fault) if answer.fault else self.finish(
            json.dumps(_difference(service, release, answer.result))
        )


class LogsHandler(_Handler):
    """What a release wrote."""

    @authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self, target: str, name: str) -> None:
        """Answer with its last lines."""
        service = await self.told(target, name)
        release = self.named(self.get_query_argument("release", ""), service)
        lines = self.number("lines", LINES, least=1, most=MOST_LINES)
        words = ("--release", release.release_id, "--lines", str(lines))
        try:
            answer = await self.desk.ask(self.desk.said, service, "logs", *words)
        except AutoexecError as error:
            self.refuse(error)
            return
        found = [str(each.get("text", "")) for each in answer.records if each["kind"] == "Line"]
        self.refuse_as(answer.fault) if answer.fault else self.finish(json.dumps({"lines": found}))


class RollbackHandler(_Handler):
    """A release made live again, asked for by a person."""

    @authenticated
    @authorized("execute", resource=RESOURCE)
    async def post(self, target: str, name: str) -> None:
        """Begin it, and answer with the id of its run."""
        body = self.get_json_body()
        to = body.get("to") if isinstance(body, dict) else None
        if not isinstance(to, str):
            raise HTTPError(400, 'the body is {"to": ID}')
        service = await self.told(target, name)
        release = self.named(to, service)
        try:
            found = await self.desk.ask(self.desk.roll_back, service, release.release_id)
            if not isinstance(found, str) and not found.fault:
                raise UsageError("the rollback ended without a run", fix="%autoexec doctor")
        except AutoexecError as error:
            self.refuse(error)
            return
        if isinstance(found, str):
            self.set_status(202)
            self.finish(json.dumps({"run_id": found}))
        else:
            self.refuse_as(found.fault)


def _record(service: ServiceTold, limit: int) -> dict[str, object]:
    """Return a service as the panel gets it."""
    return {
        "service": service.service,
        "target": service.target,
        "live": service.live,
        "releases": [_release(each, service.live) for each in service.told[:limit]],
        "more": len(service.told) > limit,
        "open": [
            {
                "release_id": each.release.release_id,
                "step": each.at_step,
                "at": each.at,
                "is_left": each.is_free or each.owner.is_gone,
            }
            for each in service.open
        ],
    }


def _release(told: Told, live: str | None) -> dict[str, object]:
    is_live = None if live is None else told.deployed.release.release_id == live
    return release_record(Listed(deployed=told.deployed, is_live=is_live, by=told.by))


def _difference(service: ServiceTold, release: Release, status: dict[str, Any]) -> dict[str, object]:
    releases = {each.deployed.release.release_id: each.deployed.release for each in service.told}
    live = releases.get(str(status.get("release_id", "")))
    changes = changes_of(fields_of(live.spec) if live else {}, fields_of(release.spec))
    return {
        "to": release.release_id,
        "live": str(status.get("release_id", "")),
        "is_known": live is not None or not status.get("digest"),
        "changes": [change_record(each) for each in changes],
        "drift": status.get("drift", []),
    }

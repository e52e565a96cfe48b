"""What all routes of ours share: who may, the run store as a server reads it, and how a refusal is told."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from jupyter_core.utils import ensure_async
from jupyter_server.base.handlers import APIHandler
from tornado.web import HTTPError

from .. import api, asking
from ..errors import AutoexecError
from ..history import Store
from ..values import Run, Verdict, as_record

RESOURCE = "autoexec"
LOOK_BACK = 1000  # runs before the newest page, among which those that go on are found
TOLD_SECONDS = 60.0  # how long it is told that a run beyond the first page has ended
THREADS = 8
_MOST_ENDED = 10_000

T = TypeVar("T")
if TYPE_CHECKING:
    from jupyter_server.base.handlers import JupyterHandler as _Mixed
else:
    _Mixed = object  # a real base would come before WebSocketMixin, whose `prepare` must be first


class Shelf:
    """The run store as a server reads it: on threads, and what has ended only once."""

    def __init__(self, store: Store, root: Path) -> None:
        self.store = store
        self._root = root
        self._ended: dict[str, Run] = {}
        self._seen_running: dict[str, float] = {}
        self._readers = ThreadPoolExecutor(THREADS, thread_name_prefix="autoexec-read")
        # Of its own: to end a run can take seconds, and must not hold what is being read.
        self._enders = ThreadPoolExecutor(THREADS, thread_name_prefix="autoexec-end")

    async def ask(self, function: Callable[..., T], *arguments: object) -> T:
        """Return what `function` returns, called on one of the threads that read."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, function, *arguments)

    async def end(self, run_id: str, interrupt: Callable[[str], bool]) -> dict[str, object]:
        """End a run, on one of the threads for that, and return it as the panel gets it."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._enders, lambda: self.record(api.cancel(run_id, interrupt)))

    def page(self, limit: int, before: str) -> dict[str, object]:
        """Return at most `limit` runs older than `before`, newest first, and whether there are more.

        With the newest page come, as `running`, older runs that run, or did when
        they were looked at last: no run goes on unseen because many are newer.
        """
        ids = [run_id for run_id in self.store.ids() if not before or run_id < before]
        page = [self.record(run) for run_id in ids[:limit] if (run := self._run(run_id)) is not None]
        older = [] if before else self._older_running(ids[limit:])
        return {"runs": page, "more": len(ids) > limit, "running": older}

    def _older_running(self, ids: list[str]) -> list[dict[str, object]]:
        for run_id in ids[:LOOK_BACK]:  # mostly known to have ended
            self._run(run_id)
        now = time.monotonic()
        found = []
        for run_id in sorted(self._seen_running.keys() & set(ids), reverse=True):
            run = self._run(run_id)
            if run is not None and run.verdict == Verdict.RUNNING:
                self._seen_running[run_id] = now
            if run is None or now - self._seen_running[run_id] > TOLD_SECONDS:
                del self._seen_running[run_id]
            else:
                found.append(self.record(run))
        return found

    def record(self, run: Run) -> dict[str, object]:
        """Return a run as the panel gets it.

        `path` is its notebook's path below the server's root, or ""; `asks`
        whether it waits for the panel.
        """
        asks = run.verdict == Verdict.RUNNING and asking.is_waiting(self.store, run.run_id)
        try:
            path = Path(run.notebook).relative_to(self._root).as_posix() if run.notebook else ""
        except ValueError:
            path = ""
        return as_record(run) | {"path": path, "asks": asks}

    def _run(self, run_id: str) -> Run | None:
        known = self._ended.get(run_id)
        if known is not None:
            return known
        run = self.store.get(run_id)
        if run is not None and run.verdict == Verdict.RUNNING:
            self._seen_running.setdefault(run_id, time.monotonic())
        elif run is not None:
            if len(self._ended) >= _MOST_ENDED:
                self._ended.clear()
            self._ended[run_id] = run
        return run


class Route(_Mixed):
    """What all routes share; mixed in first."""

    auth_resource = RESOURCE

    def initialize(self, shelf: Shelf) -> None:
        """Take the shelf that the route was made with."""
        self.shelf = shelf

    def skip_check_origin(self) -> bool:
        """Check it always: a token in another site's page is no reason to answer that page."""
        return False

    async def may(self, action: str) -> bool:
        """Return whether this user may do `action`."""
        user = self.current_user
        return bool(await ensure_async(self.authorizer.is_authorized(self, user, action, RESOURCE)))

    def number(self, name: str, default: int, *, least: int, most: int) -> int:
        """Return a number of the query, or answer 400."""
        text = self.get_query_argument(name, str(default))
        try:
            value = int(text)
        except ValueError as error:
            raise HTTPError(400, f"{name} is a number") from error
        return min(max(value, least), most)

    async def existing(self, run_id: str) -> Run:
        """Return the run, or answer 404."""
        run = await self.shelf.ask(self.shelf.store.get, run_id)
        if run is None:
            raise HTTPError(404, "there is no such run")
        return run


class ApiHandler(Route, APIHandler):
    """A route that is asked and answers once."""

    def refuse(self, error: AutoexecError) -> None:
        """Answer that the run is not in a state for this."""
        self.set_status(409)
        self.finish(json.dumps({"code": error.code, "what": error.what, "why": error.why, "fix": error.fix}))

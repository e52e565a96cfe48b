"""The server's side of the panel: what is on record, live, and two things to do about it.

    GET  autoexec/runs?limit=&before=&kernel=    the runs, newest first
    GET  autoexec/runs/ID/events?after=SEQ       the events of one, a line each
    WS   autoexec/runs/ID/tail?after=SEQ         the same while they are written, then how it ended
    POST autoexec/runs/ID/cancel                 end it
    POST autoexec/runs/ID/answer                 {"question": ID, "answer": "yes"}

Each route asks who it is and whether they may (`read`, or `execute` for the two
POSTs, on the resource `autoexec`), and each refuses another site's page, also
one that knows a token. A request names a run by its id and nothing by a path or
a pid; what is no id matches no route. The log is read on threads of our own: a
slow disk does not hold the server's event loop.

The tail looks for news every `POLL_SECONDS`: it opens the log and reads, on a
thread. A line of JSON is passed on as it stands, because the panel may know
more kinds of events than this server.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized, ws_authenticated
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from jupyter_server.utils import url_path_join
from tornado.web import HTTPError, authenticated
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from .. import api, asking
from ..errors import AutoexecError, UsageError
from ..follow import Follower
from ..history import RUN_ID, Store
from ..values import Run, Verdict, as_record

RESOURCE = "autoexec"
POLL_SECONDS = 0.02
LOST_SECONDS = 1.0
INTERRUPT_SECONDS = 5.0
MOST_RUNS = 500
LOOK_BACK = 1000  # runs before the newest page, among which those that go on are found
TOLD_SECONDS = 60.0  # how long it is told that a run beyond the first page has ended
THREADS = 8
_MOST_ENDED = 10_000
_ID = f"({RUN_ID.pattern})"

T = TypeVar("T")
if TYPE_CHECKING:
    from jupyter_server.base.handlers import JupyterHandler as _Mixed
else:
    _Mixed = object  # a real base would come before WebSocketMixin, whose `prepare` must be first


def load(app: Any) -> None:
    """Add the routes to a Jupyter server."""
    shelf = Shelf(api.store(), Path(app.root_dir))
    base = app.web_app.settings["base_url"]
    routes = [
        (url_path_join(base, "autoexec", *parts), handler, {"shelf": shelf})
        for parts, handler in (
            (("runs",), RunsHandler),
            (("runs", _ID, "events"), EventsHandler),
            (("runs", _ID, "tail"), TailHandler),
            (("runs", _ID, "cancel"), CancelHandler),
            (("runs", _ID, "answer"), AnswerHandler),
        )
    ]
    app.web_app.add_handlers(".*$", routes)
    app.log.info("autoexec_magic: the panel reads %s", shelf.store.folder)


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


class _Route(_Mixed):
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


class _ApiHandler(_Route, APIHandler):
    """A route that is asked and answers once."""

    def refuse(self, error: AutoexecError) -> None:
        """Answer that the run is not in a state for this."""
        self.set_status(409)
        self.finish(json.dumps({"code": error.code, "what": error.what, "why": error.why, "fix": error.fix}))


class RunsHandler(_ApiHandler):
    """The runs on record; a panel that names its notebook's kernel is in sight."""

    _track_activity = False  # a forgotten tab must not keep an idle server alive

    @authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self) -> None:
        """Answer with a page of runs."""
        limit = self.number("limit", 100, least=1, most=MOST_RUNS)
        before = self.get_query_argument("before", "")
        if before and not RUN_ID.fullmatch(before):
            raise HTTPError(400, "before is the id of a run")
        kernel = self.get_query_argument("kernel", "")
        # Only who may answer counts as somebody to be asked, and only for a kernel of this server.
        site = self.request.headers.get("Sec-Fetch-Site", "same-origin")
        if kernel in self.kernel_manager and site == "same-origin" and await self.may("execute"):
            await self._note_panel(kernel)
        try:
            page = await self.shelf.ask(self.shelf.page, limit, before)
        except UsageError as error:
            self.refuse(error)
        else:
            self.finish(json.dumps(page))

    async def _note_panel(self, kernel: str) -> None:
        try:
            await self.shelf.ask(asking.note_panel, self.shelf.store, kernel)
        except OSError as error:  # a full disk: the kernel asks at its prompt
            self.log.warning("autoexec_magic: %s", error)


class EventsHandler(_ApiHandler):
    """The events of a run so far."""

    _track_activity = False

    @authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self, run_id: str) -> None:
        """Answer with a line for each event after `after`."""
        await self.existing(run_id)
        after = self.number("after", -1, least=-1, most=2**53)
        log = self.shelf.store.log(run_id)
        follower = Follower(log, after=after)
        try:
            size = (await self.shelf.ask(log.stat)).st_size
        except OSError:  # it is just about to be made
            size = 0
        self.set_header("Content-Type", self.get_content_type())
        while follower.offset < size and (lines := await self.shelf.ask(follower.read)):
            self.write(lines)
            await self.flush()
        self.finish()

    def get_content_type(self) -> str:
        """Return what `finish` sets: lines of JSON, and never a page."""
        return "application/x-ndjson; charset=utf-8"


class TailHandler(_Route, WebSocketMixin, WebSocketHandler, JupyterHandler):
    """The events of a run as they come; the last line is `{"run": …}` and says how it ended."""

    _task: asyncio.Task[None] | None = None

    def set_default_headers(self) -> None:
        """Set none: JupyterHandler's are for pages."""

    def get_compression_options(self) -> dict[str, Any] | None:
        """Return what the server does for its own sockets."""
        found: dict[str, Any] | None = self.settings.get("websocket_compression_options")
        return found

    @ws_authenticated
    async def get(self, run_id: str) -> None:
        """Open the socket for who may read."""
        # Here already, not only when the socket is opened: a plain GET is refused alike.
        if not self.check_origin() or not await self.may("read"):
            raise HTTPError(403)
        await self.existing(run_id)
        self._after = self.number("after", -1, least=-1, most=2**53)
        await super().get(run_id)

    def open(self, run_id: str) -> None:
        """Begin to send."""
        super().open(run_id)
        self._task = asyncio.ensure_future(self._send(run_id))

    def on_message(self, message: str | bytes) -> None:
        """Take nothing: what a panel wants done has routes of its own."""

    def on_close(self) -> None:
        """Stop sending."""
        if self._task is not None:
            self._task.cancel()

    async def _send(self, run_id: str) -> None:
        follower = Follower(self.shelf.store.log(run_id), after=self._after)
        code = 1011  # RFC 6455, section 7.4.1: what kept the server from going on
        try:
            run = await self._until_end(run_id, follower)
            record = None if run is None else await self.shelf.ask(self.shelf.record, run)
            await self.write_message(json.dumps({"run": record}))
            code = 1000
        except WebSocketClosedError:
            pass
        except OSError as error:
            self.log.warning("autoexec_magic: the log of %s cannot be read: %s", run_id, error)
        finally:
            self.close(code)

    async def _until_end(self, run_id: str, follower: Follower) -> Run | None:
        """Send what comes until the run has ended, in whichever way, and return it."""
        loop, store = asyncio.get_running_loop(), self.shelf.store
        look_at = loop.time()
        is_over = False
        while True:
            lines = await self.shelf.ask(follower.read)
            if lines:
                await self.write_message(lines.decode("utf-8", "replace"))
                continue
            if follower.is_finished or is_over:
                return await self.shelf.ask(store.get, run_id)
            if loop.time() >= look_at:
                run = await self.shelf.ask(store.get, run_id)
                # What it wrote last may have come since: one more read before the end is told.
                is_over = run is None or run.verdict != Verdict.RUNNING
                look_at = loop.time() + LOST_SECONDS
            if not is_over:
                await asyncio.sleep(POLL_SECONDS)


class CancelHandler(_ApiHandler):
    """The end of a run, asked for by a person."""

    @authenticated
    @authorized("execute", resource=RESOURCE)
    async def post(self, run_id: str) -> None:
        """End the run's processes, or interrupt the kernel that it runs in."""
        await self.existing(run_id)
        try:
            run = await self.shelf.end(run_id, self._interrupter())
        except AutoexecError as error:
            self.refuse(error)
        else:
            self.set_status(202)
            self.finish(json.dumps({"run": run}))

    def _interrupter(self) -> Callable[[str], bool]:
        """Return how to interrupt a kernel of this server, from another thread."""
        loop, kernels = asyncio.get_running_loop(), self.kernel_manager

        def interrupt(kernel: str) -> bool:
            if kernel not in kernels:
                return False
            asked = asyncio.run_coroutine_threadsafe(ensure_async(kernels.interrupt_kernel(kernel)), loop)
            with contextlib.suppress(TimeoutError):  # a kernel somewhere else; it has been told
                asked.result(INTERRUPT_SECONDS)
            return True

        return interrupt


class AnswerHandler(_ApiHandler):
    """What a person answered in the panel."""

    @authenticated
    @authorized("execute", resource=RESOURCE)
    async def post(self, run_id: str) -> None:
        """Hand the answer to the run that waits for it."""
        run = await self.existing(run_id)
        body = self.get_json_body()
        words = body if isinstance(body, dict) else {}
        question, answer = words.get("question"), words.get("answer")
        if not isinstance(question, str) or not isinstance(answer, str):
            raise HTTPError(400, 'the body is {"question": ID, "answer": TEXT}')
        try:
            if run.verdict != Verdict.RUNNING:
                raise UsageError("the run has ended", why=f"its verdict is {run.verdict}")
            await self.shelf.ask(asking.answer, self.shelf.store, run_id, question, answer)
        except UsageError as error:
            self.refuse(error)
        else:
            self.finish(json.dumps({"question": question, "answer": answer}))

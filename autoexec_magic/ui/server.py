"""The server's side of the panel: what is on record, live, and two things to do about it.

    GET  autoexec/runs?limit=&before=&kernel=    the runs, newest first
    GET  autoexec/runs/ID/events?after=SEQ       the events of one, a line each
    WS   autoexec/runs/ID/tail?after=SEQ         the same while they are written, then how it ended
    POST autoexec/runs/ID/cancel                 end it
    POST autoexec/runs/ID/answer                 {"question": ID, "answer": "yes"}

Those of the releases are in `releaseserver`.

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
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized, ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from jupyter_server.utils import url_path_join
from tornado.web import HTTPError, authenticated
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from .. import api, asking
from ..errors import AutoexecError, UsageError
from ..follow import Follower
from ..history import RUN_ID
from ..values import Run, Verdict
from . import releaseserver
from .routes import RESOURCE, ApiHandler, Route, Shelf

POLL_SECONDS = 0.02
LOST_SECONDS = 1.0
INTERRUPT_SECONDS = 5.0
MOST_RUNS = 500
_ID = f"({RUN_ID.pattern})"


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
    routes += releaseserver.routes(base, shelf)
    app.web_app.add_handlers(".*$", routes)
    app.log.info("autoexec_magic: the panel reads %s", shelf.store.folder)


class RunsHandler(ApiHandler):
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


class EventsHandler(ApiHandler):
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


class TailHandler(Route, WebSocketMixin, WebSocketHandler, JupyterHandler):
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


class CancelHandler(ApiHandler):
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


class AnswerHandler(ApiHandler):
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

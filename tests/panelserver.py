"""A Jupyter server with the panel's routes, asked over HTTP and WebSocket as a browser asks."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any, NamedTuple

import websocket
from lab import TOKEN, Lab

from autoexec_magic import executor
from autoexec_magic.history import Store

SERVE = str(Path(__file__).parent / "ui" / "serve.py")
FOREIGN = "http://evil.example"
HANG_SECONDS = 20.0


class Reply(NamedTuple):
    """What the server answered."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Server(Lab):
    """The server that tells, and how it is asked; an answer comes within `patience` seconds."""

    patience = HANG_SECONDS

    def __init__(self, folder: Path, *options: str, base_url: str = "/") -> None:
        super().__init__(folder, *options, app=SERVE, base_url=base_url)
        self.told = folder / "told"
        self.told.mkdir()
        self.sockets: list[Any] = []
        self.environment["AUTOEXEC_TEST_TOLD"] = str(self.told)
        self.store = Store(self.data, lambda pid, start: executor.is_alive(executor.ProcessId(pid, start)))

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        """Ask for a path as it stands: nothing is normalised on the way."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.patience)
        try:
            given = {name.replace("_", "-"): value for name, value in headers.items()}
            data = None if body is None else json.dumps(body)
            connection.request(method, self.base_url.rstrip("/") + path, data, given)
            answer = connection.getresponse()
            return Reply(answer.status, answer.read(), dict(answer.getheaders()))
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Reply:
        """Get a path as somebody who may."""
        return self.ask("GET", path, Authorization=f"token {TOKEN}", **headers)

    def post(self, path: str, body: object, **headers: str) -> Reply:
        """Post to a path as somebody who may."""
        return self.ask("POST", path, body, Authorization=f"token {TOKEN}", **headers)

    def tail(self, run_id: str, after: int = -1, *, token: str = TOKEN, origin: str | None = None) -> Any:
        """Open a socket."""
        url = f"ws://127.0.0.1:{self.port}{self.base_url}autoexec/runs/{run_id}/tail?after={after}"
        headers = [f"Authorization: token {token}"] if token else []
        options = {"origin": origin} if origin else {"suppress_origin": True}
        self.sockets.append(websocket.create_connection(url, timeout=HANG_SECONDS, header=headers, **options))
        return self.sockets[-1]

    def opened(self) -> str:
        """Return what the server opened so far."""
        return (self.told / "opened.log").read_text(errors="replace")

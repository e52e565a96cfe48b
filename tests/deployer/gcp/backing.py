"""What is behind the revisions of the tests' Cloud Run: real containers, and a front that moves requests."""

from __future__ import annotations

import contextlib
import http.client
import random
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LABEL = "autoexec-tests-cloud-run"
#: Returns the container that a request goes to, None where there is none, and whether anybody is let in.
Choose = Callable[[str], "tuple[Behind | None, bool]"]


@dataclass(slots=True)
class Behind:
    """A revision's container."""

    client: Any
    container: str
    address: str = ""
    port: int = 0

    def begin_again(self) -> None:
        """Let it be started again when it ends: an instance that is gone is followed by another."""
        self.client.update_container(self.container, restart_policy={"Name": "always"})

    def is_running(self) -> bool:
        return bool(self.client.inspect_container(self.container)["State"]["Running"])

    def lines(self) -> list[tuple[str, str]]:
        """Return what it wrote: the time and the line of each."""
        said = self.client.logs(self.container, timestamps=True).decode("utf-8", "replace")
        return [(line.partition(" ")[0], line.partition(" ")[2]) for line in said.splitlines()]

    def stop(self) -> None:
        with contextlib.suppress(Exception):
            self.client.remove_container(self.container, force=True)


class ImageMissing(Exception):
    """The registry has no such image."""


def started(client: Any, image: str, container: dict[str, Any], variables: dict[str, str]) -> Behind:
    """Start a container as a revision's first instance is: its image is pulled by its digest."""
    from docker.errors import APIError

    try:
        for said in client.pull(image, stream=True, decode=True):
            if "error" in said:
                raise ImageMissing(said["error"])
        port = container["ports"][0]["containerPort"]
        made = client.create_container(
            image,
            command=container.get("args") or None,
            entrypoint=container.get("command") or None,
            environment={**variables, "PORT": str(port)},
            labels={LABEL: "1"},
        )
    except APIError as error:
        raise ImageMissing(str(error)) from error
    behind = Behind(client=client, container=made["Id"], port=port)
    client.start(behind.container)
    networks = client.inspect_container(behind.container)["NetworkSettings"]["Networks"]
    behind.address = next(iter(networks.values()))["IPAddress"]
    return behind


@contextlib.contextmanager
def _line(behind: Behind, seconds: float) -> Iterator[http.client.HTTPConnection]:
    """Yield a connection, which is closed also where its other end dies in the middle of an answer."""
    line = http.client.HTTPConnection(behind.address, behind.port, timeout=seconds)
    try:
        yield line
    finally:
        line.close()


def probed(behind: Behind, probe: dict[str, Any]) -> bool:
    """Ask as a startup probe does, once."""
    seconds = probe.get("timeoutSeconds", 1)
    try:
        if "httpGet" not in probe:
            with socket.create_connection((behind.address, behind.port), timeout=seconds):
                return True
        with _line(behind, seconds) as line:
            line.request("GET", probe["httpGet"].get("path", "/"))
            answer = line.getresponse()
            status = answer.status
            answer.read()  # who hangs up before is told of in the release's own log
    except (OSError, http.client.HTTPException):
        return False
    return 200 <= status < 400


class Quiet(ThreadingHTTPServer):
    """A server that says nothing of clients that go."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass


@dataclass
class Front:
    """A URL each for a service and for its tags, on a port each."""

    choose: Choose
    doors: dict[str, ThreadingHTTPServer] = field(default_factory=dict)

    def url(self, key: str) -> str:
        """Return where a key is reached; it is opened where it is not yet."""
        if key not in self.doors:
            server = Quiet(("127.0.0.1", 0), _door(key, self.choose))
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            self.doors[key] = server
        return f"http://127.0.0.1:{self.doors[key].server_address[1]}"

    def close(self) -> None:
        for each in self.doors.values():
            each.shutdown()
            each.server_close()


def _door(key: str, choose: Choose) -> type[BaseHTTPRequestHandler]:
    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, body = _answer(key, choose, self.path, self.headers.get("Authorization", ""))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

    return Door


def _answer(key: str, choose: Choose, path: str, authorization: str) -> tuple[int, bytes]:
    """Return what is answered: who is not let in and what is not there is told by the front itself."""
    chosen, is_public = choose(key)
    if not is_public and not authorization.startswith("Bearer "):
        return 403, b"Forbidden"
    if chosen is None:
        return 404, b"there is no such service"
    try:
        with _line(chosen, 10) as line:
            line.request("GET", path)
            answer = line.getresponse()
            body = answer.read()
    except (OSError, http.client.HTTPException):
        return 503, b"Service Unavailable"
    return answer.status, body


def weighted(shares: list[tuple[str, int]]) -> str:
    """Return one of several by their percents."""
    names, weights = zip(*shares, strict=True)
    return random.choices(names, weights)[0]


@contextlib.contextmanager
def removed_at_end(client: Any) -> Iterator[None]:
    """Remove the containers that are left, of these tests alone."""
    try:
        yield
    finally:
        for each in client.containers(all=True, filters={"label": LABEL}):
            with contextlib.suppress(Exception):
                client.remove_container(each["Id"], force=True)

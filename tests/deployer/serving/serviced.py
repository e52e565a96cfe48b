"""Upstreams that say exactly what a test has them say, a proxy on a thread, and programs to be served."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from autoexec_magic import executor
from autoexec_magic.deployer.serving import place
from autoexec_magic.deployer.serving.client import Serving
from autoexec_magic.deployer.serving.instance import Instance
from autoexec_magic.deployer.serving.router import Router
from autoexec_magic.deployer.serving.routes import Counts, Routes, Share
from autoexec_magic.deployer.serving.wire import Bounds

PATIENCE = 60.0
POLL_SECONDS = 0.01

#: Answers each request with the name of its release; `/slow` after a second, `/die` never.
APP = """
import http.server, os, sys, time
class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        if self.path == "/slow":
            time.sleep(1)
        if self.path == "/die":
            os._exit(7)
        body = os.environ["AUTOEXEC_RELEASE"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *told):
        pass
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
print("listens", flush=True)
Server((os.environ["HOST"], int(os.environ["PORT"])), Answers).serve_forever()
"""


class Upstream:
    """A server of raw bytes. `talk(head, connection, stream)` is called for each connection, on a thread.

    `heads` has the head of each request that came, as it came.
    """

    def __init__(self, talk: Callable[[bytes, socket.socket, BinaryIO], None]) -> None:
        self._talk = talk
        self.heads: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Upstream:
        self._threads[0].start()
        return self

    def __exit__(self, *ended: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Listen no more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE)
        with connection, connection.makefile("rb") as stream:
            head = b""
            with contextlib.suppress(OSError):
                while not head.endswith(b"\r\n\r\n") and (line := stream.readline()):
                    head += line
                if head:
                    self.heads.append(head)
                    self._talk(head, connection, stream)


def says(*parts: bytes) -> Callable[[bytes, socket.socket, BinaryIO], None]:
    """Return a talk that sends these bytes and closes."""

    def talk(head: bytes, connection: socket.socket, stream: BinaryIO) -> None:
        for part in parts:
            connection.sendall(part)

    return talk


def answers(body: bytes, status: bytes = b"200 OK") -> Callable[[bytes, socket.socket, BinaryIO], None]:
    """Return a talk that answers with a body."""
    return says(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body))


class Proxy:
    """A router on a thread of its own."""

    def __init__(self, routes: Routes, *, pick: Callable[[], float] = lambda: 0.0, **bounds: float) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.router = Router(lambda share: share.ports, bounds=Bounds(**bounds), pick=pick)  # type: ignore[arg-type]
        self.router.routes = routes
        self.port = 0

    def __enter__(self) -> Proxy:
        self._thread.start()
        self.port = self._do(self.router.listen("127.0.0.1", 0))
        return self

    def __exit__(self, *ended: object) -> None:
        self._do(self.router.close(0.0))
        self._do(asyncio.sleep(0.05))  # what was cut is closed in the next turns of the loop
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def counts(self, release_id: str) -> Counts:
        """Return what became of the requests to a release, once none is in flight."""
        until(lambda: not self.router.counts(release_id).in_flight)
        return self.router.counts(release_id)

    def _do(self, coroutine):  # type: ignore[no-untyped-def]
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE)


def to(*upstreams: Upstream, fallback: Upstream | None = None) -> Routes:
    """Return routes to release `a` with these ports, and to fallback `b`."""
    share = Share(release_id="a", ports=tuple(each.port for each in upstreams))
    spare = Share(release_id="b", ports=(fallback.port,)) if fallback else None
    return Routes(shares=(share,), fallback=spare)


def nobody() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def connect(port: int) -> socket.socket:
    """Return a connection that does not wait for ever."""
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def rest_of(connection: socket.socket) -> bytes:
    """Return all that comes until the other end closes."""
    parts = []
    while data := connection.recv(65_536):
        parts.append(data)
    return b"".join(parts)


def said(port: int, *parts: bytes) -> bytes:
    """Return what is answered to these bytes until the connection is closed."""
    with connect(port) as connection:
        for part in parts:
            connection.sendall(part)
        return rest_of(connection)


def asked(port: int, path: str = "/", *, method: str = "GET") -> bytes:
    """Return the whole answer to a request on a connection of its own."""
    return said(port, f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())


def until(look: Callable[[], object], seconds: float = PATIENCE) -> object:
    """Return what `look` sees as soon as that is something, or at last."""
    limit = time.monotonic() + seconds
    while not (seen := look()) and time.monotonic() < limit:
        time.sleep(POLL_SECONDS)
    return seen


def program(folder: Path, text: str = APP) -> tuple[str, ...]:
    """Return the command of a program that is written into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "app.py"
    path.write_text(text)
    return (sys.executable, "-I", "-S", str(path))


def instance(folder: Path, release_id: str, text: str = APP, **options: object) -> Instance:
    """Return an instance of a program in a folder of its own."""
    place = folder / release_id
    return Instance(release_id=release_id, argv=program(place, text), cwd=str(place), **options)  # type: ignore[arg-type]


def is_listening(port: int) -> bool:
    """Whether anybody takes connections there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
    except OSError:
        return False
    return True


def serving(folder: Path) -> Serving:
    """Return a service that is not there yet."""
    return Serving(folder)


def listening(service: Serving, release_id: str, replicas: int = 1) -> tuple[int, ...]:
    """Return the ports of a release as soon as all its replicas take connections."""

    def look() -> tuple[int, ...] | None:
        state = service.state()
        found = state.instance(release_id) if state else None
        ports = found.ports if found else ()
        return ports if len(ports) == replicas and all(map(is_listening, ports)) else None

    found = until(look)
    assert found, service.state()
    return found  # type: ignore[return-value]


def kill(service: Serving) -> int:
    """Kill the process that serves, as a machine without memory does; return its pid."""
    state = service.state()
    assert state is not None
    os.kill(state.pid, signal.SIGKILL)
    return state.pid


def end_all(service: Serving) -> None:
    """End what a test left, whatever state it is in."""
    found = place.read(service.folder)
    if found is not None and found.service_id:
        executor.stop_service(
            executor.Service(
                service_id=found.service_id,
                name="test",
                pid=found.pid,
                start_time=found.start_time,
                log=service.folder / "serving.log",
            ),
            grace=0.0,
        )
        place.remove_socket(found.socket)


def in_loop(talk):
    """Return what a coroutine returns, in a thread: a browser's loop may run in this one."""
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, talk).result()

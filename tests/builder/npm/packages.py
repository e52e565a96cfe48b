"""A package to build, a registry that wants a token, and a connection to it that breaks."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import http.server
import io
import json
import os
import socket
import subprocess
import tarfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import benches

from autoexec_magic import builder
from autoexec_magic.builder import npm
from autoexec_magic.builder.artifacts import Wish
from autoexec_magic.values import Artifact, Question

START_SECONDS = 60.0
_CONFIG = """
storage: {folder}/storage
uplinks: {{}}
auth: {{htpasswd: {{file: {folder}/htpasswd, max_users: 100}}}}
packages:
  '**': {{access: $all, publish: $authenticated}}
log: {{type: stdout, format: json, level: error}}
web: {{enable: false}}
max_body_size: 50mb
userRateLimit: {{windowMs: 1000, max: 100000}}
"""


@dataclass
class Package:
    """A folder with a package.json, and whoever builds it."""

    tmp: Path
    events: list[Any] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    answer: bool = True

    def __post_init__(self) -> None:
        self.folder = self.tmp / "project"
        self.folder.mkdir()
        self.bench = benches.bench(self.tmp, events=self.events)
        object.__setattr__(self.bench, "ask", self._asked)

    def manifest(self, name: str = "pear", version: str = "1.0.0", **more: Any) -> Package:
        """Write a package.json."""
        return self.put("package.json", json.dumps({"name": name, "version": version, **more}, indent=2))

    def put(self, name: str, text: str) -> Package:
        """Write a file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return self

    def plan(self, **wish: Any) -> builder.BuildPlan:
        """Return the plan."""
        return npm.plan(builder.source_of(self.folder, self.folder, Wish(**wish)), self.bench)

    def build(self, **wish: Any) -> Artifact:
        """Build it."""
        (made,) = npm.build(self.plan(**wish), self.bench)
        return made

    def said(self) -> str:
        """Return all that was told."""
        return repr(self.events) + repr(self.questions)

    def _asked(self, question: Question) -> bool:
        self.questions.append(question)
        return self.answer


def in_tarball(path: str | Path) -> dict[str, bytes]:
    """Return the files of a tarball."""
    with tarfile.open(path, "r:gz") as archive:
        return {
            each.name.removeprefix("package/"): archive.extractfile(each).read()  # type: ignore[union-attr]
            for each in archive
            if each.isfile()
        }


def tarball(path: Path, files: dict[str, str], raw: list[tarfile.TarInfo] | None = None) -> Path:
    """Write a package's tarball; an entry of `raw` has no content unless it is a file with a size."""
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
        for entry in raw or []:
            archive.addfile(entry, io.BytesIO(b"x" * entry.size))
    return path


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Registry:
    """Verdaccio, running while the block runs; `token` may publish."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program, self.folder = program, folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self.token = ""

    def __enter__(self) -> Registry:
        config = self.folder / "config.yaml"
        config.write_text(_CONFIG.format(folder=self.folder), "utf-8")
        self._log = (self.folder / "log").open("wb")
        self._process = subprocess.Popen(
            ["node", self._program, "-c", config, "-l", f"127.0.0.1:{self.port}"],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder)},
        )
        until = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(OSError):
                self.ask("-/ping")
                break
            if self._process.poll() is not None or time.monotonic() > until:
                self.__exit__()
                raise RuntimeError((self.folder / "log").read_text("utf-8", "replace")[-2000:])
            time.sleep(0.1)
        user = {"name": "ann", "password": "pass-of-ann", "type": "user", "roles": []}
        self.token = self.ask("-/user/org.couchdb.user:ann", user)["token"]
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def ask(self, path: str, data: object = None) -> Any:
        """Return what the registry answers."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        body = None if data is None else json.dumps(data).encode()
        request = urllib.request.Request(self.url + path, data=body, method="PUT" if body else "GET")
        request.add_header("Content-Type", "application/json")
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        with opener.open(request, timeout=30) as answer:
            return json.loads(answer.read())

    def publish(
        self, name: str, version: str = "1.0.0", code: str = "module.exports = 1", **more: Any
    ) -> None:
        """Put a package there, by the registry's own protocol."""
        file = self.folder / f"{name}-{version}.tgz"
        own = {"name": name, "version": version, "main": "index.js", **more}
        content = tarball(file, {"package.json": json.dumps(own), "index.js": code}).read_bytes()
        integrity = f"sha512-{base64.b64encode(hashlib.sha512(content).digest()).decode()}"
        dist = {"integrity": integrity, "tarball": f"{self.url}{name}/-/{file.name}"}
        attached = {"content_type": "application/octet-stream", "data": base64.b64encode(content).decode()}
        document = {
            "_id": name,
            "name": name,
            "dist-tags": {"latest": version},
            "versions": {version: {"_id": f"{name}@{version}", **own, "dist": dist}},
            "_attachments": {file.name: {**attached, "length": len(content)}},
        }
        self.ask(name, document)

    def has(self, name: str) -> dict[str, Any]:
        """Return the `dist` of each version that it has of a package."""
        try:
            page = self.ask(name.replace("/", "%2f"))
        except OSError:
            return {}
        return {version: each["dist"] for version, each in page["versions"].items()}


class _Between(http.server.ThreadingHTTPServer):
    daemon_threads = True
    port: int
    mode: str
    puts: int


class _Pass(http.server.BaseHTTPRequestHandler):
    server: _Between

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._forward(b"")

    def do_PUT(self) -> None:
        self.server.puts += 1
        length = int(self.headers.get("Content-Length", 0))
        if self.server.mode == "half":
            self.rfile.read(length // 2)
            self._cut()
            return
        self._forward(self.rfile.read(length), is_answered=self.server.mode != "answer")

    def _cut(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def _forward(self, body: bytes, *, is_answered: bool = True) -> None:
        asked = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        headers = {key: value for key, value in self.headers.items() if key.lower() != "accept-encoding"}
        asked.request(self.command, self.path, body or None, headers)
        with contextlib.closing(asked):
            answer = asked.getresponse()
            content = answer.read()
        if self.server.mode == "swap" and self.path.endswith(".tgz"):
            content = content[:-1] + bytes([content[-1] ^ 1])
        if not is_answered:
            self._cut()
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.getheader("Content-Type", "application/json"))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextlib.contextmanager
def broken(registry: Registry, mode: str) -> Iterator[_Between]:
    """Yield a way to a registry that breaks: `half` of an upload gets there, or its `answer` gets lost.

    With `swap` a tarball that it gives back has another bit.
    """
    server = _Between(("127.0.0.1", 0), _Pass)
    server.port, server.mode, server.puts = registry.port, mode, 0
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


class Watched:
    """Reads all command lines while the block runs; keeps those of npm, and those that show a word."""

    def __init__(self, word: str) -> None:
        self._word = word.encode()
        self._end = threading.Event()
        self.seen: set[bytes] = set()
        self.showing: set[bytes] = set()

    def __enter__(self) -> Watched:
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join(10)

    def _look(self) -> None:
        while not self._end.wait(0.002):
            for pid in filter(str.isdecimal, os.listdir("/proc")):
                try:
                    line = Path(f"/proc/{pid}/cmdline").read_bytes()
                except OSError:
                    continue
                if self._word in line:
                    self.showing.add(line)
                if b"npm" in line:
                    self.seen.add(line)

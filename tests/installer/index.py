"""A package index on 127.0.0.1, made of wheels that are built in memory.

It speaks PEP 691 (JSON, with the upload times of PEP 700) and PEP 503 (HTML),
notes every request, and can misbehave in the ways that indexes and attackers
do. Tests import it by `from index import …`; conftest.py loads it by its path.
"""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import re
import tarfile
import threading
import warnings
import zipfile
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Entries = Mapping[str, str] | Sequence[tuple[str, str]]

HANG_SECONDS = 30.0  # a hanging answer comes after so long, should nobody close the index before
SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"
SIMPLE_HTML = "application/vnd.pypi.simple.v1+html"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file of a project: what is served, and what the index says of it.

    `uploaded` is the time as PEP 700 writes it, or "" where the index does not
    say; `sha256` what the index says of its bytes; `metadata` is served beside
    it (PEP 658), unless it is "".
    """

    filename: str
    content: bytes
    sha256: str
    metadata: str = ""
    uploaded: str = ""
    yanked: bool = False
    requires_python: str = ""


def days_ago(days: float | None) -> str:
    """Return the time so many days ago; "" for None."""
    if days is None:
        return ""
    return (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def wheel(
    name: str,
    version: str = "1.0",
    files: Entries | None = None,
    *,
    requires: Iterable[str] = (),
    tag: str = "py3-none-any",
    days: float | None = 400.0,
    yanked: bool = False,
    requires_python: str = "",
    summary: str = "",
) -> File:
    """Build a wheel of the distribution `name`.

    `files` are the names and texts of its files, by default a module called
    like the distribution that knows its version; as pairs, a name may come
    twice. `days` is how long ago it was uploaded, or None where nobody knows.
    """
    stem = re.sub(r"[-_.]+", "_", name).lower()
    if files is None:
        files = {f"{stem}.py": f"VERSION = {version!r}\n"}
    entries = list(files.items() if hasattr(files, "items") else files)
    info = f"{stem}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {text}\n" for text in requires)
    metadata += f"Requires-Python: {requires_python}\n" if requires_python else ""
    metadata += f"Summary: {summary}\n" if summary else ""
    entries += [
        (f"{info}/METADATA", metadata),
        (f"{info}/WHEEL", f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n"),
    ]
    record = "".join(f"{path},sha256={_record_hash(text)},{len(text.encode())}\n" for path, text in entries)
    entries.append((f"{info}/RECORD", f"{record}{info}/RECORD,,\n"))
    content = _zip(entries)
    return File(
        filename=f"{stem}-{version}-{tag}.whl",
        content=content,
        sha256=_digest(content),
        metadata=metadata,
        uploaded=days_ago(days),
        yanked=yanked,
        requires_python=requires_python,
    )


def sdist(name: str, version: str = "1.0", *, code: str = "", days: float | None = 400.0) -> File:
    """Build a source archive of the distribution `name`; whoever builds it runs `code`."""
    stem = re.sub(r"[-_.]+", "_", name).lower()
    described = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    # A backend of its own (PEP 517) needs nothing else from an index: only a refusal keeps it from running.
    project = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    texts = {
        "pyproject.toml": project,
        "backend.py": f"{code}\n",
        "setup.py": f"{code}\n",
        "PKG-INFO": described,
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path, text in texts.items():
            entry = tarfile.TarInfo(f"{stem}-{version}/{path}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    content = buffer.getvalue()
    return File(
        filename=f"{stem}-{version}.tar.gz",
        content=content,
        sha256=_digest(content),
        uploaded=days_ago(days),
    )


def holding_bytes(file: File, content: bytes) -> File:
    """Return `file` with other bytes, which the index describes truly."""
    return replace(file, content=content, sha256=_digest(content), metadata="")


def cut(file: File) -> File:
    """Return `file` with only the first half of its bytes, which the index describes truly."""
    return holding_bytes(file, file.content[: len(file.content) // 2])


def mislabelled(file: File) -> File:
    """Return `file` with the hash of other bytes."""
    return replace(file, sha256=_digest(b"other bytes"))


@dataclass(slots=True, kw_only=True)
class Project:
    """A project, and how the index serves it.

    `status` other than 200 is all that is answered. `hang` is what never
    comes: the "page", the "file" (from its second request on the "install":
    the finder's was the first), or "". `json` False serves HTML only; `times`
    False leaves upload times out; `beside` serves the JSON document that old
    indexes tell upload times in. `swap` is served from the second request for
    a file on, and described so on the page. `document` is a page of
    (content type, bytes). `redirect` sends on before page and file, `loop`
    for ever. `endless` is what never ends: the "page", the "file", or "".
    `slow` are the seconds between the halves of a file.
    `standing` is the project's status and its reason (PEP 792).
    """

    files: list[File] = field(default_factory=list)
    status: int = 200
    hang: str = ""
    json: bool = True
    times: bool = True
    beside: bytes | bool = False
    swap: File | None = None
    document: tuple[str, bytes] | None = None
    redirect: bool = False
    loop: bool = False
    slow: float = 0.0
    endless: str = ""
    standing: tuple[str, str] = ("", "")


class Index:
    """A running index; as a context manager it closes itself.

    `asked` are the names of the projects whose pages were asked for, in order;
    `requests` all paths. `user` and `password`, where given, are asked for.
    """

    def __init__(self, *, user: str = "", password: str = "") -> None:
        self.projects: dict[str, Project] = {}
        self.requests: list[str] = []
        self.released = threading.Event()
        self.expected = ""
        if user:
            self.expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The address of the simple index."""
        return self.at("127.0.0.1")

    def at(self, host: str) -> str:
        """Return the address by another name of this machine, perhaps with credentials."""
        return f"http://{host}:{self._server.server_address[1]}/simple"

    @property
    def asked(self) -> list[str]:
        """The names of the projects whose pages were asked for."""
        pages = (re.fullmatch(r"/simple/([^/]+)/?", path) for path in self.requests)
        return [page[1] for page in pages if page]

    def downloads(self, file: File) -> int:
        """Return how often the bytes of `file` were asked for."""
        return sum(path.endswith(f"/{file.filename}") for path in self.requests)

    def add(self, name: str, *files: File, **how: object) -> Project:
        """Serve the project `name`; `how` are fields of `Project`."""
        project = Project(files=list(files), **how)
        self.projects[re.sub(r"[-_.]+", "-", name).lower()] = project
        return project

    def close(self) -> None:
        """Stop serving; what hangs ends."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, index: Index) -> None:
        self.index = index
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that go away are what the tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: two wait for each other's acknowledgement, 40 ms
    server: _Server

    def do_GET(self) -> None:
        index = self.server.index
        path = unquote(urlsplit(self.path).path)
        index.requests.append(path)
        if index.expected and self.headers.get("Authorization") != index.expected:
            self._send(401, "text/plain", b"who are you?", {"WWW-Authenticate": 'Basic realm="index"'})
            return
        _, kind, name, *rest = [*path.split("/"), ""]
        project = index.projects.get(name)
        if project is None:
            self._send(404, "text/plain", b"no such project")
        elif project.loop:
            self._send(302, "text/html", b"", {"Location": self.path})
        elif project.endless == {"simple": "page", "files": "file"}.get(kind):
            self._drip()
        elif project.redirect and "moved" not in rest:
            self._send(302, "text/html", b"", {"Location": f"/{kind}/{name}/moved/{rest[0]}"})
        elif kind == "simple":
            self._page(name, project)
        elif kind == "files":
            self._file(project, rest[-2] or rest[-1])
        elif kind == "pypi" and project.beside:
            self._send(200, "application/json", _beside(project))
        else:
            self._send(404, "text/plain", b"no such page")

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_CONNECT(self) -> None:
        """Refuse to be a proxy, and note for whom."""
        self.server.index.requests.append(self.path)
        self._send(502, "text/plain", b"no way out")

    def log_message(self, *_: object) -> None:
        """Write nothing to standard error."""

    def _page(self, name: str, project: Project) -> None:
        if project.hang == "page":
            self.server.index.released.wait(HANG_SECONDS)
        if project.status != 200:
            self._send(project.status, "text/plain", b"not now")
        elif project.document:
            self._send(200, *project.document)
        elif project.json and SIMPLE_JSON in self.headers.get("Accept", ""):
            self._send(200, SIMPLE_JSON, _json_page(name, project, self._shown(project)))
        else:
            self._send(200, SIMPLE_HTML, _html_page(name, project, self._shown(project)))

    def _file(self, project: Project, filename: str) -> None:
        index = self.server.index
        if filename.endswith(".metadata"):
            wanted = filename.removesuffix(".metadata")
            texts = [file.metadata for file in self._shown(project) if file.filename == wanted]
            self._send(200 if texts else 404, "text/plain", "".join(texts).encode())
            return
        count = sum(path.endswith(f"/{filename}") for path in index.requests)
        if project.hang == "file" or (project.hang == "install" and count > 1):
            index.released.wait(HANG_SECONDS)
        served = project.swap if project.swap and count > 1 else None
        found = [file for file in project.files if file.filename == filename]
        if not found:
            self._send(404, "text/plain", b"no such file")
            return
        content = (served or found[0]).content
        self._send(200, "application/octet-stream", content, pause=project.slow)

    def _shown(self, project: Project) -> list[File]:
        """Return the files as the page describes them now."""
        index = self.server.index
        if project.swap and index.downloads(project.swap):
            others = [file for file in project.files if file.filename != project.swap.filename]
            return [project.swap, *others]
        return project.files

    def _drip(self) -> None:
        """Send bytes until whoever asked has had enough."""
        self.send_response(200)
        self.send_header("Content-Type", SIMPLE_JSON)
        self.end_headers()
        self.close_connection = True
        while not self.server.index.released.is_set():
            self.wfile.write(b" " * 2**20)

    def _send(
        self,
        status: int,
        content_type: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        *,
        pause: float = 0.0,
    ) -> None:
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if pause:
            half = len(body) // 2
            self.wfile.write(body[:half])
            self.wfile.flush()
            self.server.index.released.wait(pause)
            body = body[half:]
        self.wfile.write(body)


def _json_page(name: str, project: Project, files: Sequence[File]) -> bytes:
    described = []
    for file in files:
        row: dict[str, object] = {
            "filename": file.filename,
            "url": f"/files/{name}/{file.filename}",
            "hashes": {"sha256": file.sha256},
            "size": len(file.content),
            "yanked": "it was wrong" if file.yanked else False,
        }
        if file.metadata:
            row["core-metadata"] = {"sha256": _digest(file.metadata.encode())}
        if file.requires_python:
            row["requires-python"] = file.requires_python
        if project.times and file.uploaded:
            row["upload-time"] = file.uploaded
        described.append(row)
    versions = sorted({file.filename.split("-")[1].removesuffix(".tar.gz") for file in files})
    page: dict[str, object] = {"meta": {"api-version": "1.4"}, "name": name, "versions": versions}
    page["files"] = described
    if project.standing[0]:
        page["project-status"] = {"status": project.standing[0], "reason": project.standing[1]}
    return json.dumps(page).encode()


def _html_page(name: str, project: Project, files: Sequence[File]) -> bytes:
    status, reason = map(html.escape, project.standing)
    lines = ["<!DOCTYPE html>", "<html><head>"]
    if status:
        lines.append(f'<meta name="pypi:project-status" content="{status}">')
        lines.append(f'<meta name="pypi:project-status-reason" content="{reason}">')
    lines.append("</head><body>")
    for file in files:
        more = ' data-yanked="it was wrong"' if file.yanked else ""
        if file.requires_python:
            more += f' data-requires-python="{html.escape(file.requires_python)}"'
        href = f"/files/{name}/{file.filename}#sha256={file.sha256}"
        lines.append(f'<a href="{href}"{more}>{file.filename}</a><br>')
    return "\n".join([*lines, "</body></html>"]).encode()


def _beside(project: Project) -> bytes:
    if isinstance(project.beside, bytes):
        return project.beside
    releases: dict[str, list[dict[str, str]]] = {}
    for file in project.files:
        row = {"filename": file.filename, "upload_time_iso_8601": file.uploaded}
        releases.setdefault(file.filename.split("-")[1], []).append(row)
    return json.dumps({"releases": releases}).encode()


def _zip(entries: Iterable[tuple[str, str]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in entries:
            entry = zipfile.ZipInfo(path, (2020, 2, 2, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # a name that comes twice is on purpose
                archive.writestr(entry, text)
    return buffer.getvalue()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _record_hash(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")

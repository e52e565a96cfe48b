"""A real registry on 127.0.0.1 (verdaccio) without any other behind it, and packages to publish to it.

Publishing goes by the registry's own protocol. What a registry would need years
for (an old release), or would not do (a tarball that is not the one it names),
is then changed in its storage. Tests import it by `from npm_registry import …`.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import os
import shutil
import socket
import subprocess
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
START_SECONDS = 60.0
INSTALL_SECONDS = 300.0
_CONFIG = """
storage: {folder}/storage
uplinks: {{}}
auth: {{htpasswd: {{file: {folder}/htpasswd}}}}
packages:
  '@locked/*': {{access: $authenticated, publish: $all}}
  '**': {{access: $all, publish: $all}}
log: {{type: stdout, format: json, level: error}}
web: {{enable: false}}
max_body_size: 50mb
userRateLimit: {{windowMs: 1000, max: 100000}}
"""


def install(verdaccio: Path = HERE / "verdaccio") -> Path:
    """Return verdaccio's program, installed once below `.cache` from its lock."""
    digest = hashlib.sha256((verdaccio / "package-lock.json").read_bytes()).hexdigest()[:12]
    folder = ROOT / ".cache" / f"verdaccio-{digest}"
    program = folder / "node_modules" / "verdaccio" / "bin" / "verdaccio"
    if program.is_file():
        return program
    folder.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as part:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(verdaccio / name, part)
        words = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-progress"]
        subprocess.run(words, cwd=part, check=True, capture_output=True, timeout=INSTALL_SECONDS)
        with contextlib.suppress(OSError):  # another session was faster
            Path(part).rename(folder)
            Path(part).mkdir()
    return program


class Registry:
    """Verdaccio, running while the block runs."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = program
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}/"

    def __enter__(self) -> Registry:
        self._folder.mkdir(parents=True)
        config = self._folder / "config.yaml"
        config.write_text(_CONFIG.format(folder=self._folder), "utf-8")
        self._log = (self._folder / "log").open("wb")
        self._process = subprocess.Popen(
            ["node", self._program, "-c", config, "-l", f"127.0.0.1:{self._port}"],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            env={"PATH": os.environ["PATH"], "HOME": str(self._folder)},
        )
        until = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(OSError):
                self._open("-/ping").close()
                return self
            if self._process.poll() is not None or time.monotonic() > until:
                self.__exit__()
                raise RuntimeError((self._folder / "log").read_text("utf-8", "replace")[-2000:])
            time.sleep(0.1)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def publish(
        self,
        name: str,
        version: str = "1.0.0",
        *,
        days: float = 400,
        files: dict[str, str] | None = None,
        raw: list[tarfile.TarInfo] | None = None,
        described: dict[str, Any] | None = None,
        deprecated: str = "",
        **manifest: Any,
    ) -> str:
        """Publish a package; return the integrity of its tarball.

        `days` is how long ago; `manifest` goes into its package.json, `described`
        into the registry's description only; `raw` are more entries of the tar.
        """
        own = {"name": name, "version": version, "main": "index.js", **manifest}
        content = tarball(
            {"package.json": json.dumps(own), "index.js": "module.exports = 1\n", **(files or {})}, raw
        )
        file = f"{name.rpartition('/')[2]}-{version}.tgz"
        integrity = f"sha512-{base64.b64encode(hashlib.sha512(content).digest()).decode()}"
        dist = {
            "integrity": integrity,
            "shasum": hashlib.sha1(content, usedforsecurity=False).hexdigest(),
            "tarball": f"{self.url}{name}/-/{file}",
        }
        shown = {**own, "name": name, "version": version, **(described or {}), "dist": dist}
        shown |= {"deprecated": deprecated} if deprecated else {}
        attached = {"content_type": "application/octet-stream", "data": base64.b64encode(content).decode()}
        document = {
            "_id": name,
            "name": name,
            "dist-tags": {"latest": version},
            "versions": {version: {"_id": f"{name}@{version}", **shown}},
            "_attachments": {file: {**attached, "length": len(content)}},
        }
        self._open(quote(name, safe="@"), json.dumps(document).encode()).close()
        then = (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        self.change(name, lambda page: page["time"].update({version: then, "created": then}))
        return integrity

    def change(self, name: str, edit: Any) -> None:
        """Change what the registry has stored of a package."""
        path = self._folder / "storage" / name / "package.json"
        page = json.loads(path.read_text("utf-8"))
        edit(page)
        path.write_text(json.dumps(page), "utf-8")

    def replace_tarball(self, name: str, version: str, content: bytes) -> None:
        """Let the registry send other bytes than it was given."""
        file = f"{name.rpartition('/')[2]}-{version}.tgz"
        (self._folder / "storage" / name / file).write_bytes(content)

    def _open(self, path: str, data: bytes | None = None) -> Any:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        request = urllib.request.Request(self.url + path, data=data, method="PUT" if data else "GET")
        request.add_header("Content-Type", "application/json")
        return opener.open(request, timeout=30)


def tarball(files: dict[str, str], raw: list[tarfile.TarInfo] | None = None) -> bytes:
    """Return a package's tarball; an entry of `raw` has no content unless it is a file with a size."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
        for entry in raw or []:
            archive.addfile(entry, io.BytesIO(b"x" * entry.size))
    return written.getvalue()


def entry(name: str, **fields: Any) -> tarfile.TarInfo:
    """Return an entry of a tar with a name as it is given."""
    made = tarfile.TarInfo(name)
    for key, value in fields.items():
        setattr(made, key, value)
    return made

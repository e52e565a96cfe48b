"""Small web services as images, for the tests of targets that run containers.

What one does is said by its environment, so that a release with another
environment is one with another fate; what it answers says which image, which
environment and which secret it has.
"""

from __future__ import annotations

import contextlib
import io
import tarfile
from collections.abc import Mapping
from typing import Any

from engines import PYTHON, Engine

PORT = 8000
SERVER = r"""
import http.server, json, os, signal, sys, threading, time

VERSION = open("/app/version").read()
FATE, _, AFTER = os.environ.get("FATE", "good").partition(":")
BEGAN = time.monotonic()
print("up", VERSION, FATE, "password=" + os.environ.get("SAYS", ""), flush=True)
if FATE == "exits":
    print("cannot go on", flush=True)
    sys.exit(3)
if FATE == "slow":
    time.sleep(float(AFTER))

def secrets():
    found = {}
    for name in os.environ:
        if name.endswith("_FILE"):
            with open(os.environ[name]) as file:
                found[name[:-5]] = file.read()
    return found

class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/slow":
            time.sleep(4)
        is_late = time.monotonic() - BEGAN > float(AFTER or 0)
        is_bad = FATE == "never" or (FATE == "fails" and is_late)
        if FATE == "bad-pages" and self.path != "/health":
            is_bad = True
        told = {"version": VERSION, "says": os.environ.get("SAYS", ""), "secrets": secrets(),
                "user": os.getuid(), "port": os.environ["PORT"]}
        body = json.dumps(told).encode()
        self.send_response(503 if is_bad else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass

signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
Server(("0.0.0.0", int(os.environ.get("LISTEN", os.environ["PORT"]))), Answers).serve_forever()
"""


def made(
    engine: Engine,
    version: str,
    *,
    changes: tuple[str, ...] = (),
    name: str = "web",
    files: Mapping[str, str] | None = None,
) -> tuple[str, str]:
    """Make an image of the server, and return its name and its digest (the image's id).

    `changes` are lines of a Dockerfile, over `EXPOSE` and `CMD`. `files` by their
    paths stand for those of the server; what is started is /app/main.py.
    """
    engine.load(PYTHON)
    with contextlib.closing(engine.client()) as client:
        job = client.create_container(PYTHON, ["true"])["Id"]
        client.put_archive(job, "/", _tar(files or {"app/main.py": SERVER, "app/version": version}))
        lines = [f"EXPOSE {PORT}", 'CMD ["python", "/app/main.py"]', *changes]
        made = client.commit(job, name, version, changes=lines)
        client.remove_container(job)
        return f"{name}:{version}", str(made["Id"])


def _tar(files: Mapping[str, str]) -> bytes:
    with io.BytesIO() as stream:
        with tarfile.open(fileobj=stream, mode="w") as tar:
            folder = tarfile.TarInfo("app")
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(folder)
            for name, text in files.items():
                item = tarfile.TarInfo(name)
                item.size, item.mode = len(text.encode()), 0o644
                tar.addfile(item, io.BytesIO(text.encode()))
        return stream.getvalue()


def ids(client: Any, service: str) -> dict[str, str]:
    """Return the containers of a service by their names, with the engine's word for each."""
    found = client.containers(all=True, filters={"label": f"autoexec.service={service}"})
    return {each["Names"][0].lstrip("/"): each["State"] for each in found}

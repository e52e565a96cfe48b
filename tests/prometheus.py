"""A real Prometheus for tests, on this machine only, that reads one small service once a second.

from prometheus import Measured, measured  # a fixture, in a test's module
"""

from __future__ import annotations

import http.server
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from skips import requires

PATIENCE_SECONDS = 120.0


@dataclass(slots=True)
class Measured:
    """A server at `url`; `values` are its metrics by their names, as they are just now."""

    url: str
    values: dict[str, float] = field(default_factory=dict)


class _Service(http.server.ThreadingHTTPServer):
    values: dict[str, float]
    daemon_threads = True


class _Metrics(http.server.BaseHTTPRequestHandler):
    server: _Service

    def do_GET(self) -> None:
        body = "".join(f"{name} {value}\n" for name, value in self.server.values.items()).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture(scope="module")  # what it reads opens files of this process all the time, which others count
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measured]:
    """Yield a server that has read the service once."""
    program = shutil.which("prometheus")
    requires(program, "prometheus is not installed", "apt-get install prometheus")
    folder, port = tmp_path_factory.mktemp("prometheus"), _free_port()
    service = _Service(("127.0.0.1", 0), _Metrics)
    service.values = {}
    threading.Thread(target=service.serve_forever, daemon=True).start()
    (folder / "prometheus.yml").write_text(_settings(service.server_port))
    argv = [
        str(program),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "log").open("wb") as log, subprocess.Popen(argv, stdout=log, stderr=log) as process:
        try:
            found = Measured(url=f"http://127.0.0.1:{port}", values=service.values)
            _wait_until_it_answers(f"{found.url}/-/ready", folder / "log", process)
            yield found
        finally:
            process.terminate()
            service.shutdown()
            service.server_close()


@pytest.fixture
def measured(prometheus: Measured) -> Iterator[Measured]:
    """Return the server, whose service has no metrics yet."""
    prometheus.values.clear()
    yield prometheus
    prometheus.values.clear()


def _settings(port: int) -> str:
    return f"""
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: web
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _wait_until_it_answers(url: str, log: Path, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError as error:
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"prometheus does not start: {log.read_text()[-500:]}") from error
            time.sleep(0.1)

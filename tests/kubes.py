"""A real cluster for tests: the one that AUTOEXEC_TEST_KUBECONFIG names, in a namespace of the tests' own.

Its pods have to find the images that the tests make on this machine's engine: DOCKER_HOST
names it, or AUTOEXEC_TEST_KUBE_ENGINE where that is another one. A service of type NodePort
is asked at 127.0.0.1, or at the node's address.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import socket
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from engines import python_tar
from skips import requires

from autoexec_magic.deployer import Work
from autoexec_magic.deployer.journal import Journal
from autoexec_magic.deployer.kubernetes import Kubernetes
from autoexec_magic.events import Emit
from autoexec_magic.executor.stops import Stop
from autoexec_magic.history import new_id
from autoexec_magic.ledger import Ledger
from autoexec_magic.releasefacts import Gate, Release, Spec

PATIENCE_SECONDS = 90.0
USER = "10001:10001"
HOW = "export AUTOEXEC_TEST_KUBECONFIG=~/.kube/config, of a cluster whose pods find this engine's images"
GATE = Gate(path="/health", start_seconds=60, interval_seconds=0.3, successes=2, bake_seconds=1.5, failures=3)

#: answers with its version; is unwell from the start, after a time, or ends, as its environment says
SERVER = """
import http.server, os, signal, sys, threading, time
began, say = time.monotonic(), os.environ.get
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
print("began", say("VERSION", ""), flush=True)
if say("ENDS"):
    print("the database is not there", flush=True)
    sys.exit(3)
if say("ENDS_AFTER"):
    threading.Timer(float(say("ENDS_AFTER")), lambda: os._exit(4)).start()
class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        age = time.monotonic() - began
        bad = say("SICK") or (say("SICK_AFTER") and age > float(say("SICK_AFTER")))
        code = 503 if bad and self.path == "/health" else 200
        text = say(self.path[5:], "") if self.path.startswith("/env/") else say("VERSION", "")
        self.send_response(code)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())
    def log_message(self, *args):
        pass
port = int(say("LISTENS", "") or say("PORT"))
http.server.ThreadingHTTPServer.request_queue_size = 128
http.server.ThreadingHTTPServer(("", port), Answers).serve_forever()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kube:
    """A namespace of a cluster, and two images that its pods find."""

    kubeconfig: Path
    namespace: str
    images: tuple[tuple[str, str], ...]
    admin: Any  # Cluster of who may do all

    def target(self, service: str, **more: Any) -> Kubernetes:
        """Return a target for a service, reached from outside."""
        options = {"namespace": self.namespace, "service-type": "NodePort", **more.pop("options", {})}
        variables = {"KUBECONFIG": str(more.pop("kubeconfig", self.kubeconfig))}
        return Kubernetes(service=service, options=options, variables=variables, **more)

    def release(self, service: str, *, version: str = "1", image: int = 0, **spec: Any) -> Release:
        """Return a release of the test server."""
        reference, digest = self.images[image]
        own = {"namespace": self.namespace, "service-type": "NodePort", **spec.pop("options", {})}
        environment = {"VERSION": version, **spec.pop("environment", {})}
        given = {
            "artifact": "image",
            "reference": reference,
            "digest": digest,
            "command": ("python3", "-c", SERVER),
            "port": 8080,
            "gate": GATE,
            **spec,
            "environment": tuple(sorted(environment.items())),
            "options": tuple(sorted(own.items())),
        }
        return Release(service=service, target="kubernetes", release_id=new_id(), spec=Spec(**given))


@contextlib.contextmanager
def own_namespace() -> Iterator[Kube]:
    """Yield a namespace of the cluster that was given; skip where there is none."""
    given = os.environ.get("AUTOEXEC_TEST_KUBECONFIG", "")
    requires(given and Path(given).is_file(), "no cluster is given", HOW)
    requires(importlib.util.find_spec("kubernetes"), "the client is not installed", "pip install kubernetes")
    from autoexec_magic.deployer.kubernetes.connecting import connected

    admin = connected(variables={"KUBECONFIG": given})
    name = f"autoexec-test-{uuid.uuid4().hex[:8]}"
    raw(admin, "POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    try:
        admin.namespace = name
        account = f"/api/v1/namespaces/{name}/serviceaccounts"
        settled(lambda: raw(admin, "GET", account).get("items"), "the account that pods have")
        yield Kube(kubeconfig=Path(given), namespace=name, images=images(), admin=admin)
    finally:
        raw(admin, "DELETE", f"/api/v1/namespaces/{name}")


def raw(cluster: Any, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Ask a cluster for what no target asks for."""

    found: dict[str, Any] = json.loads(cluster._sent(method, path, path, body=body).data)
    return found


def images() -> tuple[tuple[str, str], ...]:
    """Return two images with an interpreter and a user, by name and digest, on the engine of the pods."""
    names = [f"autoexec-test/python:{number}" for number in (1, 2)]
    return tuple((name, image(name, f"USER {USER}", f"LABEL name={name}")) for name in names)


def image(name: str, *changes: str) -> str:
    """Return the digest of an image with an interpreter, made if need be on the engine of the pods."""
    import docker

    host = os.environ.get("AUTOEXEC_TEST_KUBE_ENGINE") or os.environ.get("DOCKER_HOST")
    client = docker.APIClient(base_url=host, version="auto", timeout=60)
    with contextlib.closing(client):
        if not client.images(name):
            repository, _, tag = name.rpartition(":")
            own = ["ENV PATH=/usr/local/bin:/usr/bin:/bin", *changes]
            client.import_image(src=str(python_tar()), repository=repository, tag=tag, changes=own)
        return str(client.inspect_image(name)["Id"])


def work_of(folder: Path, release: Release, emit: Emit, **more: Any) -> Work:
    """Return what a deploy works with, its ledger in a folder."""
    ledger = Ledger(path=folder / "ledger.db")
    journal = Journal(ledger=ledger, service=release.service, target="kubernetes", run_id=new_id())
    return Work(journal=journal, emit=emit, stop=more.pop("stop", Stop()), **more)


def settled(ask: Callable[[], Any], what: str) -> Any:
    """Return what is asked for once it is true."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not (found := ask()):
        assert time.monotonic() < until, f"{what}: not within {PATIENCE_SECONDS:g} s"
        time.sleep(0.1)
    return found


def asked(url: str, path: str = "/", seconds: float = 5.0) -> str:
    """Return what a service answers over a connection of its own."""
    with urllib.request.urlopen(f"{url}{path}", timeout=seconds) as answer:
        return str(answer.read().decode())


def answers(url: str, path: str = "/") -> str:
    """Return what a service answers, "" where it does not: a node knows a Service a moment later."""
    try:
        return asked(url, path)
    except OSError:
        return ""


def near(url: str) -> str:
    """Return the URL of a node's port at the address at which this machine reaches it."""
    port = urlsplit(url).port
    assert port is not None
    try:
        with socket.create_connection(("127.0.0.1", port), 2):
            return f"http://127.0.0.1:{port}"
    except OSError:
        return url


@dataclass(slots=True)
class Asking:
    """Somebody who asks a service fifty times a second, each time over a new connection."""

    url: str
    seconds: float = 0.02
    answers: list[tuple[float, str]] = field(default_factory=list)
    failed: list[tuple[float, str]] = field(default_factory=list)
    _is_over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Asking:
        self._threads = [threading.Thread(target=self._ask, args=(each,), daemon=True) for each in range(5)]
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for each in self._threads:
            each.join(30)

    def versions(self) -> list[str]:
        """Return the versions that answered, each once, in their order."""
        return list(dict.fromkeys(text for _, text in sorted(self.answers)))

    def _ask(self, number: int) -> None:
        step = self.seconds * 5
        due = time.monotonic() + number * self.seconds
        while not self._is_over.wait(max(0.0, due - time.monotonic())):
            due = max(due + step, time.monotonic())
            at = time.monotonic()
            try:
                self.answers.append((at, asked(self.url)))
            except OSError as error:
                self.failed.append((at, f"{type(error).__name__}: {error}"))


def unlike(release: Release, **changes: Any) -> Release:
    """Return a release that differs from another one in its id and in these fields of what it runs."""
    return replace(release, release_id=new_id(), spec=replace(release.spec, **changes))


def kubeconfig(folder: Path, port: int, namespace: str = "shop", name: str = "config") -> dict[str, str]:
    """Write a kubeconfig with two contexts for what listens at a port; return the environment for it."""
    path = folder / name
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "here",
                "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
                "users": [{"name": "u", "user": {"token": "hunter2"}}],
                "contexts": [
                    {"name": "here", "context": {"cluster": "c", "user": "u", "namespace": namespace}},
                    {"name": "there", "context": {"cluster": "c", "user": "u"}},
                ],
            }
        )
    )
    return {"KUBECONFIG": str(path)}

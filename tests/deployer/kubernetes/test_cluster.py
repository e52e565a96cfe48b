"""One namespace of a cluster: how it is found, asked, and asked again."""

from __future__ import annotations

import contextlib
import http.server
import json
import shutil
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest
from kubes import kubeconfig
from skips import requires

from autoexec_magic.deployer import Unanswered
from autoexec_magic.deployer.kubernetes.connecting import connected
from autoexec_magic.deployer.kubernetes.refusals import Refused
from autoexec_magic.errors import DeployError


@pytest.fixture(autouse=True)
def _needs_the_client():
    import importlib.util

    requires(importlib.util.find_spec("kubernetes"), "the client is not installed", "pip install kubernetes")


class Api(http.server.ThreadingHTTPServer):
    """An API of a test's own: for what a real one does seldom. It answers what it is told, in order."""

    daemon_threads = True

    def __init__(self) -> None:
        self.told: list[tuple[int, dict]] = []
        self.asked: list[tuple[str, str, dict]] = []
        super().__init__(("127.0.0.1", 0), _Answer)


class _Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        self.server.asked.append((self.command, self.path, body))
        code, answer = self.server.told.pop(0) if len(self.server.told) > 1 else self.server.told[0]
        if not code:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        text = json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(text)))
        if isinstance(answer, dict) and (warning := answer.get("warning")):
            self.send_header("Warning", f'299 - "{warning}"')
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_PATCH = do_DELETE = _answer  # noqa: N815

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def api():
    made = Api()
    thread = threading.Thread(target=made.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


@pytest.fixture
def there(api, tmp_path):
    found = connected(variables=kubeconfig(tmp_path, api.server_port))
    found.limit_seconds = 1.0
    return found


@pytest.mark.parametrize("busy", [429, 500, 502, 503, 504, 0])
def test_a_busy_cluster_is_asked_again(api, there, busy):
    """0 is a connection that breaks."""
    api.told = [(busy, {"message": "later"}), (200, {"kind": "Service"})]
    assert there.get("services", "web") == {"kind": "Service"}
    assert len(api.asked) == 2


def test_one_that_stays_busy_does_not_answer_and_says_why(api, there):
    api.told = [(503, {"message": "etcd has no leader"})]
    with pytest.raises(Unanswered) as raised:
        there.get("services", "web")
    assert raised.value.why == "etcd has no leader"
    assert raised.value.fix == "kubectl --context here get --raw /readyz"
    assert len(api.asked) > 2


def test_one_that_nobody_listens_for_does_not_answer(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        found = connected(variables=kubeconfig(tmp_path, taken.getsockname()[1]))
        found.limit_seconds = 0.5
        with pytest.raises(Unanswered, match="does not answer for service web"):
            found.get("services", "web")


@pytest.mark.parametrize("refused", [400, 401, 403, 409, 422])
def test_a_refusal_is_not_asked_again(api, there, refused):
    api.told = [(refused, {"message": "no"})]
    with pytest.raises(Refused):
        there.get("services", "web")
    assert len(api.asked) == 1


@pytest.mark.parametrize("answer", ["a page", [1]])
def test_what_is_no_cluster_is_told(api, there, answer):
    """A page to log in at, or a proxy's."""
    api.told = [(200, answer)]
    with pytest.raises(DeployError, match="is no cluster"):
        there.get("services", "web")


def test_what_is_not_there_is_none(api, there):
    api.told = [(404, {"message": 'services "web" not found'})]
    assert there.get("services", "web") is None
    assert there.merge("services", "web", {}) is None
    there.delete("services", "web")
    assert there.serves("policy/v1") is False


def test_an_object_is_applied_as_ours_and_by_force_only_where_that_is_said(api, there):
    api.told = [(200, {})]
    body = {"metadata": {"name": "web"}}
    there.apply("services", body)
    there.apply("deployments", body, force=True, is_dry=True)
    place = "/api/v1/namespaces/shop/services/web?fieldManager=autoexec-magic&force=false"
    assert api.asked[0] == ("PATCH", place, body)
    assert api.asked[1][1].endswith("force=true&dryRun=All")
    assert api.asked[1][1].startswith("/apis/apps/v1/namespaces/shop/deployments/web")


def test_what_a_cluster_warns_of_is_told(api, there):
    said = []
    there.warned = said.append
    api.told = [(200, {"warning": "would violate PodSecurity"})]
    there.get("services", "web")
    assert said == ["would violate PodSecurity"]


def test_secrets_and_how_a_cluster_writes_them_are_not_in_its_words(api, tmp_path):
    found = connected(variables=kubeconfig(tmp_path, api.server_port), secrets=("swordfish", ""))
    api.told = [(422, {"message": "invalid: swordfish c3dvcmRmaXNo"})]
    with pytest.raises(DeployError) as raised:
        found.get("services", "web")
    assert raised.value.why == "invalid: *** ***"


def test_a_version_that_says_nothing_is_an_old_one(api, there):
    api.told = [(200, {"minor": "31+"}), (200, {"minor": ""}), (200, {})]
    assert [there.minor() for _ in range(3)] == [31, 0, 0]


def test_the_groups_of_a_real_cluster_are_found(kube):
    assert kube.admin.serves("apps/v1")
    assert not kube.admin.serves("apps/v0")
    assert kube.admin.minor() >= 19


def test_a_namespace_that_is_not_there_is_told_with_how_to_make_it(kube, emit):
    target = kube.target("web", options={"namespace": "not-there"})
    assert target.live() is None
    with pytest.raises(DeployError, match="there is no namespace not-there") as raised:
        target.stage(kube.release("web"), emit)
    assert raised.value.fix.endswith("create namespace not-there")


@contextlib.contextmanager
def secured(folder, breaks):
    """Yield the port of an API with a certificate that nobody signed; so many connections break off first."""
    requires(shutil.which("openssl"), "openssl is not installed", "apt-get install openssl")
    files = [str(folder / name) for name in ("key.pem", "cert.pem")]
    about = ["-subj", "/CN=here", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", *about]
    subprocess.run([*made, "-keyout", files[0], "-out", files[1]], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files[1], files[0])
    seen = []

    class Secured(Api):
        def get_request(self):
            line, at = super().get_request()
            seen.append(at)
            if len(seen) <= breaks:
                line.close()
                raise OSError("it breaks off")
            return context.wrap_socket(line, server_side=True), at

    with Secured() as made:
        made.told = [(200, {"kind": "Pod"})]
        thread = threading.Thread(target=made.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield made.server_port, files[1]
        made.shutdown()
        thread.join()


def _secured_at(folder, port, authority=""):
    path = Path(kubeconfig(folder, port)["KUBECONFIG"])
    whole = json.loads(path.read_text())
    trusted = {"certificate-authority": authority} if authority else {}
    whole["clusters"][0]["cluster"] = {"server": f"https://127.0.0.1:{port}", **trusted}
    path.write_text(json.dumps(whole))
    return connected(variables={"KUBECONFIG": str(path)})


def test_a_connection_that_breaks_while_it_is_secured_is_made_again(tmp_path):
    """It says nothing of who was there."""
    with secured(tmp_path, breaks=2) as (port, authority):
        assert _secured_at(tmp_path, port, authority).get("pods", "a") == {"kind": "Pod"}


def test_a_certificate_that_nobody_trusts_is_final(tmp_path):
    """At once, and it is told where what is trusted is written."""
    with secured(tmp_path, breaks=0) as (port, _), pytest.raises(DeployError, match="trusts") as caught:
        _secured_at(tmp_path, port).get("pods", "a")
    assert "certificate-authority" in caught.value.fix

"""A registry asked by us: with docker's own login, and nothing said where it is not safe."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.server
import json
import threading
import types

import docker
import pytest
import requests
from engines import started_registry

from autoexec_magic.builder.image import reference, registry
from autoexec_magic.errors import BuildError

#: bcrypt of hunter2
HASH = "$2y$05$abcdefghijklmnopqrstuuoXuKqgZXLiJqzfmMXDDhSFPIvxV7t8."


@contextlib.contextmanager
def guarded(folder):
    """Yield the address of a registry that wants `me` and `hunter2`."""
    (folder / "htpasswd").write_text(f"me:{HASH}\n")
    with started_registry(folder, folder / "htpasswd") as address:
        yield address


def test_a_registry_with_a_login_is_read_with_dockers_own(engine, tmp_path, monkeypatch):
    """And not without it."""
    engine.load("tiny:1")
    config = tmp_path / "config"
    config.mkdir()
    monkeypatch.setenv("DOCKER_CONFIG", str(config))
    with guarded(tmp_path) as address, contextlib.closing(engine.client()) as client:
        client.tag("tiny:1", f"{address}/tiny", "1")
        login = {"username": "me", "password": "hunter2"}
        for _ in client.push(f"{address}/tiny", tag="1", stream=True, decode=True, auth_config=login):
            pass
        client.remove_image(f"{address}/tiny:1", noprune=True)
        there = reference.parse(f"{address}/tiny:1")
        with pytest.raises(BuildError) as refused:
            registry.held(there, client)
        assert refused.value.fix == f"docker login {address}"
        known = {"auths": {address: {"auth": base64.b64encode(b"me:hunter2").decode()}}}
        (config / "config.json").write_text(json.dumps(known))
        assert registry.held(there, client).digest.startswith("sha256:")


def test_what_is_not_there_is_said(engine, registry):
    """By its registry's answer."""
    from autoexec_magic.builder.image.registry import held

    with contextlib.closing(engine.client()) as client, pytest.raises(BuildError) as missing:
        held(reference.parse(f"{registry}/none:1"), client)
    assert "answers HTTP 404" in missing.value.why


class Engine:
    """An engine that knows of no registry without TLS."""

    def info(self):
        """Return what it knows."""
        return {}

    def version(self):
        """Return what it builds for."""
        return {"Os": "linux", "Arch": "arm64"}


@contextlib.contextmanager
def answering(answers):
    """Yield the address of a registry that gives (status, headers, body) by a path; and who asked."""
    asked = []

    class Answers(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            """Say nothing."""

        def do_GET(self):
            asked.append((self.command, self.path, self.headers.get("Authorization", "")))
            status, headers, body = answers(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def do_HEAD(self):
            self.do_GET()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def digest_of(content):
    """Return the name that bytes have."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@pytest.mark.parametrize("lie", ["", "manifest", "config"])
def test_the_bytes_are_held_against_their_names(lie):
    """A registry that says one digest and gives other bytes is not believed."""
    config = json.dumps({"config": {"Labels": {"a": "1"}}}).encode()
    manifest = json.dumps({"config": {"digest": digest_of(config)}}).encode()

    def answers(path):
        if "/blobs/" in path:
            return 200, {}, config + (b" " if lie == "config" else b"")
        return (
            200,
            {"Docker-Content-Digest": digest_of(manifest)},
            manifest + (b" " if lie == "manifest" else b""),
        )

    with answering(answers) as (address, _):
        there = reference.parse(f"{address}/x:1")
        if lie:
            with pytest.raises(BuildError, match="gives other bytes"):
                registry.held(there, Engine())
        else:
            assert registry.held(there, Engine()) == registry.Held(
                digest=digest_of(manifest), image=digest_of(config), labels={"a": "1"}
            )


def test_more_than_a_manifest_can_be_is_not_read():
    """It would fill the memory."""
    large = b" " * (registry.MOST_BYTES + 1)
    with answering(lambda path: (200, {}, large)) as (address, _), pytest.raises(BuildError) as caught:
        registry.held(reference.parse(f"{address}/x:1"), Engine())
    assert "MiB" in caught.value.why


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(b" " * (registry.MOST_BYTES + (1 << 20)), "sends more than 8 MiB", id="large"),
        pytest.param(b"<html>", "does not answer as a registry", id="no JSON"),
        pytest.param(b"[" * 100_000, "does not answer as a registry", id="deep"),
        pytest.param(b"[]", "unauthorized", id="no table"),
    ],
)
def test_a_service_of_tokens_is_believed_no_more(tmp_path, monkeypatch, body, said):
    """It is of a registry's choice: what it sends is not read without an end."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    realm = []

    def answers(path):
        if path.startswith("/token"):
            return 200, {}, body
        return 401, {"WWW-Authenticate": f'Bearer realm="{realm[0]}/token",service="s"'}, b""

    with answering(answers) as (address, _):
        realm.append(f"http://{address}")
        with pytest.raises(BuildError) as caught:
            registry.held(reference.parse(f"{address}/x:1"), Engine())
    assert said in f"{caught.value.what} {caught.value.why}"
    assert caught.value.fix


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"Location": "/v2/"}, "from one address to the next"),
        ({"WWW-Authenticate": 'Bearer realm="nowhere"'}, "no address for its tokens"),
    ],
)
def test_why_a_registry_is_not_reached_is_said(tmp_path, monkeypatch, headers, said):
    """Not every failure is a refused connection."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    status = 302 if "Location" in headers else 401
    ask = registry.reached if status == 302 else registry.held
    with answering(lambda path: (status, headers, b"")) as (address, _), pytest.raises(BuildError) as caught:
        ask(reference.parse(f"{address}/x:1"), Engine())
    assert "the registry cannot be reached" in caught.value.what
    assert said in caught.value.why
    assert "refused" not in caught.value.why
    assert caught.value.fix.startswith("--push ")


def test_a_certificate_that_is_not_trusted_is_said():
    """With where to put the one that is; and so is a store of logins that does not work."""
    asking = registry._Asking(
        session=None, root="https://r.example/v2/x/", reference=reference.parse("r.example/x")
    )
    failed = asking._unreached(requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED"), "it failed")
    assert failed.why.startswith("its certificate is not trusted")
    assert "certs.d/r.example/ca.crt" in failed.fix
    failed = asking._unreached(docker.errors.DockerException("Credentials store error"), "it failed")
    assert failed.what == "it failed: docker's login cannot be read"


@pytest.mark.parametrize("is_own", [True, False])
def test_a_password_goes_to_no_service_of_a_registry_s_choice(tmp_path, monkeypatch, is_own):
    """Its own host has it, as docker itself does; another one is asked without."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    services = []

    def answers(path):
        if path.startswith("/token"):
            return 200, {}, b'{"token": "t"}'
        return 401, {"WWW-Authenticate": f'Bearer realm="{services[0]}/token",service="s"'}, b""

    with answering(answers) as (address, asked), answering(answers) as (other, asked_there):
        services.append(f"http://{address if is_own else other}")
        known = {"auths": {address: {"auth": base64.b64encode(b"me:hunter2").decode()}}}
        (tmp_path / "config.json").write_text(json.dumps(known))
        with pytest.raises(BuildError):
            registry.held(reference.parse(f"{address}/x:1"), Engine())
    logins = [login for _, path, login in (*asked, *asked_there) if path.startswith("/token")]
    assert [login.startswith("Basic") for login in logins] == [is_own]


@pytest.mark.parametrize(
    ("root", "realm", "said", "is_trusted"),
    [
        ("https://r.example", "https://r.example/token", "", True),
        ("https://r.example", "https://auth.example/t", "https://auth.example/t", True),
        ("https://r.example", "https://evil.example/t", "https://auth.example/t", False),
        ("https://r.example", "http://auth.example/t", "http://auth.example/t", False),
        ("http://r.example", "https://auth.example/t", "https://auth.example/t", False),
        ("http://r.example", "http://r.example/t", "", False),
        ("https://r.example", "https://r.example@evil.example/t", "https://r.example@evil.example/t", False),
    ],
)
def test_whom_docker_itself_would_give_it_to(root, realm, said, is_trusted):
    """Whoever the registry names at its front door, by TLS on both sides."""

    class Session:
        def get(self, url, *, stream, **_):
            assert url == f"{root}/v2/"
            assert stream
            headers = {"WWW-Authenticate": f'Bearer realm="{said}",service="s"'}
            return contextlib.nullcontext(types.SimpleNamespace(headers=headers))

    asking = registry._Asking(session=Session(), root=f"{root}/v2/x/", reference=reference.parse("x:1"))
    assert asking._is_trusted(realm) is is_trusted


def test_an_index_is_read_to_the_image_in_it():
    """Engines with containerd's image store push one; what is said of how it was built is no image."""

    def image(label):
        config = json.dumps({"config": {"Labels": {"a": label}}}).encode()
        manifest = json.dumps({"config": {"digest": digest_of(config)}}).encode()
        return {digest_of(config): config, digest_of(manifest): manifest}, digest_of(manifest)

    (amd, one), (arm, two), (beside, three) = image("amd64"), image("arm64"), image("none")
    listed = [
        {
            "digest": three,
            "platform": {"os": "linux", "architecture": "arm64"},
            "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
        },
        {"digest": three, "platform": {"os": "unknown", "architecture": "unknown"}},
        {"digest": "../../x"},
        "nothing",
        {"digest": one, "platform": {"os": "linux", "architecture": "amd64"}},
        {"digest": two, "platform": {"os": "linux", "architecture": "arm64"}},
    ]
    for count, label in ((6, "arm64"), (5, "amd64")):
        index = json.dumps({"manifests": listed[:count]}).encode()
        known = {**amd, **arm, **beside, "1": index, digest_of(index): index}
        with answering(lambda path, known=known: (200, {}, known[path.rpartition("/")[2]])) as (address, _):
            found = registry.held(reference.parse(f"{address}/x:1"), Engine())
        assert (found.labels, found.digest) == ({"a": label}, digest_of(index))


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        (200, {}, ""),
        (401, {"WWW-Authenticate": 'Bearer realm="http://127.0.0.1:9/token"'}, ""),
        (503, {}, ""),
        (401, {"WWW-Authenticate": 'Basic realm="x"'}, "the registry refused"),
        (403, {}, "the registry refused"),
        (404, {}, "is no registry"),
    ],
)
def test_a_registry_is_tried_before_anything_is_built(tmp_path, monkeypatch, status, headers, said):
    """At its door; what may be otherwise in a moment is left to the push."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with answering(lambda path: (status, headers, b"")) as (address, asked):
        there = reference.parse(f"{address}/x:1")
        if said:
            with pytest.raises(BuildError, match=said):
                registry.reached(there, Engine())
        else:
            registry.reached(there, Engine())
        assert [path for _, path, _ in asked] == ["/v2/"]


def test_the_login_is_tried_too(tmp_path, monkeypatch):
    """One that is wrong is said before the build."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with guarded(tmp_path) as address:
        for login, fits in ((b"me:hunter3", False), (b"me:hunter2", True)):
            known = {"auths": {address: {"auth": base64.b64encode(login).decode()}}}
            (tmp_path / "config.json").write_text(json.dumps(known))
            if fits:
                registry.reached(reference.parse(f"{address}/x:1"), Engine())
                continue
            with pytest.raises(BuildError, match="the registry refused") as refused:
                registry.reached(reference.parse(f"{address}/x:1"), Engine())
            assert refused.value.fix == f"docker login {address}"
            assert "hunter" not in str(refused.value)

"""A push that breaks off is gone on with, one that is refused says so, and neither leaves a name behind."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import socket
import threading
from dataclasses import dataclass, field

import benches
import pytest
from engines import started_registry

from autoexec_magic.builder import Wish, image, source_of
from autoexec_magic.builder.image import push, reference
from autoexec_magic.builder.image.registry import Held
from autoexec_magic.errors import BuildError, PolicyRefused
from autoexec_magic.events import Progress, Stepped


@dataclass(slots=True)
class Cutting:
    """A proxy before a registry that cuts connections in which a large upload goes on."""

    to: str
    cuts: int
    after_bytes: int = 1 << 20
    word: bytes = b""
    cut: int = 0
    is_open: bool = True
    server: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def address(self) -> str:
        """Return HOST:PORT of it."""
        return f"127.0.0.1:{self.server.getsockname()[1]}"

    def serve(self) -> None:
        """Serve until it is closed."""
        while self.is_open:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            host, _, port = self.to.partition(":")
            far = socket.create_connection((host, int(port)))
            threading.Thread(target=self._pass, args=(client, far, True), daemon=True).start()
            threading.Thread(target=self._pass, args=(far, client, False), daemon=True).start()

    def _pass(self, near: socket.socket, far: socket.socket, is_up: bool) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while piece := near.recv(1 << 16):
                passed += len(piece)
                is_due = self.word in piece if self.word else passed > self.after_bytes
                if is_up and is_due and self.cut < self.cuts:
                    self.cut += 1
                    break
                far.sendall(piece)
        for each in (near, far):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
                each.close()


@contextlib.contextmanager
def cutting(to, cuts, word=b""):
    """Yield a proxy that cuts so often: in the middle of a layer, or where a word is sent."""
    proxy = Cutting(to=to, cuts=cuts, word=word)
    thread = threading.Thread(target=proxy.serve, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.is_open = False
        proxy.server.close()


@pytest.fixture
def large(tmp_path, engine):
    """Return a folder whose image has a layer of four megabytes that nobody has yet."""
    engine.load("tiny:1")
    folder = tmp_path / "large"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM tiny:1\nCOPY data /data\n")
    (folder / "data").write_bytes(os.urandom(4 << 20))
    return folder


def names(engine):
    """Return the names of all images of the engine."""
    with contextlib.closing(engine.client()) as client:
        found = {name for each in client.images() for name in each["RepoTags"] or []}
        return found - {"<none>:<none>"}  # what lost its name has none


def pushed(folder, tmp_path, to, events=None):
    """Build and push, and return the artifact."""
    bench = benches.bench(tmp_path, events=events)
    return image.build(image.plan(source_of(folder, tmp_path, Wish(push=to, tag="large:1")), bench), bench)[0]


def test_a_push_that_breaks_off_once_ends_well(engine, registry, large, tmp_path):
    """What the registry has in the end is what was built."""
    events = []
    with cutting(registry, 1) as proxy:
        artifact = pushed(large, tmp_path, f"{proxy.address}/cut", events)
        assert proxy.cut == 1
    assert artifact.reference.endswith(f"/cut/large@{artifact.digest}")
    assert any("pushed" in each.text for each in events if isinstance(each, Progress))


def test_a_push_that_breaks_off_at_its_last_word_is_begun_again(engine, registry, large, tmp_path):
    """The engine sends a manifest once; what arrived is not sent again."""
    events = []
    with cutting(registry, 1, b"PUT /v2/word/large/manifests/1") as proxy:
        artifact = pushed(large, tmp_path, f"{proxy.address}/word", events)
        assert proxy.cut == 1
    assert artifact.digest
    said = [each.text for each in events if isinstance(each, Progress)]
    assert any("once more" in each for each in said)
    assert any("already exists" in each for each in said)


@pytest.mark.slow  # the engine alone tries for more than a minute
@pytest.mark.limit(240)
def test_a_push_that_always_breaks_off_ends_with_a_reason_and_no_name(engine, registry, large, tmp_path):
    """It was tried again, by the engine and by us."""
    events = []
    before = names(engine)
    with cutting(registry, 10_000) as proxy, pytest.raises(BuildError) as failed:
        pushed(large, tmp_path, f"{proxy.address}/never", events)
    assert "was not pushed" in failed.value.what
    assert failed.value.fix
    assert any("once more" in each.text for each in events if isinstance(each, Progress))
    assert names(engine) - before <= {"large:1"}


def test_a_registry_that_refuses_is_told_with_how_to_log_in(engine, large, tmp_path):
    """It wants a name and a password, and nobody gave them; it is asked once."""
    folder = tmp_path / "registry"
    folder.mkdir()
    (folder / "htpasswd").write_text("a:$2y$05$FmSQdnsGhbmVLmbFgcRGRuhDU8vFJBH5GLcDnUKmPIaIWbbtqmDIy\n")
    events = []
    with started_registry(folder, folder / "htpasswd") as address:
        with pytest.raises(BuildError) as refused:
            pushed(large, tmp_path, address, events)
        assert refused.value.fix == f"docker login {address}"
    assert "the registry refused" in refused.value.what
    assert not [each for each in events if isinstance(each, Progress) and "once more" in each.text]
    assert not [name for name in names(engine) if address in name]


def test_a_registry_that_is_not_there_is_said(engine, large, tmp_path):
    """Nobody listens at that port."""
    with pytest.raises(BuildError) as failed:
        pushed(large, tmp_path, "127.0.0.1:9")
    assert "cannot be reached" in failed.value.what


def test_the_registry_that_the_project_names_is_asked_about_once(engine, registry, web, tmp_path):
    """And nothing is built where a person says no; one that the person names is no question."""
    (web / "autoexec.toml").write_text(f"[build]\nregistry = '{registry}/named'\n")
    asked, answers = [], [False, True]
    bench = dataclasses.replace(
        benches.bench(tmp_path), ask=lambda each: asked.append(each) or answers.pop(0)
    )
    plan = image.plan(source_of(web, tmp_path, Wish(push="registry")), bench)
    with pytest.raises(PolicyRefused, match="was not pushed") as refused:
        image.build(plan, bench)
    assert refused.value.fix == f"%autoexec build image --push {registry}/named/web"
    assert not [name for name in names(engine) if "/named/" in name]
    (artifact,) = image.build(image.ready(plan, bench), bench)
    assert artifact.reference.startswith(f"{registry}/named/web@sha256:")
    assert [each.text for each in asked] == [f"push web to {registry}/named/web:1.2 ?"] * 2
    image.build(image.plan(source_of(web, tmp_path, Wish(push=f"{registry}/named")), bench), bench)
    assert len(asked) == 2


def test_the_registry_is_asked_before_anything_is_built(engine, large, tmp_path):
    """And where it goes is said; nothing of the build is there when nobody answers."""
    events = []
    before = engine.seen()
    with pytest.raises(BuildError, match="cannot be reached"):
        pushed(large, tmp_path, "127.0.0.1:9/team", events)
    assert engine.seen() == before
    assert not [each for each in events if isinstance(each, Stepped)]
    assert "it goes to 127.0.0.1:9/team/large:1" in [
        each.text for each in events if isinstance(each, Progress)
    ]


@pytest.mark.parametrize(
    ("there", "image", "why"),
    [
        ({}, "sha256:i", ""),
        ({"labels": {"a": "2"}}, "sha256:i", "its label a is '2'"),
        ({"digest": "sha256:e"}, "sha256:i", "the engine sent sha256:d, the registry has sha256:e"),
        ({"digest": ""}, "sha256:i", "the registry has no digest"),
        ({"image": "sha256:j"}, "sha256:i", "it is sha256:j, and sha256:i was built"),
        ({"image": "sha256:j"}, "", ""),
    ],
)
def test_what_the_registry_has_is_held_against_what_was_sent(there, image, why):
    """Its labels, its digest, and its id, where that of the engine is of the same."""
    to = reference.parse("registry.example/x:1")
    found = Held(**{"digest": "sha256:d", "image": "sha256:i", "labels": {"a": "1"}, **there})
    if not why:
        push._compare(to, "sha256:d", image, {"a": "1"}, found)
        return
    with pytest.raises(BuildError, match="has another image") as other:
        push._compare(to, "sha256:d", image, {"a": "1"}, found)
    assert why in other.value.why


def test_an_image_that_somebody_else_pushed_meanwhile_is_told(engine, registry, large, tmp_path, monkeypatch):
    """It has the same name, and is not what was built; no name of it is left here."""
    before = names(engine)
    read = push.held

    def late(to, client):
        client.tag("tiny:1", to.repository, to.tag)
        for _ in client.push(to.repository, tag=to.tag, stream=True, decode=True):
            pass
        return read(to, client)

    monkeypatch.setattr(push, "held", late)
    with pytest.raises(BuildError, match="has another image"):
        pushed(large, tmp_path, f"{registry}/meanwhile")
    assert names(engine) - before <= {"large:1"}


def test_the_engine_of_the_tests_calls_images_by_their_configuration(engine):
    """So that their ids are compared; one with containerd's store does not."""

    class Other:
        def info(self):
            return {"DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}

    with contextlib.closing(engine.client()) as client:
        assert push._has_config_ids(client)
    assert not push._has_config_ids(Other())

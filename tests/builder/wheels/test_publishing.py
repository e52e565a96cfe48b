"""A package sent to a real index that needs a token, installed from there, and the token found nowhere."""

from __future__ import annotations

import base64
import contextlib
import http.server
import json
import os
import re
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from beds import PASSWORD, USER

from autoexec_magic import api
from autoexec_magic.builder import Wish, inputs
from autoexec_magic.builder.wheels import publishing, repository
from autoexec_magic.errors import BuildError, NeedsPerson
from autoexec_magic.installer import uv_path
from autoexec_magic.values import Outcome

online = pytest.mark.online


@pytest.fixture
def token(monkeypatch):
    """Put the login where twine has it."""
    monkeypatch.setenv("TWINE_USERNAME", USER)
    monkeypatch.setenv("TWINE_PASSWORD", PASSWORD)


@online
def test_it_is_sent_read_back_installed_and_run(bed, index, token):
    """From the index that it was sent to, with the digest that was built."""
    bed.own()
    artifacts = bed.build(tests=False, publish=index.url)
    assert dict(artifacts[0].provenance)["published"] == index.url
    known = repository.named(index.url, bed.source())
    login = publishing.login_of(known)
    there = repository.digests(known, "pear", login)
    assert there == {Path(each.reference).name: each.digest.removeprefix("sha256:") for each in artifacts}
    venv = bed.tmp_path / "venv"
    subprocess.run([uv_path(), "venv", "-q", "--python", sys.executable, venv], check=True)
    simple = index.simple.replace("://", f"://{USER}:{PASSWORD}@")
    python = venv / "bin" / "python"
    words = [uv_path(), "pip", "install", "-q", "--no-cache", "--python", python, "pear"]
    subprocess.run(words, check=True, env={**os.environ, "UV_DEFAULT_INDEX": simple})
    ran = subprocess.run(
        [python, "-c", "import pear; print(pear.VALUE)"], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "1\n"


@online
def test_the_same_bytes_are_not_sent_twice_and_others_are_refused(bed, index, token):
    """The reason has both digests, and what was there stays."""
    bed.own()
    bed.build(tests=False, publish=index.url)
    before = {file.name: inputs.digest_of(file) for file in index.packages.iterdir()}
    bed.events.clear()
    bed.build(tests=False, publish=index.url)
    assert "there already" in repr(bed.events)
    bed.write("pear/__init__.py", "VALUE = 2\n")
    with pytest.raises(BuildError, match="with other bytes") as failed:
        bed.build(tests=False, publish=index.url)
    assert before["pear-1.0-py3-none-any.whl"][0] in failed.value.why
    assert "raise the version" in failed.value.fix
    assert {file.name: inputs.digest_of(file) for file in index.packages.iterdir()} == before


@online
def test_the_token_is_nowhere_but_in_the_environment(bed, index, token, monkeypatch):
    """Not in an event, a log, the ledger, an error, a file of ours or a command line; all of a real run."""
    bed.own()
    data = bed.tmp_path / "autoexec"
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(data))
    seen, stop = _watched_command_lines()
    heard = []
    try:
        wish = Wish(tests=False, publish=index.url)
        report = api.build(bed.folder, kinds=["wheel"], wish=wish, caller=api.Caller(emit=heard.append))
        bed.write("pear/__init__.py", "VALUE = 2\n")
        with pytest.raises(BuildError) as refused:
            api.build(bed.folder, kinds=["wheel"], wish=wish)
        monkeypatch.setenv("TWINE_PASSWORD", PASSWORD[::-1])
        bed.write("pyproject.toml", (bed.folder / "pyproject.toml").read_text().replace("1.0", "1.1"))
        with pytest.raises(BuildError) as wrong:
            api.build(bed.folder, kinds=["wheel"], wish=wish)
    finally:
        stop()
    assert report.verdict == "passed"
    assert any("publish" in line for line in seen), "the watch saw no upload"
    said = "\n".join(
        [repr(heard), *seen, str(refused.value), str(wrong.value), repr(api.ledger_rows(kind="build"))]
    )
    for text in (PASSWORD, PASSWORD[::-1], base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()):
        assert text not in said
        for file in (each for each in bed.tmp_path.rglob("*") if each.is_file()):
            assert text.encode() not in file.read_bytes(), file
    assert "401" in wrong.value.why or "403" in wrong.value.why


def _watched_command_lines():
    seen: set[str] = set()
    ended = threading.Event()

    def look():
        while not ended.wait(0.002):
            for each in os.listdir("/proc"):
                if each.isdecimal():
                    with contextlib.suppress(OSError):
                        seen.add(
                            Path(f"/proc/{each}/cmdline")
                            .read_bytes()
                            .replace(b"\0", b" ")
                            .decode("utf-8", "replace")
                        )

    thread = threading.Thread(target=look, daemon=True)
    thread.start()

    def stop():
        ended.set()
        thread.join()

    return seen, stop


def test_without_a_login_nothing_is_built(bed, monkeypatch):
    """It is said before the backend runs, with the variables that would help."""
    bed.own()
    monkeypatch.setenv("PATH", str(bed.tmp_path))
    with pytest.raises(NeedsPerson) as failed:
        bed.build(tests=False, publish="http://127.0.0.1:9/")
    assert "UV_PUBLISH_TOKEN" in failed.value.fix
    assert bed.events == []


@pytest.mark.parametrize(
    ("variables", "want"),
    [
        ({"UV_PUBLISH_TOKEN": "t"}, ("__token__", "t")),
        ({"TWINE_PASSWORD": "p"}, ("__token__", "p")),
        ({"TWINE_PASSWORD": "p", "TWINE_USERNAME": "me"}, ("me", "p")),
        ({"UV_PUBLISH_PASSWORD": "q", "UV_PUBLISH_USERNAME": "you", "TWINE_PASSWORD": "p"}, ("you", "q")),
    ],
)
def test_where_a_login_is_found(bed, variables, want):
    """Of uv's variables first, then of twine's."""
    known = repository.named("pypi", bed.source())
    found = publishing.login_of(known, variables)
    assert (found.user, found.password) == want
    assert "'t'" not in repr(found)
    assert "'p'" not in repr(found)


def test_a_login_of_the_keyring_is_found(bed, monkeypatch, tmp_path):
    """Its module is asked for the address that is sent to."""
    code = (
        "from . import errors\n"
        "RING = {('https://a.b/', '__token__'): 'of-the-ring'}\n"
        "def get_password(service, user): return RING.get((service, user))\n"
    )
    monkeypatch.setattr("site.getusersitepackages", lambda: str(tmp_path))
    (tmp_path / "keyring").mkdir()
    (tmp_path / "keyring" / "__init__.py").write_text(code)
    (tmp_path / "keyring" / "errors.py").write_text("class KeyringError(Exception): pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = publishing.login_of(repository.named("https://a.b/", bed.source()), {})
    assert found.password == "of-the-ring"
    for name in ("keyring", "keyring.errors"):
        monkeypatch.delitem(sys.modules, name)


def test_a_repository_that_the_project_chose_is_asked_about(bed, token):
    """A cloned project must not get a token by naming an address of its own."""
    bed.own(more="")
    text = (bed.folder / "pyproject.toml").read_text()
    bed.write("pyproject.toml", f'{text}[tool.autoexec.build]\nrepository = "https://pears.example/"\n')
    asked = []
    object.__setattr__(bed.bench, "ask", lambda question: asked.append(question) or False)
    with pytest.raises(NeedsPerson):
        bed.build(tests=False, publish="repository")
    assert "https://pears.example/" in asked[0].text
    assert bed.events == []


class Registry(http.server.BaseHTTPRequestHandler):
    """An index that takes what it is told to take: `refuse` says how the nth upload ends."""

    def log_message(self, *_):
        """Say nothing."""

    def do_GET(self):
        """List what was taken."""
        rows = [
            {"filename": name, "url": name, "hashes": {"sha256": digest}}
            for name, digest in self.server.has.items()
        ]
        body = json.dumps({"files": rows}).encode()
        self.send_response(200 if rows else 404)
        self.send_header("Content-Type", "application/vnd.pypi.simple.v1+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        """Take a file, drop the line half way, or refuse."""
        length = int(self.headers.get("Content-Length") or 0)
        how = self.server.how.pop(0) if self.server.how else "take"
        if how == "drop":
            self.rfile.read(min(length, 100) or 1)
            self.connection.close()
            return
        body = self.rfile.read(length) if length else self._chunks()
        self.server.sent += 1
        if how == "take":
            name = re.search(rb'filename="([^"]+)"', body)[1].decode()
            self.server.has[name] = re.search(rb'name="sha256_digest"\r\n(?:[^\r]+\r\n)*\r\n(\w+)', body)[
                1
            ].decode()
        self.send_response(200 if how == "take" else int(how))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _chunks(self):
        found = b""
        while size := int(self.rfile.readline() or b"0", 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        return found


@pytest.fixture
def registry():
    """Serve one on loopback."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        server.has, server.how, server.sent = {}, [], 0
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        server.url = f"http://127.0.0.1:{server.server_address[1]}/"
        yield server
        server.shutdown()
        thread.join()


def test_a_registry_that_refuses_is_quoted(bed, registry, token):
    """And it is said that nothing is there."""
    bed.own()
    registry.how = ["403"]
    with pytest.raises(BuildError) as failed:
        bed.build(tests=False, publish=registry.url)
    assert "403" in failed.value.why
    assert failed.value.evidence == ("it has of this version: nothing",)
    assert "token" in failed.value.fix


def test_an_upload_that_broke_off_goes_on(bed, registry, token, monkeypatch):
    """The line drops on the second file: the first is there, and the same command sends the rest only."""
    bed.own()
    registry.how = ["take", *["drop"] * 20]
    with pytest.raises(BuildError) as failed:
        bed.build(tests=False, publish=registry.url)
    assert failed.value.evidence == ("it has of this version: pear-1.0-py3-none-any.whl",)
    assert "same command" in failed.value.fix
    registry.how, registry.sent = [], 0
    bed.build(tests=False, publish=registry.url)
    assert registry.sent == 1
    assert sorted(registry.has) == ["pear-1.0-py3-none-any.whl", "pear-1.0.tar.gz"]


def test_an_index_that_shows_other_bytes_is_not_believed(bed, registry, token, monkeypatch):
    """What is read back decides: here the registry changed what it took."""
    bed.own()

    def spoilt(self):
        TAKE(self)
        self.server.has = dict.fromkeys(self.server.has, "0" * 64)

    TAKE = Registry.do_POST  # noqa: N806
    monkeypatch.setattr(Registry, "do_POST", spoilt)
    with pytest.raises(BuildError, match="with other bytes"):
        bed.build(tests=False, publish=registry.url)


def test_an_index_that_shows_nothing_is_waited_for(bed, registry, token, monkeypatch):
    """For so long, and then it is a failure."""
    bed.own()
    monkeypatch.setattr(publishing, "SEEN_SECONDS", 1.0)
    monkeypatch.setattr(Registry, "do_GET", lambda self: self.send_error(404))
    with pytest.raises(BuildError, match=r"does not show pear 1\.0"):
        bed.build(tests=False, publish=registry.url)


def test_what_is_sent_is_the_file_and_not_what_its_path_matches(bed, monkeypatch, tmp_path):
    """uv takes a path for a pattern, and sends what lies beside a file as what vouches for it."""
    folder = tmp_path / "p[ea]r"
    folder.mkdir()
    (tmp_path / "per").mkdir()
    file = folder / "pear-1.0.tar.gz"
    file.write_bytes(b"ours")
    (folder / "pear-1.0.tar.gz.publish.attestation").write_text("{}")
    (tmp_path / "per" / file.name).write_bytes(b"theirs")
    sent, there = [], {}

    def start(argv, *, cwd, **_):
        sent.append((argv[-1], {each.name: each.read_bytes() for each in cwd.iterdir()}))
        there[file.name] = publishing.digest_of(file)[0]
        return Outcome(argv=tuple(argv), ended="exited", returncode=0, seconds=0.1, stdout="", stderr="")

    monkeypatch.setattr(publishing, "digests", lambda *_, **__: dict(there))
    monkeypatch.setenv("UV_PUBLISH_TOKEN", "x" * 20)
    where = repository.Repository(
        name="here", upload="http://127.0.0.1:9/", index="http://127.0.0.1:9/simple/"
    )
    publishing.publish([file], "pear", "1.0", where, replace(bed.bench, start=start))
    assert sent == [(file.name, {file.name: b"ours"})]


def test_a_folder_of_the_project_is_no_keyring(bed, monkeypatch):
    """In a notebook what lies in its folder is imported first: it would be run, and asked for the token."""
    proof = bed.tmp_path / "proof"
    bed.write("keyring/__init__.py", f"open({str(proof)!r}, 'w').close()\n")
    monkeypatch.syspath_prepend(str(bed.folder))
    monkeypatch.delitem(sys.modules, "keyring", raising=False)
    where = repository.Repository(name="x", upload="http://127.0.0.1:9/", index="http://127.0.0.1:9/simple/")
    assert publishing.login_of(where, {}) is None
    assert not proof.exists()

"""Publishing to a registry that wants a token: once, read back, and shown to nobody."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from packages import Watched, broken, free_port

from autoexec_magic import api
from autoexec_magic.builder.artifacts import Wish
from autoexec_magic.builder.npm.publishing import tag_of
from autoexec_magic.builder.npm.registry import Door
from autoexec_magic.errors import BuildError, PolicyRefused, RunTimeout, UsageError
from autoexec_magic.executor import cage

pytestmark = [
    pytest.mark.limit(120),
    pytest.mark.skipif(not cage.can_be_had("workspace", Path.cwd()), reason="there is no cage here"),
]


@pytest.fixture
def token(registry, monkeypatch) -> str:
    """Return a token that is in the environment."""
    monkeypatch.setenv("NPM_TOKEN", registry.token)
    return registry.token


def test_what_was_published_is_installed_from_there_and_runs(package, registry, token, tmp_path):
    """From a folder to a program that somebody else runs; the digest is the one that was read back."""
    package.manifest(
        name="@ann/pears", bin={"pears": "cli.js"}, main="index.js", publishConfig={"access": "public"}
    )
    package.put("index.js", "exports.count = 3\n")
    package.put("cli.js", "#!/usr/bin/env node\nconsole.log(require('./index').count, 'pears')\n")
    artifact = package.build(publish=registry.url)
    said = dict(artifact.provenance)
    assert (said["registry"], said["published"]) == (registry.url, "yes")
    assert registry.has("@ann/pears")["1.0.0"]["integrity"] == said["integrity"]
    (tmp_path / "user").mkdir()
    words = ["npm", "install", "@ann/pears", "--registry", registry.url]
    subprocess.run(words, cwd=tmp_path / "user", check=True, capture_output=True, timeout=60)
    ran = subprocess.run(
        [tmp_path / "user" / "node_modules" / ".bin" / "pears"], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "3 pears\n"


def test_the_token_is_shown_nowhere(package, registry, token, tmp_path, tmp_path_factory, monkeypatch):
    """In no event, log, ledger, history or error, in no command line and no file that is left."""
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "own"))
    # A short path: where a cage is made for the first time, sockets are made below it.
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path_factory.mktemp("t")))
    package.manifest(name="quiet", scripts={"build": 'node -e "console.log(JSON.stringify(process.env))"'})
    package.put("index.js", "1").put("autoexec.toml", "")
    caller = dataclasses.replace(api.PYTHON, cwd=package.folder)
    wish = Wish(publish=registry.url)
    with Watched(token) as watched:
        report = api.build(package.folder, kinds=("npm",), wish=wish, yes=True, caller=caller)
        (package.folder / "index.js").write_text("2")
        with pytest.raises(BuildError) as caught:
            api.build(package.folder, kinds=("npm",), wish=wish, yes=True, caller=caller)
    assert dict(report.artifacts[0].provenance)["published"] == "yes"
    assert "with another content" in str(caught.value)
    assert any(b"publish" in line for line in watched.seen), "it was looked at while npm published"
    assert watched.showing == set()
    assert token not in repr(report) + str(caught.value) + repr(vars(caught.value))
    places = (tmp_path, Path(tempfile.gettempdir()))
    kept = [path for place in places for path in place.rglob("*") if path.is_file()]
    assert any("ledger" in path.name for path in kept)
    assert [path for path in kept if token.encode() in path.read_bytes()] == []


def test_the_same_again_is_skipped_and_another_is_refused(package, registry, token):
    """A version is published once; the reason has both digests."""
    package.manifest(name="once").put("index.js", "1")
    first = package.build(publish=registry.url)
    again = package.build(publish=registry.url)
    assert dict(again.provenance)["published"] == "already"
    assert "with the same digest" in package.said()
    package.put("index.js", "2")
    with pytest.raises(BuildError, match=r"once 1\.0\.0 is on .* already, with another content") as caught:
        package.build(publish=registry.url)
    assert dict(first.provenance)["integrity"] in caught.value.why
    assert "npm version patch" in caught.value.fix
    assert registry.has("once")["1.0.0"]["integrity"] == dict(first.provenance)["integrity"]


def test_a_login_in_the_person_s_file_is_enough(package, registry, tmp_path):
    """As npm login writes it; and it is not shown either."""
    host = registry.url.removeprefix("http:").rstrip("/")
    (tmp_path / "npmrc").write_text(f"{host}/:_authToken={registry.token}\n")
    package.manifest(name="by-file").put("index.js", "1")
    with Watched(registry.token) as watched:
        assert dict(package.build(publish=registry.url).provenance)["published"] == "yes"
    assert watched.showing == set()
    assert registry.token not in package.said()


@pytest.mark.slow
def test_a_login_in_a_variable_that_the_person_s_file_names_is_enough(
    package, registry, tmp_path, monkeypatch
):
    """As forges write it; how it is read is in test_npmrc.py."""
    host = registry.url.removeprefix("http:").rstrip("/")
    monkeypatch.setenv("MY_OWN", registry.token)
    (tmp_path / "npmrc").write_text(f"{host}/:_authToken=${{MY_OWN}}\n")
    package.manifest(name="by-variable").put("index.js", "1")
    assert dict(package.build(publish=registry.url).provenance)["published"] == "yes"


def test_without_a_token_it_is_said_before_anything_is_built(package, registry):
    """And which ones were looked for."""
    package.manifest(name="no-token", scripts={"build": "touch ran"})
    with pytest.raises(BuildError, match="cannot be published") as caught:
        package.build(publish=registry.url)
    assert "no NPM_TOKEN" in caught.value.why
    assert package.events == []
    assert package.questions == []


@pytest.mark.slow
def test_a_token_that_is_not_known_is_refused_by_the_registry(package, registry, monkeypatch):
    """Its own reason is given, and nothing is there."""
    monkeypatch.setenv("NPM_TOKEN", "wrong-wrong-wrong-wrong")
    package.manifest(name="unknown").put("index.js", "1")
    with pytest.raises(BuildError) as caught:
        package.build(publish=registry.url)
    assert "token" in str(caught.value)
    assert "wrong-wrong" not in str(caught.value) + package.said()
    assert registry.has("unknown") == {}


def test_a_registry_that_is_not_there_is_named(package, token):
    """Within seconds; what was built stays."""
    package.manifest(name="absent").put("index.js", "1")
    url = f"http://127.0.0.1:{free_port()}/"
    started = time.monotonic()
    with pytest.raises(BuildError, match="cannot be asked for absent") as caught:
        package.build(publish=url)
    assert url in str(caught.value)
    assert "nothing listens there" in caught.value.why
    assert time.monotonic() - started < 40
    assert (package.folder / "dist" / "absent-1.0.0.tgz").is_file()


def test_a_registry_that_never_answers_comes_to_its_limit(package, token):
    """The connection is taken, and that is all."""
    import socket

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        package.manifest(name="silent").put("index.js", "1")
        package.bench = dataclasses.replace(package.bench, timeout=4.0)
        with pytest.raises(RunTimeout):
            package.build(publish=f"http://127.0.0.1:{silent.getsockname()[1]}/")


def test_an_upload_that_breaks_half_way_leaves_nothing_there_and_can_be_repeated(package, registry, token):
    """The registry did not get all of it."""
    package.manifest(name="halfway").put("index.js", "1")
    with broken(registry, "half") as between:
        with pytest.raises(BuildError, match="halfway was not published") as caught:
            package.build(publish=f"http://127.0.0.1:{between.server_port}/")
        assert between.puts >= 1
    assert "connection broke" in caught.value.why
    assert registry.has("halfway") == {}
    assert dict(package.build(publish=registry.url).provenance)["published"] == "yes"


@pytest.mark.slow
def test_an_answer_that_got_lost_is_asked_for(package, registry, token):
    """The registry has the tarball, although npm says that it failed."""
    package.manifest(name="lost-answer").put("index.js", "1")
    with broken(registry, "answer") as between:
        artifact = package.build(publish=f"http://127.0.0.1:{between.server_port}/")
        assert between.puts >= 1
    said = dict(artifact.provenance)
    assert said["published"] == "yes"
    assert registry.has("lost-answer")["1.0.0"]["integrity"] == said["integrity"]


@pytest.mark.slow
def test_a_registry_that_gives_back_other_bytes_is_not_believed(package, registry, token):
    """Its page has the right digest, its tarball is another one."""
    package.manifest(name="swapped").put("index.js", "1")
    with broken(registry, "swap") as between, pytest.raises(BuildError) as caught:
        package.build(publish=f"http://127.0.0.1:{between.server_port}/")
    assert "swapped" in caught.value.what
    assert "EINTEGRITY" in caught.value.why or "integrity" in caught.value.why


def test_a_registry_that_only_the_project_names_is_asked_about(package, registry, token):
    """Whoever builds a cloned project does not send a token to whoever wrote it."""
    package.manifest(name="by-setting").put("index.js", "1")
    package.put("autoexec.toml", f'[build]\nnpm-registry = "{registry.url}"\n')
    package.answer = False
    with pytest.raises(PolicyRefused, match="not published"):
        package.build(publish="repository")
    assert registry.has("by-setting") == {}
    package.answer = True
    package.build(publish="repository")
    assert registry.url in package.questions[-1].text
    assert "1.0.0" in registry.has("by-setting")


def test_a_project_s_npmrc_gets_no_token(package, registry, token, tmp_path):
    """It names a registry of its own and this process's variable: neither counts."""
    package.manifest(name="thief").put("index.js", "1")
    with broken(registry, "") as between:
        url = f"http://127.0.0.1:{between.server_port}/"
        package.put(".npmrc", f"registry={url}\n{url[5:]}:_authToken=${{NPM_TOKEN}}\n")
        package.build(publish=registry.url)
        assert between.puts == 0
    assert "1.0.0" in registry.has("thief")


@pytest.mark.slow
def test_what_comes_before_a_release_gets_no_latest(package, registry, token):
    """npm wants a tag for it, which is its own first word."""
    package.manifest(name="early", version="2.0.0-beta.1").put("index.js", "1")
    package.build(publish=registry.url)
    tags = registry.ask("early")["dist-tags"]
    assert tags["beta"] == "2.0.0-beta.1"
    assert tag_of("1.0.0-rc1") == "next"


def test_a_private_package_is_not_published(package, registry, token):
    """It is built, if that is all that is asked for."""
    package.manifest(name="own", private=True).put("index.js", "1")
    assert package.build().name == "own"
    with pytest.raises(BuildError, match="own cannot be published"):
        package.build(publish=registry.url)


def test_a_place_that_is_none_is_refused(package):
    """Before a token is looked for."""
    package.manifest()
    with pytest.raises(UsageError, match="no registry"):
        package.plan(publish="pypi")


@pytest.mark.parametrize(
    "said",
    [
        {"proxy": "http://127.0.0.1:9"},
        {"https-proxy": "http://127.0.0.1:9"},
        {"strict-ssl": False},
        {"noproxy": ""},
        {"cafile": "x"},
        {"userconfig": "x"},
        {"@other:registry": "https://h.example/"},
        {"//h.example/:_authToken": "x"},
    ],
)
def test_a_package_sets_no_setting_of_the_npm_that_has_the_token(package, token, said):
    """Before anything is asked or built."""
    package.manifest(name="sets", publishConfig=said).put("index.js", "1")
    with pytest.raises(BuildError, match="sets cannot be published") as caught:
        package.build(publish="http://127.0.0.1:9/")
    assert next(iter(said)) in caught.value.why
    assert package.events == []


@pytest.mark.parametrize("said", [{"proxy": "URL"}, {"tag": "next"}, {"registry": "https://h.example/"}])
def test_a_script_does_not_either(package, registry, token, said):
    """npm reads the package.json in the tarball, and that is the one that counts."""
    with broken(registry, "") as between:
        text = json.dumps(said).replace("URL", f"http://127.0.0.1:{between.server_port}/")
        change = "d = JSON.parse(f.readFileSync('package.json')); d.publishConfig = "
        code = f"f = require('fs'); {change}{text}; f.writeFileSync('package.json', JSON.stringify(d))"
        package.manifest(name="sets-later", scripts={"build": "node b.cjs"}).put("b.cjs", code)
        package.put("index.js", "1")
        with pytest.raises(BuildError, match="sets-later cannot be published"):
            package.build(publish=registry.url)
        assert between.puts == 0
    assert registry.has("sets-later") == {}


def test_what_the_person_says_of_the_way_stands_on_the_command_line():
    """There it stands before what a tarball says; with a login in it only in the file."""
    lines = (
        "registry=https://h/",
        "@o:registry=https://h/",
        "proxy=http://p:1",
        "https-proxy=http://me:x@p:1",
    )
    found = Door(registry="https://h/", lines=lines).options
    assert found == (
        *("--registry", "https://h/", "--strict-ssl=true"),
        *("--proxy=http://p:1", "--@o:registry=https://h/"),
    )

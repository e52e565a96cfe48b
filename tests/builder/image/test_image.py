"""An image from its folder to a registry and back: what it says of itself is true everywhere."""

from __future__ import annotations

import contextlib
import json
import subprocess
import urllib.request

import benches
import pytest
from engines import PYTHON

from autoexec_magic import builder
from autoexec_magic.builder import Wish, image, source_of
from autoexec_magic.builder.image import smoke
from autoexec_magic.errors import BuildError, UsageError

GIT = ("git", "-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false")
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def committed(folder):
    """Make a folder a repository with one commit."""
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "one")):
        subprocess.run([*GIT, *words], cwd=folder, check=True)
    said = subprocess.run([*GIT, "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True)
    return said.stdout.strip()


def asked(url, accept=MANIFEST):
    """Return what a registry answers, as an object."""
    with urllib.request.urlopen(
        urllib.request.Request(url, headers={"Accept": accept}), timeout=10
    ) as answer:
        return json.loads(answer.read()), answer.headers


def read_back(registry, path, digest):
    """Return the labels that a registry has, read without anything of ours."""
    manifest, headers = asked(f"http://{registry}/v2/{path}/manifests/{digest}")
    assert headers["Docker-Content-Digest"] == digest
    config, _ = asked(f"http://{registry}/v2/{path}/blobs/{manifest['config']['digest']}")
    return config["config"]["Labels"]


def test_provenance_is_the_same_in_the_registry_and_in_the_running_container(engine, registry, web, tmp_path):
    """And it is that of the files: their digest, their commit, and whether they are as committed."""
    sha = committed(web)
    with (web / "main.py").open("a") as stream:
        stream.write("# not committed\n")
    bench = benches.bench(tmp_path)
    plan = image.plan(source_of(web, tmp_path, Wish(push=f"{registry}/team", smoke=True)), bench)
    (artifact,) = image.build(plan, bench)
    assert artifact.reference == f"{registry}/team/web@{artifact.digest}"
    there = read_back(registry, "team/web", artifact.digest)
    assert there == dict(plan.labels) == dict(artifact.provenance)
    assert there["autoexec.inputs-digest"] == plan.inputs_digest == artifact.inputs_digest
    assert there["autoexec.commit"] == there["org.opencontainers.image.revision"] == sha
    assert there["autoexec.dirty"] == "true"
    assert (
        "org.opencontainers.image.created" not in there
    )  # nobody can say when what was not committed was made
    with contextlib.closing(engine.client()) as client:
        client.pull(artifact.reference.partition("@")[0], tag=artifact.digest)
        running = client.create_container(artifact.reference, name="back")
        client.start(running)
        try:
            found = client.inspect_container("back")
            assert found["State"]["Running"]
            assert found["Config"]["Labels"] == there
        finally:
            client.remove_container("back", force=True)


def test_what_is_committed_says_so_and_when(engine, web, tmp_path):
    """The time is the commit's, so that the same commit is the same image on every day."""
    committed(web)
    plan = image.plan(source_of(web, tmp_path), benches.bench(tmp_path))
    assert plan.labels["autoexec.dirty"] == "false"
    assert plan.labels["org.opencontainers.image.created"].endswith("Z")


def test_an_image_is_tried_and_removed(engine, web, tmp_path):
    """It is read-only, without capabilities, and asked where it says that it is well."""
    before = engine.seen()[0]
    seen = []
    answer = smoke._answer

    def looked(client, container, trial, watch):
        settings = client.inspect_container(container)["HostConfig"]
        seen.append((settings["ReadonlyRootfs"], settings["CapDrop"], settings["SecurityOpt"], trial.ask))
        return answer(client, container, trial, watch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(smoke, "_answer", looked)
        bench = benches.bench(tmp_path)
        image.build(image.plan(source_of(web, tmp_path, Wish(smoke=True)), bench), bench)
    assert seen[-1] == (True, ["ALL"], ["no-new-privileges"], "/health")
    assert engine.seen()[0] == before


@pytest.mark.parametrize(
    ("code", "ask", "why"),
    [
        ("import sys; sys.exit('no database')", "/", "it ended with exit code 1"),
        (None, "/nowhere", "HTTP 404 from GET /nowhere"),
    ],
)
def test_an_image_that_is_unwell_says_what_it_wrote(engine, web, tmp_path, code, ask, why):
    """And is removed all the same."""
    if code:
        (web / "main.py").write_text(code)
    before = engine.seen()[0]
    bench = benches.bench(tmp_path)
    with pytest.raises(BuildError) as unwell:
        image.build(image.plan(source_of(web, tmp_path, Wish(smoke=True, ask=ask)), bench), bench)
    assert unwell.value.why == why
    assert (code is None) or "no database" in unwell.value.evidence
    assert engine.seen()[0] == before


def test_an_interrupted_trial_leaves_no_container(engine, web, tmp_path):
    """Whenever it is interrupted: here, while it is waited for."""
    (web / "main.py").write_text("import time; time.sleep(3600)")
    before = engine.seen()[0]
    asks = []

    def interrupt(client, container, trial, watch):
        asks.append(container)
        raise KeyboardInterrupt

    toml = (web / "pyproject.toml").read_text().replace('health = "/health"\n', "")
    (web / "pyproject.toml").write_text(toml)
    (web / "main.py").write_text(
        "import socket, time; s = socket.create_server(('', 8000)); time.sleep(3600)"
    )
    bench = benches.bench(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(smoke, "_answer", interrupt)
        with pytest.raises(KeyboardInterrupt):
            image.build(image.plan(source_of(web, tmp_path, Wish(smoke=True)), bench), bench)
    assert asks
    assert engine.seen()[0] == before


def test_a_job_that_does_not_listen_is_tried_by_its_end(engine, tmp_path):
    """Without a port, ending with 0 is being well."""
    (tmp_path / "Dockerfile").write_text('FROM python:3.11-slim\nCMD ["python", "-c", "print(1)"]\n')
    bench = benches.bench(tmp_path)
    (artifact,) = image.build(
        image.plan(source_of(tmp_path, tmp_path, Wish(smoke=True, tag="job:1")), bench), bench
    )
    assert artifact.reference == "job:1"


@pytest.mark.parametrize("has_port", [False, True])
def test_a_url_that_nobody_knows_where_to_ask_for_is_refused(engine, web, tmp_path, has_port):
    """Before it is built where that is known then, and after it of a Dockerfile; never passed over."""
    (web / "pyproject.toml").write_text('[project]\nname = "web"\n')
    (web / "autoexec.toml").write_text("[build]\n" + ("port = 8000\n" if has_port else ""))
    bench = benches.bench(tmp_path)
    asking = Wish(smoke=True, ask="/health")
    if has_port:
        image.build(image.plan(source_of(web, tmp_path, asking), bench), bench)
        return
    with pytest.raises(UsageError, match="where to ask web for /health") as unknown:
        image.plan(source_of(web, tmp_path, asking), bench)
    assert unknown.value.fix == "port = 8000 in [tool.autoexec.build]"
    (web / "Dockerfile").write_text(f'FROM {PYTHON}\nCOPY main.py /\nCMD ["python", "/main.py"]\n')
    before = engine.seen()[0]
    with pytest.raises(UsageError, match="where to ask web for /health") as unknown:
        image.build(image.plan(source_of(web, tmp_path, asking), bench), bench)
    assert unknown.value.fix.startswith("EXPOSE 8000 in the Dockerfile, or port = 8000")
    assert engine.seen()[0] == before


@pytest.mark.parametrize(("ask", "asked"), [("", "/health"), ("/", "/"), ("/nope", "/nope")])
def test_what_a_person_types_is_asked_and_else_where_it_says_that_it_is_well(web, tmp_path, ask, asked):
    """`--smoke /` is not `--smoke`."""
    plan = image.plan(source_of(web, tmp_path, Wish(smoke=True, ask=ask)), benches.bench(tmp_path))
    assert image._asked(plan, plan.data["image"]) == asked
    assert Wish().ask == ""


def test_node_s_own_server_is_asked_where_its_code_listens(engine, tmp_path):
    """No package names it, and nobody said a port; it has a health check, and what is not there is said."""
    engine.load("node:22-slim")
    (tmp_path / "package.json").write_text(
        '{"name": "nodeweb", "version": "1.0.0", "scripts": {"start": "node server.js"}}'
    )
    (tmp_path / "server.js").write_text(
        "require('http').createServer((q, a) => { a.statusCode = q.url === '/' ? 200 : 404; a.end('ok') })"
        ".listen(process.env.PORT||3000, '0.0.0.0')\n"
    )
    bench = benches.bench(tmp_path)
    plan = image.plan(source_of(tmp_path, tmp_path, Wish(smoke=True)), bench)
    assert "\nEXPOSE 3000\nHEALTHCHECK --interval" in plan.data["image"].dockerfile
    image.build(plan, bench)
    with pytest.raises(BuildError) as unwell:
        image.build(image.plan(source_of(tmp_path, tmp_path, Wish(smoke=True, ask="/nope")), bench), bench)
    assert unwell.value.why == "HTTP 404 from GET /nope"


def test_node_needs_no_dockerfile(engine, tmp_path):
    """A package.json with a start script is enough."""
    engine.load("node:22-slim")
    (tmp_path / "package.json").write_text(
        '{"name": "@team/web", "version": "2.0.0", "scripts": {"start": "node server.js"},'
        ' "engines": {"node": ">=18"}}'
    )
    (tmp_path / "server.js").write_text(
        "require('http').createServer((q, a) => a.end('hello')).listen(process.env.PORT)\n"
    )
    (tmp_path / "autoexec.toml").write_text("[build]\nport = 3000\nhealth = '/'\n")
    bench = benches.bench(tmp_path)
    (artifact,) = image.build(image.plan(source_of(tmp_path, tmp_path, Wish(smoke=True)), bench), bench)
    assert artifact.reference == "team/web:2.0.0"


def test_an_app_of_a_notebook_says_its_notebook(engine, web, tmp_path):
    """Its path from the project; no digest that it alone claims, and nothing of its cells."""
    (web / "pyproject.toml").unlink()
    about = {
        "name": "model",
        "version": "3",
        "shape": "main",
        "module": "main",
        "port": 8000,
        "health": "/health",
        "notebook": "notes/model.ipynb",
        "notebook_digest": "sha256:" + "a" * 64,
    }
    (web / "autoexec-app.json").write_text(json.dumps(about))
    bench = benches.bench(tmp_path)
    (artifact,) = image.build(image.plan(source_of(web, tmp_path, Wish(smoke=True)), bench), bench)
    said = dict(artifact.provenance)
    assert said["autoexec.notebook"] == "notes/model.ipynb"
    assert "autoexec.notebook-digest" not in said  # which is its own word alone: no notebook makes it


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (Wish(tag="Web:1"), "small letters"),
        (Wish(tag="web:-x"), "a tag has at most 128"),
        (Wish(push="http://registry.example/a b"), "single `.`, `_` or `-`"),
        (Wish(push="registry.example/web:1"), "it has a tag"),
    ],
)
def test_a_name_that_no_engine_takes_is_said_before_anything_is_done(web, tmp_path, wish, said, monkeypatch):
    """With the rule, and without an engine."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(UsageError) as wrong:
        image.plan(source_of(web, tmp_path, wish), benches.bench(tmp_path))
    assert said in str(wrong.value)
    assert wrong.value.fix


def test_the_kind_is_known_and_fits_a_folder(tmp_path):
    """By the name that a person types."""
    assert not builder.builder_of("image").fits(tmp_path)
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    assert builder.builder_of("image").fits(tmp_path)

"""BuildKit is used by docker's command where it is there; else the line that needs it is said."""

from __future__ import annotations

import contextlib
import os

import benches
import pytest

from autoexec_magic.builder import image, source_of
from autoexec_magic.builder.image import buildkit
from autoexec_magic.errors import MissingTool
from autoexec_magic.events import Stepped

PLAIN = """#1 [internal] load build definition from Dockerfile
#1 DONE 0.0s
#5 [2/3] RUN --mount=type=cache,target=/x make
#5 CACHED
#6 [build 3/3] COPY . /app
#6 DONE 1.5s
#7 exporting to image
#7 DONE 0.1s
"""
FAKE = """
import os, subprocess, sys
with open(sys.argv[0] + ".asked", "a") as stream:
    stream.write(sys.argv[2] + " ")
if sys.argv[1:3] == ["buildx", "version"]:
    sys.exit(0)
words = sys.argv[3:]
assert sys.argv[1:3] == ["buildx", "build"], sys.argv
folder = words[-1]
assert os.path.isfile(os.path.join(folder, "Dockerfile")), os.listdir(folder)
import docker
client = docker.APIClient(base_url=os.environ["DOCKER_HOST"], version="auto")
labels = dict(word.split("=", 1) for flag, word in zip(words, words[1:]) if flag == "--label")
tag = words[words.index("--tag") + 1]
text = "FROM tiny:1\\nCOPY . /x\\n"
open(os.path.join(folder, "Plain"), "w").write(text)
for said in client.build(path=folder, dockerfile="Plain", tag=tag, labels=labels, decode=True, rm=True):
    assert "error" not in said, said
client.close()
sys.stderr.write(PLAIN)
"""


@pytest.fixture
def folder(tmp_path):
    """Return a folder whose Dockerfile only BuildKit reads."""
    made = tmp_path / "own"
    made.mkdir()
    (made / "Dockerfile").write_text("FROM tiny:1\nRUN --mount=type=cache,target=/x true\n")
    return made


def test_without_it_the_line_that_needs_it_is_said(engine, folder, tmp_path, fake_bin):
    """With what to install; nothing is built by another one."""
    fake_bin.write("docker", "echo 'docker: unknown command: docker buildx' >&2; exit 1")
    bench = benches.bench(tmp_path)
    with pytest.raises(MissingTool) as missing:
        image.build(image.plan(source_of(folder, tmp_path), bench), bench)
    assert "line 2: RUN --mount" in missing.value.why
    assert "docker-buildx" in missing.value.fix


@pytest.mark.parametrize("is_linked", [False, True])
def test_a_docker_of_the_projects_is_not_started(folder, tmp_path, fake_bin, monkeypatch, is_linked):
    """It would run outside of the cage; the next one on PATH is asked, by its whole path."""
    own = folder / "node_modules/.bin"
    own.mkdir(parents=True)
    (own / "docker").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (own / "docker").chmod(0o755)
    first = tmp_path / "linked" if is_linked else own
    if is_linked:
        first.symlink_to(own)
    place = fake_bin.write("docker", "exit 0")
    monkeypatch.setenv("PATH", f"{first}{os.pathsep}{os.environ['PATH']}")
    bench = benches.bench(folder)
    assert buildkit.require("x", folder, bench) == str(place)
    monkeypatch.setenv("PATH", str(first))
    with pytest.raises(MissingTool, match="not installed"):
        buildkit.require("x", folder, bench)
    assert not (tmp_path / "ran").exists()


def test_it_gets_the_same_context_and_labels(engine, folder, tmp_path, fake_bin):
    """A stand-in for the command builds what it was given: no machine here has the real one."""
    engine.load("tiny:1")
    place = fake_bin.write_python("docker", FAKE.replace("PLAIN)", f"{PLAIN!r})"))
    events = []
    bench = benches.bench(tmp_path, events=events)
    plan = image.plan(source_of(folder, tmp_path), bench)
    assert plan.commands[0][:3] == ("docker", "buildx", "build")
    (artifact,) = image.build(plan, bench)
    assert place.with_name(".docker.py.asked").read_text() == "version build "
    with contextlib.closing(engine.client()) as client:
        assert client.inspect_image(artifact.digest)["Config"]["Labels"] == dict(plan.labels)
    assert [each.label for each in events if isinstance(each, Stepped)] == [
        "RUN --mount=type=cache,target=/x make",
        "COPY . /app",
    ]


def test_its_progress_is_read():
    """Only steps of the Dockerfile are steps."""
    found = [(each.label, each.seconds, each.is_cached) for each in buildkit.steps_in(PLAIN)]
    assert found == [("RUN --mount=type=cache,target=/x make", 0.0, True), ("COPY . /app", 1.5, False)]

"""The Dockerfile that is written: what changes seldom first, nobody's root, no shell that reads a name."""

from __future__ import annotations

import shlex

import pytest

from autoexec_magic.builder.image import parsed, written
from autoexec_magic.builder.image.project import Project

HASHED = b"idna==3.20 --hash=sha256:" + b"a" * 64 + b"\n"


def project(**words):
    """Return a project."""
    usual = {"kind": "python", "name": "x", "command": ("python", "-m", "x"), "port": 8000}
    return Project(**{**usual, **words})


def lines(made):
    """Return the first words of the lines that stand alone."""
    return [line.split()[0] for line in made.splitlines() if line and not line.startswith(" ")]


def test_packages_come_before_the_code():
    """And in a stage of their own, whose tools stay there."""
    made = written.dockerfile(project(), "python:3.11-slim@sha256:x", HASHED)
    assert lines(made) == (
        [
            "FROM",
            "ARG",
            "COPY",
            "RUN",
            "FROM",
            "ENV",
            "COPY",
            "ENV",
            "WORKDIR",
            "USER",
            "EXPOSE",
            "HEALTHCHECK",
            "CMD",
            "COPY",
        ]
    )
    assert made.count("FROM python:3.11-slim@sha256:x") == 2
    assert "--require-hashes" in made
    assert parsed.read(made).user == written.USER
    assert parsed.read(made).needs_buildkit == ""


def test_without_packages_there_is_one_stage():
    """And no pip."""
    made = written.dockerfile(project(port=0), "python:3.11-slim", b"")
    assert "pip" not in made
    assert made.count("FROM") == 1
    assert "HEALTHCHECK NONE" in made
    assert "EXPOSE" not in made


def test_what_is_not_hashed_is_not_said_to_be():
    """pip would refuse it."""
    assert "--require-hashes" not in written.dockerfile(project(), "b", b"idna\n")


@pytest.mark.parametrize("kind", ["python", "node"])
@pytest.mark.parametrize("health", ["", "/health"])
def test_health_is_asked_by_the_language_itself(kind, health):
    """There is no curl in a small image."""
    words = written.health_command(project(kind=kind, health=health))
    assert words[0] == kind
    assert "8000" in words[-1]
    if kind == "python":
        compile(words[-1], "health", "exec")


@pytest.mark.parametrize(
    ("lock", "words"),
    [
        ("package-lock.json", "npm ci --omit=dev"),
        ("pnpm-lock.yaml", "pnpm install --frozen-lockfile --prod"),
        ("yarn.lock", "yarn install --frozen-lockfile --production"),
        ("", "npm install --omit=dev"),
    ],
)
def test_node_installs_by_its_lock(lock, words):
    """Before the code is there."""
    made = written.dockerfile(project(kind="node", lock=lock, dependencies=("a",)), "node:22-slim", b"")
    assert words in made
    assert made.index(words) < made.index("COPY project/ /app/")


def test_node_that_is_built_is_pruned():
    """What built it does not go along."""
    made = written.dockerfile(project(kind="node", lock="yarn.lock", build=True), "node:22-slim", b"")
    assert "RUN yarn run build && " in made
    assert "COPY --from=packages /app /app" in made


def test_labels_are_one_line():
    """Which no variable gets into."""
    line = written.label_line({"a.b": 'x "y" $HOME', "c": "é"})
    assert line == 'LABEL "a.b"="x \\"y\\" \\$HOME" "c"="é"'
    assert len(shlex.split(line)) == 3

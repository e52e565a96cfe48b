"""An engine that is absent, shut or broken is said with what to type."""

from __future__ import annotations

import errno
import os
import socket
import sys

import pytest
from engines import engine, session_engine  # noqa: F401 (fixtures)

from autoexec_magic import dockerengine as engines_of_ours
from autoexec_magic.errors import DeployError, MissingTool


def test_no_engine_is_said_with_how_to_get_one(tmp_path, monkeypatch):
    """And where it was looked for."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(MissingTool) as missing, engines_of_ours.connected():
        pass
    assert "there is no Docker Engine that answers" in missing.value.what
    assert "none.sock" in missing.value.why
    assert "DOCKER_HOST" in missing.value.fix
    assert missing.value.verdict == "missing"


def test_an_engine_that_is_not_installed_is_installed_first(tmp_path, monkeypatch):
    """Not started."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingTool) as missing, engines_of_ours.connected():
        pass
    assert missing.value.fix.startswith("apt-get install docker.io")


def test_a_socket_that_nobody_reads_is_no_engine(tmp_path, monkeypatch):
    """It was left by one that died."""
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "s"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/s")
    with pytest.raises(MissingTool) as missing, engines_of_ours.connected():
        pass
    assert "refused" in missing.value.why


def test_docker_py_is_an_extra(monkeypatch):
    """Without it the command that installs it is said."""
    monkeypatch.setitem(sys.modules, "docker", None)
    with pytest.raises(MissingTool) as missing, engines_of_ours.connected():
        pass
    assert missing.value.fix == "pip install 'autoexec-magic[docker]'"


def test_a_shut_engine_says_whose_it_is():
    """Its group may ask it."""
    refused = PermissionError(13, os.strerror(13))
    assert "usermod" in engines_of_ours._absent(refused).fix


@pytest.mark.parametrize(
    ("said", "meaning", "fix"),
    [
        ("write /x: no space left on device", "the engine's disk is full", "docker system df"),
        ("unauthorized: authentication required", "the registry refused", "docker login r.example"),
        (
            "pull access denied for x, repository does not exist or may require 'docker login': denied: no",
            "there is no such image, or it wants a login",
            "docker login r.example",
        ),
        ("denied: requested access to the resource is denied", "the registry refused", "docker login"),
        ("manifest for a:1 not found: manifest unknown", "there is no such image", "docker pull a:1"),
        ("dial tcp 127.0.0.1:9: connect: connection refused", "cannot be reached", "network"),
        ("COPY failed: file not found in build context", "nothing to copy", ".dockerignore"),
        ("dockerfile parse error line 2: unknown instruction: RUM", "the Dockerfile is wrong", "mend"),
    ],
)
def test_what_an_engine_says_means_something(said, meaning, fix):
    """Words of the engine and of registries, as they were seen."""
    error = engines_of_ours.explained(said, "it was not built", host="r.example", image="a:1")
    assert meaning in error.what
    assert error.fix.startswith(fix) or fix in error.fix
    assert error.why == said


@pytest.mark.parametrize(
    ("code", "meaning", "fix"),
    [
        (errno.ENOSPC, "this machine's disk is full", "make room in /x"),
        (errno.EDQUOT, "this machine's disk is full", "make room in /x"),
        (errno.EROFS, "this machine's disk cannot be written to", "make /x writable"),
        (errno.ECONNRESET, "the engine went away", "start it again"),
    ],
)
def test_a_disk_of_ours_is_not_the_engine(code, meaning, fix):
    """Nothing has to be started again for it."""
    error = engines_of_ours.explained(OSError(code, os.strerror(code), "/x/y"), "it was not built")
    assert error.what == f"it was not built: {meaning}"
    assert error.fix.startswith(fix)


def test_an_error_is_that_of_the_phase_that_asked():
    """Whoever deploys hears of no build."""
    assert type(engines_of_ours.explained("EOF", "it was not pulled", kind=DeployError)) is DeployError


def test_a_real_engine_is_found_by_dockers_context(engine, tmp_path, monkeypatch):  # noqa: F811
    """As `docker context use` left it, where DOCKER_HOST says nothing."""
    import hashlib
    import json

    monkeypatch.delenv("DOCKER_HOST")
    config = tmp_path / "config"
    meta = config / "contexts" / "meta" / hashlib.sha256(b"mine").hexdigest()
    meta.mkdir(parents=True)
    (config / "config.json").write_text('{"currentContext": "mine"}')
    (meta / "meta.json").write_text(
        json.dumps({"Name": "mine", "Metadata": {}, "Endpoints": {"docker": {"Host": engine.url}}})
    )
    monkeypatch.setenv("DOCKER_CONFIG", str(config))
    with engines_of_ours.connected() as client:
        assert client.ping()

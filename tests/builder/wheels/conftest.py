"""Projects to build, and a package index to send them to: pypiserver, in a venv of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from beds import PASSWORD, USER, Bed, Index
from skips import requires

from autoexec_magic.installer import uv_path


@pytest.fixture
def bed(tmp_path, monkeypatch) -> Bed:
    """Return an empty project, and see that nothing of ours is left in the folder for temporary files."""
    scratch = Path(tempfile.mkdtemp(prefix="bed-"))  # a short name: a socket's path has a limit
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    for name in list(os.environ):
        if name.startswith(("UV_PUBLISH_", "TWINE_")):
            monkeypatch.delenv(name)
    yield Bed(tmp_path)
    left = [each.name for each in scratch.iterdir() if each.name.startswith("autoexec-build-")]
    shutil.rmtree(scratch, ignore_errors=True)
    assert left == []


@pytest.fixture(scope="session")
def pypiserver_venv(tmp_path_factory) -> Path:
    """Return an environment that has pypiserver, or skip."""
    uv = uv_path()
    requires(uv, "uv is not installed", "pip install uv")
    place = tmp_path_factory.mktemp("pypiserver") / "venv"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, place], check=True)
    words = [
        "pip",
        "install",
        "--quiet",
        "--python",
        place / "bin" / "python",
        "pypiserver[passlib]",
        "setuptools<81",
    ]
    found = subprocess.run([uv, *words], check=False, capture_output=True, text=True, timeout=100)
    requires(found.returncode == 0, "pypiserver is not to be had", "uv pip install pypiserver")
    return place


@pytest.fixture
def index(pypiserver_venv, tmp_path):
    """Start pypiserver; a token is needed to send and to ask."""
    with _served(pypiserver_venv, tmp_path / "index") as found:
        yield found


@contextlib.contextmanager
def _served(venv: Path, folder: Path):
    packages = folder / "packages"
    packages.mkdir(parents=True)
    htpasswd = folder / "htpasswd"
    code = "import sys; from passlib.hash import apr_md5_crypt as h; print(h.hash(sys.stdin.read()), end='')"
    words = [venv / "bin" / "python", "-c", code]
    made = subprocess.run(words, input=PASSWORD, capture_output=True, text=True, check=True)
    htpasswd.write_text(f"{USER}:{made.stdout}\n", encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["run", "-i", "127.0.0.1", "-p", str(port), "-P", htpasswd, "-a", "update,download,list"]
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen([venv / "bin" / "pypi-server", *words, packages], stdout=log, stderr=log)
    try:
        _await(port, process, folder / "log")
        yield Index(f"http://127.0.0.1:{port}/", packages)
    finally:
        process.terminate()
        process.wait(10)


def _await(port: int, process, log: Path) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(log.read_text())

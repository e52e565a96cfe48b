"""Packages to build, and a registry to send them to: verdaccio, which takes them from who has a token."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

INSTALLER = Path(__file__).parents[2] / "installer" / "node" / "npm_registry.py"


def load(name: str, path: Path) -> Any:
    """Import a file by its path, for the tests beside it to import by `name`."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


packages = load("packages", Path(__file__).with_name("packages.py"))


@pytest.fixture(autouse=True)
def no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no setting and no token of the machine stand before the test's."""
    for name in list(os.environ):
        if name.lower().startswith("npm_config_") or name in ("NPM_TOKEN", "NODE_AUTH_TOKEN"):
            monkeypatch.delenv(name)
    (tmp_path / "npmrc").touch()
    monkeypatch.setenv("npm_config_userconfig", str(tmp_path / "npmrc"))
    monkeypatch.setenv("npm_config_globalconfig", str(tmp_path / "none"))


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Yield a package to build, and see that nothing of ours is left in the folder for temporary files."""
    from skips import requires

    requires(shutil.which("npm"), "npm is not installed", "install Node.js with npm")
    scratch = tmp_path / "t"  # short: a test of the cage makes a socket there
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    made = packages.Package(tmp_path)
    yield made
    assert [each.name for each in scratch.iterdir() if each.name.startswith("autoexec-build-")] == []
    assert [each.name for each in made.folder.rglob("*") if "autoexec-build-" in each.name] == []


@pytest.fixture(scope="session")
def verdaccio() -> Path:
    """Return verdaccio's program; the first time it is installed, which takes ten seconds."""
    from skips import requires

    requires(shutil.which("npm"), "npm is not installed", "install Node.js with npm")
    try:
        return load("npm_registry_of_builds", INSTALLER).install()
    except subprocess.SubprocessError as error:
        what = f"npm ci, in tests/installer/node/verdaccio ({error})"
        requires(False, "verdaccio cannot be installed", what)
        raise


@pytest.fixture(scope="session")
def registry(verdaccio: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Yield a running registry; it is one for all tests, so each uses names of its own."""
    with packages.Registry(verdaccio, tmp_path_factory.mktemp("verdaccio")) as running:
        yield running

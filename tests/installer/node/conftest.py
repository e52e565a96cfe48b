"""What the tests of Node's installer share: a real registry, and projects that use it."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from autoexec_magic.config import Config
from autoexec_magic.errors import NeedsPerson
from autoexec_magic.installer import Context, node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from autoexec_magic.events import Installed
    from autoexec_magic.values import Question, Resolution


def load(name: str) -> Any:
    """Import `name`.py of this folder by its path, for the tests beside it to import by `name`."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


npm_registry = load("npm_registry")


@pytest.fixture(scope="session")
def verdaccio() -> Path:
    """Return verdaccio's program; the first time it is installed, which takes ten seconds."""
    from skips import requires

    requires(shutil.which("npm"), "npm is not installed", "install Node.js with npm")
    try:
        return npm_registry.install()
    except subprocess.SubprocessError as error:
        requires(
            False, "verdaccio cannot be installed", f"npm ci, in tests/installer/node/verdaccio ({error})"
        )
        raise


@pytest.fixture(scope="session")
def registry(verdaccio: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Yield a running registry; it is one for all tests, so each uses names of its own."""
    with npm_registry.Registry(verdaccio, tmp_path_factory.mktemp("registry") / "here") as running:
        yield running


@dataclass(kw_only=True)
class Project:
    """A Node project, and the person who works on it."""

    folder: Path
    cache: Path
    emit: Any
    answer: bool | None = None
    questions: list[Question] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)

    def write(self, **files: str) -> Project:
        """Write files; `__` in a keyword is a `/`, the last `_` the dot before the ending."""
        for key, text in files.items():
            stem, _, ending = key.replace("__", "/").rpartition("_")
            self.put(f"{stem}.{ending}", text)
        return self

    def put(self, name: str, text: str) -> None:
        """Write one file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def ask(self, question: Question) -> bool:
        """Take a question; without an answer nobody is there."""
        self.questions.append(question)
        if self.answer is None:
            raise NeedsPerson(question.text, fix=question.fix)
        return self.answer

    @property
    def context(self) -> Context:
        """The surroundings."""
        return Context(
            config=Config(**self.settings),
            folders=(self.folder,),
            cache=self.cache,
            emit=self.emit,
            ask=self.ask,
        )

    def resolve(self, *names: str, online: bool = True) -> list[Resolution]:
        """Return what follows for specifiers."""
        return node.resolve(names, self.context, online, project=self.folder)

    def heal(self, *names: str) -> tuple[list[Resolution], list[Installed]]:
        """Install specifiers."""
        return node.heal(names, self.folder, self.context)

    def run(self, code: str) -> subprocess.CompletedProcess[str]:
        """Run Node in the project."""
        return subprocess.run(
            ["node", "-e", code], cwd=self.folder, capture_output=True, text=True, timeout=60, check=False
        )

    @property
    def files(self) -> dict[str, bytes]:
        """All files of the project with their bytes."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }


@pytest.fixture(autouse=True)
def no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no setting of the machine's npm stand before the test's."""
    for name in list(os.environ):
        if name.lower().startswith("npm_config_"):
            monkeypatch.delenv(name)
    (tmp_path / "npmrc").touch()
    monkeypatch.setenv("npm_config_userconfig", str(tmp_path / "npmrc"))
    monkeypatch.setenv("npm_config_globalconfig", str(tmp_path / "none"))


@pytest.fixture
def project(tmp_path: Path, emit: Any) -> Project:
    """Return a project with a package.json and no registry of its own."""
    made = Project(folder=tmp_path / "project", cache=tmp_path / "cache", emit=emit)
    made.put("package.json", json.dumps({"name": "mine", "version": "1.0.0"}, indent=2) + "\n")
    made.put("autoexec.toml", "")
    return made


@pytest.fixture
def served(project: Project, registry: Any, tmp_path: Path) -> Project:
    """Return a project whose person has the local registry as the only one."""
    (tmp_path / "npmrc").write_text(f"registry={registry.url}\n", "utf-8")
    return project

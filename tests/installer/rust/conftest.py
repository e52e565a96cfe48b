"""What the tests of Rust's installer share: a directory of small crates, and projects that use it."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from autoexec_magic.config import Config
from autoexec_magic.errors import NeedsPerson
from autoexec_magic.installer import Context, rust

if TYPE_CHECKING:
    from autoexec_magic.events import Installed
    from autoexec_magic.values import Question, Resolution


@dataclass(kw_only=True)
class Directory:
    """A directory source, as `cargo vendor` makes one."""

    folder: Path

    def add(
        self,
        name: str,
        version: str = "1.0.0",
        *,
        manifest: str = "",
        package: str = "",
        files: dict[str, str] | None = None,
        unlisted: dict[str, str] | None = None,
        digests: dict[str, str] | None = None,
    ) -> str:
        """Put a crate there; return the digest of its package.

        `package` are more lines of `[package]`, `manifest` more tables;
        `unlisted` are files that its checksum file does not name.
        """
        place = self.folder / f"{name}-{version}"
        head = f'[package]\nname = "{name}"\nversion = "{version}"\nedition = "2021"\n{package}\n{manifest}\n'
        written = {"Cargo.toml": head, "src/lib.rs": "pub fn one() -> u8 { 1 }\n", **(files or {})}
        for file, text in {**written, **(unlisted or {})}.items():
            path = place / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        sums = {file: hashlib.sha256(text.encode()).hexdigest() for file, text in written.items()}
        digest = hashlib.sha256(f"{name} {version}".encode()).hexdigest()
        content = {"package": digest, "files": {**sums, **(digests or {})}}
        (place / ".cargo-checksum.json").write_text(json.dumps(content), "utf-8")
        return digest


@dataclass(kw_only=True)
class Project:
    """A Rust project, and the person who works on it."""

    folder: Path
    cache: Path
    emit: Any
    answer: bool | None = None
    questions: list[Question] = field(default_factory=list)

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
            config=Config(), folders=(self.folder,), cache=self.cache, emit=self.emit, ask=self.ask
        )

    def resolve(self, *names: str, online: bool = True) -> list[Resolution]:
        """Return what follows for names."""
        return rust.resolve(names, self.context, online, project=self.folder)

    def heal(self, *names: str) -> tuple[list[Resolution], list[Installed]]:
        """Add crates."""
        return rust.heal(names, self.folder, self.context)

    def check(self) -> subprocess.CompletedProcess[str]:
        """Let the real compiler look at the project."""
        return subprocess.run(
            ["cargo", "check", "--offline"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    @property
    def files(self) -> dict[str, bytes]:
        """All files of the project with their bytes, but what was built."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and "target" not in path.relative_to(self.folder).parts
        }


@pytest.fixture
def crates(tmp_path: Path) -> Directory:
    """Return an empty directory of crates."""
    (tmp_path / "crates").mkdir()
    return Directory(folder=tmp_path / "crates")


@pytest.fixture
def project(tmp_path: Path, emit: Any, crates: Directory, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return a project whose person has the directory in the place of crates.io."""
    home = tmp_path / "cargo"
    home.mkdir()
    (home / "config.toml").write_text(
        f'[source.crates-io]\nreplace-with = "here"\n\n[source.here]\ndirectory = "{crates.folder}"\n',
        "utf-8",
    )
    monkeypatch.setenv("CARGO_HOME", str(home))
    monkeypatch.delenv("CARGO_NET_OFFLINE", raising=False)
    made = Project(folder=tmp_path / "project", cache=tmp_path / "cache", emit=emit)
    made.put("Cargo.toml", '[package]\nname = "mine"\nversion = "0.1.0"\nedition = "2021"\n# kept\n')
    made.put("src/main.rs", "fn main() {}\n")
    made.put("autoexec.toml", "")
    return made


@pytest.fixture
def cargo() -> str:
    """Return the cargo program."""
    from skips import requires

    found = shutil.which("cargo")
    requires(found, "cargo is not installed", "https://rustup.rs")
    assert found is not None
    return found

"""What a build starts from and what it is going to do, as values: shown before anything runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..values import ArtifactKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person asks of a build.

    `publish` names a package repository, `push` a registry's repository; "" is
    neither, and the words `repository` and `registry` are what the settings of
    that name say. `tag` names an image. `smoke` starts it and asks it `ask`, a path
    of a URL such as "/"; "" is where it says that it is well.
    `twice` builds once more and compares. `tests` runs what the project tests,
    on what was built.
    """

    publish: str = ""
    push: str = ""
    tag: str = ""
    smoke: bool = False
    ask: str = ""
    twice: bool = False
    tests: bool = True


PLAIN = Wish()  #: nothing but the artifact


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What is to be built.

    `path` is the folder or the notebook that was named, `folder` the one it is
    built in. `settings` are those of `[tool.autoexec.build]`, as TOML has them.
    """

    path: Path
    folder: Path
    workspace: Path
    settings: Mapping[str, object] = field(default_factory=dict)
    wish: Wish = PLAIN

    def setting(self, name: str, default: str = "") -> str:
        """Return a setting that is text."""
        value = self.settings.get(name, default)
        return value if isinstance(value, str) else default

    @property
    def out(self) -> Path:
        """Where files are put: `dist` in the folder, unless the settings say otherwise."""
        return self.folder / (self.setting("out") or "dist")


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A file that a build reads: its path relative to the folder, with /, and its SHA-256 in hexadecimal.

    Of a link (`is_link`) it is the digest of where it leads to, and not of what is there.
    """

    path: str
    digest: str
    bytes: int
    is_executable: bool = False
    is_link: bool = False


def digest_of_all(inputs: Sequence[Input]) -> str:
    """Return one digest of files, their names, kinds and modes too: `sha256:` and 64 digits."""
    rows = sorted((each.path, _kind(each), each.digest) for each in inputs)
    return f"sha256:{hashlib.sha256(json.dumps(rows).encode()).hexdigest()}"


def _kind(read: Input) -> str:
    return "link" if read.is_link else "program" if read.is_executable else "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildPlan:
    """What will be done. `data` is what the builder itself has to know again, and is not shown.

    `commands` are what will run, `outputs` the paths or references that there
    will be, `labels` what the artifact will say of itself, `written` the texts
    that are made for it, by the names of their files, such as a Dockerfile.
    `warnings` are sentences that a person should read before it starts.
    """

    kind: ArtifactKind
    name: str
    version: str
    source: Source
    inputs: tuple[Input, ...]
    commands: tuple[tuple[str, ...], ...] = ()
    outputs: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    written: Mapping[str, str] = field(default_factory=dict, repr=False)
    data: Mapping[str, object] = field(default_factory=dict, repr=False)

    @property
    def inputs_digest(self) -> str:
        """One digest of all that it reads, names, kinds and modes too: `sha256:` and 64 digits."""
        return digest_of_all(self.inputs)

    @property
    def input_bytes(self) -> int:
        """How much it reads."""
        return sum(each.bytes for each in self.inputs)

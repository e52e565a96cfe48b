"""Where crates come from: cargo's own settings, read once for proof and install alike.

cargo reads `.cargo/config.toml` in the working directory and in those above
it, then in `CARGO_HOME`; the nearest counts. A source that is replaced by a
directory (`cargo vendor`, a distribution's packages) is on this machine, and
is looked into. Whatever cargo is started for then gets exactly that source.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ...errors import UsageError
from .project import read_toml, table

DISTRIBUTION = Path("/usr/share/cargo/registry")  # where Debian's librust-*-dev put their crates
_MOST_STEPS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The source that crates.io is replaced by, or crates.io itself.

    `folder` is that of a directory or local registry. `is_own` is False where
    only the project's own file says so.
    """

    kind: Literal["directory", "local-registry", "registry"]
    name: str = "crates-io"
    folder: Path | None = None
    is_offline: bool = False
    is_own: bool = True

    @property
    def shown(self) -> str:
        """What a person calls it."""
        return str(self.folder) if self.folder else f"the registry {self.name}"

    @property
    def flags(self) -> list[str]:
        """The options that make cargo use this source and no other."""
        if self.folder is None:
            return []
        return [
            *("--config", 'source.crates-io.replace-with="autoexec"'),
            *("--config", f"source.autoexec.{self.kind}={toml_text(str(self.folder))}"),
        ]


def source(root: Path, environment: Mapping[str, str] = os.environ) -> Source:
    """Return where the crates of the project at `root` come from.

    Raises
    ------
    UsageError
        Sources replace each other in a circle, or a directory is not there.
    """
    own = [_read(place) for place in _own_files(environment)]
    project = [_read(place) for place in _project_files(root)]
    everything = [*project, *own]
    found = _chosen(everything)
    offline = environment.get("CARGO_NET_OFFLINE", "").lower()
    is_offline = offline in ("1", "true") or any(
        table(content.get("net")).get("offline") is True for _, content in everything
    )
    mine = _chosen(own)
    is_own = (found.kind, found.folder) == (mine.kind, mine.folder) or found.folder == DISTRIBUTION
    return Source(kind=found.kind, name=found.name, folder=found.folder, is_offline=is_offline, is_own=is_own)


def toml_text(text: str) -> str:
    """Return a TOML string.

    Examples
    --------
    >>> toml_text("a b")
    '"a b"'
    """
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _chosen(files: list[tuple[Path, dict[str, Any]]]) -> Source:
    """Follow the replacements of crates.io to the source that serves."""
    tables: dict[str, tuple[Path, dict[str, Any]]] = {}
    for base, content in reversed(files):
        for name, entry in table(content.get("source")).items():
            merged = {**tables[name][1], **table(entry)} if name in tables else table(entry)
            tables[name] = (base, merged)
    name = "crates-io"
    for _ in range(_MOST_STEPS):
        base, entry = tables.get(name, (Path(), {}))
        following = entry.get("replace-with")
        if isinstance(following, str):
            name = following
            continue
        if isinstance(entry.get("directory"), str):
            return Source(kind="directory", name=name, folder=_folder(base, entry["directory"], name))
        if isinstance(entry.get("local-registry"), str):
            return Source(
                kind="local-registry", name=name, folder=_folder(base, entry["local-registry"], name)
            )
        return Source(kind="registry", name=name)
    raise UsageError("cargo's sources replace each other in a circle", fix="correct .cargo/config.toml")


def _folder(base: Path, text: str, name: str) -> Path:
    folder = Path(os.path.normpath(base / text))
    if not folder.is_dir():
        raise UsageError(
            f"the source {name} of cargo's configuration is not there", why=str(folder), fix="cargo vendor"
        )
    return folder


def _own_files(environment: Mapping[str, str]) -> list[Path]:
    home = Path(environment.get("CARGO_HOME") or Path(environment.get("HOME") or Path.home()) / ".cargo")
    return [home / "config.toml", home / "config"]


def _project_files(root: Path) -> Iterator[Path]:
    for place in (root, *root.parents):
        yield place / ".cargo" / "config.toml"
        yield place / ".cargo" / "config"


def _read(path: Path) -> tuple[Path, dict[str, Any]]:
    """Return a configuration and the folder that its paths are relative to."""
    return path.parent.parent, read_toml(path)

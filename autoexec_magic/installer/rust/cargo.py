"""cargo: made to add a crate, and to say what a project resolves to.

It runs in the cage `workspace` without a network, with the one source that was
proved, and with the compiler of the person's own toolchain: a project's files
could name another compiler, a wrapper around it or a toolchain, and cargo asks
the compiler for its version whatever it does. What it prints is read here.
"""

from __future__ import annotations

import json
import os
import shutil
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ... import executor
from ...errors import Cancelled, InstallError, MissingTool, RunTimeout
from ...events import Emit, Event, Output
from ...redact import cleaned, secrets_in
from ...values import Ask, Level, Outcome
from .project import Project, path_folders, table
from .source import Source

LEVEL: Level = "workspace"
_MOST_CHARS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolbox:
    """What an install needs; `manifest` is the `Cargo.toml` that gets the dependency.

    `timeout` is in seconds, for each time cargo is started.
    """

    project: Project
    manifest: Path
    source: Source
    emit: Emit
    ask: Ask
    run_id: str = ""
    timeout: float = 300.0
    cancel: executor.Cancel | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A package that the project resolves to, and what of it runs when it is built."""

    name: str
    version: str
    runs: tuple[str, ...] = ()


def add(specs: Sequence[str], tools: Toolbox, cancel: executor.Cancel | None = None) -> None:
    """Write dependencies, each `NAME@VERSION`, into the manifest.

    Raises
    ------
    InstallError, RunTimeout, Cancelled, MissingTool
        cargo did not.
    """
    _start(["add", "--manifest-path", str(tools.manifest), *specs], tools, cancel)


def resolved(tools: Toolbox, cancel: executor.Cancel | None = None) -> list[Resolved]:
    """Return what the project resolves to, which writes its lock.

    Raises
    ------
    InstallError, RunTimeout, Cancelled, MissingTool
        It does not resolve.
    """
    words = ["metadata", "--format-version", "1", "--manifest-path", str(tools.manifest)]
    text = _start(words, tools, cancel)
    try:
        packages = json.loads(text)["packages"]
        return [_package(each) for each in packages if each.get("source")]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InstallError(
            "cargo did not say what the project resolves to", why=shown(text[-200:]), fix="cargo metadata"
        ) from error


def shown(text: str) -> str:
    """Return other people's text as it may be shown: one line, no secrets, no control characters."""
    plain = cleaned(text, secrets_in(os.environ))
    return " ".join("".join(char if char.isprintable() else " " for char in plain).split())[:_MOST_CHARS]


def cargo_path() -> Path:
    """Return the cargo program.

    Raises
    ------
    MissingTool
        There is none on PATH.
    """
    found = shutil.which("cargo")
    if found is None:
        raise MissingTool("cargo is not installed", fix="install Rust: https://rustup.rs")
    return Path(found)


def _package(entry: dict[str, Any]) -> Resolved:
    kinds = {kind for target in entry["targets"] for kind in target["kind"]}
    runs = [text for kind, text in _RUNS.items() if kind in kinds]
    return Resolved(name=str(entry["name"]), version=str(entry["version"]), runs=tuple(runs))


_RUNS = {"custom-build": "a build script", "proc-macro": "a procedural macro"}


def _start(words: Sequence[str], tools: Toolbox, cancel: executor.Cancel | None) -> str:
    """Run cargo and return what it wrote for programs."""
    chunks: list[str] = []

    def collect(event: Event) -> None:
        if isinstance(event, Output) and event.stream == "stdout":
            chunks.append(event.text)

    program = cargo_path()
    root = tools.project.root
    folders = [tools.source.folder, *path_folders(tools.project)]
    read = [path for path in folders if path and path.is_dir() and not path.is_relative_to(root)]
    outcome = executor.run(
        [str(program), *words[:1], "--offline", "--color", "never", *tools.source.flags, *words[1:]],
        emit=collect,
        phase="install",
        cwd=tools.manifest.parent,
        env=_environment(),
        timeout=tools.timeout,
        cancel=cancel or tools.cancel,
        policy=executor.policy.exactly(program),
        level=LEVEL,
        doors=executor.cage.Doors(read=tuple(read), write=(root,)),
        run_id=tools.run_id,
        raw=True,
    )
    if not outcome.passed:
        raise _failed(outcome, tools)
    if outcome.dropped_bytes:
        raise InstallError("what cargo said was too long to be read", fix="cargo metadata")
    return "".join(chunks)


def _environment() -> dict[str, str]:
    """Return the variables that beat what a project's files say of programs to run."""
    variables = {
        "RUSTC": "rustc",
        "RUSTC_WRAPPER": "",
        "RUSTC_WORKSPACE_WRAPPER": "",
        "CARGO_TERM_QUIET": "true",
    }
    home = Path(os.environ.get("RUSTUP_HOME") or Path.home() / ".rustup")
    try:
        chosen = table(tomllib.loads((home / "settings.toml").read_text("utf-8"))).get("default_toolchain")
    except (OSError, ValueError):
        chosen = None
    return variables | ({"RUSTUP_TOOLCHAIN": chosen} if isinstance(chosen, str) else {})


def _failed(outcome: Outcome, tools: Toolbox) -> InstallError | RunTimeout | Cancelled:
    if outcome.ended == "cancelled":
        return Cancelled("the install was stopped", why="nothing was changed")
    if outcome.ended == "timed-out":
        return RunTimeout(
            f"cargo took longer than {tools.timeout:g} s", why="nothing was changed", fix="try again"
        )
    return InstallError("cargo did not succeed", why=shown(outcome.stderr), fix="cargo metadata --offline")

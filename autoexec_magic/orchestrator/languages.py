"""The Node and Rust projects in a folder, made complete by npm and cargo, which write their own manifests.

One after the other, each all or nothing; what stops one does not stop the next.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import AutoexecError
from ..events import Installed, Resolved
from ..installer import Context
from ..installer.own_files import FILLED, Use
from ..values import Resolution

_HERE = ("stdlib", "installed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """What makes a folder a project, and the functions of its part of the installer."""

    manifest: str
    missing: Callable[[Path], list[Use]]
    resolve: Callable[..., list[Resolution]]
    heal: Callable[[Sequence[str], Path, Context], tuple[list[Resolution], list[Installed]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Healed:
    """What became of one project; `left` are the needed names that are still missing."""

    manifest: Path
    resolutions: tuple[Resolution, ...] = ()
    installed: tuple[Installed, ...] = ()
    left: tuple[str, ...] = ()
    error: AutoexecError | None = None


def projects(folder: Path) -> Iterator[tuple[Language, Path]]:
    """Yield each project at or below `folder`: the highest of each kind, to which its own parts belong."""
    for language in _languages():
        for place, below, names in os.walk(folder):
            if language.manifest in names:
                below[:] = []
                yield language, Path(place)
            else:
                below[:] = sorted(name for name in below if name not in FILLED and not name.startswith("."))


def heal(language: Language, root: Path, context: Context, *, check: bool) -> Healed:
    """Make one project complete, or with `check` only say what it lacks."""
    manifest = root / language.manifest
    try:
        absent = language.missing(root)
    except AutoexecError as fault:
        return Healed(manifest=manifest, error=fault)
    names = list(dict.fromkeys(use.module for use in absent))
    if not names:
        return Healed(manifest=manifest)
    seen: list[Resolution] = []
    installed: list[Installed] = []
    error: AutoexecError | None = None
    try:
        if check:
            seen = [
                item
                for item in language.resolve(names, context, False, project=root)
                if item.cls not in _HERE
            ]
            for item in seen:
                context.emit(Resolved(resolution=item))
        else:
            seen, installed = language.heal(names, root, context)
    except AutoexecError as fault:
        error = fault
    still = {use.module for use in language.missing(root)} if installed else set(names)
    left = {use.module for use in absent if use.required and use.module in still}
    return Healed(
        manifest=manifest,
        resolutions=tuple(seen),
        installed=tuple(installed),
        left=tuple(sorted(left)),
        error=error,
    )


def _languages() -> tuple[Language, ...]:
    from ..installer import node, rust  # nobody pays for them who has no such project

    return (
        Language(manifest="package.json", missing=node.missing, resolve=node.resolve, heal=node.heal),
        Language(manifest="Cargo.toml", missing=rust.missing, resolve=rust.resolve, heal=rust.heal),
    )

"""Why a crate is known to be the one that is meant: a table, the project's files, a distribution."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from ..spelling import alike
from .project import Project, spelt
from .source import DISTRIBUTION, Source
from .versions import key


@functools.cache
def table() -> Mapping[str, str]:
    """Return the hand-kept crates with a release of each that is not fresh; read once, at first use."""
    content = tomllib.loads(Path(__file__).with_name("known.toml").read_text("utf-8"))
    return MappingProxyType(content["crates"])


def reason(name: str, project: Project | None, source: Source) -> str:
    """Return why `name` is known, in a few words, or "" where nothing says so."""
    if project and name in project.shared:
        return f"the workspace's Cargo.toml has {name}"
    if project and name in project.locked:
        versions = ", ".join(each.version for each in project.locked[name])
        return f"the project's lock has {name} {versions}"
    if source.folder == DISTRIBUTION:
        return "packaged by the distribution of this machine"
    if name in table():
        return "in the hand-kept table"
    return ""


def is_aged(name: str, version: str, project: Project | None, source: Source) -> bool:
    """Whether the release is known not to be fresh, though a directory tells no times.

    The lock has this very version, the distribution took it through its own
    waiting time, or it is no newer than the one in the table.
    """
    if source.folder == DISTRIBUTION:
        return True
    if project and any(each.version == version for each in project.locked.get(name, ())):
        return True
    newest = table().get(name)
    return newest is not None and key(version) <= key(newest)


def near(name: str) -> str:
    """Return a known crate that `name` is spelt nearly like, or ""."""
    return alike(spelt(name), [spelt(each) for each in table()])

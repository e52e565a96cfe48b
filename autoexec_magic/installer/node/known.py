"""Why a package is known to be the one that is meant: a short table, or the project's own files."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path

from .names import scope_of
from .project import Package, Project


@functools.cache
def table() -> tuple[frozenset[str], frozenset[str]]:
    """Return the names and the scopes of the hand-kept table; read once, at first use."""
    content = tomllib.loads(Path(__file__).with_name("known.toml").read_text("utf-8"))
    return frozenset(content["names"].split()), frozenset(content["scopes"].split())


def reason(name: str, package: Package | None, project: Project | None) -> str:
    """Return why `name` is known, in a few words, or "" where nothing says so.

    What the package itself asks for, and what is in the project's lock, some
    dependency of it needs: both are names that a person, or somebody whose
    package they use, wrote down before anything was missing.

    Examples
    --------
    >>> reason("express", None, None), reason("expresss", None, None)
    ('in the hand-kept table', '')
    """
    if package and name in package.wants:
        return f"package.json asks for {name} {package.wants[name]}"
    if project and name in project.locked:
        return f"the project's lock has {name} {project.locked[name].version}"
    names, scopes = table()
    if name in names:
        return "in the hand-kept table"
    if scope_of(name) in scopes:
        return f"one of {scope_of(name)}, whose content one owner answers for"
    return ""

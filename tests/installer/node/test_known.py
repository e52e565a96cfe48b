"""Why a package is known."""

from __future__ import annotations

from pathlib import Path

from autoexec_magic.installer.node.known import reason, table
from autoexec_magic.installer.node.names import is_name
from autoexec_magic.installer.node.project import Locked, Package, Project


def test_the_table_holds_names_that_can_be():
    """Each is a name, stands there once, and is none of Node's own."""
    names, scopes = table()
    assert all(is_name(name) for name in names)
    assert scopes == {"@types"}
    assert len(names) > 150


def test_the_project_s_own_files_are_a_reason():
    """What package.json asks for, and what the lock has because something needs it."""
    package = Package(folder=Path("/p"), wants={"mine-x": "^1"})
    project = Project(root=Path("/p"), packages=(package,), locked={"deep-y": Locked(version="2.0.0")})
    assert reason("mine-x", package, project) == "package.json asks for mine-x ^1"
    assert reason("deep-y", package, project) == "the project's lock has deep-y 2.0.0"
    assert reason("stranger", package, project) == ""
    assert reason("@types/stranger", package, project).startswith("one of @types")

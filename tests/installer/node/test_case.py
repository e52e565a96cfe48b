"""What is known of a package before the registry is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoexec_magic.installer.node.case import case_of, query_of
from autoexec_magic.installer.node.project import Locked, Package, Project
from autoexec_magic.installer.node.settings import Settings
from autoexec_magic.installer.own_files import Use


def project(keeper="npm", locked=None, **wants):
    """Return a project that asks for packages."""
    package = Package(folder=Path("/p"), wants=wants)
    return Project(root=Path("/p"), packages=(package,), keeper=keeper, locked=locked or {})


@pytest.mark.parametrize(
    ("spec", "wanted"), [("^1.2.0", "^1.2.0"), ("latest", ""), ("1 || 2", "1 || 2"), ("*", "*")]
)
def test_what_package_json_takes_is_what_is_looked_at(spec, wanted):
    """A tag is the registry's to say."""
    case = case_of(Use(module="koa/sub"), project(koa=spec), Settings())
    assert (case.faults, case.reason) == ((), f"package.json asks for koa {spec}")
    query = query_of(case, project(koa=spec))
    assert (query.wanted, query.subpaths) == (wanted, ("sub",))


def test_the_lock_s_version_comes_first():
    """With its digest, to be compared."""
    here = project(locked={"koa": Locked(version="1.5.0", integrity="sha512-x")}, koa="^1")
    case = case_of(Use(module="koa"), here, Settings())
    assert (query_of(case, here).wanted, case.integrity) == ("1.5.0", "sha512-x")


def test_a_login_in_a_project_s_registry_is_not_shown():
    """The sentence names the host and no password."""
    given = Settings(registry="https://me:pw1234@evil/", from_project=("https://me:pw1234@evil/",))
    [doubt] = case_of(Use(module="koa"), project(), given).doubts
    assert "https://evil/" in doubt
    assert "pw1234" not in doubt

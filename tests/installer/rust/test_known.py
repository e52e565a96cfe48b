"""Why a crate is known, and what is known not to be fresh."""

from __future__ import annotations

from pathlib import Path

from autoexec_magic.installer.rust.known import is_aged, near, reason, table
from autoexec_magic.installer.rust.project import Locked, Project
from autoexec_magic.installer.rust.source import DISTRIBUTION, Source
from autoexec_magic.installer.rust.versions import key

HERE = Source(kind="directory", folder=Path("/crates"))
DEBIAN = Source(kind="directory", folder=DISTRIBUTION)


def test_the_table_has_versions():
    """Each one can be compared."""
    assert all(key(version)[0] >= 0 for version in table().values())
    assert len(table()) > 40


def test_reasons():
    """The workspace, the lock, the distribution, the table; and nothing else."""
    project = Project(
        root=Path("/p"), packages=(), locked={"deep": (Locked(version="1.0.0"),)}, shared={"ours": "1"}
    )
    assert reason("ours", project, HERE) == "the workspace's Cargo.toml has ours"
    assert reason("deep", project, HERE) == "the project's lock has deep 1.0.0"
    assert reason("stranger", project, DEBIAN) == "packaged by the distribution of this machine"
    assert reason("itoa", project, HERE) == "in the hand-kept table"
    assert reason("stranger", project, HERE) == ""


def test_what_is_not_fresh():
    """The very version of the lock, what the distribution has, up to the table's own."""
    project = Project(root=Path("/p"), packages=(), locked={"deep": (Locked(version="1.0.0"),)}, shared={})
    assert is_aged("deep", "1.0.0", project, HERE)
    assert not is_aged("deep", "1.0.1", project, HERE)
    assert is_aged("itoa", table()["itoa"], None, HERE)
    assert not is_aged("itoa", "99.0.0", None, HERE)
    assert is_aged("itoa", "99.0.0", None, DEBIAN)


def test_a_name_that_is_near():
    """Dashes and underscores are one."""
    assert near("lazy_statics") == "lazy_static"

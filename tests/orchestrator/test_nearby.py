"""What is known around a process that failed, and what is not looked at."""

from __future__ import annotations

import pytest

from autoexec_magic.api import nobody
from autoexec_magic.config import Config
from autoexec_magic.executor.cage import Limits
from autoexec_magic.orchestrator import Plan, Surroundings, nearby


@pytest.fixture
def here(tmp_path) -> Surroundings:
    work = tmp_path / "work"
    work.mkdir()
    return Surroundings(config=Config(), cwd=work, workspace=work, cache=tmp_path / "cache", ask=nobody)


def around(here, **plan):
    return nearby.around(Plan(verb="script", title="", phases=(), **plan), here)


def test_only_the_workspace_is_looked_at(here, tmp_path):
    """A failure's text names any path; what lies elsewhere, or behind a link, stays unread."""
    (here.cwd / "a.csv").touch()
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").touch()
    (here.cwd / "link").symlink_to(tmp_path / "secret")
    found = around(here)
    assert set(found.list_folder(str(here.cwd))) == {"a.csv", "link"}
    for path in (tmp_path / "secret", here.cwd / "link", here.cwd / ".." / "secret", here.cwd / "none"):
        assert found.list_folder(str(path)) == ()
    assert found.list_folder("\0") == ()


def test_the_limits_that_were_in_force_are_known(here):
    """A fix names a higher one."""
    found = around(here, timeout=3.0, limits=Limits(memory_bytes=2**20))
    assert (found.timeout, found.memory_bytes) == (3.0, 2**20)


def test_a_module_is_what_the_installer_says_without_an_index(here, monkeypatch):
    """No registry is asked for a name out of a message; what is no name is nothing."""
    monkeypatch.setenv("AUTOEXEC_INDEX_URL", "http://127.0.0.1:9/simple")
    (here.cwd / "own.py").touch()
    found = around(here)
    assert found.resolve("pytest").cls == "installed"
    assert found.resolve("frobnicore_nobody_has").decision != "install"

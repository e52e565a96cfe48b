"""A project that is gone is known to be; one of which nothing is known is not."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from autoexec_magic.deployer.projects import folder_of, is_gone, remember


def test_a_project_is_gone_once_its_folder_is(tmp_path):
    """And is back when the folder is."""
    data, folder = tmp_path / "data", tmp_path / "pro\nject \udcff"
    folder.mkdir()
    remember(data, "ab12", str(folder))
    assert folder_of(data, "ab12") == folder
    assert not is_gone(data, "ab12")
    folder.rename(tmp_path / "moved")
    assert is_gone(data, "ab12")
    folder.mkdir()
    assert not is_gone(data, "ab12")


@pytest.mark.parametrize("number", [errno.EACCES, errno.ESTALE, errno.ENOTCONN, errno.EIO])
def test_a_project_that_cannot_be_looked_at_is_not_gone(tmp_path, monkeypatch, number):
    """A dead mount of another project stops no deploy, and gives none of its services away."""
    data, folder = tmp_path / "data", tmp_path / "project"
    remember(data, "ab12", str(folder))
    real = Path.stat

    def stat_of(path, **words):
        if path == folder:
            raise OSError(number, os.strerror(number), str(path))
        return real(path, **words)

    monkeypatch.setattr(Path, "stat", stat_of)
    monkeypatch.setattr(os.path, "exists", lambda path: False)  # as some Pythons' exists() has it
    assert not is_gone(data, "ab12")


def test_a_project_below_what_is_a_file_by_now_is_gone(tmp_path):
    """Nothing can be there."""
    (tmp_path / "file").touch()
    remember(tmp_path / "data", "ab12", str(tmp_path / "file" / "project"))
    assert is_gone(tmp_path / "data", "ab12")


def test_the_folder_is_for_nobody_else_to_read(tmp_path):
    """Its names say what somebody works on."""
    remember(tmp_path / "data", "ab12", "/somewhere")
    assert stat.S_IMODE((tmp_path / "data" / "projects").stat().st_mode) == 0o700
    assert [path.name for path in (tmp_path / "data" / "projects").iterdir()] == ["ab12"]


@pytest.mark.parametrize("project", ["", "ab12", "../ledger", "a/b", "ab\0"])
def test_what_is_not_known_is_not_gone(tmp_path, project):
    """Also a name that is no digest."""
    (tmp_path / "ledger").write_text("/nowhere")
    assert folder_of(tmp_path, project) is None
    assert not is_gone(tmp_path, project)


def test_a_project_without_a_folder_is_not_kept(tmp_path):
    """Nor one without a name; and where nothing can be written, nothing is said."""
    remember(tmp_path, "ab12", "")
    remember(tmp_path, "", "/somewhere")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    remember(tmp_path / "file", "ab12", "/somewhere")

"""A person's file is replaced whole or not at all, and never over somebody's change."""

from __future__ import annotations

import os
import stat

import pytest
from skips import requires

from autoexec_magic.errors import PhaseError
from autoexec_magic.installer import files


def test_a_file_is_replaced_and_keeps_its_mode(tmp_path):
    """What it held is gone, its permissions are not, and nothing else lies beside it."""
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o640)
    files.replace(path, b"old", b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_a_file_stays_its_owners(tmp_path):
    """Root in a container changes a user's notebook, and the user can save it still."""
    requires(os.geteuid() == 0, "only root can give files away", "sudo")
    path = tmp_path / "a"
    path.write_bytes(b"old")
    os.chown(path, 12345, 54321)
    files.replace(path, b"old", b"new")
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 54321)


def test_a_file_that_somebody_changed_is_left(tmp_path):
    """The change is kept, the message names the file, and nothing lies beside it."""
    path = tmp_path / "a"
    path.write_bytes(b"theirs")
    with pytest.raises(PhaseError, match="a was changed meanwhile"):
        files.replace(path, b"old", b"new")
    assert path.read_bytes() == b"theirs"
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_a_new_file_is_made_and_one_that_came_meanwhile_is_left(tmp_path):
    """None stands for a file that is not there; its mode is that of any new file."""
    path, twin = tmp_path / "a", tmp_path / "b"
    files.replace(path, None, b"new")
    twin.touch()
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode == twin.stat().st_mode
    with pytest.raises(PhaseError, match="changed meanwhile"):
        files.replace(path, None, b"newer")


def test_a_link_stays_a_link(tmp_path):
    """What it leads to is replaced."""
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    files.replace(link, b"old", b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_a_read_only_file_is_left(tmp_path):
    """Also for root, whom the system would let: whoever marked it meant it."""
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o444)
    with pytest.raises(PhaseError, match="cannot write a") as raised:
        files.replace(path, b"old", b"new")
    assert "read-only" in raised.value.why
    assert path.read_bytes() == b"old"


def test_a_full_disk_leaves_the_file(tmp_path, monkeypatch):
    """What cannot be written whole is not written, and its half is removed."""
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PhaseError) as raised:
        files.replace(path, b"old", b"new")
    assert raised.value.why == "No space left on device"
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("is_there", [True, False])
def test_a_link_out_of_the_project_is_not_written_through(tmp_path, is_there):
    """A project that somebody sent changes and makes no file elsewhere by the name of its requirements."""
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    project.mkdir()
    if is_there:
        elsewhere.write_bytes(b"mine")
    (project / "requirements.txt").symlink_to(elsewhere)
    with pytest.raises(PhaseError, match="outside of its project"):
        files.replace(project / "requirements.txt", b"mine" if is_there else None, b"new")
    assert elsewhere.exists() == is_there
    assert not is_there or elsewhere.read_bytes() == b"mine"


def test_a_link_out_of_the_project_is_said_before_anything_is_installed(tmp_path):
    """The look that comes first says it."""
    (tmp_path / "project").mkdir()
    (tmp_path / "mine").touch()
    (tmp_path / "project" / "a.ipynb").symlink_to(tmp_path / "mine")
    with pytest.raises(PhaseError, match="outside of its project"):
        files.check_writable(tmp_path / "project" / "a.ipynb")

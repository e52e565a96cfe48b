"""What is copied of a project: what was planned, and nothing over a link."""

from __future__ import annotations

import os

import pytest

from autoexec_magic.builder.wheels import copying
from autoexec_magic.errors import BuildError


@pytest.fixture
def shared(bed):
    """Return a project with a file, links in it and out of it, and where it is copied to."""
    bed.own()
    (bed.tmp_path / "secret").write_text("hunter2")
    bed.write("a/run", "1").chmod(0o755)
    (bed.folder / "inside").symlink_to("a/run")
    (bed.folder / "outside").symlink_to("../secret")
    return bed, {each.path: each for each in bed.plan().inputs}, bed.tmp_path / "to"


def test_files_are_files_and_links_are_links(shared):
    """With the mode that was planned; a link out is left out where that is asked for."""
    bed, inputs, to = shared
    for name in ("a/run", "inside"):
        copying.copy_input(inputs[name], bed.source(), to)
    assert (to / "a" / "run").stat().st_mode & 0o777 == 0o755
    assert os.readlink(to / "inside") == "a/run"
    copying.copy_input(inputs["outside"], bed.source(), to, has_links_out=False)
    assert not os.path.lexists(to / "outside")


@pytest.mark.parametrize("how", ["changed", "gone", "link", "parent", "pipe"])
def test_what_was_changed_since_is_refused(shared, how):
    """Nothing is read over a link that was put there meanwhile, and no pipe is waited for."""
    bed, inputs, to = shared
    file = bed.folder / "a" / "run"
    if how == "changed":
        file.write_text("2")
    else:
        file.unlink()
    if how == "link":
        file.symlink_to("../../secret")
    elif how == "pipe":
        os.mkfifo(file)
    elif how == "parent":
        file.parent.rmdir()
        (bed.tmp_path / "other").mkdir()
        (bed.tmp_path / "other" / "run").write_text("1")
        file.parent.symlink_to(bed.tmp_path / "other")
    with pytest.raises(BuildError):
        copying.copy_input(inputs["a/run"], bed.source(), to)


def test_a_link_to_another_place_is_refused(shared):
    """A link is planned by what it leads to."""
    bed, inputs, to = shared
    (bed.folder / "inside").unlink()
    (bed.folder / "inside").symlink_to("../secret")
    with pytest.raises(BuildError, match="not what was planned"):
        copying.copy_input(inputs["inside"], bed.source(), to)


@pytest.mark.parametrize("path", ["../x", "/x", "a/../x", "link/x", "file/x", "", "a//x", "a/./x"])
def test_nothing_is_written_elsewhere(tmp_path, path):
    """A part of the way that is a link is none."""
    to = tmp_path / "to"
    to.mkdir()
    (to / "link").symlink_to(tmp_path)
    (to / "file").touch()
    with pytest.raises(BuildError, match="leads out"):
        copying.place_below(to, path)


def test_all_have_one_time(tmp_path):
    """Also folders, and links, which are not followed."""
    (tmp_path / "to" / "a").mkdir(parents=True)
    (tmp_path / "other").touch()
    before = (tmp_path / "other").stat().st_mtime
    (tmp_path / "to" / "a" / "link").symlink_to(tmp_path / "other")
    copying.set_times(tmp_path / "to", 1_000_000)
    assert (tmp_path / "to" / "a" / "link").lstat().st_mtime == 1_000_000
    assert (tmp_path / "to" / "a").stat().st_mtime == 1_000_000
    assert (tmp_path / "other").stat().st_mtime == before

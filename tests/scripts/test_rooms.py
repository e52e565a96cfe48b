"""A room is one run's at a time, and empty for the next one."""

from __future__ import annotations

import os
import shutil

from autoexec_magic.scripts import rooms


def test_a_room_is_kept_and_empty():
    """The same folder serves the next run: its cage is asked for with the same words."""
    with rooms.lend() as first:
        (first.path / "script.py").write_text("x")
        (first.out / "a" / "b").mkdir(parents=True)
        (first.out / "link").symlink_to("/")
    with rooms.lend() as second:
        assert second.path == first.path
        assert sorted(path.name for path in second.path.iterdir()) == ["out"]
        assert list(second.out.iterdir()) == []


def test_two_runs_at_once_have_two_rooms():
    """Neither reads what the other was given."""
    with rooms.lend() as one, rooms.lend() as other:
        assert one.path != other.path
        assert one.path.stat().st_mode & 0o777 == 0o700


def test_a_room_that_is_another_one_is_not_used_again(tmp_path):
    """A run without a cage put a link in its place: nothing behind that link is touched."""
    rooms.close()
    (tmp_path / "precious").write_text("x")
    with rooms.lend() as room:
        shutil.rmtree(room.path)
        room.path.symlink_to(tmp_path)
    assert (tmp_path / "precious").exists()
    with rooms.lend() as other:
        assert other.path != room.path
    os.unlink(room.path)


def test_a_room_without_rights_is_emptied_all_the_same():
    """A script may take the rights away from what it wrote."""
    with rooms.lend() as room:
        (room.out / "a").mkdir()
        (room.out / "a" / "b").write_text("x")
        (room.out / "a").chmod(0)
        room.out.chmod(0)
    with rooms.lend() as other:
        assert list(other.out.iterdir()) == []


def test_what_waits_is_removed_at_the_end():
    """Nothing is left in the folder of temporary files."""
    with rooms.lend() as room:
        pass
    rooms.close()
    assert not room.path.exists()

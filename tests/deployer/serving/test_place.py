"""Where the process of a service is found."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from autoexec_magic.deployer.serving import place
from autoexec_magic.errors import UsageError


def test_a_place_is_the_same_after_it_was_written(tmp_path):
    here = place.Place(pid=1, start_time=2, service_id="x", boot=place.boot(), socket=tmp_path / "s")
    place.write(tmp_path, here)
    assert place.read(tmp_path) == here


@pytest.mark.parametrize("text", ["", "{}", "[]", "no"])
def test_what_makes_no_sense_is_no_place(tmp_path, text):
    assert place.read(tmp_path) is None
    (tmp_path / place.FILE).write_text(text)
    assert place.read(tmp_path) is None


def test_a_folder_is_made_this_users_alone(tmp_path):
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True, mode=0o755)
    assert place.private(folder) == folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError):
        place.private(tmp_path / "file" / "below")


def test_a_socket_is_in_the_folder_where_its_path_is_short(tmp_path):
    short = Path(os.path.relpath(tmp_path))
    (tmp_path / place.SOCKET).touch()
    assert place.new_socket(short) == short / place.SOCKET
    assert not (tmp_path / place.SOCKET).exists()


def test_a_socket_whose_path_is_too_long_is_in_a_private_folder(tmp_path):
    path = place.new_socket(tmp_path / ("x" * 100))
    try:
        assert len(os.fsencode(path)) < 108
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        path.touch()
    finally:
        place.remove_socket(path)
    assert not path.parent.exists()


def test_the_folder_of_the_service_stays_when_its_socket_goes(tmp_path):
    (tmp_path / place.SOCKET).touch()
    place.remove_socket(tmp_path / place.SOCKET)
    assert list(tmp_path.iterdir()) == []

"""Only a regular file is opened, and nothing stays open."""

from __future__ import annotations

import os

import pytest

from autoexec_magic.scripts import regular


def test_a_file_is_given_with_its_state(tmp_path):
    """By its path, or by its name in a folder."""
    (tmp_path / "a").write_bytes(b"xy")
    with regular.opened(tmp_path / "a") as (file, state):
        assert (file.read(), state.st_size) == (b"xy", 2)
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        with regular.opened("a", folder) as (file, _):
            assert file.read() == b"xy"
    finally:
        os.close(folder)


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "device", "nothing"])
def test_nothing_else_is_opened(tmp_path, kind):
    """Nor waited for; and no descriptor is left."""
    path = tmp_path / "a"
    (tmp_path / "b").touch()
    makers = {
        "link": lambda: path.symlink_to("b"),
        "pipe": lambda: os.mkfifo(path),
        "folder": lambda: path.mkdir(),
        "device": lambda: path.symlink_to("/dev/zero"),
        "nothing": lambda: None,
    }
    makers[kind]()
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError), regular.opened(path, follows=kind == "device"):  # noqa: PT011
        pass
    assert len(os.listdir("/proc/self/fd")) == before

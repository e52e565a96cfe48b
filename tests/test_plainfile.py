"""Settings are read without a wait, whatever a project has in their place."""

from __future__ import annotations

import os

import pytest

from autoexec_magic import config, plainfile
from autoexec_magic.errors import UsageError


def test_a_text_is_read(tmp_path):
    """Also through a link."""
    (tmp_path / "a").write_text("é\n", "utf-8")
    (tmp_path / "b").symlink_to("a")
    assert plainfile.text(tmp_path / "b") == "é\n"
    with pytest.raises(FileNotFoundError):
        plainfile.text(tmp_path / "none")


@pytest.mark.parametrize("name", ["pyproject.toml", "autoexec.toml"])
@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "large"])
def test_what_is_no_file_of_settings_is_said_at_once(tmp_path, name, kind):
    """It would be waited for, or read until there is no memory."""
    place = tmp_path / name
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "device":
        place.symlink_to("/dev/zero")
    elif kind == "folder":
        place.mkdir()
    else:
        with place.open("wb") as file:
            file.truncate(plainfile.MOST_BYTES + 1)
    with pytest.raises(OSError, match=r"plain file|more than|directory"):
        plainfile.text(place)
    with pytest.raises(UsageError, match="cannot read"):
        config.load(tmp_path)
    assert name != "pyproject.toml" or config.governs(str(place))

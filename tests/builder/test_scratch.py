"""Folders of builds are gone after them, and those of a killed one with the next."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from autoexec_magic.builder import scratch

KILLED = """
import sys, time
from pathlib import Path
from autoexec_magic.builder import scratch
with scratch.folder(Path(sys.argv[1]), prefix="pear-", suffix=".part") as made:
    (made / "x").write_text("1")
    print(made, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def _old(monkeypatch):
    """Let no folder be too fresh to be swept."""
    monkeypatch.setattr(scratch, "_FRESH_SECONDS", -1.0)


def test_a_folder_is_gone_after_its_block_however_it_ends(tmp_path):
    """Also with what is in it."""
    with scratch.folder(tmp_path, prefix="pear-") as made:
        (made / "a").mkdir()
    with pytest.raises(KeyboardInterrupt), scratch.folder(tmp_path, prefix="pear-"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_build_left_goes_with_the_next_and_nothing_else(tmp_path):
    """What somebody works in stays, and so do another's name, a file, and where a link leads."""
    process = subprocess.Popen([sys.executable, "-c", KILLED, tmp_path], stdout=subprocess.PIPE, text=True)
    left = process.stdout.readline().strip()
    (tmp_path / "pears").mkdir()
    (tmp_path / "pear-file.part").touch()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mine").touch()
    (tmp_path / "pear-link.part").symlink_to("elsewhere")
    own = {"prefix": "pear-", "suffix": ".part"}
    try:
        with scratch.folder(tmp_path, **own) as mine, scratch.folder(tmp_path, **own):
            assert os.path.exists(left)
            assert mine.is_dir()
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert os.path.exists(left)
    with scratch.folder(tmp_path, **own):
        assert not os.path.exists(left)
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        *("elsewhere", "pear-file.part", "pear-link.part", "pears")
    ]
    assert (tmp_path / "elsewhere" / "mine").exists()


def test_one_that_was_just_made_is_left_alone(tmp_path, monkeypatch):
    """Its owner may not hold it yet."""
    monkeypatch.setattr(scratch, "_FRESH_SECONDS", 60.0)
    (tmp_path / "pear-1").mkdir()
    with scratch.folder(tmp_path, prefix="pear-"):
        assert (tmp_path / "pear-1").is_dir()

"""What a project's files are read with: never a wait, never a device, never more than the limit."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from autoexec_magic.builder import reading
from autoexec_magic.errors import BuildError


def test_a_text_is_read_with_its_line_ends_made_one(tmp_path):
    """Windows' line ends are line ends."""
    (tmp_path / "a.txt").write_bytes(b"one\r\ntwo\rthree\n\xc3\xa9")
    assert reading.text(tmp_path / "a.txt") == "one\ntwo\nthree\né"
    assert reading.content(tmp_path / "a.txt") == b"one\r\ntwo\rthree\n\xc3\xa9"


@pytest.mark.parametrize("path", ["none", "file/none"])
def test_what_is_missing_is_an_answer(tmp_path, path):
    """A missing file is no fault of the project's: whoever asked says what it means."""
    (tmp_path / "file").touch()
    for read in (lambda: reading.content(tmp_path / path), lambda: _below(tmp_path, path)):
        with pytest.raises((FileNotFoundError, NotADirectoryError)):
            read()


@pytest.mark.parametrize("is_linked", [False, True])
@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "socket"])
def test_what_is_no_file_is_refused_at_once(tmp_path, monkeypatch, kind, is_linked):
    """A pipe that nobody writes to would be waited for, a device would never end."""
    monkeypatch.chdir(tmp_path)
    place = tmp_path / ("real" if is_linked else "a")
    with socket.socket(socket.AF_UNIX) as listening:
        if kind == "pipe":
            os.mkfifo(place)
        elif kind == "folder":
            place.mkdir()
        elif kind == "socket":
            listening.bind(place.name)
        else:
            place = Path("/dev/zero")
        if is_linked or kind == "device":
            (tmp_path / "a").symlink_to(place)
        with pytest.raises(BuildError, match="a cannot be read") as caught:
            reading.content(tmp_path / "a")
        assert kind in caught.value.why
        with pytest.raises(BuildError, match="a cannot be read"):
            _below(tmp_path, "a")


def test_a_link_is_followed_only_where_it_may_be(tmp_path):
    """A link to a file of somebody else's is not read as one of the project's."""
    (tmp_path / "real").write_text("x")
    (tmp_path / "a").symlink_to("real")
    assert reading.content(tmp_path / "a") == b"x"
    with pytest.raises(BuildError, match="a cannot be read") as caught:
        reading.content(tmp_path / "a", follows=False)
    assert "link" in caught.value.why
    with pytest.raises(BuildError, match="a cannot be read"):
        _below(tmp_path, "a")


def test_no_folder_on_the_way_may_be_a_link(tmp_path):
    """What lies behind a linked folder is not the project's, whatever its path says."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other/key").write_text("x")
    project = tmp_path / "project"
    (project / "in").mkdir(parents=True)
    (project / "in/a").write_text("fine")
    (project / "linked").symlink_to("../other")
    assert _below(project, "in/a") == b"fine"
    with pytest.raises(BuildError) as caught:
        _below(project, "linked/key")
    assert "link" in caught.value.why


@pytest.mark.parametrize("path", ["../key", "in/../../key", "/etc/passwd", "", ".", "a\0b"])
def test_a_path_that_leads_out_is_refused(tmp_path, path):
    """Nothing outside of the folder is read, and it is not even looked for."""
    (tmp_path / "key").write_text("x")
    (tmp_path / "project/in").mkdir(parents=True)
    with pytest.raises(BuildError, match="cannot be read"):
        _below(tmp_path / "project", path)


def test_a_file_has_its_limit(tmp_path):
    """What is larger than a file of that kind ever is, is not held in memory."""
    (tmp_path / "a").write_bytes(b"12345")
    assert reading.content(tmp_path / "a", most=5) == b"12345"
    with pytest.raises(BuildError, match="a is too large"):
        reading.content(tmp_path / "a", most=4)


def test_what_is_no_text_is_said_to_be_none(tmp_path):
    """The file is named, and what to do."""
    (tmp_path / "a").write_bytes(b"\xff\xfe")
    with pytest.raises(BuildError, match="a cannot be read") as caught:
        reading.text(tmp_path / "a")
    assert "UTF-8" in caught.value.why


def test_nothing_stays_open(tmp_path):
    """A refusal leaves no descriptor behind."""
    os.mkfifo(tmp_path / "a")
    (tmp_path / "in").mkdir()
    before = len(os.listdir("/dev/fd"))
    for path in ("a", "in", "in/none", "../b"):
        with pytest.raises((BuildError, FileNotFoundError)):
            _below(tmp_path, path)
    assert len(os.listdir("/dev/fd")) == before


def _below(folder: Path, path: str) -> bytes:
    with reading.below(folder, path) as stream:
        return reading.whole(stream, path)

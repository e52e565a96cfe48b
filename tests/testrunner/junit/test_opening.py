"""Files, streams and what is neither: read twice where need be, never waited for."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from autoexec_magic.errors import UsageError
from autoexec_magic.testrunner import junit

TWO = (
    b'<testsuite name="s">\n<testcase classname="a" name="one" time="0.1"/>\n'
    b'<testcase classname="a" name="two"><failure message="no">trace</failure></testcase>\n</testsuite>\n'
)


def test_a_file_that_is_not_there(tmp_path):
    """It has a name and a next step."""
    with pytest.raises(UsageError, match="cannot be read"):
        junit.read(tmp_path / "none.xml")


@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "nul"])
def test_what_is_no_file_is_not_waited_for(kind, tmp_path):
    """Nobody writes into the pipe; the device has no end."""
    path = tmp_path / "x.xml"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path = Path("/dev/zero") if kind == "device" else tmp_path / "a\0b"
    with pytest.raises(UsageError, match="cannot be read"):
        junit.read(path)


def test_the_file_is_somebody_elses_to_close():
    """A stream that was handed in stays open."""
    file = io.BytesIO(TWO)
    junit.read(file)
    assert not file.closed


def test_a_stream_that_goes_one_way_is_read():
    """Also where it has to be read again, mended."""
    reading, writing = os.pipe()
    os.write(writing, TWO.replace(b"trace", b"\x00"))
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        assert [case.name for case in junit.read(file).cases] == ["one", "two"]


def test_a_stream_is_read_from_where_it_stands():
    """Whoever read the beginning has a reason."""
    file = io.BytesIO(b"header" + TWO.replace(b"trace", b"\x00"))
    file.seek(6)
    assert junit.read(file).fault.byte == TWO.index(b"trace")


def test_what_a_reader_raises_is_its_own():
    """An error of who takes the cases is none of the file."""

    def full(case):
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        junit.stream(TWO, full)

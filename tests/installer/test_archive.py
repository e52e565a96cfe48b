"""A wheel that two readers could unpack differently is not installed."""

from __future__ import annotations

import contextlib
import io
import struct
import zipfile
import zlib

import pytest
from index import holding_bytes, wheel

from autoexec_magic.installer.archive import unlike, unlike_in
from autoexec_magic.installer.wheel import look

GOOD = wheel("frob", files={"frob.py": "", "deeper/x.py": "y = 1\n" * 50}).content


def entry(name: bytes, data: bytes) -> bytes:
    """Return a file as it stands in a ZIP file, before the directory."""
    head = struct.pack(
        "<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 0, zlib.crc32(data), len(data), len(data), len(name), 0
    )
    return head + name + data


def end_of(content: bytes) -> tuple[int, int, int]:
    """Return where the end record is, where the directory begins, and its size."""
    at = content.rindex(b"PK\5\6")
    size, start = struct.unpack_from("<2L", content, at + 12)
    return at, start, size


def hiding(content: bytes) -> bytes:
    """Return a ZIP file with a file in it that the directory does not name."""
    at, start, _ = end_of(content)
    extra = entry(b"evil.pth", b"import os\n")
    new = bytearray(content[:start] + extra + content[start:])
    struct.pack_into("<L", new, at + len(extra) + 16, start + len(extra))
    return bytes(new)


def with_bytes(content: bytes, at: int, new: bytes) -> bytes:
    """Return a ZIP file with other bytes at one place."""
    return content[:at] + new + content[at + len(new) :]


def streamed(content: bytes) -> bytes:
    """Return the same files as they are written where nobody can go back: sizes come after the bytes."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.written = b""

        def write(self, data: object) -> int:
            self.written += bytes(data)
            return len(bytes(data))

        def writable(self) -> bool:
            return True

    pipe = Pipe()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return pipe.written


def wide(content: bytes) -> bytes:
    """Return the same files with sizes of 64 bits."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            with new.open(name, "w", force_zip64=True) as file:
                file.write(old.read(name))
    return buffer.getvalue()


@pytest.mark.parametrize("made", [GOOD, streamed(GOOD), wide(GOOD)], ids=["plain", "streamed", "zip64"])
def test_every_way_to_write_a_sound_archive_is_sound(made):
    """What tools write is taken, whichever of the three ways they write it in."""
    assert unlike_in(made) == ""


END, START, SIZE = end_of(GOOD)
LOCAL = GOOD.index(b"PK\3\4")
NAME = GOOD.index(b"frob.py")
STREAMED = streamed(GOOD)


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(hiding(GOOD), id="a file that the directory does not name"),
        pytest.param(b"#!/bin/sh\n" + GOOD, id="something before it"),
        pytest.param(entry(b"evil.pth", b"x") + GOOD, id="a file before it"),
        pytest.param(GOOD + b"more", id="something behind it"),
        pytest.param(GOOD + GOOD, id="two archives"),
        pytest.param(hiding(GOOD) + GOOD[END:], id="two ends"),
        pytest.param(GOOD[:END] + GOOD[END : END + 20] + b"\4\0PK\5\6", id="a comment like an end"),
        pytest.param(with_bytes(GOOD, NAME, b"evil.py"), id="another name in front"),
        pytest.param(with_bytes(GOOD, LOCAL + 14, b"\1\2\3\4"), id="another checksum in front"),
        pytest.param(with_bytes(GOOD, LOCAL + 8, b"\0\0"), id="another compression in front"),
        pytest.param(with_bytes(GOOD, LOCAL + 22, b"\1\2\0\0"), id="another size in front"),
        pytest.param(with_bytes(GOOD, START + 42, b"\1\0\0\0"), id="another place in the directory"),
        pytest.param(with_bytes(GOOD, END + 8, b"\1\0\1\0"), id="fewer files than there are"),
        pytest.param(
            with_bytes(STREAMED, STREAMED.index(b"PK\7\10") + 4, b"\1\2\3\4"), id="another checksum after"
        ),
        pytest.param(GOOD[: len(GOOD) // 2], id="half of it"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(made, tmp_path):
    """One reader would look into other files than the next one unpacks: nobody installs that."""
    assert unlike_in(made)
    path = tmp_path / "frob-1.0-py3-none-any.whl"
    path.write_bytes(made)
    assert unlike(path) == unlike_in(made)
    with contextlib.suppress(zipfile.BadZipFile):  # said to be damaged, which is a refusal, too
        assert look(path, "frob").faults


def test_a_name_of_its_own_in_unicode_is_refused():
    """The field that gives a file a second name is read by some and passed over by others."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo("frob.py")
        info.extra = struct.pack("<2HBL", 0x7075, 13, 1, 0) + b"evil.pth"
        archive.writestr(info, "")
    assert unlike_in(buffer.getvalue()) == "it has files with two names"


def test_an_empty_file_is_no_archive(tmp_path):
    """Nothing is said to be nothing."""
    path = tmp_path / "x.whl"
    path.write_bytes(b"")
    assert unlike(path) == "it is empty"


def test_a_hidden_file_is_never_installed(environment, index):
    """A wheel of a well-known name that holds more than its directory says is refused by name."""
    file = wheel("pyusb", files={"usb/__init__.py": ""})
    index.add("pyusb", holding_bytes(file, hiding(file.content)))
    answer = environment.heal("import usb")
    assert answer.decisions == {"usb": "refuse"}
    assert "between its files" in answer.raw
    assert "pyusb" not in environment.distributions

"""An archive in what is packed is looked into as far as it is small, and nothing in it can hold that up."""

from __future__ import annotations

import gzip
import io
import tarfile
import tracemalloc
import zipfile

import pytest

from autoexec_magic.builder import secretarchives


def tar_of(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """Return a gzipped tar."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz", compresslevel=1) as archive:
        for info, data in entries:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return written.getvalue()


def read(data: bytes, path: str = "a") -> list[tuple[str, bytes]]:
    """Return the files in an archive."""
    return list(secretarchives.files_in(path, io.BytesIO(data)))


def test_of_a_large_file_the_beginning_is_seen():
    """In each kind of archive; what comes behind it is seen, too."""
    large, small = b"1" * (5 << 20), b"2"
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("large", large)
        archive.writestr("small", small)
    seen = [("large", large[: 1 << 20]), ("small", small)]
    assert read(zipped.getvalue()) == seen
    assert read(tar_of((tarfile.TarInfo("large"), large), (tarfile.TarInfo("small"), small))) == seen
    assert read(gzip.compress(large), "a/b.gz") == [("a/b", large[: 1 << 20])]


def test_a_link_and_a_folder_are_no_files():
    """Nothing is followed."""
    link, folder = tarfile.TarInfo("link"), tarfile.TarInfo("folder")
    link.type, link.linkname, folder.type = tarfile.SYMTYPE, "/etc/passwd", tarfile.DIRTYPE
    assert read(tar_of((link, b""), (folder, b""), (tarfile.TarInfo("x"), b"1"))) == [("x", b"1")]


def test_no_more_than_so_many_files_and_bytes_are_seen(monkeypatch):
    """What comes behind is not looked at."""
    many = tar_of(*((tarfile.TarInfo(str(each)), b"1" * 4096) for each in range(9)))
    monkeypatch.setattr(secretarchives, "_MOST_MEMBERS", 3)
    assert len(read(many)) == 3
    monkeypatch.setattr(secretarchives, "_MOST_UNPACKED_BYTES", 6000)
    assert len(read(many)) == 2


@pytest.mark.parametrize("header", [{"comment": "x" * (64 << 20)}, {"size": str(10**15)}, {"mtime": "nan"}])
def test_a_header_without_end_is_not_in_memory(header):
    """It ends the looking."""
    info = tarfile.TarInfo("x")
    info.pax_headers = header
    data = tar_of((info, b"1"))
    tracemalloc.start()
    try:
        read(data)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()

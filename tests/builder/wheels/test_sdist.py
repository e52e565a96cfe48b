"""What must not be in an sdist, and how one is unpacked, each made byte by byte."""

from __future__ import annotations

import base64
import gzip
import io
import tarfile
import tracemalloc
import zipfile

import pytest

from autoexec_magic.builder.wheels import members, sdist
from autoexec_magic.errors import BuildError


def sdist_of(tmp_path, members):
    """Write an sdist of (name or TarInfo, bytes)."""
    path = tmp_path / "pear-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, data in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


INFO = ("pear-1.0/PKG-INFO", b"Name: pear\n")


def test_an_sdist_is_read(tmp_path):
    """Its PKG-INFO is what it says."""
    assert sdist.look_into(sdist_of(tmp_path, [INFO])) == INFO[1]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("/etc/passwd", "absolute"),
        ("pear-1.0/../x", "leads out"),
        ("pear-2.0/x", "one folder"),
        ("pear-1.0/.env", "secret"),
    ],
)
def test_a_bad_member_of_an_sdist_is_named(tmp_path, name, why):
    """As in a wheel."""
    with pytest.raises(BuildError) as refused:
        sdist.look_into(sdist_of(tmp_path, [INFO, (name, b"x")]))
    assert why in str(refused.value)


def link(name, target, kind=tarfile.SYMTYPE):
    """Return a link as a member."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


def unpacked(tmp_path, members_of):
    """Unpack an sdist of these; return its folder."""
    folder = tmp_path / "unpacked"
    folder.mkdir()
    return sdist.unpack(sdist_of(tmp_path, [INFO, *members_of]), folder)


def test_what_is_no_archive_is_said(tmp_path):
    """No gzip, half of one, and half of an archive."""
    path = sdist_of(tmp_path, [INFO, ("pear-1.0/a", bytes(range(256)) * 64)])
    whole = path.read_bytes()
    for part in (b"x", b"", whole[: len(whole) // 2], gzip.compress(gzip.decompress(whole)[:5000])):
        path.write_bytes(part)
        with pytest.raises(BuildError, match=r"no sdist|no PKG-INFO"):
            sdist.look_into(path)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
@pytest.mark.parametrize(
    "target", ["../../etc/passwd", "/etc/passwd", "..", ".", "../pear-2.0/x", "pear-1.0/../..", "a" * 2000]
)
def test_a_link_that_leads_out_of_an_sdist_is_refused(tmp_path, kind, target):
    """Whether it is looked at or unpacked."""
    with pytest.raises(BuildError, match="must not be in"):
        sdist.look_into(sdist_of(tmp_path, [INFO, link("pear-1.0/link", target, kind)]))
    with pytest.raises(BuildError, match="must not be in"):
        unpacked(tmp_path, [link("pear-1.0/link", target, kind)])


@pytest.mark.parametrize(
    "more",
    [
        [link("pear-1.0/a", "gone")],
        [link("pear-1.0/a", "b"), link("pear-1.0/b", "a")],
        [("pear-1.0/b/c", b""), link("pear-1.0/a", "b")],
        [link("pear-1.0/a", "b"), ("pear-1.0/a/c", b""), ("pear-1.0/b/c", b"")],
        [link("pear-1.0/a", "PKG-INFO"), ("pear-1.0/a", b"")],
        [link("pear-1.0/a", "PKG-INFO"), link("pear-1.0/a", "b")],
        [("pear-1.0/a", b""), ("pear-1.0/a/b", b"")],
        [("pear-1.0/a/b", b""), ("pear-1.0/a", b"")],
    ],
)
def test_a_link_that_is_no_file_of_it_and_two_things_in_one_place_are_refused(tmp_path, more):
    """Each of these is how something is written elsewhere."""
    with pytest.raises(BuildError, match="must not be in"):
        sdist.look_into(sdist_of(tmp_path, [INFO, *more]))
    with pytest.raises(BuildError, match="must not be in"):
        unpacked(tmp_path, more)


def test_a_link_to_a_file_is_that_file_once_more(tmp_path):
    """`docs/README.md` is often one; no link is made, so that none can lead anywhere."""
    run = tarfile.TarInfo("pear-1.0/run")
    run.mode, run.mtime = 0o755, 1_000_000_000
    more = [(run, b"#!"), link("pear-1.0/docs/first", "second"), link("pear-1.0/docs/second", "../run")]
    more += [link("pear-1.0/hard", "pear-1.0/run", tarfile.LNKTYPE), ("pear-1.0/run", b"#!!")]
    folder = unpacked(tmp_path, more)
    assert sdist.look_into(tmp_path / "pear-1.0.tar.gz") == INFO[1]
    for name in ("run", "docs/first", "docs/second", "hard"):
        assert (folder / name).read_bytes() == b"#!!"
        assert not (folder / name).is_symlink()
        assert (folder / name).stat().st_nlink == 1
    assert (folder / "PKG-INFO").stat().st_mode & 0o777 == 0o644


def test_what_fools_the_filter_of_tarfile_writes_nowhere(tmp_path):
    """CVE-2025-4517: links through a path that is too long to be resolved."""
    outside = tmp_path / "outside"
    outside.mkdir()
    part, path, more = "d" * 247, "pear-1.0", []
    for letter in "abcdefghijklmnop":
        folder = tarfile.TarInfo(f"{path}/{part}")
        folder.type = tarfile.DIRTYPE
        more += [(folder, b""), link(f"{path}/{letter}", part)]
        path = f"{path}/{part}"
    long = "/".join("abcdefghijklmnop") + "/" + "l" * 254
    more += [link(f"pear-1.0/{long}", "../" * 16)]
    more += [link("pear-1.0/escape", f"{long}/../../../outside"), ("pear-1.0/escape/written", b"x")]
    with pytest.raises(BuildError):
        unpacked(tmp_path, more)
    assert list(outside.iterdir()) == []
    assert not list(tmp_path.rglob("written"))


@pytest.mark.parametrize("kind", [tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.GNUTYPE_SPARSE])
def test_what_is_no_plain_file_is_refused(tmp_path, kind):
    """A pipe, a device, and a file with holes, which may say that it has any size."""
    info = tarfile.TarInfo("pear-1.0/x")
    info.type = kind
    with pytest.raises(BuildError):
        unpacked(tmp_path, [(info, b"")])


@pytest.mark.parametrize("path", ["d/" * 70 + "x", "x" * 300, "abcdefghijkl/" * 60 + "m" * 250])
def test_a_path_has_a_limit(tmp_path, path):
    """In signs, in folders, and of each name."""
    with pytest.raises(BuildError, match="must not be in"):
        unpacked(tmp_path, [(f"pear-1.0/{path}", b"")])


def test_it_is_read_a_piece_at_a_time(tmp_path):
    """A hundred megabytes of zeros are a hundred kilobytes in the archive."""
    path = sdist_of(tmp_path, [INFO, ("pear-1.0/zeros", bytes(128 * 2**20))])
    (tmp_path / "unpacked").mkdir()
    tracemalloc.start()
    try:
        sdist.look_into(path)
        sdist.unpack(path, tmp_path / "unpacked")
        assert tracemalloc.get_traced_memory()[1] < 16 * 2**20
    finally:
        tracemalloc.stop()


def test_there_is_a_limit_to_what_it_holds(tmp_path, monkeypatch):
    """To bytes, members, PKG-INFO, and what a link stands for."""
    path = sdist_of(tmp_path, [INFO, ("pear-1.0/zeros", bytes(2**20)), link("pear-1.0/more", "zeros")])
    monkeypatch.setattr(members, "MOST_BYTES", 2**20 + 100)
    sdist.look_into(path)
    monkeypatch.setattr(members, "MOST_BYTES", 2**20)
    with pytest.raises(BuildError, match="not looked at"):
        sdist.look_into(path)
    monkeypatch.setattr(members, "MOST_MEMBERS", 2)
    with pytest.raises(BuildError, match="not looked at"):
        sdist.look_into(path)
    monkeypatch.setattr(members, "MOST_TOLD_BYTES", 2**10)
    with pytest.raises(BuildError, match="PKG-INFO"):
        sdist.look_into(sdist_of(tmp_path, [("pear-1.0/PKG-INFO", b"x" * 2**19)]))


@pytest.mark.parametrize("header", [{"comment": "x" * 2**21}, {"size": str(10**15)}, {"mtime": "nan"}])
def test_a_header_without_end_is_not_read(tmp_path, header):
    """What a member says of itself may be of any length, and is read whole."""
    info = tarfile.TarInfo("pear-1.0/x")
    info.pax_headers = header
    path = sdist_of(tmp_path, [INFO, (info, b"")])
    tracemalloc.start()
    try:
        with pytest.raises(BuildError):
            sdist.look_into(path)
        assert tracemalloc.get_traced_memory()[1] < 2 * 2**20
    finally:
        tracemalloc.stop()


def deep(kind):
    """Return what holds a secret far behind its beginning, or packed; with what is said of it."""
    lines = [base64.b64encode(bytes(range(at, at + 48))).decode() for at in range(9)]
    key = "\n".join(["-----BEGIN RSA " + "PRIVATE KEY-----", *lines]).encode()
    if kind == "key":
        return b"x = 1\n" * 66_667 + key
    if kind == "token":
        return b"x = 1\n" * 533_333 + b"T = 'ghp" + b"_" + b"a1B2" * 9 + b"'\n"
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/id_rsa", key * 9)
    return written.getvalue()


@pytest.mark.parametrize("kind", ["key", "token", "zip"])
def test_a_secret_far_behind_or_packed_is_refused(tmp_path, kind):
    """A key at 400 kB of what was generated, a token at 3.2 MB, and a deflated archive."""
    with pytest.raises(BuildError, match=r"pear/made\.dat in pear-1\.0.* is a secret"):
        sdist.look_into(sdist_of(tmp_path, [INFO, ("pear-1.0/pear/made.dat", deep(kind))]))

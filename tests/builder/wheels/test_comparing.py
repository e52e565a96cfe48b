"""Two builds of the same: equal, or the members that differ by name and by what."""

from __future__ import annotations

import io
import tarfile
import zipfile

from autoexec_magic.builder.wheels import comparing


def test_wheels_that_differ_are_told_by_member(tmp_path):
    """Content, time and order are told apart."""

    def wheel(name, *members):
        path = tmp_path / name
        with zipfile.ZipFile(path, "w") as archive:
            for member, data, year in members:
                archive.writestr(zipfile.ZipInfo(member, (year, 1, 1, 0, 0, 0)), data)
        return path

    first = wheel("a.whl", ("x", "1", 2000), ("y", "1", 2000))
    assert comparing.differing(first, wheel("b.whl", ("x", "1", 2000), ("y", "1", 2000))) == ()
    [told] = comparing.differing(first, wheel("c.whl", ("x", "2", 2000), ("y", "1", 2001), ("z", "", 2000)))
    assert told == "a second build of a.whl differs in x (content), y (time), z (only in one)"
    [told] = comparing.differing(first, wheel("d.whl", ("y", "1", 2000), ("x", "1", 2000)))
    assert "order" in told


def test_sdists_that_differ_are_told_by_member(tmp_path):
    """And by their owners and modes."""

    def sdist(name, mode, mtime):
        path = tmp_path / name / "pear-1.tar.gz"
        path.parent.mkdir()
        with tarfile.open(path, "w:gz") as archive:
            info = tarfile.TarInfo("pear-1/x")
            info.size, info.mode, info.mtime = 1, mode, mtime
            archive.addfile(info, io.BytesIO(b"1"))
        return path

    [told] = comparing.differing(sdist("a", 0o644, 1), sdist("b", 0o600, 2))
    assert told == "a second build of pear-1.tar.gz differs in pear-1/x (time, mode or owner)"

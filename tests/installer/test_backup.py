"""What was replaced comes back as it was."""

from __future__ import annotations

import sysconfig

import pytest

from autoexec_magic.installer import backup


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Return the site-packages of an environment with one distribution."""
    folder = tmp_path / "env" / "site"
    places = {"purelib": folder, "platlib": folder, "data": tmp_path / "env", "scripts": tmp_path / "env/bin"}
    monkeypatch.setattr(sysconfig, "get_path", lambda name, *rest: str(places[name]))
    info = folder / "frob-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Name: frob\nVersion: 1.0\n")
    (info / "RECORD").write_text("frob.py,,\n../bin/frob,,\n../../outside,,\nfrob-1.0.dist-info/METADATA,,\n")
    (folder / "frob.py").write_text("edited by hand\n")
    (tmp_path / "env/bin").mkdir()
    (tmp_path / "env/bin/frob").write_text("")
    (tmp_path / "env/bin/frob").chmod(0o755)
    (tmp_path / "outside").write_text("")
    return folder


def test_files_come_back_with_their_modes(site, tmp_path):
    """Also what somebody had changed in them; what is outside the environment is not touched."""
    with backup.kept(["Frob"], tmp_path / "cache") as old:
        (site / "frob.py").write_text("another")
        (tmp_path / "env/bin/frob").unlink()
        (tmp_path / "outside").write_text("new")
        old.put_back()
        assert (site / "frob.py").read_text() == "edited by hand\n"
        assert (tmp_path / "env/bin/frob").stat().st_mode & 0o777 == 0o755
        assert (tmp_path / "outside").read_text() == "new"
    assert list((tmp_path / "cache").iterdir()) == []


def test_nothing_replaced_is_nothing_copied(tmp_path):
    """An install that only adds costs nothing."""
    with backup.kept([], tmp_path / "cache") as old:
        assert old.files == {}
    assert not (tmp_path / "cache").exists()

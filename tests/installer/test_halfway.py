"""What a killed install left goes; what is anybody else's stays."""

from __future__ import annotations

import sysconfig

import pytest
from index import wheel

from autoexec_magic.installer.halfway import clear

FILES = {"shared/a.py": "a = 1\n", "shared/b.py": "b = 1\n", "top.py": "t = 1\n"}


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Return the site-packages of an environment of its own."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.setattr(sysconfig, "get_path", lambda name, *rest: str(folder))
    return folder


@pytest.fixture
def kept(tmp_path):
    """Return the wheel that was being installed."""
    path = tmp_path / "half-1.0-py3-none-any.whl"
    path.write_bytes(wheel("half", "1.0", FILES).content)
    return path


def unpack(site, *names):
    """Put some of the wheel's files in place."""
    for name in names:
        (site / name).parent.mkdir(exist_ok=True)
        (site / name).write_text(FILES[name])


def listed(site):
    """Return all files and folders."""
    return sorted(path.relative_to(site).as_posix() for path in site.rglob("*"))


def test_what_was_unpacked_goes(site, kept):
    """With its folders, bytecode and half a description."""
    unpack(site, "shared/a.py", "top.py")
    (site / "shared" / "__pycache__").mkdir()
    (site / "half-1.0.dist-info").mkdir()
    (site / "half-1.0.dist-info" / "WHEEL").write_text("")
    clear(kept, "half")
    assert listed(site) == []


def test_what_has_other_bytes_stays(site, kept):
    """A person may have put it there; and so does a folder with something of theirs."""
    unpack(site, "shared/a.py")
    (site / "top.py").write_text("m = 1\n")  # as long as the wheel's
    (site / "shared" / "mine.py").write_text("")
    clear(kept, "half")
    assert listed(site) == ["shared", "shared/mine.py", "top.py"]


def test_what_another_distribution_owns_stays(site, kept):
    """Two of them may bring the same file."""
    unpack(site, "shared/a.py", "shared/b.py")
    info = site / "other-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: other\nVersion: 1.0\n")
    (info / "RECORD").write_text("shared/a.py,,\n")
    clear(kept, "half")
    assert "shared/a.py" in listed(site)
    assert "shared/b.py" not in listed(site)


def test_what_has_a_record_is_left_to_it(site, kept):
    """It was installed whole; an uninstall knows what to do."""
    unpack(site, "top.py")
    info = site / "half-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: half\nVersion: 1.0\n")
    (info / "RECORD").write_text("top.py,,\n")
    clear(kept, "half")
    assert "top.py" in listed(site)

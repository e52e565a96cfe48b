"""After an install that did not end well, the environment is as before, or it is said what is not."""

from __future__ import annotations

import sysconfig

import pytest

from autoexec_magic.installer import undo


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Return the site-packages of an environment with one distribution, a namespace and a program."""
    folder = tmp_path / "lib" / "site-packages"
    places = {"purelib": folder, "platlib": folder, "data": tmp_path, "scripts": tmp_path / "bin"}
    monkeypatch.setattr(sysconfig, "get_path", lambda name, *rest: str(places[name]))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "old").write_text("")
    add(folder, "old", "1.0", "old.py", "shared/old.py", "../../bin/old")
    return folder


def add(site, name, version, *files, has_record=True, has_metadata=True):
    """Put a distribution into `site`."""
    for file in files:
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).write_text(name)
    info = site / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    if has_metadata:
        (info / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n")
    if has_record:
        rows = [*files, f"{info.name}/METADATA", f"{info.name}/RECORD"]
        (info / "RECORD").write_text("".join(f"{row},,\n" for row in rows))


def listed(site):
    """Return all files of the environment."""
    return {path for path in site.parents[1].rglob("*") if path.is_file()}


@pytest.mark.parametrize("has_record", [True, False])
@pytest.mark.parametrize("has_metadata", [True, False])
def test_what_was_added_is_taken_back(site, has_record, has_metadata):
    """Whole or half unpacked, with its record or without: nothing of it stays, and the rest does."""
    before, noted = listed(site), undo.snapshot()
    add(
        site, "new", "2.0", "new/__init__.py", "shared/new.py", "../../bin/new",
        has_record=has_record, has_metadata=has_metadata,
    )  # fmt: skip
    (site / "half").mkdir()
    (site / "half" / "__init__.py").write_text("")
    assert undo.take_back({"New": "2.0", "half": "1.0"}, noted) == []
    assert listed(site) == before
    assert not (site / "new").exists()


def test_what_somebody_else_installed_meanwhile_stays(site):
    """Another program's install is not ours to take back."""
    noted = undo.snapshot()
    add(site, "other", "3.0", "other/__init__.py")
    assert undo.take_back({"new": "2.0"}, noted) == []
    assert (site / "other" / "__init__.py").exists()


def test_what_was_replaced_is_told(site):
    """An older version that is gone is named: it is not as before."""
    noted = undo.snapshot()
    for file in (site / "old-1.0.dist-info").iterdir():
        file.unlink()
    (site / "old-1.0.dist-info").rmdir()
    assert undo.take_back({"old": "2.0"}, noted) == ["old 1.0"]


def test_a_record_does_not_reach_out_of_the_environment(site, tmp_path_factory):
    """A record that names a file elsewhere gets nothing removed there."""
    outside = tmp_path_factory.mktemp("outside") / "mine.txt"
    outside.write_text("")
    noted = undo.snapshot()
    add(site, "new", "2.0", "new.py")
    record = site / "new-2.0.dist-info" / "RECORD"
    record.write_text(f"{record.read_text()}{outside},,\n")
    undo.take_back({"new": "2.0"}, noted)
    assert outside.exists()
    assert not (site / "new.py").exists()

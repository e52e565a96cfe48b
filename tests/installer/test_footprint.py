"""What stands in an environment, and whether it is what was installed."""

from __future__ import annotations

import base64
import hashlib
import sys
import sysconfig
import types

import pytest

from autoexec_magic.installer import footprint


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Return the site-packages of an environment of its own."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.setattr(sysconfig, "get_path", lambda name, *rest: str(folder))
    return folder


def add(site, name, version="1.0", files=None, requires=(), extra=""):
    """Put a distribution into `site`, with a record that has hashes."""
    rows = []
    for path, text in (files or {f"{name}.py": "x = 1\n"}).items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text)
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        rows.append(f"{path},sha256={digest},{len(text)}\n")
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    needs = "".join(f"Requires-Dist: {text}\n" for text in requires)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}")
    (info / "RECORD").write_text("".join(rows) + extra)


def test_what_stands_is_listed_by_name(site):
    """However a name is spelled; what was only half unpacked is not installed."""
    add(site, "Some_Thing", "2.0")
    (site / "half-1.0.dist-info").mkdir()
    (site / "old-1.0.egg-info").mkdir()
    (site / "old-1.0.egg-info" / "PKG-INFO").write_text("Name: old\nVersion: 1.0\n")
    found = footprint.standing()
    assert sorted(found) == ["old", "some-thing"]
    assert footprint.is_version(found["some-thing"], "2")
    assert not footprint.is_version(found["some-thing"], "2.1")


def test_two_installs_of_one_wheel_are_alike(site):
    """What each installer adds does not count; another file does."""
    add(site, "same")
    before = footprint.footprint(footprint.standing()["same"])
    record = site / "same-1.0.dist-info" / "RECORD"
    record.write_text(
        record.read_text() + "../../bin/same,sha256=abc,1\nsame-1.0.dist-info/INSTALLER,sha256=abc,2\n"
        "__pycache__/same.pyc,sha256=abc,3\n__pycache__/other.pyc,,\n"
    )
    assert footprint.footprint(footprint.standing()["same"]) == before
    record.write_text(record.read_text() + "more.py,sha256=abc,1\n")
    assert footprint.footprint(footprint.standing()["same"]) != before


def test_without_a_record_nothing_can_be_said(site):
    """An empty footprint is none."""
    add(site, "bare")
    (site / "bare-1.0.dist-info" / "RECORD").unlink()
    assert footprint.footprint(footprint.standing()["bare"]) == ""
    assert footprint.edited(footprint.standing()["bare"]) == ()


def test_an_edit_is_seen(site):
    """A file that was changed, one that is gone; not one that is as it was."""
    add(site, "mine", files={"mine/a.py": "1\n", "mine/b.py": "2\n", "mine/c.py": "3\n"})
    assert footprint.edited(footprint.standing()["mine"]) == ()
    (site / "mine" / "a.py").write_text("edited\n")
    (site / "mine" / "c.py").unlink()
    assert footprint.edited(footprint.standing()["mine"]) == ("mine/a.py", "mine/c.py")


def test_who_needs_what_goes_is_named(site):
    """By name and by version; not for an extra that nobody asked for, nor what goes as well."""
    add(site, "base")
    add(site, "needy", requires=["Base>=1"])
    add(site, "extra", requires=["base; extra == 'more'"])
    add(site, "elsewhere", requires=["base; python_version < '3'"])
    add(site, "also", requires=["base"])
    assert list(footprint.needing({"base", "also"}, {})) == ["needy 1.0 needs Base>=1"]
    assert list(footprint.needing(set(), {"base": "0.9"})) == ["needy 1.0 needs Base>=1"]
    assert list(footprint.needing(set(), {"base": "1.5"})) == []


def test_only_what_is_loaded_is_named(site, monkeypatch):
    """By the file that it came from, whatever it is called."""
    add(site, "loaded")
    add(site, "idle")
    module = types.ModuleType("another_name.part")
    module.__file__ = str(site / "loaded.py")
    monkeypatch.setitem(sys.modules, "another_name.part", module)
    there = footprint.standing()
    assert footprint.loaded_from(footprint.files_of([there["loaded"]])) == ("another_name",)
    assert footprint.loaded_from(footprint.files_of([there["idle"]])) == ()

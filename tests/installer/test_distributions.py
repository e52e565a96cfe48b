"""What is installed: the same answer as importlib's, and who needs whom."""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
from pathlib import Path

import pytest
from index import wheel

from autoexec_magic.config import data_dir
from autoexec_magic.installer import distributions
from autoexec_magic.installer.distributions import needed_by, packages, version_of

LONG_AGO = 1_000_000_000


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Return a function that puts a distribution into a folder of its own on the path."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.setattr(sys, "path", [*sys.path, str(folder)])
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))

    def put(info: str, metadata: str = "", **files: str) -> Path:
        place = folder / info
        place.mkdir()
        (place / "METADATA").write_text(
            metadata or f"Metadata-Version: 2.1\nName: {info.split('-', maxsplit=1)[0]}\n\ntext\n"
        )
        for name, text in files.items():
            (place / name.replace("__", ".")).write_text(text)
        for line in files.get("RECORD", "").splitlines():
            path = folder / line.rpartition(",")[0].rpartition(",")[0].strip('"')
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return place

    return put


def test_this_environment_is_mapped_as_importlib_maps_it():
    """Everything that is installed beside the tests, spelt and ordered the same."""
    assert dict(packages()) == dict(importlib.metadata.packages_distributions())


@pytest.mark.parametrize(
    "record",
    [
        pytest.param("a/__init__.py,,\na/b.py,,\nc.py,,\n", id="plain"),
        pytest.param("a/b.py,,\nz/x.py,,\na/c.py,,\n", id="not-grouped"),
        pytest.param('"a,b/x.py",,\nc.py,,\n', id="quoted"),
        pytest.param("../../bin/tool,,\na/data.txt,,\n", id="no-modules"),
        pytest.param("d.so,,\ne.cpython-311-x86_64-linux-gnu.so,,\n", id="extension-modules"),
        pytest.param("a/x.py,,\na.py,,\nab/x.py,,\na-1.dist-info/RECORD,,\n", id="names-that-begin-alike"),
        pytest.param("a/x.py,,", id="no-last-newline"),
        pytest.param("", id="empty"),
    ],
)
def test_a_record_is_read_as_importlib_reads_it(site, record):
    """Whatever order and spelling an installer wrote, the tops are the same."""
    site("made-1.0.dist-info", RECORD=record)
    assert dict(packages()) == dict(importlib.metadata.packages_distributions())


def test_other_kinds_of_metadata_are_read(site, tmp_path):
    """top_level.txt, an egg-info folder, an egg-info that is a file, and two of one name."""
    site("one-1.0.dist-info", top_level__txt="alpha beta\ngamma")
    place = site("two-1.0.egg-info", SOURCES__txt="delta/__init__.py\nsetup.py\n")
    (place / "METADATA").rename(place / "PKG-INFO")
    (place.parent / "three-1.0.egg-info").write_text("Name: Three.Name\nVersion: 1\n")
    site("one-2.0.dist-info", top_level__txt="alpha")
    assert dict(packages()) == dict(importlib.metadata.packages_distributions())
    assert packages()["alpha"] == ["one", "one"]


def test_an_install_is_seen_at_once(site):
    """A distribution that comes while the process runs is there in the next answer."""
    assert "fresh_top" not in packages()
    site("fresh-1.0.dist-info", top_level__txt="fresh_top")
    assert packages()["fresh_top"] == ["fresh"]
    assert version_of("FRESH") == "1.0"
    assert version_of("frobnicore") == ""


def test_the_answer_is_kept_for_the_next_process(site, monkeypatch):
    """Where no folder changed, nothing is read again; where one did, the kept answer is not believed."""
    place = site("kept-1.0.dist-info", top_level__txt="kept_top")
    for entry in {place.parent, *(Path(entry) for entry in sys.path if entry)}:
        if entry == place.parent:
            os.utime(entry, (LONG_AGO, LONG_AGO))
    monkeypatch.setattr(distributions, "SETTLED_NS", 0)
    assert packages()["kept_top"] == ["kept"]
    [file] = (data_dir() / "cache").glob("distributions-*.json")
    assert file.stat().st_mode & 0o777 == 0o600
    kept = json.loads(file.read_text())
    kept["packages"]["kept_top"] = ["from the file"]
    file.write_text(json.dumps(kept))
    distributions._packages.cache_clear()
    assert packages()["kept_top"] == ["from the file"]
    os.utime(place.parent, (LONG_AGO + 9, LONG_AGO + 9))
    assert packages()["kept_top"] == ["kept"]
    file.write_text("[not ours")
    distributions._packages.cache_clear()
    assert packages()["kept_top"] == ["kept"]


def test_who_needs_a_distribution(site, monkeypatch):
    """A requirement counts under any spelling, marker or extra; one's own extras and the text do not."""
    place = site(
        "user-1.0.dist-info",
        "Metadata-Version: 2.1\nName: user\nRequires-Dist: Frob_Tools[x] (>=1); python_version > '3'\n"
        "Requires-Dist: opt.dep>=2; extra == 'all'\nRequires-Dist: user[all]\n\nRequires-Dist: not-this\n",
    )
    assert needed_by("frob-tools") == ()  # a folder on the path that is not the environment's says nothing
    monkeypatch.setattr(distributions, "_environment", lambda *prefixes: {os.path.realpath(place.parent)})
    assert needed_by("frob-tools") == ("user",)
    assert needed_by("Opt-Dep") == ("user",)
    assert needed_by("user") == ()
    assert needed_by("not-this") == ()


def test_a_project_describes_nothing_as_installed(environment, index):
    """A cloned folder with a record of something that needs a stranger makes the stranger no less one."""
    record = environment.home / "trusted-1.0.dist-info"
    record.mkdir()
    (record / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: trusted\nVersion: 1.0\nRequires-Dist: stranger\n"
    )
    index.add("stranger", wheel("stranger"))
    drive = {"source": "import stranger", "path": [""]}
    assert environment.heal(**drive).decisions == {"stranger": "ask"}
    environment.unpack(wheel("trusted", requires=["stranger"]))
    assert environment.heal(**drive).decisions == {"stranger": "install"}

"""What is installed, read once: the same as Python says, and gone before anything of the project runs."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import time
from pathlib import Path

import pytest
import suites

from autoexec_magic.testrunner.inside import BEGIN
from autoexec_magic.testrunner.running import Watch, stand
from autoexec_magic.testrunner.running import run as go

REAL = importlib.metadata.distributions


@pytest.fixture
def packages(monkeypatch):
    """Return the module, read from its file as the program reads it."""
    spec = importlib.util.spec_from_file_location(
        "autoexec_packages", BEGIN.parent / "own" / "autoexec_packages.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(importlib.metadata, "distributions", REAL)
    return module


def said(found) -> list[tuple[object, ...]]:
    """Return what pytest asks of each package."""
    return [
        (
            each.metadata["Name"],
            each.version,
            list(each.entry_points),
            [str(file) for file in each.files or ()],
        )
        for each in found
    ]


def test_it_says_what_python_says(packages):
    """Each package, its plugins and its files."""
    before = said(REAL())
    packages.remember()
    assert importlib.metadata.distributions is not REAL
    assert said(importlib.metadata.distributions()) == before
    assert said(importlib.metadata.distributions()) == before


def test_where_modules_are_looked_for_elsewhere_it_looks_again(packages, tmp_path, monkeypatch):
    """A folder that came onto the path brings its packages."""
    packages.remember()
    info = tmp_path / "new_here-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: new-here\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert "new-here" in {each.metadata["Name"] for each in importlib.metadata.distributions()}


def test_one_package_is_asked_of_python(packages):
    """Who names one gets what is installed now."""
    packages.remember()
    assert [each.metadata["Name"] for each in importlib.metadata.distributions(name="pytest")] == ["pytest"]


def test_forgotten_it_is_pythons_own(packages):
    """The same function as before."""
    packages.remember()
    packages.forget()
    assert importlib.metadata.distributions is REAL


CONFTEST = """
    import importlib.metadata
    assert importlib.metadata.distributions.__module__ == "importlib.metadata"
"""


def test_what_is_the_projects_finds_python_as_it_is(tmp_path):
    """In a process that had stood ready: its conftest.py is read when all is forgotten."""
    files = {"conftest.py": CONFTEST, "test_x.py": "def test_a(): pass\n"}
    job = suites.job_of(suites.write(tmp_path, files))
    standing = stand(job)
    _until_ready(standing._leader.pid)
    done = go(job, Watch(), emit=lambda event: None, standing=standing)
    assert [case.verdict for case in done.told.cases] == ["passed"], done.outcome.stderr


def _until_ready(pid: int) -> None:
    """Wait until it has imported all: for half a second it needs no processor time, and sleeps."""
    last, same = "", 0
    for _ in range(600):
        state, *fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        used = " ".join(fields[10:12])
        same = same + 1 if state == "S" and used == last else 0
        if same == 10:
            return
        last = used
        time.sleep(0.05)
    raise AssertionError("it never waited")

"""What works on this machine, tried."""

from __future__ import annotations

import importlib.util
import sqlite3
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from autoexec_magic import api, doctor
from autoexec_magic.ledgerfile import TRIGGERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType


def load_index() -> ModuleType:
    """Import the installer's local index by its path."""
    if "index" not in sys.modules:
        path = Path(__file__).parent / "installer" / "index.py"
        spec = importlib.util.spec_from_file_location("index", path)
        sys.modules["index"] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules["index"]


Index = load_index().Index


def test_each_part_is_tried(monkeypatch, tmp_path):
    """What is needed works here; what does not says what to type."""
    checks = {check.name: check for check in doctor.examine()}
    assert all(check.works for check in checks.values() if check.needed)
    assert checks["processes"].what.startswith("started and ended one")
    assert checks["uv"].what.startswith("uv ")
    assert "doors tried and shut" in checks["cage workspace"].what
    assert all(
        check.fix for name, check in checks.items() if not check.works and name.startswith(("extra", "cage"))
    )


def test_a_data_folder_that_cannot_be_written_is_said(monkeypatch, tmp_path):
    """With the variable that moves it."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(blocked / "autoexec"))
    check = next(check for check in doctor.examine() if check.name == "data folder")
    assert not check.works
    assert "AUTOEXEC_DATA_DIR" in check.fix


def test_an_index_is_shown_without_its_password(monkeypatch):
    """`doctor` is what people paste into an issue."""
    monkeypatch.setenv("AUTOEXEC_INDEX_URL", "https://me:hunter2hunter2@index.example/simple")
    check = next(check for check in doctor.examine() if check.name == "package index")
    assert "hunter2" not in check.what
    assert "https://index.example/simple" in check.what


def checks() -> dict[str, doctor.Check]:
    """Return what was found, by its name."""
    return {check.name: check for check in doctor.examine()}


def test_nothing_is_made(monkeypatch, tmp_path):
    """Looking whether the data folder could be made does not make it."""
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "a" / "b"))
    check = checks()["data folder"]
    assert check.works
    assert "not made yet" in check.what
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def index(monkeypatch) -> Iterator[Index]:
    """Yield an index that asks who is there, without a proxy before it."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    with Index(user="me", password="hunter2:@") as served:
        yield served


@pytest.mark.parametrize(
    ("login", "works", "what"),
    [
        pytest.param("me:hunter2%3A%40@", True, "127.0.0.1", id="good"),
        pytest.param("me:wrong2wrong2@", False, "HTTP 401", id="wrong-password"),
        pytest.param("", False, "HTTP 401", id="nobody"),
    ],
)
def test_the_index_is_asked(index, monkeypatch, login, works, what):
    """With the login that the settings have; that it lacks a project is an answer."""
    monkeypatch.setenv("AUTOEXEC_INDEX_URL", index.url.replace("//", f"//{login}"))
    check = checks()["package index"]
    assert (check.works, bool(check.fix)) == (works, not works)
    assert what in check.what
    assert "hunter2" not in check.what
    assert "wrong2" not in check.what
    assert index.requests == ["/simple/pip/"]


def test_an_index_that_never_answers_is_not_waited_for(index, monkeypatch):
    """Offline, or behind a wall that drops what it gets: six seconds for everything."""
    index.expected = ""
    index.add("pip", hang="page")
    monkeypatch.setenv("AUTOEXEC_INDEX_URL", index.url)
    began = time.monotonic()
    check = checks()["package index"]
    assert time.monotonic() - began < 15
    assert not check.works
    assert check.fix


def test_pip_is_run():
    """Its own words, not that a module of the name lies about."""
    check = checks()["pip"]
    assert check.what.startswith("pip " if check.works else "not in this environment")


def test_both_halves_of_the_panel_are_looked_for(monkeypatch, tmp_path):
    """Where a server of this environment would look; what is missing is named."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(tmp_path))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "prefix"))
    monkeypatch.setattr("jupyter_core.paths.ENV_JUPYTER_PATH", [])
    monkeypatch.setattr("jupyter_core.paths.ENV_CONFIG_PATH", [])
    check = checks()["panel"]
    assert not check.works
    assert check.what == "the panel and its server extension not installed here"
    assert "pip install" in check.fix
    panel = tmp_path / "labextensions" / "autoexec-magic" / "package.json"
    panel.parent.mkdir(parents=True)
    panel.touch()
    assert checks()["panel"].what == "its server extension not installed here"
    server = tmp_path / "jupyter_server_config.d" / "autoexec_magic.json"
    server.parent.mkdir()
    server.touch()
    assert checks()["panel"].works


def test_an_engine_for_images_is_asked(monkeypatch, tmp_path):
    """One that does not answer is said, with what to type; it is not needed for the rest."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    check = checks()["docker engine"]
    assert not check.works
    assert not check.needed
    assert check.fix


def test_the_ledger_is_looked_at(monkeypatch, tmp_path):
    """Rows that fit are well, and one that was changed is not."""
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))
    api.ledger().append("install", {"x": 1})
    check = checks()["ledger"]
    assert (check.works, check.what) == (True, "the newest 2 rows fit, and the newest runs saw them")
    with sqlite3.connect(tmp_path / "data" / "ledger.db") as connection:
        connection.execute("DROP TRIGGER rows_stay")
        connection.execute("UPDATE rows SET at = 1 WHERE id = 2")
        connection.execute(TRIGGERS["rows_stay"])
    connection.close()
    check = checks()["ledger"]
    assert (check.works, check.what, check.fix) == (False, "row 2 was changed", "%autoexec ledger verify")

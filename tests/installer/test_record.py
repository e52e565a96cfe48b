"""Every install is on the ledger: what, from which bytes, from where, why, into what, instead of what."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sqlite3
import sys
import threading

import pytest
from index import wheel

from autoexec_magic.errors import InstallError, LedgerError
from autoexec_magic.events import Installed
from autoexec_magic.installer.record import recording
from autoexec_magic.installer.sources import Sources
from autoexec_magic.installer.tool import Toolbox
from autoexec_magic.ledger import Ledger, ledger_in
from autoexec_magic.values import Candidate, Resolution

YAML = {"yaml/__init__.py": "FROM = 'PyYAML'\n"}
ITEM = Installed(distribution="PyYAML", version="1.0", sha256="ab" * 32, index="https://host/simple")


@pytest.fixture
def ledger(environment):
    """Return the ledger of the environment's user."""
    return Ledger(path=environment.home.parent / "data" / "ledger.db")


@pytest.fixture
def tools(emit, tmp_path, monkeypatch):
    """Return what an install in this process needs, with a data folder of its own."""
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))
    found = Candidate(distribution="PyYAML", version="1.0")
    reason = Resolution(
        module="yaml", cls="third-party", decision="install", distribution="PyYAML", candidates=(found,),
        evidence=("in the hand-kept table", "x" * 1000, *(["more"] * 50)),
    )  # fmt: skip
    return Toolbox(
        sources=Sources(indexes=()), emit=emit, ask=lambda question: True, run_id="run-1", reasons=(reason,)
    )


def test_all_of_an_install_is_on_the_ledger(environment, index, ledger):
    """Of what was asked for the evidence, of what it needs that something needs it."""
    inner, top = wheel("inner-dep", "2.0"), wheel("PyYAML", "1.0", YAML, requires=["inner-dep"])
    index.add("inner-dep", inner)
    index.add("PyYAML", top)
    answer = environment.heal("import yaml")
    assert answer.error is None
    [row] = ledger.rows("install")
    added = {item["name"]: item for item in row.body["added"]}
    assert added["PyYAML"]["version"] == "1.0"
    assert added["PyYAML"]["sha256"] == top.sha256
    assert added["PyYAML"]["index"] == index.url
    assert added["PyYAML"]["module"] == "yaml"
    assert added["PyYAML"]["evidence"][0] == "in the hand-kept table"
    assert added["inner-dep"]["sha256"] == inner.sha256
    assert added["inner-dep"]["evidence"] == ["something else needs it"]
    assert row.body["environment"]["prefix"] == str(environment.folder.resolve())
    assert row.body["environment"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert row.body["replaced"] == []
    recorded = [event for event in answer.events if event["kind"] == "Recorded"]
    assert [event["row"] for event in recorded] == ["install-begun", "install"]
    assert recorded[-1]["head"] == f"{row.id}:{row.hash}"


def test_the_runs_last_event_has_the_head(environment, index, ledger):
    """So that a cut tail and a restored old copy show."""
    index.add("PyYAML", wheel("PyYAML", "1.0", YAML))
    answer = environment.drive("install", names=["PyYAML"], yes=True)
    head = ledger.head()
    code = (
        "from autoexec_magic import api; from autoexec_magic.heads import seen_by\n"
        "print(*[item.head for item in seen_by(api.store())]); print(api.ledger_verify().fits)\n"
    )
    assert environment.run(code) == f"{head}\nTrue\n"
    assert answer.events[-1]["ledger_head"] == str(head)
    ledger.path.unlink()
    assert environment.run(code).endswith("False\n")


def test_what_cannot_be_recorded_is_not_installed(environment, index, ledger):
    """It says so before anything is changed, with the reason."""
    index.add("PyYAML", wheel("PyYAML", "1.0", YAML))
    ledger.path.parent.mkdir()
    ledger.path.write_bytes(b"something else" * 100)
    before = environment.files
    answer = environment.heal("import yaml")
    assert answer.error["class"] == "LedgerError"
    assert "nothing was installed: it cannot be put on the ledger" in answer.error["text"]
    assert str(ledger.path) in answer.error["text"]
    assert environment.files == before


def begin_and_raise(tools, error):
    """Begin an install that ends with `error`."""
    with recording([ITEM], [], tools) as begin:
        begin()
        raise error


def test_an_install_that_fails_is_on_the_ledger_with_its_reason(tools, tmp_path, emit):
    """The row that it began with is closed by one that says why."""
    with pytest.raises(InstallError):
        begin_and_raise(tools, InstallError("cannot", why="no room"))
    failed, begun, _ = ledger_in(tmp_path / "data").rows()
    assert (begun.kind, failed.kind) == ("install-begun", "install-failed")
    assert failed.body["begun"] == begun.id
    assert failed.body["why"] == "cannot: no room"
    assert begun.body["added"][0]["sha256"] == ITEM.sha256
    assert begun.body["owner"]["pid"] == os.getpid()
    assert begun.run_id == failed.run_id == "run-1"
    assert [event.row for event in emit] == ["install-begun", "install-failed"]


def test_an_interrupt_is_a_failure_too(tools, tmp_path):
    """And it goes on up as what it is."""
    with pytest.raises(KeyboardInterrupt):
        begin_and_raise(tools, KeyboardInterrupt())
    assert ledger_in(tmp_path / "data").rows()[0].body["why"] == "KeyboardInterrupt()"


def test_a_ledger_that_fails_afterwards_costs_its_second_row_only(tools, tmp_path, caplog):
    """What is installed is installed; the first row says what, and the log that the second is missing."""
    book = ledger_in(tmp_path / "data")
    with recording([ITEM], [], tools) as begin:
        begin()
        with contextlib.closing(sqlite3.connect(book.path)) as newer:
            newer.execute("PRAGMA user_version = 99")
    assert "and not how it ended" in caplog.text
    with pytest.raises(LedgerError, match="nothing was installed"):
        begin_and_raise(tools, AssertionError("it must not begin"))


def test_what_could_not_be_started_is_on_the_ledger_as_that(tools, tmp_path, emit):
    """Its first row was being written meanwhile: it is closed by one with the reason."""
    with pytest.raises(InstallError), recording([ITEM], [], tools):
        raise InstallError("cannot", why="there is no uv")
    failed, begun, _ = ledger_in(tmp_path / "data").rows()
    assert (failed.body["begun"], failed.body["why"]) == (begun.id, "cannot: there is no uv")
    assert [event.row for event in emit] == ["install-begun", "install-failed"]


def test_sinks_hear_of_rows_in_the_callers_thread(tools, emit):
    """No sink needs a lock because a row is written while something else goes on."""
    threads = []
    watched = dataclasses.replace(tools, emit=lambda event: threads.append(threading.get_ident()))
    with recording([ITEM], [], watched) as begin:
        begin()
        assert threads == [threading.get_ident()]
    assert threads == 2 * [threading.get_ident()]


def test_evidence_has_a_limit(tools, tmp_path):
    """Whatever a wheel or an index wrote, a row stays short."""
    with recording([ITEM], [], tools) as begin:
        begin()
    [row] = ledger_in(tmp_path / "data").rows("install")
    [item] = row.body["added"]
    assert len(item["evidence"]) == 20
    assert max(map(len, item["evidence"])) == 500


def test_what_was_replaced_is_there_with_its_hash(environment, index, ledger):
    """Where the ledger knows it; else only its version, and a digest of its files."""
    old, new = wheel("PyYAML", "1.0", YAML), wheel("PyYAML", "2.0", YAML)
    index.add("PyYAML", old, new)
    environment.unpack(wheel("PyYAML", "0.5", YAML))
    for version in ("1.0", "2.0"):
        assert environment.drive("install", names=[f"PyYAML=={version}"], yes=True).error is None
    second, first = (row.body["replaced"][0] for row in ledger.rows("install"))
    assert (second["version"], second["sha256"]) == ("1.0", old.sha256)
    assert (first["version"], first["sha256"]) == ("0.5", "")
    assert len(first["files"]) == 64

"""The ledger's file is there whole or not at all, and what a killed maker left is tidied up."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time

import pytest

from autoexec_magic import ledgerfile
from autoexec_magic.chain import START, Row
from autoexec_magic.errors import LedgerError
from autoexec_magic.executor.places import private_folders
from autoexec_magic.ledger import Ledger


def row(**fields):
    """Return a first row."""
    given = {"id": 1, "at": 1, "kind": "genesis", "run_id": "", "body": {}, "before": START, "hash": "0" * 64}
    return Row(**{**given, **fields})


def test_who_is_first_makes_it(tmp_path):
    """A second maker leaves the file as it is, and nothing of its own."""
    path = tmp_path / "data" / "ledger.db"
    ledgerfile.make(path, row(), 1.0)
    before = path.read_bytes()
    ledgerfile.make(path, row(body={"late": True}), 1.0)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["ledger.db"]


def test_what_a_killed_maker_left_goes_after_an_hour(tmp_path):
    """A younger one may be another maker's, at work."""
    old, young = tmp_path / ".ledger.db.1-aa.new", tmp_path / ".ledger.db.2-bb.new"
    for path in (old, young):
        path.write_bytes(b"")
    os.utime(old, (time.time() - 7200,) * 2)
    ledgerfile.make(tmp_path / "ledger.db", row(), 1.0)
    assert not old.exists()
    assert young.exists()


def test_who_reads_cannot_write(tmp_path):
    """Reading opens the file in a way that SQLite itself keeps from changing it."""
    path = tmp_path / "ledger.db"
    ledgerfile.make(path, row(), 1.0)
    with (
        ledgerfile.opened(path, 1.0, may_write=False) as connection,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        connection.execute("CREATE TABLE x (y)")
    with ledgerfile.opened(path, 1.0, may_write=True) as connection:
        connection.execute("CREATE TABLE x (y)")


def test_to_open_makes_no_file(tmp_path):
    """An empty file in the place of a ledger would look like one that lost its rows."""
    for may_write in (True, False):
        there = ledgerfile.opened(tmp_path / "ledger.db", 1.0, may_write=may_write)
        with pytest.raises((sqlite3.OperationalError, OSError)), there:
            pass
    assert os.listdir(tmp_path) == []


def test_it_flushes_and_keeps_a_wal(tmp_path):
    """As the design says: WAL, and `synchronous=FULL` (2) on every connection that writes."""
    path = tmp_path / "ledger.db"
    ledgerfile.make(path, row(), 1.0)
    with ledgerfile.opened(path, 1.0, may_write=True) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert ledgerfile.pragma(connection, "synchronous") == 2


def test_all_it_keeps_is_nobodys_to_read(tmp_path, monkeypatch):
    """The file, what SQLite has beside it, and the backups of a migration."""
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))
    path = tmp_path / "data" / ledgerfile.NAME
    Ledger(path=path).append("install", {})
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("SELECT * FROM rows").fetchall()
        Ledger(path=path, newest=2, migrations={1: ()}).append("install", {})
        found = set(path.parent.iterdir())
    assert {item.name for item in found} == {"ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger-backups"}
    assert found <= set(private_folders())


@pytest.mark.parametrize(
    ("error", "what", "fix"),
    [
        (sqlite3.OperationalError("database is locked"), "is in use", "try again"),
        (sqlite3.DatabaseError("database disk image is malformed"), "is damaged", "move"),
        (sqlite3.OperationalError("database or disk is full"), "cannot be written", "make room"),
        (PermissionError(13, "Permission denied"), "cannot be written", "set AUTOEXEC_DATA_DIR"),
    ],
)
def test_what_goes_wrong_is_said_with_what_to_do(tmp_path, error, what, fix):
    """The file is named, the system's own words are the reason."""
    path = tmp_path / "ledger.db"
    with pytest.raises(LedgerError) as caught, ledgerfile.explained(path, "written", 1.0):
        raise error
    assert str(path) in caught.value.what
    assert what in caught.value.what
    assert fix in caught.value.fix

"""The ledger: what was written stays, what was changed is found, whoever writes and whatever dies."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest
from skips import requires

from autoexec_magic.chain import Head, Row, Seen, digest, row_of, spelled
from autoexec_magic.errors import LedgerError, UsageError
from autoexec_magic.ledger import BODY_BYTES, Ledger, ledger_in
from autoexec_magic.ledgerfile import FIELDS, TRIGGERS

KILLING_SECONDS = 6.0
CHILD_SECONDS = 60.0
WRITER = """
import sys
from pathlib import Path
from autoexec_magic.ledger import Ledger
ledger = Ledger(path=Path(sys.argv[1]))
for number in range(int(sys.argv[2])):
    print(ledger.append("install", {"number": number, "filler": "x" * 3000}, "r"), flush=True)
"""


@pytest.fixture
def ledger(tmp_path):
    """Return a ledger that nothing was written to yet."""
    return ledger_in(tmp_path / "data")


@pytest.fixture
def filled(ledger):
    """Return a ledger with five rows after its first."""
    for number in range(5):
        ledger.append("install" if number % 2 else "heal", {"number": number, "text": "abc"}, f"run-{number}")
    return ledger


def change(ledger, *statements):
    """Change the file as anybody can who may write it: the triggers away, and put back."""
    with contextlib.closing(sqlite3.connect(ledger.path, isolation_level=None)) as connection:
        for name in TRIGGERS:
            connection.execute(f"DROP TRIGGER IF EXISTS {name}")
        for statement in statements:
            connection.execute(statement)
        for made in TRIGGERS.values():
            connection.execute(made)


def hash_again(ledger, since):
    """Hash every row from `since` on as a careful liar would."""
    with contextlib.closing(sqlite3.connect(ledger.path, isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER rows_stay")
        rows = [row_of(stored) for stored in connection.execute(f"SELECT {FIELDS} FROM rows ORDER BY id")]
        last = rows[since - 2].hash
        for row in rows[since - 1 :]:
            moved = replace(row, before=last)
            last = digest(moved)
            connection.execute(
                "UPDATE rows SET before = ?, hash = ? WHERE id = ?", (moved.before, last, row.id)
            )
        connection.execute(TRIGGERS["rows_stay"])


def saw(head, by="run 12345678"):
    """Return a head as a run has it on record."""
    return Seen(head=head, by=by)


def whats(verified):
    """Return what does not fit, as text."""
    return [misfit.what for misfit in verified.misfits]


# What is written


def test_a_row_is_there_as_it_was_written(ledger):
    """With its number, its time, its run, and the hash of the one before."""
    before = int(time.time() * 1000)
    first = ledger.append("release", {"b": [1, None, True, 2.5], "a": {"é": "ü"}, "t": ("x",)}, "run-1")
    second = ledger.append("heal", {})
    newest, older, genesis = ledger.rows()
    assert (older.id, older.kind, older.run_id, older.hash) == (2, "release", "run-1", first.hash)
    assert older.body == {"b": [1, None, True, 2.5], "a": {"é": "ü"}, "t": ["x"]}
    assert before <= older.at <= newest.at <= int(time.time() * 1000)
    assert (newest.before, older.before) == (older.hash, genesis.hash)
    assert ledger.head() == second == Head(id=3, hash=newest.hash)
    assert ledger.verify().fits
    assert ledger.verify().rows == 3


def test_rows_are_asked_for_by_kind_and_number(filled):
    """Newest first."""
    assert [row.body["number"] for row in filled.rows("install")] == [3, 1]
    assert [row.body["number"] for row in filled.rows("heal", 1)] == [4]
    assert [row.id for row in filled.rows(limit=2)] == [6, 5]
    assert filled.rows("nothing") == []
    assert [row.id for row in filled.rows(since=5)] == [6, 5]
    assert [row.body["number"] for row in filled.rows("install", since=4)] == [3]
    assert filled.rows(since=7) == []


def test_reading_writes_nothing(ledger):
    """What was never written to is not there afterwards either."""
    assert ledger.rows() == []
    assert ledger.head() is None
    assert ledger.verify().fits
    assert not ledger.path.parent.exists()


def test_it_is_its_owners_alone(filled):
    """0600 in a folder 0700, also while SQLite has files beside it, and where somebody opened it."""
    assert stat.S_IMODE(filled.path.parent.stat().st_mode) == 0o700
    filled.path.chmod(0o644)
    with contextlib.closing(sqlite3.connect(filled.path)) as other:
        other.execute("SELECT * FROM rows").fetchall()
        filled.append("install", {})
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in filled.path.parent.iterdir()}
    assert modes["ledger.db"] == 0o600
    filled.append("install", {})
    with contextlib.closing(sqlite3.connect(filled.path)) as other:
        other.execute("SELECT * FROM rows").fetchall()
        filled.append("install", {})
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in filled.path.parent.iterdir()}
    assert modes == dict.fromkeys(("ledger.db", "ledger.db-wal", "ledger.db-shm"), 384)


def test_at_rest_one_file_is_all_of_it(filled, tmp_path):
    """Copied alone, it fits: nothing is left in a WAL beside it."""
    assert [path.name for path in filled.path.parent.iterdir()] == ["ledger.db"]
    shutil.copyfile(filled.path, tmp_path / "copy.db")
    assert Ledger(path=tmp_path / "copy.db").verify([saw(filled.head())]).rows == 6


def test_a_secret_is_not_written(ledger, monkeypatch):
    """Neither a variable's value nor a password in an address, however deep."""
    monkeypatch.setenv("MY_TOKEN", "hunter2hunter2")
    ledger.append("install", {"a": [{"b": ("x hunter2hunter2",)}], "index": "https://me:pass@host/simple"})
    [row] = ledger.rows(limit=1)
    assert row.body == {"a": [{"b": ["x ***"]}], "index": "https://me:***@host/simple"}
    assert b"hunter2" not in ledger.path.read_bytes()
    assert ledger.verify().fits


@pytest.mark.parametrize("kind", ["", "Install", "two words", "x" * 41, "kind\n"])
def test_a_kind_is_a_word(ledger, kind):
    """So that it can be asked for."""
    with pytest.raises(UsageError):
        ledger.append(kind, {})
    assert not ledger.path.exists()


def test_a_row_has_a_limit(filled):
    """What is too long is refused, and the ledger is as before."""
    with pytest.raises(UsageError, match="too long"):
        filled.append("install", {"text": "x" * BODY_BYTES})
    assert filled.append("install", {"text": "x" * (BODY_BYTES - 100)}).id == 7
    assert filled.verify().fits


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE rows SET kind = 'x' WHERE id = 3",
        "DELETE FROM rows WHERE id = 3",
        "DELETE FROM rows",
        f"INSERT INTO rows ({FIELDS}) VALUES (9, 1, 1, 'x', '', '{{}}', '', '')",
        f"INSERT INTO rows ({FIELDS}) VALUES (7, 1, 1, 'x', '', '{{}}', 'no hash', '')",
        f"INSERT OR REPLACE INTO rows ({FIELDS}) VALUES (3, 1, 1, 'x', '', '{{}}', '', '')",
    ],
)
def test_an_accident_changes_nothing(filled, statement):
    """SQLite itself refuses what is no row at the end."""
    with (
        contextlib.closing(sqlite3.connect(filled.path)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        connection.execute(statement)
    assert filled.verify().rows == 6


# What was changed


CHANGED = {
    "body": ("UPDATE rows SET body = replace(body, 'abc', 'xyz') WHERE id = 4", 4, "row 4 was changed"),
    "spaces": ("UPDATE rows SET body = body || ' ' WHERE id = 4", 4, "row 4 was changed"),
    "time": ("UPDATE rows SET at = at + 1 WHERE id = 2", 2, "row 2 was changed"),
    "kind": ("UPDATE rows SET kind = 'release' WHERE id = 5", 5, "row 5 was changed"),
    "type": ("UPDATE rows SET kind = CAST(kind AS BLOB) WHERE id = 5", 5, "row 5 was changed"),
    "hash": ("UPDATE rows SET hash = before WHERE id = 6", 6, "row 6 was changed"),
    "format": ("UPDATE rows SET format = 2 WHERE id = 6", 6, "row 6 was changed"),
    "genesis": ("UPDATE rows SET body = '{}' WHERE id = 1", 1, "row 1 was changed"),
    "middle": ("DELETE FROM rows WHERE id IN (3, 4)", 3, "row 3 is missing"),
    "first": ("DELETE FROM rows WHERE id = 1", 1, "row 1 is missing"),
    "tail": ("DELETE FROM rows WHERE id > 4", 5, "the tail was cut: rows 5 to 6 are gone"),
    "all": ("DELETE FROM rows", 1, "the tail was cut: rows 1 to 6 are gone"),
}


@pytest.mark.parametrize("name", CHANGED)
def test_what_was_changed_is_named(filled, name):
    """By its number; the triggers are back in place, so nothing else shows."""
    statement, row, what = CHANGED[name]
    change(filled, statement)
    found = filled.verify()
    assert [(misfit.row, misfit.what) for misfit in found.misfits] == [(row, what)]
    assert found.rows == row - 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE rows SET body = body, at = at, hash = hash",
        "DELETE FROM rows WHERE id > 100",
        "VACUUM",
        "REINDEX",
        "PRAGMA wal_checkpoint(TRUNCATE)",
        "SELECT * FROM rows",
    ],
)
def test_what_changes_no_row_is_no_fault(filled, statement):
    """The twins: the same hands on the same file, with every row as it was."""
    head = filled.head()
    change(filled, statement)
    found = filled.verify([saw(head)])
    assert (found.misfits, found.rows, found.head) == ((), 6, head)
    assert filled.append("install", {}).id == 7


def test_rows_that_were_swapped_are_found(filled):
    """Their numbers are part of what is hashed."""
    change(
        filled,
        "UPDATE rows SET id = 99 WHERE id = 3",
        "UPDATE rows SET id = 3 WHERE id = 4",
        "UPDATE rows SET id = 4 WHERE id = 99",
        "UPDATE sqlite_sequence SET seq = 6",
    )
    assert whats(filled.verify()) == ["row 3 was changed"]


def test_a_row_that_was_put_in_is_found(filled):
    """One that says it follows, with a hash that somebody made up."""
    before = filled.head().hash
    change(
        filled,
        f"INSERT INTO rows ({FIELDS}) VALUES (7, 1, 1, 'install', '', '{{}}', '{before}', '{'0' * 64}')",
    )
    assert whats(filled.verify()) == ["row 7 was changed"]


def test_who_hashes_all_of_it_again_is_told_by_what_the_runs_saw(filled):
    """The chain fits by itself; the head in the record of a run does not."""
    heads = [saw(Head(id=row.id, hash=row.hash), f"run {row.id}") for row in filled.rows()]
    change(filled, "UPDATE rows SET body = replace(body, 'abc', 'xyz') WHERE id = 4")
    hash_again(filled, 4)
    assert filled.verify().fits
    found = filled.verify([heads[0], heads[-1]])
    assert whats(found) == ["row 6, or one before it, is not the one that run 6 saw"]
    assert whats(filled.verify(heads)) == ["row 4, or one before it, is not the one that run 4 saw"]
    assert filled.verify([item for item in heads if item.head.id < 4]).fits


def test_a_tail_cut_with_care_is_told_by_what_the_runs_saw(filled):
    """Also where the file was made to forget how many rows it had."""
    head = filled.head()
    change(filled, "DELETE FROM rows WHERE id > 4", "UPDATE sqlite_sequence SET seq = 4")
    assert filled.verify().fits
    [misfit] = filled.verify([saw(head)]).misfits
    assert (misfit.row, misfit.what) == (5, "an older copy was put back: rows 5 to 6 are gone")
    assert misfit.why == "run 12345678 saw row 6, and this file never had one"


def test_an_older_copy_is_told_by_what_the_runs_saw(filled, tmp_path):
    """Put back as it was, and then written on; the twin is a copy of today."""
    copy = tmp_path / "copy.db"
    shutil.copyfile(filled.path, copy)
    late = saw(filled.append("install", {"late": True}), "run late")
    shutil.copyfile(copy, filled.path)
    assert whats(filled.verify([late])) == ["an older copy was put back: rows 7 to 7 are gone"]
    other = filled.append("install", {"other": True})
    assert whats(filled.verify([late])) == ["row 7, or one before it, is not the one that run late saw"]
    shutil.copyfile(filled.path, copy)
    shutil.copyfile(copy, filled.path)
    assert filled.verify([saw(other)]).fits


def test_a_ledger_that_is_gone_or_made_anew_is_told(filled):
    """A new one begins with a row of its own."""
    head = saw(filled.head())
    filled.path.unlink()
    assert whats(filled.verify([head])) == ["the ledger is gone"]
    assert filled.verify().fits
    for number in range(5):
        filled.append("install" if number % 2 else "heal", {"number": number, "text": "abc"}, f"run-{number}")
    assert filled.verify().fits
    assert whats(filled.verify([head])) == ["row 6, or one before it, is not the one that run 12345678 saw"]


def test_triggers_that_were_taken_away_are_missed(filled):
    """Nothing of ours does that; put back as they were, all is well."""
    with contextlib.closing(sqlite3.connect(filled.path)) as connection:
        connection.execute("DROP TRIGGER rows_remain")
    assert whats(filled.verify()) == ["what keeps rows from being changed was taken away"]
    with contextlib.closing(sqlite3.connect(filled.path)) as connection:
        connection.execute(TRIGGERS["rows_remain"])
    assert filled.verify().fits


def grown(ledger):
    """Fill a ledger to several pages."""
    for number in range(40):
        ledger.append("install", {"number": number, "filler": "x" * 1000})
    return ledger.path.read_bytes()


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_a_cut_file_is_found(ledger, part):
    """Wherever it was cut, an empty file too; whole, it fits."""
    whole = grown(ledger)
    ledger.path.write_bytes(whole[: int(len(whole) * part)])
    assert ledger.verify().fits == (part == 1.0)


@pytest.mark.parametrize("seed", range(6))
def test_bytes_that_were_overwritten_are_found(ledger, seed):
    """Anywhere in the pages of rows; the same bytes written again are no fault."""
    whole = bytearray(grown(ledger))
    place = whole.index(b"xxxxxxxx", random.Random(seed).randrange(8192, len(whole) - 4096))
    ledger.path.write_bytes(whole)
    assert ledger.verify().fits
    whole[place : place + 4] = b"yyyy"
    ledger.path.write_bytes(whole)
    found = ledger.verify()
    assert "was changed" in " ".join(whats(found))


@pytest.mark.parametrize("content", [b"", b"not a database" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_what_is_no_ledger_is_not_written_to(ledger, content):
    """It is said, it stays as it is, and it says what to do."""
    ledger.path.parent.mkdir()
    ledger.path.write_bytes(content)
    assert not ledger.verify().fits
    with pytest.raises(LedgerError) as caught:
        ledger.append("install", {})
    assert "ledger.db" in caught.value.what
    assert "move" in caught.value.fix
    assert ledger.path.read_bytes() == content


def test_another_database_is_not_written_to(ledger):
    """Somebody's file of the same name keeps what it has."""
    ledger.path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(ledger.path)) as connection:
        connection.execute("CREATE TABLE rows (x)")
    assert whats(ledger.verify()) == [f"{ledger.path} is no ledger"]
    with pytest.raises(LedgerError, match="is no ledger"):
        ledger.append("install", {})


def test_a_quick_look_sees_the_newest_rows(filled):
    """And only those: it is for every start, the long one for who wants to know."""
    assert filled.verify(newest_rows=3).rows == 3
    change(filled, "UPDATE rows SET at = 1 WHERE id = 2")
    assert filled.verify(newest_rows=3).fits
    change(filled, "UPDATE rows SET at = 1 WHERE id = 5")
    assert whats(filled.verify(newest_rows=3)) == ["row 5 was changed"]


# Versions


def test_a_newer_ledger_is_read_and_not_written(filled):
    """What this version knows of it is shown; of the rest only the place in the chain is checked."""
    newest = filled.rows(limit=1)[0]
    row = Row(id=7, at=1, kind="later", run_id="", body={}, before=newest.hash, hash="f" * 64, format=2)
    values = (row.id, row.format, row.at, row.kind, row.run_id, spelled(row.body), row.before, row.hash)
    with contextlib.closing(sqlite3.connect(filled.path, isolation_level=None)) as connection:
        connection.execute(f"INSERT INTO rows ({FIELDS}) VALUES (?,?,?,?,?,?,?,?)", values)
        connection.execute("PRAGMA user_version = 2")
    found = filled.verify()
    assert (found.misfits, found.rows, found.unread) == ((), 7, 1)
    assert [item.id for item in filled.rows("heal")] == [6, 4, 2]
    before = filled.path.read_bytes()
    with pytest.raises(LedgerError, match="read-only here") as caught:
        filled.append("install", {})
    assert caught.value.fix == "pip install --upgrade autoexec-magic"
    assert filled.path.read_bytes() == before


def test_an_older_ledger_is_migrated_after_a_backup(filled):
    """The rows stay what they were, and the backup is the ledger of before."""
    heads = [saw(filled.head())]
    newer = Ledger(path=filled.path, newest=2, migrations={1: ("ALTER TABLE rows ADD COLUMN note TEXT",)})
    assert newer.append("install", {"after": True}).id == 7
    assert newer.append("install", {}).id == 8
    assert newer.verify(heads).rows == 8
    [backup] = filled.path.with_name("ledger-backups").iterdir()
    assert backup.name.startswith("ledger-format1-")
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert stat.S_IMODE(backup.parent.stat().st_mode) == 0o700
    assert Ledger(path=backup).verify(heads).rows == 6
    with pytest.raises(LedgerError, match="read-only here"):
        filled.append("install", {})


def test_a_migration_that_fails_changes_nothing(filled):
    """All of its statements or none."""
    broken = {1: ("ALTER TABLE rows ADD COLUMN note TEXT", "ALTER TABLE nothing ADD COLUMN x")}
    with pytest.raises(LedgerError):
        Ledger(path=filled.path, newest=2, migrations=broken).append("install", {})
    assert filled.append("install", {}).id == 7
    assert filled.verify().fits


def test_several_rows_are_written_with_one_opening(ledger):
    """Another writer may come in between, and soon after the block one file is all of it again."""
    with ledger.writing() as pen:
        first = pen.append("install-begun", {})
        between = ledger.append("heal", {})
        last = pen.append("install", {"begun": first.id})
        assert [first.id, between.id, last.id] == [2, 3, 4]
        with pytest.raises(UsageError):
            pen.append("Install", {})
    until = time.monotonic() + 10
    while os.listdir(ledger.path.parent) != ["ledger.db"] and time.monotonic() < until:
        time.sleep(0.01)
    assert os.listdir(ledger.path.parent) == ["ledger.db"]
    assert ledger.verify([saw(last)]).rows == 4


# Many, and those that die


def writer(ledger, count):
    """Start a process that appends."""
    argv = [sys.executable, "-c", WRITER, str(ledger.path), str(count)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def heads_in(text):
    """Return the heads that a writer said, a torn last line left out."""
    lines = text.split("\n")[:-1]
    return [saw(Head(id=int(number), hash=found)) for number, found in (line.split(":") for line in lines)]


def test_many_processes_append_at_once(ledger):
    """They even make the ledger at once: no row is lost, and each got a number of its own."""
    writers = [writer(ledger, 20) for _ in range(6)]
    said = [process.communicate(timeout=CHILD_SECONDS) for process in writers]
    assert [errors for _, errors in said] == [""] * 6
    heads = [head for written, _ in said for head in heads_in(written)]
    assert sorted(item.head.id for item in heads) == list(range(2, 122))
    assert ledger.verify(heads).rows == 121
    assert [path.name for path in ledger.path.parent.iterdir()] == ["ledger.db"]


def test_a_writer_that_waits_does_not_wait_for_ever(filled):
    """Somebody keeps the ledger: it says so when the time is up, and nothing was written."""
    short = Ledger(path=filled.path, busy_seconds=0.2)
    with contextlib.closing(sqlite3.connect(filled.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        with pytest.raises(LedgerError, match="is in use") as caught:
            short.append("install", {})
        assert time.monotonic() - started < 5
        assert caught.value.fix == "try again"
        assert filled.verify().rows == 6
    assert short.append("install", {}).id == 7


def test_a_writer_that_is_killed_leaves_a_ledger_that_fits(ledger):
    """Killed at any time, while it makes the file, too: what it said it wrote is there, the rest fits."""
    until, chance, heads, kills = time.monotonic() + KILLING_SECONDS, random.Random(5), [], 0
    while time.monotonic() < until:
        if chance.random() < 0.3:
            shutil.rmtree(ledger.path.parent, ignore_errors=True)
            heads.clear()
        process = writer(ledger, 10_000)
        time.sleep(chance.uniform(0.05, 0.35))
        process.send_signal(signal.SIGKILL)
        heads += heads_in(process.communicate(timeout=CHILD_SECONDS)[0])
        kills += 1
        found = ledger.verify(heads)
        assert found.misfits == ()
    assert kills > 5
    ledger.append("install", {})
    assert [path.name for path in ledger.path.parent.glob("ledger.db*")] == ["ledger.db"]
    assert ledger.verify(heads).fits


def traced(ledger, fault, count=1):
    """Run a writer with a fault of the system; return whether one was there, and how it ended."""
    requires(shutil.which("strace"), "strace is not installed", "apt-get install strace")
    note = ledger.path.parent.parent / "trace"
    calls = fault.partition(":")[0]
    argv = ["strace", "-f", "-qq", "-o", str(note), "-e", f"trace={calls}", "-e", f"inject={fault}"]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*argv, sys.executable, "-c", WRITER, str(ledger.path), str(count)],
        capture_output=True, text=True, timeout=CHILD_SECONDS, env=environment, check=False,
    )  # fmt: skip
    trace = note.read_text(errors="replace")
    return "INJECTED" in trace or "killed by SIGKILL" in trace, done


STEPS = "pwrite64,fsync,fdatasync,link,linkat,ftruncate"


@pytest.mark.limit(300)
@pytest.mark.parametrize("is_there", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_killed_at_each_step_it_fits(ledger, is_there):
    """Every write, every flush, the link: the writer dies there, the next one goes on."""
    if is_there:
        ledger.append("install", {"first": True})
    for number in range(1, 200):
        heads = [saw(head)] if (head := ledger.head()) else []
        was_hit, done = traced(ledger, f"{STEPS}:signal=SIGKILL:when={number}")
        heads += heads_in(done.stdout)
        assert ledger.verify(heads).misfits == ()
        if not was_hit:
            assert done.returncode == 0, done.stderr
            break
        if not is_there and ledger.path.exists() and number < 15:
            shutil.rmtree(ledger.path.parent)
    assert number > 3
    ledger.append("install", {})
    assert ledger.verify(heads).fits


@pytest.mark.limit(300)
@pytest.mark.parametrize(("calls", "error"), [("pwrite64", "ENOSPC"), ("fdatasync,fsync", "EIO")])
def test_a_full_or_broken_disk_is_said(filled, calls, error):
    """Whichever write or flush fails: an error that names the ledger, or the row is there; and it fits."""
    said = []
    for number in range(1, 50):
        was_hit, done = traced(filled, f"{calls}:error={error}:when={number}")
        assert filled.verify(heads_in(done.stdout)).misfits == ()
        if not was_hit:
            break
        assert done.returncode == 0 or "LedgerError" in done.stderr
        said += [done.stderr] if done.returncode else []
    assert said
    assert all("ledger.db cannot be written" in text for text in said)
    if error == "ENOSPC":
        assert any("full" in text and "make room" in text for text in said)


def test_each_row_is_flushed_to_the_disk(filled):
    """While another process has the file open, too, when nothing is written back at the end of a call."""
    with contextlib.closing(sqlite3.connect(filled.path)) as other:
        other.execute("SELECT * FROM rows").fetchall()
        _, done = traced(filled, "fdatasync,fsync:error=EIO:when=9999", count=5)
        assert done.returncode == 0
        calls = (filled.path.parent.parent / "trace").read_text().count("sync(")
    assert calls >= 5


@contextlib.contextmanager
def read_only(folder):
    """Be somebody else for a while, who may read the folder and not write there."""
    for each in (folder, *folder.iterdir()):
        os.chown(each, 65534, 65534)
    folder.chmod(0o500)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def theirs():
    """Return a ledger below a folder that everybody may look through, for tests that stop being root."""
    requires(os.geteuid() == 0, "only root can become somebody else", "run the tests as root")
    places = (tempfile.gettempdir(), "/dev/shm", "/var/tmp")
    open_one = next(
        (place for place in places if os.path.isdir(place) and os.stat(place).st_mode & 0o001), None
    )
    requires(open_one, "no folder for temporary files is open to everybody", "chmod 1777 /tmp")
    with tempfile.TemporaryDirectory(prefix="autoexec-ledger-", dir=open_one) as folder:
        Path(folder).chmod(0o755)
        yield ledger_in(Path(folder) / "data")


def test_a_read_only_folder_is_read(theirs):
    """It can be shown and verified; to write is an error that says where else."""
    for number in range(5):
        theirs.append("install", {"number": number})
    with read_only(theirs.path.parent):
        assert theirs.verify().rows == 6
        assert len(theirs.rows()) == 6
        with pytest.raises(LedgerError, match="cannot be written") as caught:
            theirs.append("install", {})
        assert "AUTOEXEC_DATA_DIR" in caught.value.fix
    assert [path.name for path in theirs.path.parent.iterdir()] == ["ledger.db"]


def test_a_ledger_that_cannot_be_made_is_said(theirs):
    """And nothing is left half made."""
    theirs.path.parent.mkdir()
    with read_only(theirs.path.parent), pytest.raises(LedgerError, match="cannot be written"):
        theirs.append("install", {})
    assert list(theirs.path.parent.iterdir()) == []


def test_a_folder_that_cannot_be_looked_into_is_said(theirs):
    """It is not taken for an empty ledger."""
    theirs.append("install", {})
    theirs.path.parent.chmod(0o700)
    os.seteuid(65534)
    try:
        with pytest.raises(LedgerError, match="cannot be read"):
            theirs.rows()
        assert not theirs.verify().fits
    finally:
        os.seteuid(0)


def test_somebody_elses_ledger_is_not_written_to(filled):
    """Even where the file's mode would let us."""
    requires(os.geteuid() == 0, "only root can give a file away", "run the tests as root")
    os.chown(filled.path, 65534, 65534)
    with pytest.raises(LedgerError, match="is somebody else's"):
        filled.append("install", {})

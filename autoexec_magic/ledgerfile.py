"""The ledger's file: made whole or not at all, opened for one call, migrated after a backup.

A new file is built under another name and linked to its place, so nobody ever
sees half of one. It is in WAL mode with `synchronous=FULL`; the last connection
to close writes the WAL back into the file. What SQLite and the system raise
becomes a `LedgerError` here, and nowhere else.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sqlite3
import stat
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .chain import START, Row, spelled
from .errors import LedgerError

NAME = "ledger.db"
BACKUPS = "ledger-backups"  #: beside the ledger: what a migration keeps
FIELDS = "id, format, at, kind, run_id, body, before, hash"
APPLICATION = 0x4C454447  #: "LEDG", SQLite's application_id
TRIGGERS = {
    "rows_stay": "CREATE TRIGGER rows_stay BEFORE UPDATE ON rows "
    "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
    "rows_remain": "CREATE TRIGGER rows_remain BEFORE DELETE ON rows "
    "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
    "rows_follow": "CREATE TRIGGER rows_follow BEFORE INSERT ON rows "
    "WHEN NEW.id IS NOT (SELECT coalesce(max(id), 0) + 1 FROM rows) OR NEW.before IS NOT "
    f"coalesce((SELECT hash FROM rows ORDER BY id DESC LIMIT 1), '{START}') "
    "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
}
SCHEMA = (
    # AUTOINCREMENT: the file then remembers the highest number it ever had.
    "CREATE TABLE rows (id INTEGER PRIMARY KEY AUTOINCREMENT, format INTEGER NOT NULL, at INTEGER NOT NULL, "
    "kind TEXT NOT NULL, run_id TEXT NOT NULL, body TEXT NOT NULL, before TEXT NOT NULL, hash TEXT NOT NULL)",
    "CREATE INDEX rows_by_kind ON rows (kind)",
    *TRIGGERS.values(),
)
_STALE_SECONDS = 3600.0
_LITTLE_BYTES = 2**16


def make(path: Path, first: Row, busy_seconds: float) -> None:
    """Make the file with `first` as its only row, where it is not there.

    Raises
    ------
    OSError, sqlite3.Error
        It cannot be made; nothing is left.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _remove_stale(path)
    new = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.new")
    try:
        _touch(new)
        with contextlib.closing(_connect(new.as_uri(), busy_seconds)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute("BEGIN IMMEDIATE")
            for statement in SCHEMA:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {first.format}")
            insert(connection, first)
            connection.execute("COMMIT")
        _sync(new)
        with contextlib.suppress(FileExistsError):  # another process was first, and its file is as good
            os.link(new, path)
        _sync(path.parent)
    finally:
        for end in ("", "-wal", "-shm"):
            new.with_name(new.name + end).unlink(missing_ok=True)


@contextlib.contextmanager
def opened(
    path: Path, busy_seconds: float, *, may_write: bool, closes_later: bool = False
) -> Iterator[sqlite3.Connection]:
    """Yield a connection to a file that is there, and close it.

    To close means to write the WAL back, which takes three flushes and keeps
    nothing that is not on the disk yet: with `closes_later` nobody waits for it
    but the end of the process.

    Raises
    ------
    LedgerError
        To write: it is another user's.
    OSError, sqlite3.Error
        It cannot be opened.
    """
    if may_write:
        _check_private(path)
        connection = _connect(f"{path.as_uri()}?mode=rw", busy_seconds)
    else:
        connection = _to_read(path, busy_seconds)
    try:
        yield connection
    finally:
        if closes_later:
            threading.Thread(target=_close, args=(connection,), name="autoexec-ledger").start()
        else:
            connection.close()


@contextlib.contextmanager
def explained(path: Path, done: str, busy_seconds: float) -> Iterator[None]:
    """Raise what SQLite and the system say in the block as a `LedgerError`: it cannot be `done`."""
    try:
        yield
    except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
        raise _error(path, done, error, busy_seconds) from error


def migrate(
    connection: sqlite3.Connection, path: Path, newest: int, migrations: Mapping[int, Sequence[str]]
) -> None:
    """Bring an older file to format `newest`, after a backup.

    Raises
    ------
    LedgerError
        It is no ledger, or has a newer format.
    """
    found = check_format(connection, path, newest)
    if found == newest:
        return
    _back_up(connection, path, found)
    connection.execute("BEGIN IMMEDIATE")
    for number in range(pragma(connection, "user_version"), newest):  # another process may have done it
        for statement in migrations[number]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number + 1}")
    connection.execute("COMMIT")


def check_format(connection: sqlite3.Connection, path: Path, newest: int) -> int:
    """Return the format of a ledger that may be written.

    Raises
    ------
    LedgerError
        It is no ledger, or has a format above `newest`.
    """
    found = pragma(connection, "user_version")
    if pragma(connection, "application_id") != APPLICATION:
        raise LedgerError(f"{path} is no ledger", why="something else is in that file", fix=_aside(path))
    if found > newest:
        raise LedgerError(
            f"the ledger {path} is read-only here",
            why=f"it has format {found}, and this version writes {newest}",
            fix="pip install --upgrade autoexec-magic",
        )
    return found


def insert(connection: sqlite3.Connection, row: Row) -> None:
    """Put `row` at the end."""
    values = (row.id, row.format, row.at, row.kind, row.run_id, spelled(row.body), row.before, row.hash)
    connection.execute(f"INSERT INTO rows ({FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)


def pragma(connection: sqlite3.Connection, name: str) -> int:
    """Return a number that the file's head holds."""
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def names(connection: sqlite3.Connection, kind: str) -> dict[str, str]:
    """Return the names of the file's tables or triggers, and how each was made."""
    found = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = ?", (kind,))
    return dict(found.fetchall())


def integrity(connection: sqlite3.Connection) -> str:
    """Return "ok", or the first thing that SQLite finds wrong with the file's structure."""
    found: tuple[Any, ...] | None = connection.execute("PRAGMA integrity_check(1)").fetchone()
    return str(found[0]) if found else "ok"


def ever(connection: sqlite3.Connection) -> int:
    """Return the highest number that the file ever had a row with."""
    found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'rows'").fetchone()
    return found[0] if found and isinstance(found[0], int) else 0


def _connect(address: str, busy_seconds: float, pragma: str = "synchronous = FULL") -> sqlite3.Connection:
    connection = sqlite3.connect(
        address, uri=True, timeout=busy_seconds, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute(f"PRAGMA {pragma}")
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()  # only now it is opened
    except BaseException:
        connection.close()
        raise
    return connection


def _close(connection: sqlite3.Connection) -> None:
    with contextlib.suppress(sqlite3.Error):  # a full disk: the WAL stays beside it until the next writer
        connection.close()


def _to_read(path: Path, busy_seconds: float) -> sqlite3.Connection:
    """Open as a writer, who can tidy up a WAL that a killed one left; else as the file is."""
    try:
        return _connect(f"{path.as_uri()}?mode=rw", busy_seconds, "query_only = ON")
    except sqlite3.OperationalError:
        if _may_write(path.parent) or path.with_name(f"{path.name}-wal").exists():
            raise
        # Where nobody can write, nobody changes it: SQLite then needs no shared memory beside it.
        return _connect(f"{path.as_uri()}?mode=ro&immutable=1", busy_seconds, "query_only = ON")


def _may_write(folder: Path) -> bool:
    return os.access(folder, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _back_up(connection: sqlite3.Connection, path: Path, found: int) -> None:
    folder = path.with_name(BACKUPS)
    folder.mkdir(mode=0o700, exist_ok=True)
    place = folder / f"ledger-format{found}-{int(time.time() * 1000)}.db"
    new = place.with_suffix(f".{os.getpid()}")
    try:
        _touch(new)
        with contextlib.closing(sqlite3.connect(new, isolation_level=None)) as copy:
            connection.backup(copy)
        _sync(new)
        new.replace(place)
        _sync(folder)
    finally:
        for end in ("", "-wal", "-shm"):
            new.with_name(new.name + end).unlink(missing_ok=True)


def _touch(path: Path) -> None:
    # SQLite gives what it makes beside a file the mode of that file.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_stale(path: Path) -> None:
    """Remove what was being made when its maker was killed."""
    for old in path.parent.glob(f".{path.name}.*.new*"):
        with contextlib.suppress(OSError):
            if time.time() - old.stat().st_mtime > _STALE_SECONDS:
                old.unlink()


def _check_private(path: Path) -> None:
    found = path.stat()
    if found.st_uid != os.geteuid():
        raise LedgerError(
            f"{path} is somebody else's",
            why=f"its owner is user {found.st_uid}, and you are {os.geteuid()}",
            fix="set AUTOEXEC_DATA_DIR to a folder of your own",
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        path.chmod(0o600)


def _error(path: Path, done: str, error: Exception, busy_seconds: float) -> LedgerError:
    said = str(error)
    if "locked" in said or "busy" in said:
        why = f"another process has kept it for {busy_seconds:g} s"
        return LedgerError(f"the ledger {path} is in use", why=why, fix="try again")
    if "malformed" in said or "not a database" in said or "no such table" in said or "append-only" in said:
        return LedgerError(f"the ledger {path} is damaged", why=said, fix=_aside(path))
    if "full" in said or "No space" in said or ("disk I/O" in said and _is_full(path.parent)):
        fix = f"make room in {path.parent}, or set AUTOEXEC_DATA_DIR to another folder"
    else:
        fix = "set AUTOEXEC_DATA_DIR to a folder you may write to"
    return LedgerError(f"the ledger {path} cannot be {done}", why=said, fix=fix)


def _is_full(folder: Path) -> bool:
    """Whether there is no room for a page or two: SQLite then knows only that it could not write."""
    try:
        return shutil.disk_usage(folder).free < _LITTLE_BYTES
    except OSError:
        return False


def _aside(path: Path) -> str:
    return f"%autoexec ledger verify says where; move {path} away and keep it, then a new one begins"

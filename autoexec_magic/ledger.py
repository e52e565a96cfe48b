"""The ledger: what was installed, released and healed, append-only and hash-chained, in one SQLite file.

`<data>/ledger.db`, 0600: a row that was said to be written is on the disk. Each
row has the hash of the one before (`chain`), and triggers keep rows from being
changed, deleted or put in between. Honestly: that keeps accidents away. Who may
write the file can drop the triggers and hash everything again; so every run
keeps the newest head it wrote in its own record, and `verify` compares.

Several kernels may append at once; each waits for the others, but not for
ever. SQLite's WAL needs shared memory: kernels on several machines must not
share a data folder over a network. Nothing here knows what a row means.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from . import ledgerfile
from .chain import (
    FORMAT,
    GENESIS,
    START,
    Head,
    Misfit,
    Row,
    Seen,
    checked,
    digest,
    misfit_of_heads,
    row_of,
    spelled,
)
from .errors import UsageError
from .ledgerfile import FIELDS, NAME, TRIGGERS
from .redact import cleaned, secrets_in

BUSY_SECONDS = 10.0
BODY_BYTES = 1_000_000
MIGRATIONS: Mapping[int, Sequence[str]] = {}  #: from each older format, the statements to the next; none yet
_KIND_CHARS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a look at the ledger found: `rows` that fit, the newest of them, and what does not fit.

    Of `unread` rows, which are of a newer format, the place was looked at and
    not what they say.
    """

    rows: int
    head: Head | None = None
    misfits: tuple[Misfit, ...] = ()
    unread: int = 0

    @property
    def fits(self) -> bool:
        """Whether all of it fits."""
        return not self.misfits


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The ledger in one file, which is made with its first row.

    Parameters
    ----------
    path : Path
        The file.
    newest : int, default FORMAT
        The format that is written; an older file is migrated to it first.
    migrations : mapping of int to sequence of str
        The statements that bring a file from each format to the next.
    busy_seconds : float, default BUSY_SECONDS
        How long to wait for other writers.
    """

    path: Path
    newest: int = FORMAT
    migrations: Mapping[int, Sequence[str]] = field(default_factory=lambda: MIGRATIONS)
    busy_seconds: float = BUSY_SECONDS

    def append(self, kind: str, body: Mapping[str, Any], run_id: str = "") -> Head:
        """Write one row, and return when it is on the disk.

        Parameters
        ----------
        kind : str
            1 to 40 of `a`-`z`, digits and `-`.
        body : mapping
            What JSON can spell, up to `BODY_BYTES`; secrets in its texts are
            masked, and its tuples become lists.
        run_id : str, optional
            The run that did it.

        Returns
        -------
        Head
            The row's number and hash: the newest there is.

        Raises
        ------
        LedgerError
            It cannot be written: no room, no right, damaged, in use for longer
            than `busy_seconds`, or from a newer version. Nothing was.
        UsageError
            The kind or the body cannot stand on a ledger.
        """
        _check_kind(kind)
        with self._open(closes_later=False) as pen:
            return pen.append(kind, body, run_id)

    @contextlib.contextmanager
    def writing(self) -> Iterator[Pen]:
        """Keep the ledger open for several rows, each on the disk when it is written.

        Others may write in between. The first row costs three flushes, each
        other one; and three more to write the WAL back, for which a thread
        waits that ends soon after the block.

        Raises
        ------
        LedgerError
            As `append` raises it.
        """
        with self._open(closes_later=True) as pen:
            yield pen

    def rows(self, kind: str = "", limit: int | None = None, *, since: int = 0) -> list[Row]:
        """Return the rows, newest first; those of one `kind`, from number `since` on, at most `limit`.

        Rows that this version cannot read are left out; `verify` tells of them.

        Raises
        ------
        LedgerError
            The file cannot be read.
        """
        where, values = ("AND kind = ? ", [kind]) if kind else ("", [])
        query = f"SELECT {FIELDS} FROM rows WHERE id >= ? {where}ORDER BY id DESC LIMIT ?"
        with ledgerfile.explained(self.path, "read", self.busy_seconds):
            if not self.path.exists():
                return []
            with ledgerfile.opened(self.path, self.busy_seconds, may_write=False) as connection:
                stored = connection.execute(
                    query, [since, *values, -1 if limit is None else limit]
                ).fetchall()
        return [row for row in map(row_of, stored) if row is not None]

    def head(self) -> Head | None:
        """Return the newest row's number and hash, or None where nothing was written yet.

        Raises
        ------
        LedgerError
            The file cannot be read.
        """
        newest = self.rows(limit=1)
        return Head(id=newest[0].id, hash=newest[0].hash) if newest else None

    def verify(self, seen: Iterable[Seen] = (), *, newest_rows: int | None = None) -> Verified:
        """Return whether all rows fit, and which is the first that does not.

        Parameters
        ----------
        seen : iterable of Seen
            Heads that were noted outside, collected before this is called.
        newest_rows : int, optional
            Look at no more than these, and not at the file's structure: for a
            quick look.
        """
        seen = tuple(seen)
        try:
            if not self.path.exists():
                return Verified(rows=0, misfits=_gone(seen))
            with ledgerfile.opened(self.path, self.busy_seconds, may_write=False) as connection:
                connection.execute("BEGIN")  # one snapshot, whoever writes meanwhile
                return _verified(connection, self, seen, newest_rows)
        except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
            return Verified(
                rows=0, misfits=(Misfit(row=0, what=f"{self.path} cannot be read", why=str(error)),)
            )

    @contextlib.contextmanager
    def _open(self, *, closes_later: bool) -> Iterator[Pen]:
        with contextlib.ExitStack() as stack:
            with ledgerfile.explained(self.path, "written", self.busy_seconds):
                if not self.path.exists():
                    # A name of its own: a ledger made anew is told from the one that was there.
                    first = _row(None, GENESIS, {"ledger": secrets.token_hex(16)}, "")
                    ledgerfile.make(self.path, first, self.busy_seconds)
                opened = ledgerfile.opened(
                    self.path, self.busy_seconds, may_write=True, closes_later=closes_later
                )
                connection = stack.enter_context(opened)
                ledgerfile.migrate(connection, self.path, self.newest, self.migrations)
            yield Pen(ledger=self, connection=connection)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pen:
    """An open ledger, to write to (`Ledger.writing`)."""

    ledger: Ledger
    connection: sqlite3.Connection

    def append(self, kind: str, body: Mapping[str, Any], run_id: str = "") -> Head:
        """Write one row, as `Ledger.append` does."""
        _check_kind(kind)
        shown, ledger = _shown(body), self.ledger
        with ledgerfile.explained(ledger.path, "written", ledger.busy_seconds), self._all_or_nothing():
            ledgerfile.check_format(self.connection, ledger.path, ledger.newest)
            row = _row(_newest(self.connection), kind, shown, run_id)
            ledgerfile.insert(self.connection, row)
        return Head(id=row.id, hash=row.hash)

    @contextlib.contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise


def ledger_in(data: Path) -> Ledger:
    """Return the ledger of a data folder."""
    return Ledger(path=data / NAME)


def _check_kind(kind: str) -> None:
    if not 0 < len(kind) <= 40 or not _KIND_CHARS.issuperset(kind):
        raise UsageError(f"{kind!r} is no kind of row", fix="lower-case words with - between them")


def _verified(
    connection: sqlite3.Connection, ledger: Ledger, seen: Sequence[Seen], newest_rows: int | None
) -> Verified:
    is_ledger = ledgerfile.pragma(connection, "application_id") == ledgerfile.APPLICATION
    if not is_ledger or "rows" not in ledgerfile.names(connection, "table"):
        why = "something else is in that file"
        return Verified(rows=0, misfits=(Misfit(row=0, what=f"{ledger.path} is no ledger", why=why),))
    found = list(_faults_of_file(connection, ledger, is_quick=newest_rows is not None))
    newest = max(ledgerfile.pragma(connection, "user_version"), FORMAT)
    last = _newest(connection)
    since = max(1, last.id - newest_rows + 1) if last and newest_rows is not None else 1
    rows: dict[int, str] = {}
    unread, misfit = 0, None
    try:
        stored = connection.execute(f"SELECT {FIELDS} FROM rows WHERE id >= ? ORDER BY id", (since,))
        for item in checked(stored, newest=newest, is_whole=since == 1):
            if isinstance(item, Misfit):
                misfit = item
                break
            rows[item.id] = item.hash
            unread += item.format > FORMAT
    except (sqlite3.Error, UnicodeDecodeError) as error:
        number = max(rows, default=since - 1) + 1
        misfit = Misfit(row=number, what=f"row {number} cannot be read", why=str(error))
    top = max(rows, default=0)
    if misfit is None:
        noted = [item for item in seen if item.head.id >= since]
        misfit = misfit_of_heads(rows, top, ledgerfile.ever(connection), noted)
    return Verified(
        rows=len(rows),
        head=Head(id=top, hash=rows[top]) if top else None,
        misfits=(*found, *([misfit] if misfit else [])),
        unread=unread,
    )


def _gone(seen: Sequence[Seen]) -> tuple[Misfit, ...]:
    last = max(seen, key=lambda item: item.head.id, default=None)
    return (
        (Misfit(row=1, what="the ledger is gone", why=f"{last.by} saw row {last.head.id}"),) if last else ()
    )


def _faults_of_file(connection: sqlite3.Connection, ledger: Ledger, *, is_quick: bool) -> Iterable[Misfit]:
    if not is_quick and (said := ledgerfile.integrity(connection)) != "ok":
        yield Misfit(row=0, what=f"{ledger.path} is damaged", why=said)
    there = ledgerfile.names(connection, "trigger")
    is_known = ledgerfile.pragma(connection, "user_version") <= FORMAT
    if is_known and any(there.get(name) != made for name, made in TRIGGERS.items()):
        why = "its triggers are not there, or are others"
        yield Misfit(row=0, what="what keeps rows from being changed was taken away", why=why)


def _newest(connection: sqlite3.Connection) -> Row | None:
    stored = connection.execute(
        "SELECT id, format, at, kind, run_id, '{}', before, hash FROM rows ORDER BY id DESC LIMIT 1"
    ).fetchone()
    return row_of(stored) if stored else None


def _row(last: Row | None, kind: str, body: Mapping[str, Any], run_id: str) -> Row:
    """Return the row that follows `last`."""
    row = Row(
        id=last.id + 1 if last else 1,
        at=int(time.time() * 1000),
        kind=kind,
        run_id=run_id,
        body=body,
        before=last.hash if last else START,
        hash="",
    )
    return replace(row, hash=digest(row))


def _shown(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return `body` without secrets, as JSON has it."""
    found: dict[str, Any] = _cleaned(dict(body), secrets_in(os.environ))
    if len(text := spelled(found)) > BODY_BYTES:
        raise UsageError(
            "a row of the ledger is too long",
            why=f"{len(text)} bytes, of at most {BODY_BYTES}",
            fix="say less",
        )
    return found


def _cleaned(value: Any, known: tuple[str, ...]) -> Any:
    # JSON's lists and our tuples alike; keys are ours.
    if isinstance(value, dict):
        return {key: _cleaned(item, known) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_cleaned(item, known) for item in value]
    return cleaned(value, known)

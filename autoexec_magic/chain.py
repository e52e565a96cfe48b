"""The chain of the ledger's rows, pure: how a row is hashed, and which row is the first that does not fit.

A row's hash is the SHA-256 (FIPS 180-4) of its fields as canonical JSON, the
hash of the row before among them; so a row that was changed, swapped or taken
out shows at that place. Whoever re-hashes all that follows makes a chain that
fits: only heads that were noted elsewhere tell then, and so does a cut tail
or an older copy. Nothing here opens a file.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import UsageError

FORMAT = 1  #: of the rows that this version writes
START = "0" * 64  #: what stands where the first row has no row before it
GENESIS = "genesis"  #: the kind of the first row
_HEAD = re.compile(r"([1-9][0-9]{0,18}):([0-9a-f]{64})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row. `at` is UTC, milliseconds since 1970; `before` and `hash` are 64 hexadecimal digits."""

    id: int
    at: int
    kind: str
    run_id: str
    body: Mapping[str, Any]
    before: str
    hash: str
    format: int = FORMAT


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The newest row at some time: its number, 1 or more, and its hash."""

    id: int
    hash: str

    def __str__(self) -> str:
        return f"{self.id}:{self.hash}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A head that somebody noted outside the ledger; `by` says who, as people read it."""

    head: Head
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """What does not fit; `row` is the first row that it is about, 0 where it is the whole file."""

    row: int
    what: str
    why: str


Stored = tuple[Any, ...]  #: id, format, at, kind, run_id, body, before, hash, as the file has them


def head_of(text: str) -> Head | None:
    """Return the head that `text` spells (`ID:HASH`), or None where it spells none.

    Examples
    --------
    >>> head_of("2:" + "ab" * 32).id
    2
    >>> head_of("")
    """
    match = _HEAD.fullmatch(text)
    return Head(id=int(match[1]), hash=match[2]) if match else None


def spelled(body: Mapping[str, Any]) -> str:
    r"""Return `body` as canonical JSON: ASCII, sorted keys, no spaces, no NaN.

    Raises
    ------
    UsageError
        JSON cannot spell it.

    Examples
    --------
    >>> spelled({"b": 1, "a": ["é"]})
    '{"a":["\\u00e9"],"b":1}'
    """
    try:
        return _canonical(dict(body))
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(
            "this cannot stand on the ledger", why=str(error), fix="give what JSON has"
        ) from error


def digest(row: Row) -> str:
    """Return the hash that `row` must have, 64 hexadecimal digits."""
    fields = {
        "format": row.format,
        "id": row.id,
        "at": row.at,
        "kind": row.kind,
        "run_id": row.run_id,
        "body": dict(row.body),
        "before": row.before,
    }
    return hashlib.sha256(_canonical(fields).encode("ascii")).hexdigest()


def row_of(stored: Stored) -> Row | None:
    """Return the row that a file holds, or None where its fields are none of a row's."""
    if len(stored) != 8:
        return None
    number, form, at, kind, run_id, text, before, found = stored
    is_typed = all(type(item) is int for item in (number, form, at)) and all(
        type(item) is str for item in (kind, run_id, text, before, found)
    )
    if not is_typed:
        return None
    try:
        body = json.loads(text)
        if not isinstance(body, dict) or _canonical(body) != text:
            return None
    except (ValueError, RecursionError):
        return None
    return Row(id=number, format=form, at=at, kind=kind, run_id=run_id, body=body, before=before, hash=found)


def checked(rows: Iterable[Stored], *, newest: int = FORMAT, is_whole: bool = True) -> Iterator[Row | Misfit]:
    """Yield the rows that fit, in order, and at last what does not, if anything.

    Parameters
    ----------
    rows : iterable of tuple
        By number, ascending.
    newest : int, default FORMAT
        The newest format that the ledger says it has. Of a row that is newer
        than `FORMAT` only its place in the chain is looked at.
    is_whole : bool, default True
        Whether they begin with the first row; else the first one's `before`
        is believed.
    """
    last: Row | None = None
    for stored in rows:
        row = row_of(stored)
        if row is None:
            number = last.id + 1 if last else _number(stored)
            yield Misfit(
                row=number, what=f"row {number} was changed", why="its fields are not those of a row"
            )
            return
        found = _misfit(row, last, newest, is_whole=is_whole)
        if found is not None:
            yield found
            return
        yield row
        last = row


def misfit_of_heads(rows: Mapping[int, str], last: int, ever: int, seen: Iterable[Seen]) -> Misfit | None:
    """Return what the heads that were noted elsewhere tell of a chain that may fit by itself.

    Parameters
    ----------
    rows : mapping of int to str
        The hashes of the rows that fit, by number.
    last : int
        The last row's number, 0 for none.
    ever : int
        The highest number that the file says it ever had.
    seen : iterable of Seen
        Heads from the run store and from what was deployed.
    """
    heads = sorted(seen, key=lambda item: item.head.id)
    for item in heads:
        here = rows.get(item.head.id)
        if here is not None and here != item.head.hash:
            return Misfit(
                row=item.head.id,
                what=f"row {item.head.id}, or one before it, is not the one that {item.by} saw",
                why="rows were written anew, or an older copy was put back and written on",
            )
    if ever > last:
        return Misfit(
            row=last + 1,
            what=f"the tail was cut: rows {last + 1} to {ever} are gone",
            why=f"the file itself has had a row {ever}",
        )
    if heads and heads[-1].head.id > last:
        newest = heads[-1]
        return Misfit(
            row=last + 1,
            what=f"an older copy was put back: rows {last + 1} to {newest.head.id} are gone",
            why=f"{newest.by} saw row {newest.head.id}, and this file never had one",
        )
    return None


def _misfit(row: Row, last: Row | None, newest: int, *, is_whole: bool) -> Misfit | None:
    """Return what is wrong with `row` after `last`, or None."""
    here, expected = f"row {row.id}", last.id + 1 if last else 1
    if (last or is_whole) and row.id != expected:
        return Misfit(row=expected, what=f"row {expected} is missing", why=f"the next one is {here}")
    if not 1 <= row.format <= newest:
        why = f"it says format {row.format}, and the ledger has format {newest}"
        return Misfit(row=row.id, what=f"{here} was changed", why=why)
    if row.format <= FORMAT and digest(row) != row.hash:
        return Misfit(row=row.id, what=f"{here} was changed", why="its hash is not that of what it says")
    before = last.hash if last else START
    if (last or is_whole) and row.before != before:
        why = f"the hash it has for row {row.id - 1} is another"
        return Misfit(row=row.id, what=f"{here} does not follow row {row.id - 1}", why=why)
    if row.id == 1 and row.kind != GENESIS:
        return Misfit(row=1, what="row 1 is not how a ledger begins", why=f"its kind is {row.kind}")
    return None


def _number(stored: Stored) -> int:
    return stored[0] if stored and type(stored[0]) is int else 1


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)

"""The chain by itself: a row's hash says all of the row, and the first that does not fit is named."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

from autoexec_magic.chain import (
    FORMAT,
    START,
    Head,
    Misfit,
    Row,
    Seen,
    checked,
    digest,
    head_of,
    misfit_of_heads,
    row_of,
    spelled,
)
from autoexec_magic.errors import UsageError


def chain(count=4, **fields):
    """Return rows that fit."""
    rows = []
    for number in range(1, count + 1):
        row = Row(
            id=number,
            at=1_700_000_000_000 + number,
            kind="genesis" if number == 1 else "install",
            run_id="r",
            body={"n": number, **fields},
            before=rows[-1].hash if rows else START,
            hash="",
        )
        rows.append(replace(row, hash=digest(row)))
    return rows


def stored(row):
    """Return a row as a file has it."""
    body = spelled(row.body)
    return (row.id, row.format, row.at, row.kind, row.run_id, body, row.before, row.hash)


def misfit(rows, **how):
    """Return what does not fit, or None."""
    found = [item for item in checked(map(stored, rows), **how) if isinstance(item, Misfit)]
    return found[0] if found else None


def test_a_hash_is_that_of_canonical_json():
    """Whoever wants to check a row without this package can: it is documented, and this is it."""
    row = chain(1, text="é")[0]
    fields = {"at": row.at, "before": START, "body": {"n": 1, "text": "é"}, "format": 1}
    fields |= {"id": 1, "kind": "genesis", "run_id": "r"}
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    assert row.hash == hashlib.sha256(text.encode("ascii")).hexdigest()


def test_rows_that_fit_fit():
    """The twin of all that follows: nothing is found where nothing is wrong."""
    assert misfit(chain()) is None
    assert misfit([]) is None
    assert [row.id for row in checked(map(stored, chain()))] == [1, 2, 3, 4]


@pytest.mark.parametrize("field", ["at", "kind", "run_id", "body", "before", "hash"])
def test_no_field_of_a_row_can_be_changed(field):
    """Each is part of what is hashed, or is the hash."""
    rows = chain()
    new = {"at": 1, "kind": "heal", "run_id": "x", "body": {"n": 99}, "before": "0" * 64, "hash": "0" * 64}
    rows[2] = replace(rows[2], **{field: new[field]})
    assert misfit(rows).row == 3


def test_a_row_that_is_gone_is_named():
    """By its own number, not by that of the one after it."""
    rows = chain()
    assert misfit(rows[:1] + rows[2:]).what == "row 2 is missing"
    assert misfit(rows[1:]).what == "row 1 is missing"


def test_a_row_hashed_again_does_not_carry_the_next_one():
    """Its own hash fits then; the one that follows has the old one."""
    rows = chain()
    changed = replace(rows[1], body={"n": "other"})
    rows[1] = replace(changed, hash=digest(changed))
    assert misfit(rows).what == "row 3 does not follow row 2"


def test_part_of_a_chain_can_be_looked_at():
    """The first of it is believed where it stands, and the rest is not."""
    rows = chain()[2:]
    assert misfit(rows, is_whole=False) is None
    assert misfit(rows) is not None
    rows[1] = replace(rows[1], at=1)
    assert misfit(rows, is_whole=False).row == 4


def test_what_is_no_row_is_a_changed_one():
    """Another type, JSON that is not canonical, a text that is no JSON: SQLite keeps anything."""
    good = stored(chain()[0])
    for place, value in (
        (0, "1"),
        (2, 1.0),
        (3, b"genesis"),
        (5, '{"n": 1}'),
        (5, "{"),
        (5, "[]"),
        (5, None),
    ):
        bad = (*good[:place], value, *good[place + 1 :])
        assert row_of(bad) is None
        [found] = list(checked([bad]))
        assert found.what == "row 1 was changed"


def test_a_newer_row_is_left_to_who_knows_it():
    """Where the ledger says that it has newer ones its place is checked; else it is a changed one."""
    rows = chain()
    rows[3] = replace(rows[3], format=FORMAT + 1)
    assert misfit(rows, newest=FORMAT + 1) is None
    assert misfit(rows).row == 4
    rows[3] = replace(rows[3], before=START)
    assert misfit(rows, newest=FORMAT + 1).what == "row 4 does not follow row 3"


def test_a_ledger_begins_as_one():
    """Its first row has the kind that nothing else has."""
    first = replace(chain(1)[0], kind="install")
    assert misfit([replace(first, hash=digest(first))]).what == "row 1 is not how a ledger begins"


def seen(number, digest="a" * 64):
    """Return a head that a run saw."""
    return Seen(head=Head(id=number, hash=digest), by=f"run {number}")


def test_heads_tell_what_the_chain_cannot():
    """A cut tail, an older copy, rows written anew; and nothing where they are as they were seen."""
    rows = {1: "a" * 64, 2: "a" * 64}
    assert misfit_of_heads(rows, 2, 2, [seen(1), seen(2)]) is None
    assert misfit_of_heads(rows, 2, 4, []).what == "the tail was cut: rows 3 to 4 are gone"
    older = misfit_of_heads(rows, 2, 2, [seen(2), seen(5)])
    assert older.what == "an older copy was put back: rows 3 to 5 are gone"
    assert older.why.startswith("run 5 saw row 5")
    anew = misfit_of_heads(rows, 2, 2, [seen(2, "b" * 64)])
    assert (anew.row, anew.what) == (2, "row 2, or one before it, is not the one that run 2 saw")


def test_a_head_is_read_as_it_is_written():
    """And what is no head is none."""
    head = Head(id=7, hash="0f" * 32)
    assert head_of(str(head)) == head
    for text in ("", "7", "0:" + "0f" * 32, "7:" + "0F" * 32, "7:0f", "7:" + "0f" * 32 + "\n"):
        assert head_of(text) is None


@pytest.mark.parametrize("body", [{"x": {1, 2}}, {"x": float("nan")}, {"x": b"x"}])
def test_what_json_cannot_spell_is_refused(body):
    """Nothing is written that would not be read back as it was."""
    with pytest.raises(UsageError):
        spelled(body)

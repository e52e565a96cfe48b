"""The rows of Python's tables, and the codes that were really captured."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

from anytext import FAILURES

from autoexec_magic.diagnosis.rows import Entry, Row

CAPTURED = {path.stem.partition(".")[0] for path in (FAILURES / "python").glob("*.txt")}


def rows_of(entry: Entry) -> Iterator[Row]:
    """Yield the rows that can be picked from an entry."""
    if isinstance(entry, Row):
        yield entry
        return
    parts = [getattr(entry, "otherwise", None), getattr(entry, "row", None)]
    parts += [inner for _, inner in getattr(entry, "sayings", ())]
    parts += [*getattr(entry, "rows", {}).values(), *getattr(entry, "functions", {}).values()]
    for part in parts:
        if part is not None:
            yield from rows_of(part)


def table_of(family: ModuleType) -> list[Row]:
    """Return all rows of a family: of its own types, and of those that many share."""
    entries = list(family.ROWS.values())
    entries += [entry for sayings in getattr(family, "SAYINGS", {}).values() for _, entry in sayings]
    once = {id(entry): entry for entry in entries}  # the types of a driver share one
    return [row for entry in once.values() for row in rows_of(entry)]


def holds_as_a_table(family: ModuleType, never_captured: set[str]) -> None:
    """Hold a family to what holds for each: a code that is one, a fix, a captured failure."""
    rows = table_of(family)
    assert rows
    for row in rows:
        assert row.code == row.code.lower()
        assert row.code.replace("-", "").isalpha()
        assert row.fix
        assert row.fix.isprintable()
        assert len(row.fix) <= 120
    assert {row.code for row in rows} - CAPTURED == never_captured

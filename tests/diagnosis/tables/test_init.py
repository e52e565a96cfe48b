"""How the families are put together."""

from __future__ import annotations

import pytest

from autoexec_magic.diagnosis import python
from autoexec_magic.diagnosis.tables import ROWS, SHARED


def test_a_name_that_several_types_have_is_told_by_its_message():
    """IPython prints no module; every name that two tables use has an entry of its own."""
    by_last: dict[str, set[int]] = {}
    for name, entry in ROWS.items():
        by_last.setdefault(name.rpartition(".")[2], set()).add(id(entry))
    assert {name for name, entries in by_last.items() if len(entries) > 1} == set(SHARED)


@pytest.mark.parametrize(
    ("type_name", "message", "code"),
    [
        ("ParserError", "Error tokenizing data. C error", "invalid-csv"),
        ("ParserError", "while parsing a block mapping", "invalid-yaml"),
        ("ParserError", "Unknown string format: x", "date-format"),
        ("ReadError", "not a gzip file", "damaged-file"),
        ("ReadError", "", "connection-lost"),
        ("ArgumentError", "argument --a: expected one argument", "wrong-arguments"),
        ("TimeoutError", "QueuePool limit of size 1 reached", "pool-exhausted"),
    ],
)
def test_what_a_shared_name_means(type_name, message, code):
    """And it is likely at best, but for Python's own."""
    seen = python.explain(type_name, message)
    assert seen[0] == code
    assert seen[3] != "certain" or type_name == "TimeoutError"

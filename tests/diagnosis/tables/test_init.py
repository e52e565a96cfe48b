"""How the families are put together."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tablerows import rows_of

from autoexec_magic.diagnosis import python
from autoexec_magic.diagnosis.missing import CLASSES
from autoexec_magic.diagnosis.tables import ANY, ROWS, SHARED, network


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
        ("ReadError", "not a gzip file", "not-an-archive"),
        ("ReadError", "", "connection-lost"),
        ("ArgumentError", "argument --a: expected one argument", "wrong-usage"),
        ("TimeoutError", "QueuePool limit of size 1 reached", "pool-exhausted"),
    ],
)
def test_what_a_shared_name_means(type_name, message, code):
    """And it is likely at best, but for Python's own."""
    seen = python.explain(type_name, message)
    assert seen[0] == code
    assert seen[3] != "certain" or type_name == "TimeoutError"


def test_every_code_is_in_the_documents():
    """Whoever sees a code finds it there, and nothing there is no code."""
    text = (Path(__file__).parents[3] / "docs" / "diagnoses.md").read_text(encoding="utf-8")
    section = text.partition("## Python\n")[2].partition("\n## ")[0]
    told = set(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE))
    made = {row.code for entry in (*ROWS.values(), ANY) for row in rows_of(entry)}
    made |= {code for code, _, _ in CLASSES.values()}
    made |= {row.code for row in network.STATUS.values()}
    assert told == made | {"wrong-usage"}

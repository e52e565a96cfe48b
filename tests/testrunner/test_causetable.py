"""The table of causes: each row is well formed, and its sentences can be filled."""

from __future__ import annotations

import re

import pytest

from autoexec_magic.testrunner import causetable
from autoexec_magic.testrunner.causetable import AROUND, PLUGIN_FIXTURES, PYTEST, Row

PLAIN = [each for each in vars(causetable).values() if isinstance(each, Row)]
FILLED = {"summary", "message", "place", "file", "plugin", "near", "name", "module"}


@pytest.mark.parametrize("row", [*PYTEST, *AROUND, *PLAIN], ids=lambda row: f"{row.cls}-{row.code}")
def test_rows(row):
    """A row compiles, and its sentences name only what will be known."""
    groups = set(re.compile(row.words).groupindex)
    re.compile(row.types)
    assert set(re.findall(r"\{(\w+)\}", row.why + row.fix)) <= groups | FILLED
    assert row.why
    assert row.fix
    assert (row.cls == "unknown") == (row.confidence == "unknown")


@pytest.mark.parametrize("row", AROUND, ids=lambda row: f"{row.cls}-{row.code}")
def test_rows_of_no_type_need_words(row):
    """A row that fits any type says by which words it is known."""
    assert row.types or row.words


def test_pytests_own_fixtures_are_no_plugins():
    """A fixture that pytest has is not in the table of plugins."""
    assert not {"tmp_path", "monkeypatch", "capsys", "caplog", "request", "db", "client"} & set(
        PLUGIN_FIXTURES
    )


@pytest.mark.parametrize("row", [*PYTEST, *AROUND], ids=lambda row: f"{row.cls}-{row.code}")
def test_rows_are_found_in_linear_time(row):
    """No alternative begins with a repetition, which would be tried anew at each character."""
    assert not re.search(r"(?:^|\|)(?:\(\?P<\w+>)?(?:\\\w|\[[^]]*\]|\.)[+*]", row.words.removeprefix("(?m)"))

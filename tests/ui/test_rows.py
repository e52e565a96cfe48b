"""The verb `ledger`: what is on record, for people and for machines, and whether it fits."""

from __future__ import annotations

import json
import sqlite3

import pytest

from autoexec_magic import api
from autoexec_magic.errors import UsageError
from autoexec_magic.ui import cli, verbs
from autoexec_magic.ui.spoken import Spoken
from autoexec_magic.values import Verdict

ADDED = {"name": "PyYAML", "version": "6.0", "sha256": "ab" * 32, "index": "https://host/simple"}
INSTALL = {
    "environment": {"prefix": "/here"},
    "added": [{**ADDED, "evidence": ["in the table", "\x1b[31mred\x1b]0;title\x07"]}],
    "replaced": [{"name": "PyYAML", "version": "5.0", "sha256": ""}],
    "begun": 2,
}
UNDO = {"undoes": 3, "removed": [{"name": "PyYAML", "version": "6.0"}], "environment": {"prefix": "/here"}}


def ledger(line: str = "") -> Spoken:
    """Return what `ledger` says."""
    return verbs.parse(f"ledger {line}").run(api.PYTHON)


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    """Return a data folder of its own."""
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def filled():
    """Put an install and its undo on the ledger."""
    api.ledger().append("install-begun", {})
    api.ledger().append("install", INSTALL, "0199c5a2-7c1d-7e3a-9b4f-2d6c8e0f1a35")
    return api.ledger().append("undo", UNDO)


def test_nothing_yet_is_said():
    """And it is no fault."""
    assert ledger("show").text == "nothing is on the ledger yet"
    said = ledger("verify")
    assert said.text == "– nothing is on the ledger yet"
    assert said.result.verdict == Verdict.PASSED


def test_rows_are_shown_newest_first(filled):
    """With what was added, in whose place, why, and where; on one harmless line each."""
    lines = ledger("show").text.splitlines()
    assert lines[0].split()[0::3] == ["4", "undo"]
    assert lines[1:4] == ["        - PyYAML 6.0", "        undoes 3", "        in /here"]
    assert lines[4].endswith("install  run 8e0f1a35".replace("  ", " "))
    assert lines[5] == (
        f"        + PyYAML 6.0 (sha256 {'ab' * 6}…) from https://host/simple: in the table; red"
    )
    assert lines[6] == "        - instead of PyYAML 5.0"


def test_rows_are_asked_for_by_kind_and_number(filled):
    """As records: `row` is the kind of the row, `kind` that of the record."""
    said = ledger("show --kind install --json")
    [record] = said.records
    assert (record["kind"], record["row"], record["id"]) == ("Row", "install", 3)
    assert record["body"]["added"][0]["name"] == "PyYAML"
    assert {"at", "run_id", "before", "hash", "format"} <= set(record)
    assert len(ledger("show -n 2").records) == 2
    assert ledger("show -n 2").result.added == {"rows": 2}


def test_a_ledger_that_fits_says_so(filled):
    """With its newest head, for who wants to keep it elsewhere."""
    said = ledger("verify")
    assert said.text == "✓ 4 rows, and all of them fit"
    assert said.result.code == 0
    assert said.result.added == {"rows": 4, "head": str(filled), "unread": 0}


def test_a_row_that_does_not_fit_is_a_failure(filled, data, capsys):
    """Exit code 1, the row by its number, and a record of it."""
    with sqlite3.connect(data / "ledger.db") as connection:
        connection.execute("DROP TRIGGER rows_stay")
        connection.execute("UPDATE rows SET at = 1 WHERE id = 3")
    connection.close()
    said = ledger("verify")
    assert "✗ row 3 was changed\n  because: its hash is not that of what it says" in said.text
    assert cli.main(["ledger", "verify", "--json"]) == 1
    *records, result = map(json.loads, capsys.readouterr().out.splitlines())
    assert [(record["kind"], record["row"]) for record in records] == [("Misfit", 0), ("Misfit", 3)]
    assert (result["kind"], result["verdict"], result["rows"]) == ("Result", "failed", 2)


@pytest.mark.parametrize("line", ["", "shows", "show verify", "show -n 0"])
def test_what_is_no_such_word_is_refused(line):
    """With those that there are."""
    with pytest.raises(UsageError):
        ledger(line)


def test_an_undo_takes_no_names():
    """It is the last change, whatever it was; a name would promise something else."""
    with pytest.raises(UsageError, match="takes no names"):
        verbs.parse("install --undo PyYAML").run(api.PYTHON)


def test_nothing_to_undo_is_said():
    """And is no failure."""
    said = verbs.parse("install --undo").run(api.PYTHON)
    assert said.text.startswith("nothing to undo: ")
    assert said.result.verdict == Verdict.SKIPPED


def test_what_began_is_not_told_again_once_it_has_ended():
    """The row of the end says the same and more; one that never ended is shown."""
    api.ledger().append("install-begun", INSTALL, "0199c5a2-7c1d-7e3a-9b4f-2d6c8e0f1a35")
    assert "install-begun" in ledger("show").text
    api.ledger().append("install", INSTALL, "0199c5a2-7c1d-7e3a-9b4f-2d6c8e0f1a35")
    said = ledger("show")
    assert "install-begun" not in said.text
    assert [record["row"] for record in said.records][:2] == ["install", "install-begun"]


def test_a_kind_that_no_row_has_is_told_with_those_there_are(filled):
    """`nothing is on the ledger` would not be true."""
    assert ledger("show --kind instal").text == (
        "no row of the kind instal is on the ledger; there are genesis, install, install-begun, undo"
    )


def test_what_was_built_is_shown_with_its_name_and_digest():
    """An image's stands in its reference, and is not said twice."""
    digest = "sha256:" + "a" * 64
    body = {
        "artifact": "wheel",
        "name": "pear",
        "version": "1.0",
        "reference": "dist/p.whl",
        "digest": digest,
    }
    api.ledger().append("build", body)
    assert ledger("show --kind build").text.splitlines()[1:] == [
        "        → wheel pear 1.0",
        "        dist/p.whl",
        f"        {digest}",
    ]
    api.ledger().append("build", body | {"reference": f"host/pear@{digest}"})
    assert ledger("show --kind build -n 1").text.count(digest) == 1

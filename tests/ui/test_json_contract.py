"""`docs/json.md` says what machines get, and they get that."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "json.md"
ROW = re.compile(r"^\| `(\w+)` \| [^|]* \| `([^`]*)`", re.MULTILINE)


def documented() -> dict[str, set[str]]:
    """Return the fields of each kind, as the page has them."""
    return {kind: set(fields.split(", ")) for kind, fields in ROW.findall(PAGE.read_text("utf-8"))}


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        ("resolve cv2 json", {"Resolution"}),
        ("scan .", {"Project", "Needed", "Unread"}),
        ("index show", {"Index"}),
        ("index show cv2", {"IndexEntry"}),
        ("ledger show", {"Row"}),
        ("ledger verify", set()),
        ("runs", {"Run"}),
        ("why", {"Diagnosis"}),
        ("diagnose a.log", {"Log", "Diagnosis"}),
        ("config", {"Setting"}),
        ("policy explain --json ls", {"PolicyVerdict"}),
        ("fix --check .", {"Resolution"}),
        ("build wheel . --dry-run", {"BuildPlan"}),
        ("build app a.ipynb", {"Artifact"}),
    ],
)
def test_what_is_printed_is_what_the_page_says(line, kinds, tmp_path, monkeypatch):
    """Every field is there and none is missing, for each kind that a verb prints."""
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "a.py").write_text("import json, cv2_that_nobody_has\n")
    (tmp_path / "a.log").write_text("curl: (6) Could not resolve host: a.example\n")
    (tmp_path / "b.py").write_text("import (\n")
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": None}
    cell["source"] = "def main():\n    return 0\n"
    note = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "a.ipynb").write_text(json.dumps(note))
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'a'\nversion = '1'\n")
    command = [sys.executable, "-m", "autoexec_magic"]
    if line in ("ledger show", "runs"):
        subprocess.run([*command, "sh", "true"], cwd=tmp_path, check=True, capture_output=True)
        code = "from autoexec_magic.config import data_dir; from autoexec_magic.ledger import ledger_in; "
        code += "ledger_in(data_dir()).append('install', {}, '')"
        subprocess.run([sys.executable, "-c", code], check=True)
    if line == "why":
        subprocess.run([*command, "sh", "ls", "/no/such/thing"], cwd=tmp_path, capture_output=True)
    words = line.split() if "--json" in line else [*line.split(), "--json"]
    done = subprocess.run([*command, *words], cwd=tmp_path, capture_output=True, text=True)
    records = [json.loads(each) for each in done.stdout.splitlines()]
    assert {record["kind"] for record in records} == {*kinds, "Result"}
    page = documented()
    for record in records[:-1]:
        assert set(record) - {"kind"} == page[record["kind"]]
    assert page["Result"] <= set(records[-1])


def test_what_was_tried_about_a_script_is_what_the_page_says(tmp_path, monkeypatch):
    """Each round of `--fix` is a record, before the result."""
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))
    work = tmp_path / "work"
    work.mkdir()
    (work / "a.py").write_text("1 / 0\n")
    words = ["script", "--file", "a.py", "--model", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "autoexec_magic", *words], cwd=work, capture_output=True, text=True
    )
    records = [json.loads(each) for each in done.stdout.splitlines()]
    tried = [record for record in records if record["kind"] == "FixTried"]
    assert [record["outcome"] for record in tried] == ["left", "stopped"]
    for record in tried:
        assert set(record) - {"kind"} == documented()["FixTried"]
    assert records[-1]["kind"] == "Result"


def test_a_candidate_has_the_fields_that_the_page_names():
    """They are what a card is made of."""
    done = subprocess.run(
        [sys.executable, "-m", "autoexec_magic", "resolve", "frob_nobody_has", "--json"],
        capture_output=True,
        text=True,
    )
    [candidate] = json.loads(done.stdout.splitlines()[0])["candidates"]
    text = " ".join(PAGE.read_text("utf-8").split())
    named = re.search(r"A candidate of a `Resolution` has `([^`]*)`", text)
    assert set(candidate) == set(named[1].split(", "))

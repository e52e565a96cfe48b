"""Records as lines of JSON."""

from __future__ import annotations

import json

from autoexec_magic.ui.records import json_lines
from autoexec_magic.ui.spoken import Spoken
from autoexec_magic.values import Result, Verdict


def test_the_result_is_the_last_line():
    """One object a line, whatever their texts hold."""
    spoken = Spoken(
        result=Result(verb="runs", verdict=Verdict.PASSED), records=({"kind": "A", "text": "two\nlines é"},)
    )
    lines = json_lines(spoken).splitlines()
    assert [json.loads(line)["kind"] for line in lines] == ["A", "Result"]
    assert json.loads(lines[0])["text"] == "two\nlines é"


def test_no_record_holds_a_secret(monkeypatch):
    """Also one that came in by a door nobody thought of."""
    monkeypatch.setenv("MY_TOKEN", "hunter2-hunter2")
    spoken = Spoken(
        result=Result(verb="sh", verdict=Verdict.FAILED, added={"why": "it was hunter2-hunter2"}),
        records=({"kind": "A", "url": "https://me:pass-word@host/x"},),
    )
    lines = json_lines(spoken)
    assert "hunter2" not in lines
    assert "pass-word" not in lines
    assert all(json.loads(line) for line in lines.splitlines())

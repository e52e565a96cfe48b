"""A run is on the record, without secrets, and code runs where there can be none."""

from __future__ import annotations

import pytest

from autoexec_magic import api, onrecord
from autoexec_magic.errors import NeedsPerson, PhaseError, UsageError
from autoexec_magic.executor import cage
from autoexec_magic.values import Question


def test_a_store_that_cannot_be_written_does_not_keep_code_from_running(tmp_path, monkeypatch, caplog):
    """It is logged, once."""
    blocked = tmp_path / "a file, not a folder"
    blocked.write_text("")
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(blocked / "autoexec"))
    assert api.sh("echo hi").outcome.stdout == "hi\n"
    assert [record.message for record in caplog.records if "not on record" in record.message]


def test_a_title_never_holds_a_secret(monkeypatch):
    """A token typed into a command line is masked on record and in the outcome."""
    monkeypatch.setenv("MY_TOKEN", "hunter2-hunter2")
    report = api.sh(["echo", "hunter2-hunter2"])
    run, events = api.show(report.run_id)
    assert run.title == "echo ***"
    assert "hunter2" not in str(list(events)) + str(report.outcome) + str(report)
    assert "hunter2" not in (api.store().folder / report.run_id / "meta.json").read_text()


def test_an_error_never_holds_a_secret(monkeypatch):
    """Neither its text nor its repr, nor the reason on record."""
    monkeypatch.setenv("MY_TOKEN", "hunter2-hunter2")
    with pytest.raises(PhaseError) as caught:
        api.sh(["ls", "/hunter2-hunter2"])
    assert "hunter2" not in str(caught.value) + repr(caught.value) + str(caught.value.args)
    assert "hunter2" not in api.runs(1)[0].why


def test_the_list_of_runs_has_the_level_in_force():
    """Not the wish: `best` would tell nobody what kept a run in."""
    api.sh("echo hi", level="best")
    assert api.runs(1)[0].cage == cage.choose("best")


def test_a_level_that_is_none_is_on_record_as_it_was_typed():
    """The run failed because of it."""
    with pytest.raises(UsageError, match="cosy"):
        api.sh("echo hi", level="cosy")
    assert (api.runs(1)[0].cage, api.runs(1)[0].verdict) == ("cosy", "invalid")


def test_nobody_says_what_to_type():
    """The question, its evidence, and the command that says yes."""
    with pytest.raises(NeedsPerson, match="run it") as caught:
        onrecord.nobody(Question(text="run it ?", evidence=("a", "b"), fix="type this"))
    assert (caught.value.why, caught.value.fix) == ("a; b", "type this")

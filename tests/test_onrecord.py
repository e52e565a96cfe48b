"""A run is on the record, without secrets, and code runs where there can be none."""

from __future__ import annotations

import sys

import pytest
from skips import requires

from autoexec_magic import api, onrecord
from autoexec_magic.errors import NeedsPerson, PhaseError, UsageError
from autoexec_magic.executor import cage
from autoexec_magic.values import Choice, Question, Reply


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


def test_nobody_tells_a_line_that_ends_in_a_question_mark_as_it_is():
    """Only the question's own mark is left out."""
    with pytest.raises(NeedsPerson) as caught:
        onrecord.nobody(Question(text="run ls; echo $? ?"))
    assert caught.value.what == "run ls; echo $?"


@pytest.mark.parametrize(
    ("line", "level", "found"),
    [
        ("echo hi", None, "open"),
        ("echo $(echo hi)", None, "workspace"),
        ("echo $(echo hi)", "open", "open"),
        ("for i in hi; do echo $i; done", None, "workspace"),
    ],
)
def test_what_bash_makes_of_a_line_is_in_a_cage_unless_a_person_says_otherwise(workdir, line, level, found):
    """Nobody has seen it; and the question says where it would run."""
    requires(cage.can_be_had("workspace", workdir), "there is no cage here", "Linux 6.12")
    asked = []
    caller = api.Caller(ask=lambda question: asked.append(question) or True)
    report = api.sh(line, level=level, caller=caller)
    assert report.outcome.stdout == "hi\n"
    assert api.runs(1)[0].cage == found
    where = "in the cage workspace" if found == "workspace" else "without a cage"
    assert all(where in question.evidence[0] for question in asked)


def test_where_a_workspace_holds_keys_the_question_says_that_there_is_no_cage(workdir, monkeypatch):
    """As in a notebook that lies in the home."""
    monkeypatch.setenv("HOME", str(workdir))
    (workdir / ".ssh").mkdir()
    asked = []
    caller = api.Caller(ask=lambda question: asked.append(question) or True)
    assert api.sh("echo $(echo hi)", caller=caller).outcome.stdout == "hi\n"
    assert api.runs(1)[0].cage == "open"
    assert "without a cage" in asked[0].evidence[0]


@pytest.mark.parametrize(
    "says", ["api.sh('git push', yes=True)", "api.accept_policy(yes=True)", "api.accept_policy()"]
)
def test_a_run_does_not_say_yes_to_another(says, tmp_path):
    """A script that is let through once would otherwise let through whatever it likes."""
    script = tmp_path / "script.py"
    script.write_text(
        "import os\nos.environ.pop('AUTOEXEC_RUN_ID', None)\nfrom autoexec_magic import api\n" + says
    )
    caller = onrecord.Caller(cwd=tmp_path)
    with pytest.raises(PhaseError) as caught:
        api.sh([sys.executable, str(script)], caller=caller, yes=True)
    assert "PolicyRefused" in str(caught.value) + str(list(api.show(api.runs(1)[0].run_id)[1]))


def test_yes_never_picks_among_several():
    """`--yes` takes the only choice that may be the right one, else it names the commands that choose."""
    first = Choice(answer="frob", label="frob 1.0", fix="A", proved=True)
    second = Choice(answer="frob-ng", label="frob-ng 1.0", fix="B", proved=True)
    assert onrecord.agreed(Question(text="install it ?", choices=(first,))) is first
    with pytest.raises(NeedsPerson, match="install it") as caught:
        onrecord.agreed(Question(text="install it ?", choices=(first, second)))
    assert caught.value.fix == "A, or B"
    alone = Question(text="install it ?", choices=(first,), needs_person=True)
    assert onrecord.agreed(alone) is Reply.NO
    assert onrecord.agreed(Question(text="run it ?")) is Reply.YES

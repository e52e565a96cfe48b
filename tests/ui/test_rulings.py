"""The verb `policy`: why a command may or may not run, and what was agreed to for good."""

from __future__ import annotations

import pytest

from autoexec_magic import api
from autoexec_magic.errors import NeedsPerson, PolicyRefused, UsageError
from autoexec_magic.ui import verbs
from autoexec_magic.ui.spoken import Spoken
from autoexec_magic.values import Reply, Verdict

OFFER = '[tool.autoexec.policy]\nallow = ["frobnicate *"]\n'


def policy(line: str | list[str], caller: api.Caller = api.PYTHON) -> Spoken:
    """Return what `policy` says."""
    words = ["policy", *line] if isinstance(line, list) else f"policy {line}"
    return verbs.parse(words).run(caller)


@pytest.fixture
def project(workdir):
    """Return a project in the working directory that loosens the policy."""
    (workdir / "pyproject.toml").write_text(OFFER)
    return workdir


def test_a_line_is_explained_as_it_stands():
    """Options of the command are its own, quotes are as typed."""
    said = policy("explain ls --json 'a b' | wc -l")
    assert "word --json" in said.text
    assert "word 'a b'" in said.text
    assert said.value.answer == "ask"  # the rule of `ls` knows no such option
    assert "layer 1 parse" in said.text
    assert "layer 5 cage" in said.text


def test_the_deciding_rule_is_named_with_its_place():
    """So that who wonders can read it."""
    said = policy("explain rm -rf ~/x")
    last = said.text.splitlines()[-1]
    assert last.startswith("refuse: layer 4, recursive-delete (paths.py:")
    assert "files.toml:" in said.text
    assert said.result.added["answer"] == "refuse"
    assert said.records[-1]["rule"] == "recursive-delete"


@pytest.mark.parametrize(
    "line",
    ["explain --json ls", "--json explain ls", ["--json", "explain", "ls"], ["explain", "--json", "ls"]],
)
def test_our_own_options_stand_before_the_line(line):
    """As with `sh`."""
    call = verbs.parse(f"policy {line}" if isinstance(line, str) else ["policy", *line])
    assert call.is_json
    assert call.options.words == ["explain"]
    assert call.options.rest in ("ls", ["ls"])


def test_words_that_a_shell_has_split_are_an_argv():
    """One word is a line that somebody quoted."""
    assert policy(["explain", "ls", "a b"]).value.line == "ls 'a b'"
    assert policy(["explain", "ls | wc"]).value.line == "ls | wc"


def test_what_cannot_be_parsed_is_explained_too():
    """There is no tree; there is a reason."""
    said = policy("explain a 'b")
    assert said.value.answer == "refuse"
    assert "no tree" in said.text


def test_each_line_of_a_file_gets_a_verdict_and_none_is_run(workdir):
    """In their order; empty lines are none."""
    (workdir / "lines").write_text("touch mark\n\nsudo ls\nfrobnicate\n")
    said = policy("check --file lines --json")
    assert [record["answer"] for record in said.records] == ["allow", "refuse", "ask"]
    assert {record["kind"] for record in said.records} == {"PolicyVerdict"}
    assert said.result.added == {"allow": 1, "ask": 1, "refuse": 1}
    assert "3 lines: 1 allow, 1 ask, 1 refuse" in said.text
    assert not (workdir / "mark").exists()


@pytest.mark.parametrize(
    "line", ["", "frob", "explain", "explain  ", "check", "check --file absent", "forget"]
)
def test_what_is_missing_is_said(line, workdir):
    """With what to type."""
    with pytest.raises(UsageError) as caught:
        policy(line)
    assert caught.value.fix


def test_the_examples_of_all_rules_are_judged():
    """Each file with its count."""
    said = policy("test")
    assert said.result.verdict == Verdict.PASSED
    assert said.result.added["examples"] > 1000
    assert "ok  git.toml" in said.text


def test_what_a_project_loosens_is_shown_and_accepted(project):
    """From then on it counts; once accepted there is nothing to accept."""
    asked = []
    caller = api.Caller(ask=lambda question: asked.append(question) or Reply.YES)
    said = policy("accept", caller)
    assert 'policy.allow = ["frobnicate *"]' in said.text
    assert 'policy.allow = ["frobnicate *"]' in asked[0].evidence[0]
    assert api.config().config.policy_allow == ("frobnicate *",)
    assert policy("accept", caller).result.verdict == Verdict.SKIPPED
    assert len(asked) == 1


def test_a_no_accepts_nothing(project):
    """And so does nobody."""
    with pytest.raises(PolicyRefused):
        policy("accept", api.Caller(ask=lambda question: Reply.NO))
    with pytest.raises(NeedsPerson) as caught:
        policy("accept")
    assert caught.value.fix == "%autoexec policy accept --yes"
    assert api.config().config.policy_allow == ()


def test_what_was_agreed_to_is_listed_and_forgotten(project):
    """By its short name."""
    assert "nothing is agreed" in policy("answers").text
    policy("accept --yes")
    said = policy("answers")
    (record,) = said.records
    assert "frobnicate" in said.text
    forgotten = policy(f"forget {record['name'][:12]}")
    assert "forgot" in forgotten.text
    assert "nothing is agreed" in policy("answers").text
    assert api.config().config.policy_allow == ()

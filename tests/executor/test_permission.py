"""An argv runs when the policy or a person says so, and the error says who did not."""

from __future__ import annotations

import pytest

from autoexec_magic.errors import MissingTool, PolicyRefused
from autoexec_magic.executor import lines, policy
from autoexec_magic.executor.permission import check_no_run_answers, judge_input, permitted, shown
from autoexec_magic.executor.policy import fed
from autoexec_magic.values import Reply

PATH = {"PATH": "/usr/bin:/bin"}


def test_what_the_policy_allows_is_not_asked_about(tmp_path):
    """The file that runs is the one that was judged."""

    def nobody(question):
        raise AssertionError(question)

    program = permitted(("ls", "-la"), PATH, tmp_path, tmp_path, policy.DEFAULT, nobody, ())
    assert program.name == "ls"
    assert program.is_absolute()


def test_a_person_decides_what_the_policy_asks(tmp_path):
    """The question has the whole line in its fix, however long it is."""
    asked = []
    argv = ("git", "push", "x" * 500)

    def answer(reply):
        return lambda question: asked.append(question) or reply

    permitted(argv, PATH, tmp_path, tmp_path, policy.DEFAULT, answer(Reply.YES), ())
    assert asked[0].fix.endswith("x" * 500)
    assert len(asked[0].text) < 300
    assert asked[0].content
    with pytest.raises(PolicyRefused, match="not run"):
        permitted(argv, PATH, tmp_path, tmp_path, policy.DEFAULT, answer(Reply.NO), ())
    with pytest.raises(PolicyRefused, match="refused"):
        permitted(argv, PATH, tmp_path, tmp_path, policy.DEFAULT, None, ())


def test_a_refusal_is_nobodys_to_lift(tmp_path):
    """Nobody is asked."""
    with pytest.raises(PolicyRefused, match="refused"):
        permitted(("cat", ".env"), PATH, tmp_path, tmp_path, policy.DEFAULT, lambda question: True, ())


def test_what_is_not_there_is_missing(tmp_path):
    """Not refused: it can be installed."""
    with pytest.raises(MissingTool):
        permitted(("frobnicate",), PATH, tmp_path, tmp_path, policy.DEFAULT, None, ())


def test_a_file_for_the_input_is_judged_as_a_redirection_is(tmp_path):
    """A secret is one by whatever way it is read."""
    judge = lines.Judge(rules=policy.DEFAULT, roots=policy.Roots(workspace=tmp_path), ask=None)
    judge_input(tmp_path / "data", "wc -l", tmp_path, judge)
    with pytest.raises(PolicyRefused, match="refused: wc -l < "):
        judge_input(tmp_path / ".env", "wc -l", tmp_path, judge)


def test_a_command_is_shown_short():
    """Quoted as a shell would need it."""
    assert shown(("echo", "a b")) == "echo 'a b'"
    assert shown(" echo x ") == "echo x"
    assert shown("x" * 1000).endswith("…")
    assert len(shown("x" * 1000)) == 200


def test_what_runs_does_not_answer_for_a_person(monkeypatch):
    """Known by its variable, as any child has it."""
    monkeypatch.delenv("AUTOEXEC_RUN_ID", raising=False)
    check_no_run_answers("to say yes")
    monkeypatch.setenv("AUTOEXEC_RUN_ID", "some-run")
    with pytest.raises(PolicyRefused, match="to say yes"):
        check_no_run_answers("to say yes")


@pytest.mark.parametrize("argv", [("xargs", "cat"), ("sh", "-c", "xargs cat")])
def test_an_input_that_nobody_has_seen_is_no_empty_one(argv, tmp_path, monkeypatch):
    """Its words would be files to read, or code to run."""
    seen, real = [], fed.lines_of
    monkeypatch.setattr(fed, "lines_of", lambda before: seen.extend(before) or real(before))
    with pytest.raises(PolicyRefused):
        permitted(argv, PATH, tmp_path, tmp_path, policy.DEFAULT, None, (), is_fed=True)
    assert set(seen) == {policy.UNSEEN_INPUT}
    permitted(("cat",), PATH, tmp_path, tmp_path, policy.DEFAULT, None, (), is_fed=True)

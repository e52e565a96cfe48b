"""What bash could make of an inner line otherwise than we do: a question, never a guess."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoexec_magic.executor.policy import DEFAULT, Roots, parse, verdict
from autoexec_magic.executor.policy.steps import Place, judged

QUESTIONS = {
    # Patterns: what a bracket means, and what a star finds, is up to the shell.
    "cat ~/.aw[^x]/credentials": "pattern-of-the-shell",
    "cat ~/.pypir[[.c.]]": "pattern-of-the-shell",
    "cat ~/.py[!x]irc": "pattern-of-the-shell",
    "cat .en[^x]": "pattern-of-the-shell",
    "P=.en[^x]; cat $P": "pattern-of-the-shell",
    "P='.e*\\v'; cat $P": "pattern-of-the-shell",
    "cat ~/.pypir?": "pattern-of-the-shell",
    "cat ~/*": "pattern-of-the-shell",
    "cat < ~/.py?irc": "pattern-of-the-shell",
    # A place that may be another.
    "cd q/r; rm -rf x": "uncertain-place",
    "cd nothere; rm -rf x": "uncertain-place",
    "cd nothere && ls; rm -rf x": "uncertain-place",
    "false && D=sub; rm -rf $D/x": "uncertain-place",
    "false && D=sub && ls || rm -rf $D/x": "uncertain-place",
    "true || cd sub && rm -rf x": "uncertain-place",
    "cd sub | cat; rm -rf sub/x": "uncertain-place",
    "! cd sub && rm -rf x": "uncertain-place",
    "X=cd; $X sub; rm -rf x": "uncertain-place",
    "cd -P sub && rm -rf x": "uncertain-place",
    "rm -rf sub; cd sub; rm -rf x": "uncertain-place",
    # What the shell sets, and what is built into it.
    "echo x; cat $_": "variable-of-the-shell",
    "echo $RANDOM $BASHPID": "variable-of-the-shell",
    "D=$OLDPWD; ls $D": "variable-of-the-shell",
    "test -v x": "builtin-computes",
    "[ -v x ]": "builtin-computes",
    "V=-R; test $V x": "builtin-computes",
    "printf -v PATH /tmp/evil; ls": "builtin-computes",
    "printf -vPATH /tmp/evil; ls": "builtin-computes",
    "dd if=~root/x": "needs-a-shell",
    "dd if=x:~root/x": "needs-a-shell",
}
ORDINARY = [
    "cat *.txt sub/*.py",
    "cd sub && make",
    "cd nothere && make",
    "mkdir -p b && cd b && cmake ..",
    "cd sub; make",
    "cd sub && make && cd x && ls",
    "echo a; cd sub; make",
    "N=3; echo $N $HOME $PWD",
    "[ -f a ] && cat a",
    "printf '%s\\n' a",
]


def answer(text: str, workspace: Path) -> tuple[str, str]:
    """Return the answer to a line, and the rule that gave it."""
    home = workspace.parent / "home"
    place = Place(cwd=workspace, environment={"HOME": str(home), "PATH": "/usr/bin", "PWD": str(workspace)})
    (one,) = judged(parse(text), place, Roots(workspace=workspace, home=home), DEFAULT)
    return one.verdict.answer, one.verdict.rule


@pytest.fixture(autouse=True)
def workspace(monkeypatch, tmp_path):
    """Have a machine with every program, and a folder in the workspace."""
    monkeypatch.setattr(verdict, "find", lambda name, environment, cwd: Path("/usr/bin") / name)
    (tmp_path / "sub").mkdir()
    return tmp_path


@pytest.mark.parametrize(("line", "rule"), QUESTIONS.items(), ids=map(repr, QUESTIONS))
def test_what_only_the_shell_knows_is_a_question(workspace, line, rule):
    """Within `bash -c`: who reads it twice must not read it in two ways."""
    assert answer(f'bash -c "{line.replace("$", chr(92) + "$")}"', workspace) == ("ask", rule)


@pytest.mark.parametrize("line", ORDINARY, ids=repr)
def test_what_can_be_read_in_one_way_runs(workspace, line):
    """A folder that is there, or `&&` behind the `cd`, and plain patterns."""
    quoted = line.replace("$", "\\$")
    assert answer(f'bash -c "{quoted}"', workspace)[0] == "allow"


def test_a_typed_line_is_expanded_by_us(workspace):
    """It needs none of these questions: it runs as it was judged."""
    (workspace / "ax").touch()
    place = Place(cwd=workspace, environment={"HOME": "/home/ada", "PATH": "/usr/bin"})
    (one,) = judged(parse("ls a[^b]"), place, Roots(workspace=workspace), DEFAULT)
    assert (one.argv, one.verdict.answer) == (("ls", "ax"), "allow")

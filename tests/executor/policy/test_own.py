"""A person's own answers: for exactly the commands that the pattern means."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoexec_magic.errors import UsageError
from autoexec_magic.executor.policy import Policy, Roots, judge_command, verdict
from autoexec_magic.executor.policy.own import judge_own, words_of

SYSTEM = Path("/usr/bin/terraform")


def answer(argv: str, program: Path = SYSTEM, **patterns: str) -> str | None:
    """Return the answer to a command of words without spaces."""
    policy = Policy(**{name: (pattern,) for name, pattern in patterns.items()})
    found = judge_own(argv.split(), program, policy)
    return found.answer if found else None


@pytest.mark.parametrize(
    ("pattern", "command", "is_meant"),
    [
        ("terraform plan", "terraform plan", True),
        ("terraform plan", "terraform plan -out x", False),
        ("terraform plan", "terraform", False),
        ("terraform plan", "terraform destroy", False),
        ("terraform plan *", "terraform plan", True),
        ("terraform plan *", "terraform plan -out x", True),
        ("terraform *", "terraform destroy", True),
        ("terraform * x", "terraform plan x", True),
        ("terraform * x", "terraform plan a x", False),
        ("terraform p*", "terraform plan", True),
        ("terraform p*", "terraform plan x", False),
        ("terraform", "terraform", True),
        ("terraform", "terraform x", False),
    ],
)
def test_a_pattern_means_its_words(pattern, command, is_meant):
    """And any that follow only where it ends with a star."""
    assert (answer(command, allow=pattern) == "allow") is is_meant


def test_the_strictest_answer_counts():
    """A refusal is never taken back by an allowance that is there, too."""
    every = {"allow": "terraform *", "ask": "terraform *", "refuse": "terraform destroy"}
    assert answer("terraform destroy", **every) == "refuse"
    assert answer("terraform plan", **every) == "ask"


def test_a_program_of_that_name_somewhere_else_is_not_allowed():
    """What lies in the project is the project's own, whatever it is called."""
    there = Path("/srv/project/terraform")
    assert answer("terraform plan", there, allow="terraform *") is None
    assert answer("./terraform plan", there, allow="terraform *") is None
    assert answer("./terraform plan", there, allow="/srv/project/terraform *") == "allow"
    assert answer("./terraform plan", there, refuse="terraform *") == "refuse"


@pytest.mark.parametrize("pattern", ["", " ", "*", "* x", "t?rraform", "'terraform", "[t]erraform"])
def test_a_pattern_names_one_program(pattern):
    """Else it would allow more than whoever wrote it thought of."""
    with pytest.raises(UsageError, match="no pattern"):
        words_of(pattern)


@pytest.fixture
def judge(monkeypatch, tmp_path):
    """Return what judges a line of words on a machine that has every program."""
    monkeypatch.setattr(verdict, "find", lambda name, environment, cwd: Path("/usr/bin") / Path(name).name)

    def judge(argv: str, **patterns: str):
        policy = Policy(**{name: (pattern,) for name, pattern in patterns.items()})
        roots = Roots(workspace=tmp_path, home=tmp_path / "home")
        return judge_command(argv.split(), environment={}, cwd=tmp_path, roots=roots, policy=policy)

    return judge


def test_an_allowance_takes_a_question_back(judge):
    """With the pattern as the rule."""
    assert judge("frobnicate x").answer == "ask"
    found = judge("frobnicate x", allow="frobnicate *")
    assert (found.answer, found.rule) == ("allow", "own allow: frobnicate *")


def test_an_allowance_takes_no_refusal_back(judge):
    """Secrets, and what cannot work."""
    assert judge("cat .env", allow="cat *").answer == "refuse"
    assert judge("sudo ls", allow="sudo *").answer == "refuse"


def test_a_person_can_be_stricter_than_the_built_in_policy(judge):
    """Ask, or refuse, what would be allowed."""
    assert judge("ls x", ask="ls *").answer == "ask"
    assert judge("ls x", refuse="ls *").answer == "refuse"

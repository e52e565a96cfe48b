"""`policy test` judges every example, and a verdict's rule is found where it is written."""

from __future__ import annotations

import pytest

from autoexec_magic.executor.policy import arguments, examples, rulefile
from autoexec_magic.executor.policy.examples import check_rules, written_at


def test_every_example_of_every_file_is_judged():
    """None is wrong, and none is left out."""
    found = check_rules()
    files = {file.name for file in rulefile.builtin().values()}
    assert [checked.name for checked in found] == sorted(files)
    assert sum(checked.examples for checked in found) == len(list(arguments.examples()))
    assert sum(checked.programs for checked in found) == len(arguments.programs())
    assert [line for checked in found for line in checked.wrong] == []


def test_an_example_that_gets_another_answer_is_told(monkeypatch):
    """With its file and line, what was wanted and what came."""
    ruling = arguments.judge(["frobnicate"])
    assert ruling.answer == "ask"
    monkeypatch.setattr(examples.arguments, "judge", lambda argv: ruling)
    wrong = [line for checked in check_rules() for line in checked.wrong]
    assert len(wrong) > 500
    assert "was wanted, ask came" in wrong[0]
    assert ".toml:" in wrong[0]


@pytest.mark.parametrize(
    ("rule", "file"),
    [
        ("git.toml:12 git push", "programs/git.toml:12"),
        ("listed:ls", "rules.py:"),
        ("refused:sudo", "rules.py:"),
        ("secret", ""),
        ("recursive-delete", "paths.py:"),
        ("own allow: x *", ""),
        ("", ""),
        ("nobody wrote this", ""),
    ],
)
def test_a_rule_is_found_where_it_is_written(rule, file):
    """Its file, and a line there."""
    assert written_at(rule).startswith(file)
    assert bool(written_at(rule)) == bool(file) or rule == "secret"

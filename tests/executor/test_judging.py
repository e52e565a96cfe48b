"""A line is judged, and explained, without running any of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.executor import changes_only_itself, explain, judge
from autoexec_magic.executor.policy import Policy


@pytest.mark.parametrize(
    ("line", "answer", "layer"),
    [
        ("ls -la", "allow", 2),
        ("ls | wc -l && echo x > out.txt", "allow", 2),
        ("echo $(id)", "ask", 1),
        ("for i in 1; do sudo ls; done", "refuse", 2),
        ("echo $(cat .env)", "refuse", 4),
        ("frobnicate", "ask", 2),
        ("ls; frobnicate", "ask", 2),
        ("a 'b", "refuse", 1),
        ("ls\0", "refuse", 1),
        ("", "refuse", 1),
        ("sudo ls", "refuse", 2),
        ("cat .env", "refuse", 4),
        ("frobnicate; cat .env", "ask", 2),
        ("cat .env; ls", "refuse", 4),
        (("ls", "-la"), "allow", 2),
        (("cat", ".env"), "refuse", 4),
    ],
)
def test_the_strictest_verdict_of_a_line_is_the_lines(line, answer, layer, tmp_path):
    """With the layer that gave it; of a program that is not there nothing more is known."""
    found = judge(line, workspace=tmp_path, cwd=tmp_path)
    assert (found.answer, found.layer) == (answer, layer), found


def test_nothing_is_run(tmp_path):
    """Not even what is allowed."""
    explain("touch mark", workspace=tmp_path, cwd=tmp_path)
    judge("touch mark > other", workspace=tmp_path, cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_line_is_explained_part_by_part(tmp_path):
    """Its tree, the file each program is, and what each layer says."""
    found = explain("X=1 ls *.py | head -n 3 > out", workspace=tmp_path, cwd=tmp_path)
    assert "sets X=1" in found.tree
    assert "word *.py" in found.tree
    assert "file > out" in found.tree
    assert [Path(part.program).name for part in found.parts] == ["ls", "head"]
    assert found.parts[1].argv == ("head", "-n", "3")
    assert [verdict.layer for verdict in found.parts[1].verdicts][:2] == [2, 3]
    assert found.verdict.line == "X=1 ls *.py | head -n 3 > out"


def test_a_refused_program_is_refused_whether_it_is_there_or_not(tmp_path):
    """And its file is shown only where it is there."""
    (part,) = explain("sudo ls", workspace=tmp_path, cwd=tmp_path).parts
    assert [verdict.answer for verdict in part.verdicts] == ["refuse"]


def test_the_persons_policy_is_the_one_that_counts(tmp_path):
    """As it would be if the line ran."""
    policy = Policy(refuse=("ls *",))
    assert judge("ls x", workspace=tmp_path, cwd=tmp_path, policy=policy).answer == "refuse"


@given(st.text(max_size=80))
def test_nothing_is_ever_raised(line):
    """Whatever was typed, there is an answer."""
    here = Path(__file__).parent
    assert judge(line, workspace=here, cwd=here).answer in ("allow", "ask", "refuse")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("cd x", True),
        ("export A=1", True),
        ("A=1; cd x", True),
        ("cd x && ls", False),
        ("A=1 ls", False),
        ("ls", False),
        ("cd $(x)", False),
        ("'", False),
    ],
)
def test_a_line_that_only_goes_somewhere_changes_nothing_for_the_next(line, answer):
    """Each line of a cell starts anew, and who does not know that removes files of another folder."""
    assert changes_only_itself(line) is answer

"""What is gathered while a command is read only gets stricter."""

from __future__ import annotations

import pytest

from autoexec_magic.executor.policy.found import Found


@pytest.mark.parametrize(
    ("answers", "want", "why"),
    [
        ([], "allow", ""),
        (["ask"], "ask", "0"),
        (["ask", "ask"], "ask", "0"),
        (["ask", "refuse", "ask"], "refuse", "1"),
        (["refuse", "ask"], "refuse", "0"),
        (["refuse", "allow"], "refuse", "0"),
    ],
)
def test_the_first_reason_of_the_strictest_answer_stays(answers, want, why):
    """A later word cannot talk an earlier one away."""
    found = Found()
    for number, answer in enumerate(answers):
        found.doubt(str(number), answer=answer)
    assert (found.answer, found.why) == (want, why)


def test_the_line_of_the_deciding_rule_is_kept():
    """A doubt without a line of its own keeps the one of the table."""
    found = Found()
    found.line = 3
    found.doubt("a")
    assert found.line == 3
    found.doubt("b", answer="refuse", line=9)
    assert found.line == 9

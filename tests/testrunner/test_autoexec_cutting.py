"""Cuts in the process of the tests, where nobody knows what is secret."""

from __future__ import annotations

import pytest

from autoexec_magic.redact import cleaned
from autoexec_magic.testrunner.inside.own import autoexec_cutting as cutting

SECRET = "Zq7Xw9Vk3Jp5Bn2Hd8"


@pytest.mark.parametrize("cut", [cutting.beginning, cutting.ending, cutting.middle_out])
@pytest.mark.parametrize("filler", ["a", "a b\n"])
def test_a_cut_says_so_right_where_it_is(cut, filler):
    """So that whoever knows the secrets, which is not this process, finds what is left of one."""
    for at in range(130):
        text = (filler * 200)[:at] + SECRET + filler * 100
        told = cleaned(cut(text, 60), (SECRET,))
        assert len(cut(text, 60)) <= 63
        assert "…" in told
        assert not any(SECRET[at : at + 4] in told for at in range(len(SECRET) - 3))
    assert cut("abc", 60) == "abc"


def test_a_cut_is_at_a_lines_end_where_one_is_near():
    """No shape of a secret goes over one: what stands before its value stays with it."""
    text = "".join(f"API_TOKEN=value{number:02}\n" for number in range(50))
    assert cutting.ending(text, 100).startswith("…\nAPI_TOKEN=")
    head, tail = cutting.middle_out(text, 200).split("\n…\n")
    assert head.splitlines()[-1].startswith("API_TOKEN=value")
    assert len(head.splitlines()[-1]) == len("API_TOKEN=value00")
    assert tail.startswith("API_TOKEN=")

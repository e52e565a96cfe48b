"""What readers gather."""

from __future__ import annotations

import pytest

from autoexec_magic.redact import cleaned
from autoexec_magic.testrunner.cases import Case, Problem
from autoexec_magic.testrunner.foreign import Hearers
from autoexec_magic.testrunner.foreign.gathering import (
    Gathering,
    beginning,
    broken,
    ending,
    not_run,
    shortened,
)


@pytest.mark.parametrize(
    ("verdict", "returncode", "is_believed"),
    [
        ("passed", 0, True),
        ("failed", 1, True),
        ("xfailed", 0, True),
        ("passed", 1, False),
        ("failed", 0, False),
        ("not-run", 0, False),
        ("passed", -15, False),
    ],
)
def test_the_exit_code_has_to_agree(verdict, returncode, is_believed):
    """With what the cases say together."""
    gathered = Gathering(Hearers())
    gathered.add(Case("a", verdict=verdict))
    assert (gathered.told("x", returncode).faults == ()) is is_believed


def test_the_same_id_again_gets_a_number():
    """Two tests with one name are two."""
    gathered = Gathering(Hearers())
    assert [gathered.new_id(name) for name in ("a", "b", "a", "a")] == ["a", "b", "a [2]", "a [3]"]


def test_what_was_never_told_is_counted():
    """Where only its number was announced."""
    gathered = Gathering(Hearers())
    gathered.missing = 2
    told = gathered.told("x", 0)
    assert (told.collected, told.missing, told.faults) == (2, 2, ("of 2 tests nothing was told",))


def test_faults_are_said_once_and_not_without_end():
    """The first ones."""
    gathered = Gathering(Hearers())
    for number in range(100):
        gathered.fault("the same")
        gathered.fault(f"another {number}")
    faults = gathered.told("x", 0).faults
    assert (len(faults), faults.count("the same")) == (20, 1)


def test_what_did_not_run_and_what_could_not_be_read():
    """Are cases like any other."""
    assert not_run("a.js::b::c", "why")[:3] == ("c", "a.js::b", "not-run")
    assert broken("a.js", Problem(kind="error", message="no")).message == "no"
    assert shortened("x" * 10, 6) == "xx\n…\nxx"


SECRET = "Zq7Xw9Vk3Jp5Bn2Hd8"


@pytest.mark.parametrize("cut", [shortened, beginning, ending])
@pytest.mark.parametrize("filler", ["a", "a b\n"])
def test_a_cut_says_so_right_where_it_is(cut, filler):
    """So that whoever knows the secrets finds what is left of one; again and again, as a tail grows."""
    for at in range(130):
        text = (filler * 200)[:at] + SECRET + filler * 100
        told = cleaned(cut(text, 60), (SECRET,))
        assert len(cut(text, 60)) <= 61
        assert "…" in told
        assert not any(SECRET[at : at + 4] in told for at in range(len(SECRET) - 3))
    assert cut("abc", 60) == "abc"


def test_a_tail_that_grows_stays_one():
    """Its mark is in front once, however often it was cut."""
    tail = ""
    for number in range(100):
        tail = ending(f"{tail}line {number}\n", 40)
    assert tail == "…\nline 96\nline 97\nline 98\nline 99\n"
    assert ending("x" * 61, 60) == "x" * 61
    assert ending("x" * 62, 60) == "…" + "x" * 60

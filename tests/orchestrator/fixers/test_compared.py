"""What was changed between two lists of lines."""

from __future__ import annotations

import random

import pytest

from autoexec_magic.orchestrator.fixers import compared
from autoexec_magic.orchestrator.fixers.compared import changes, unified
from autoexec_magic.orchestrator.fixers.doubts import doubts
from autoexec_magic.orchestrator.fixers.files import encoded
from autoexec_magic.orchestrator.fixers.patch import apply, diff, read


class Counted(str):
    """A line that counts how often it is compared."""

    __slots__ = ()
    times = 0

    def __eq__(self, other: object) -> bool:
        Counted.times += 1
        return str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        Counted.times += 1
        return str.__ne__(self, other)

    __hash__ = str.__hash__


def made_of(old: list[str], new: list[str]) -> list[str]:
    """Return what the changes make of `old`, and check that they are about all of it."""
    done: list[str] = []
    at = (0, 0)
    for tag, start, end, first, last in changes(old, new):
        assert (start, first) == at
        assert tag != "equal" or old[start:end] == new[first:last]
        done += old[start:end] if tag == "equal" else new[first:last]
        at = (end, last)
    assert at == (len(old), len(new))
    return done


@pytest.mark.parametrize("letters", ["ab", "abc", "abcdefghijklmnop"])
def test_the_changes_make_the_new_lines_of_the_old(letters):
    """Whatever the lists are, empty ones too."""
    known = random.Random(letters)
    for _ in range(300):
        old, new = (known.choices(letters, k=known.randrange(12)) for _ in range(2))
        assert made_of(old, new) == new
        text = "\n".join(unified(old, new, "s.py"))
        assert bool(text) == (old != new)
        if old and old != new:
            before, after = ("".join(f"{line}\n" for line in lines) for lines in (old, new))
            assert apply(read(text, "s.py"), before) == after


def test_repetition_costs_no_more_than_the_edits():
    """Of 15,000 lines of two kinds each is compared a few times, where three were changed."""
    old = [Counted("ab"[at % 2]) for at in range(15_000)]
    new = list(old)
    new[10], new[7000], new[14_990] = Counted("x"), Counted("y"), Counted("z")
    Counted.times = 0
    assert [change.tag for change in changes(old, new)] == ["equal", "replace"] * 3 + ["equal"]
    assert Counted.times < 20 * len(old)


def test_what_is_changed_all_over_is_replaced_as_a_whole():
    """The equal start and end are kept, and the search ends in time."""
    old = [Counted("head"), *(Counted("ab"[at % 2]) for at in range(15_000)), Counted("tail")]
    new = [old[0], *(Counted("abx"[at % 3]) for at in range(15_000)), old[-1]]
    Counted.times = 0
    found = changes(old, new)
    assert [change.tag for change in found] == ["equal", "replace", "equal"]
    assert Counted.times < compared.MOST_EDITS * len(old)


def test_a_script_that_is_changed_all_over_is_shown_judged_and_written():
    """None of the three takes `difflib`, which would not come to an end here."""
    before = "".join(f"x = {at % 2}\n" for at in range(15_000))
    after = "".join(f"x = {at % 3}\n" for at in range(15_000))
    assert diff(before, after, "s.py").count("\n-x") > 14_900
    assert encoded(before.replace("\n", "\r\n").encode(), after) == after.replace("\n", "\r\n").encode()
    assert any("too much" in item for item in doubts(before, after, failed="x = 1"))
    assert not any("too much" in item for item in doubts(before, before.replace("0", "5", 1), failed="x = 0"))

"""The loop guard: whatever fails and whatever is tried, it ends, and says why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from autoexec_magic.orchestrator.fixers.rounds import SAME, UNCHANGED, Budget, Rounds


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize("failures", [["a", "a"], ["a", "b", "a"], ["a", "b", "c", "b"]])
def test_a_failure_that_comes_back_ends_it(failures):
    """At once, or after others in between: from A to B and back to A is a circle."""
    rounds = Rounds(Budget(rounds=9))
    said = [rounds.note(failure, str(number)) for number, failure in enumerate(failures)]
    assert said == [""] * (len(failures) - 1) + [SAME]


def test_a_fix_that_changes_nothing_is_not_run():
    """Neither what has just failed nor what failed before is worth running again."""
    rounds = Rounds(Budget())
    rounds.note("a", "first")
    rounds.note("b", "second")
    assert rounds.changed("second") == rounds.changed("first") == UNCHANGED
    assert rounds.changed("third") == ""


def test_the_rounds_are_counted():
    """Three, unless a person said otherwise."""
    rounds = Rounds(Budget())
    assert [rounds.begin() for _ in range(3)] == ["", "", ""]
    assert rounds.begin() == "it has been tried 3 times, which is what `fix.rounds` allows"
    assert rounds.number == 3
    assert Rounds(Budget(rounds=0)).begin()


def test_the_time_is_that_of_the_wall():
    """What is left gets less whatever is done; with none left no round begins."""
    clock = Clock()
    rounds = Rounds(Budget(seconds=300), clock)
    clock.now += 299
    assert rounds.seconds_left == 1
    assert rounds.begin() == ""
    clock.now += 2
    assert rounds.seconds_left == 0
    assert rounds.begin() == "301 s have passed, and `fix.seconds` allows 300"


class AnySequence(RuleBasedStateMachine):
    """Failures, fixes and hours in any order."""

    def __init__(self):
        super().__init__()
        self.clock = Clock()
        self.rounds = Rounds(Budget(rounds=3, seconds=300), self.clock)
        self.begun = 0
        self.seen: list[str] = []
        self.run: list[str] = []

    @rule(signature=st.sampled_from("abcd"), state=st.sampled_from("1234"))
    def fail(self, signature, state):
        """What is known stops it, and nothing else does."""
        assert bool(self.rounds.note(signature, state)) == (signature in self.seen)
        self.seen.append(signature)
        self.run.append(state)

    @rule(state=st.sampled_from("12345"))
    def fix(self, state):
        """A state that has failed is refused, and no other."""
        assert bool(self.rounds.changed(state)) == (state in self.run)

    @rule()
    def begin(self):
        """A round begins only while there is something left of both."""
        may = self.begun < 3 and self.clock.now < 400
        assert bool(self.rounds.begin()) != may
        self.begun += may

    @rule(seconds=st.floats(0, 200))
    def wait(self, seconds):
        """Time passes."""
        self.clock.now += seconds

    @invariant()
    def never_more_than_allowed(self):
        """Three rounds are three."""
        assert self.rounds.number == self.begun <= 3


TestAnySequence = AnySequence.TestCase


@given(st.lists(st.sampled_from("abcdefgh")))
def test_no_sequence_is_endless(failures):
    """However long the list of failures, at most three rounds are made of it."""
    rounds = Rounds(Budget())
    for number, failure in enumerate(failures):
        if rounds.note(failure, str(number)) or rounds.begin():
            break
    assert rounds.number <= 3

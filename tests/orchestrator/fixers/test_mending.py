"""The loop as a whole, with scripted failures: it ends, says what was tried, leaves nothing half done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.errors import Cancelled, NeedsPerson
from autoexec_magic.events import FixTried, Progress
from autoexec_magic.orchestrator.fixers.attempt import Attempt, Change, Failure, Hands, Left
from autoexec_magic.orchestrator.fixers.mending import mend
from autoexec_magic.orchestrator.fixers.rounds import Budget, Rounds
from autoexec_magic.values import Action, Diagnosis, Frame, Reply

SOURCE = "pritn(1)\n"


def failure(code="name-not-defined", *action, is_final=False, line="pritn(1)"):
    """Return a failure whose action, if any, is given as its kind and values."""
    done = Action(kind=action[0], values=tuple(action[1:])) if action else None
    frame = Frame(file="script.py", line=1, source=line)
    return Failure(diagnosis=Diagnosis(code=code, why=code, action=done, frame=frame), is_final=is_final)


def nobody(question):
    raise NeedsPerson(question.text)


def hands(**more):
    return Hands(**({"root": Path("/"), "ask": nobody, "person": nobody, "may_patch": True} | more))


def looped(first, then, *, budget=None, attempt=None, thinks=None, clock=None, **more):
    """Mend `first`; what runs again ends as `then` says, one after the other."""
    events, ran, rest = [], [], iter(then)

    def again(attempt):
        ran.append(attempt)
        ended = next(rest)
        if isinstance(ended, BaseException):
            raise ended
        return ended

    rounds = Rounds(budget or Budget(), *([clock] if clock else []))
    done = mend(
        first,
        attempt or Attempt(source=SOURCE),
        again,
        hands(**more),
        rounds,
        emit=events.append,
        thinks=thinks,
    )
    tried = [event for event in events if isinstance(event, FixTried)]
    assert done.tried == tuple(tried)
    return done, ran, tried


def test_a_fix_that_helps_is_run_once():
    """The rule's replacement runs, what ran again passes, and nothing else is done."""
    done, ran, [tried] = looped(failure("name-not-defined", "replace", "pritn", "print"), [None])
    assert done.passed
    assert [attempt.source for attempt in ran] == ["print(1)\n"]
    assert done.attempt == ran[0]
    assert (tried.number, tried.by, tried.outcome) == (1, "replace", "passed")
    assert "-pritn(1)\n+print(1)" in tried.patch
    assert done.why == ""


def test_the_same_failure_again_ends_it():
    """It says what was tried and why there is no further round."""
    first = failure("module-not-found", "install", "a")
    done, ran, tried = looped(first, [first], install=lambda names: ("a 1.0",))
    assert not done.passed
    assert len(ran) == 1
    assert [item.outcome for item in tried] == ["same", "stopped"]
    assert done.story == (
        "tried 1: installed a 1.0: same: module-not-found",
        "stopped: the same failure came back",
    )


def test_a_circle_ends_it():
    """From one failure to another and back: the third is the first again."""
    a, b = failure("module-not-found", "install", "a"), failure("module-not-there", "install", "b")
    done, ran, tried = looped(a, [b, a], install=lambda names: (f"{names[0]} 1",))
    assert len(ran) == 2
    assert [item.outcome for item in tried] == ["failed", "same", "stopped"]
    assert done.why == "the same failure came back"


def test_what_changes_nothing_is_not_run_again():
    """An install that brought nothing, a replacement by itself."""
    done, ran, tried = looped(failure("a", "replace", "pritn", "pritn"), [])
    assert ran == []
    assert [item.outcome for item in tried] == ["unchanged", "stopped"]
    done, ran, _ = looped(failure("a", "install", "a"), [], install=lambda names: ())
    assert ran == []
    assert "changes nothing" in done.why


def test_the_rounds_end_it():
    """Three failures that are all new, and then no more."""
    more = [failure(f"missing-{name}", "install", name) for name in "abcde"]
    done, ran, tried = looped(more[0], more[1:], install=lambda names: (f"{names[0]} 1",))
    assert len(ran) == 3
    assert "it has been tried 3 times" in done.why
    assert tried[-1].number == 0


def test_the_time_ends_it():
    """The budget is wall clock: what runs, what is asked, what is waited for."""
    now = [0.0]

    def install(names):
        now[0] += 301
        return (names[0],)

    more = [failure(f"missing-{name}", "install", name) for name in "abc"]
    done, ran, _ = looped(more[0], more[1:], install=install, clock=lambda: now[0])
    assert len(ran) == 1
    assert "301 s have passed" in done.why


def test_nothing_is_tried_where_nothing_is_known():
    """No action, no model: no round, no event, no story."""
    done, ran, tried = looped(failure("a"), [])
    assert (ran, tried, done.story) == ([], [], ())


def test_what_is_left_to_a_person_is_told():
    """A refused action is no failure of the loop: it says whose it is."""
    _done, ran, tried = looped(failure("a", "restart"), [])
    assert ran == []
    assert [item.outcome for item in tried] == ["left", "stopped"]
    assert "restart the kernel" in tried[0].why


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), Cancelled("stopped")])
def test_a_person_who_stops_it_is_heeded(fault):
    """In what runs again, or in what is done before: the loop ends, on the record."""
    first = failure("a", "install", "a")
    done, _, tried = looped(first, [fault], install=lambda names: ("a",))
    assert done.is_stopped
    assert [item.outcome for item in tried] == ["stopped", "stopped"]

    def install(names):
        raise fault

    done, ran, tried = looped(first, [], install=install)
    assert done.is_stopped
    assert ran == []
    assert done.attempt == Attempt(source=SOURCE)


def test_what_ran_again_and_was_stopped_ends_it():
    """A run that a person ended, or a question that waits, is nothing to be fixed."""
    done, ran, _ = looped(
        failure("a", "install", "a"), [failure("cancelled", is_final=True)], install=lambda names: ("a",)
    )
    assert len(ran) == 1
    assert done.why == "cancelled"


def test_a_model_is_asked_where_the_rule_left_it():
    """The rule comes first; what it left is the model's."""
    asked = []

    def thinks(failed, attempt, tried, seconds):
        asked.append([item.outcome for item in tried])
        assert 0 < seconds <= 300
        return Change(attempt=replace(attempt, source="x\n"), by="model", what="asked m", is_on_trial=True)

    done, _ran, tried = looped(failure("a", "restart"), [None], thinks=thinks)
    assert asked == [["left"]]
    assert done.passed
    assert [(item.number, item.outcome) for item in tried] == [(1, "left"), (2, "passed")]


def test_a_patch_on_trial_is_dropped_unless_it_passes():
    """A model's patch that leads to another failure is taken back, and the next is for the first failure."""
    seen = []

    def thinks(failed, attempt, tried, seconds):
        seen.append((failed.diagnosis.code, attempt.source, len(tried)))
        new = replace(attempt, source=f"{attempt.source}#{len(seen)}\n")
        return Change(attempt=new, by="model", what="asked m", patch="p", is_on_trial=True)

    done, _ran, tried = looped(failure("a"), [failure("b"), failure("c"), failure("d")], thinks=thinks)
    assert [item[:2] for item in seen] == [("a", SOURCE)] * 3
    assert [item.outcome for item in tried] == ["dropped"] * 3 + ["stopped"]
    assert done.attempt.source == SOURCE


def test_a_model_that_says_the_same_twice_is_not_run_twice():
    """The same patch has failed before."""

    def thinks(failed, attempt, tried, seconds):
        return Change(attempt=replace(attempt, source="x\n"), by="model", what="m", is_on_trial=True)

    _done, ran, tried = looped(failure("a"), [failure("b")], thinks=thinks)
    assert len(ran) == 1
    assert [item.outcome for item in tried] == ["dropped", "unchanged", "stopped"]


def test_a_model_that_gives_up_is_asked_once():
    """What it left is left."""

    def thinks(failed, attempt, tried, seconds):
        raise Left("it knows no change")

    _done, _ran, tried = looped(failure("a"), [], thinks=thinks)
    assert [item.outcome for item in tried] == ["left", "stopped"]


def test_progress_is_told_before_something_runs():
    """Whoever watches sees what is being done before it is done."""
    events = []
    mend(
        failure("a", "replace", "pritn", "print"),
        Attempt(source=SOURCE),
        lambda attempt: None,
        hands(),
        Rounds(Budget()),
        emit=events.append,
    )
    assert [type(event) for event in events] == [Progress, FixTried]


KINDS = st.sampled_from(
    [
        ("install", "a"),
        ("install", "b"),
        ("install", "not a name;"),
        ("run-cells", "1"),
        ("limit", "--timeout", "99999"),
        ("limit", "--memory", "1T"),
        ("limit", "x", "y"),
        ("limit",),
        ("folder", "."),
        ("folder", "/"),
        ("folder",),
        ("allow", "--net", "443"),
        ("allow", "--cage=open"),
        ("restart",),
        ("replace", "pritn", "print"),
        ("replace", "print", "pritn"),
        ("replace",),
        (),
    ]
)
ENDS = st.one_of(st.none(), st.tuples(st.sampled_from("abcdefgh"), KINDS), st.just(KeyboardInterrupt()))


@given(
    first=KINDS,
    ends=st.lists(ENDS, min_size=8, max_size=8),
    answer=st.sampled_from([Reply.YES, Reply.NO, None]),
    model=st.sampled_from(["none", "same", "new", "left"]),
)
def test_no_sequence_of_failures_is_endless(first, ends, answer, model):
    """Whatever fails, whatever it offers, whoever answers: at most three rounds, and an end that is told."""

    def said(question):
        return nobody(question) if answer is None else answer

    count = [0]

    def thinks(failed, attempt, tried, seconds):
        count[0] += 1
        if model == "left":
            raise Left("no")
        source = "x\n" if model == "same" else f"x{count[0]}\n"
        return Change(attempt=replace(attempt, source=source), by="model", what="m", is_on_trial=True)

    then = [failure(end[0], *end[1]) if isinstance(end, tuple) else end for end in ends]
    attempt = Attempt(source=SOURCE, limits=(("--timeout", 5.0), ("--memory", 2.0**20)), folder=Path("/tmp"))
    done, ran, tried = looped(
        failure("a", *first),
        then,
        attempt=attempt,
        thinks=None if model == "none" else thinks,
        ask=said,
        person=said,
        install=lambda names: tuple(names),
        run_cells=lambda numbers: None,
        memory_bytes=2**30,
    )
    assert len(ran) <= 3
    assert max((item.number for item in tried), default=0) <= 3
    assert len({attempt.digest for attempt in ran}) == len(ran)
    assert done.passed == any(item.outcome == "passed" for item in tried)
    assert done.passed or done.why

"""No release passes without evidence, and none that was refused passes later."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.deployer.gate import Look, NoData, Passed, await_well, judge
from autoexec_magic.deployer.target import Unwell
from autoexec_magic.errors import Cancelled
from autoexec_magic.executor.interrupts import Cancel
from autoexec_magic.executor.stops import NEVER, Stop
from autoexec_magic.releasefacts import Gate

BAD, FINAL = Unwell(why="HTTP 503", evidence=("last words",)), Unwell(why="it ended", is_final=True)
GATE = Gate(start_seconds=5, successes=2, bake_seconds=3, failures=2)

gates = st.builds(
    Gate,
    start_seconds=st.integers(0, 12),
    successes=st.integers(1, 4),
    bake_seconds=st.integers(0, 8),
    failures=st.integers(1, 4),
)
UNKNOWN = NoData(why="nobody says anything")
answers = st.lists(st.sampled_from([*[None] * 12, UNKNOWN, UNKNOWN, BAD, BAD, BAD, FINAL]), max_size=25)
gaps = st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0]), min_size=25, max_size=25)


@st.composite
def shown(draw):
    """Return looks at a release, in their order."""
    found, at = [], 0.0
    for answer, gap in zip(draw(answers), draw(gaps), strict=False):
        at += gap
        is_known = answer is not UNKNOWN
        found.append(Look(at=at, unwell=answer if is_known else None, has_data=is_known))
    return found


def looks(text, every=1.0):
    """Return looks from letters: `.` is well, `x` is not, `!` is final, `?` has no data."""
    kinds = {".": None, "?": None, "x": BAD, "!": FINAL}
    return [
        Look(at=every * (number + 1), unwell=kinds[sign], has_data=sign != "?")
        for number, sign in enumerate(text)
    ]


def first_row(gate, seen):
    """Return the number of the look that ends the first row of good ones that is long enough, or None."""
    told = [number for number, look in enumerate(seen) if look.has_data]
    for at in range(gate.successes, len(told) + 1):
        if all(seen[number].unwell is None for number in told[at - gate.successes : at]):
            return told[at - 1]
    return None


@given(gates, shown(), st.booleans(), st.integers(0, 6))
def test_what_passes_has_all_that_was_asked_for(gate, seen, bakes, least):
    """So many in a row, few bad ones after that, the whole bake time, enough samples, well at the end."""
    found = judge(gate, seen, bakes=bakes, least=least)
    if not isinstance(found, Passed):
        return
    used = seen[: found.looks]
    first = first_row(gate, used)
    assert used[first].at == found.well_at
    bad = [look.unwell for look in used[first:] if look.unwell is not None]
    assert len(bad) == found.bad < gate.failures
    assert FINAL not in [look.unwell for look in used]
    assert used[-1].unwell is None
    assert used[-1].has_data
    assert found.seconds == used[-1].at
    assert not bakes or found.seconds - found.well_at >= gate.bake_seconds
    assert sum(look.unwell is None and look.has_data for look in used) >= least


@given(gates, shown(), st.booleans(), st.integers(0, 6))
def test_what_was_decided_stays_so_whatever_is_seen_later(gate, seen, bakes, least):
    """A gate that is shut does not open again: each verdict is that of the shortest part that has one."""
    verdicts = [judge(gate, seen[:number], bakes=bakes, least=least) for number in range(len(seen) + 1)]
    decided = [each for each in verdicts if each is not None]
    assert all(each == decided[0] for each in decided)
    assert verdicts[len(verdicts) - len(decided) :] == decided


@given(gates, shown(), st.booleans(), st.integers(0, 6), st.data())
def test_a_worse_look_makes_nothing_pass(gate, seen, bakes, least, data):
    """After it was well, a good look that had been a bad one never turns a refusal or a wait into a pass."""
    first = first_row(gate, seen)
    if first is None or first + 1 >= len(seen):
        return
    at = data.draw(st.integers(first + 1, len(seen) - 1))
    worse = [*seen[:at], replace(seen[at], unwell=BAD, has_data=True), *seen[at + 1 :]]
    before = judge(gate, seen, bakes=bakes, least=least)
    after = judge(gate, worse, bakes=bakes, least=least)
    assert isinstance(before, Passed) or not isinstance(after, Passed)


@given(gates, shown())
def test_a_gate_that_is_shut_says_why(gate, seen):
    """With the words and the evidence of a look that was bad."""
    found = judge(gate, seen)
    if not isinstance(found, Unwell):
        return
    assert BAD.why in found.why or FINAL.why in found.why
    assert found.evidence in (BAD.evidence, FINAL.evidence)


@pytest.mark.parametrize(
    ("text", "want"),
    [
        pytest.param("", None, id="nothing-seen-is-no-pass"),
        pytest.param(".", None, id="once-is-not-enough"),
        pytest.param("..", None, id="not-baked-yet"),
        pytest.param(".....", 2.0, id="baked"),
        pytest.param("x.x..", None, id="a-bad-one-starts-the-count-again"),
        pytest.param("x.x.....", 5.0, id="slow-start"),
        pytest.param("xxxxx", None, id="still-within-its-start"),
        pytest.param("xxxxxx", "not well within 5 s: HTTP", id="too-slow"),
        pytest.param("x.x.x.", "now and then it was", id="flaps"),
        pytest.param("!", "it ended", id="final-at-once"),
        pytest.param("!.....", "it ended", id="final-stays-final"),
        pytest.param("..x..", 2.0, id="one-bad-of-two-is-borne"),
        pytest.param("..x.x", "did not stay so: HTTP 503 (2 of 3 looks)", id="bad-in-its-bake-time"),
        pytest.param("....x", None, id="bad-at-the-end-waits"),
        pytest.param("....x.", 2.0, id="and-passes-once-it-is-well"),
        pytest.param("....xx", "did not stay so", id="or-not"),
        pytest.param("..!", "did not stay so: it ended", id="final-in-its-bake-time"),
        pytest.param("..??????", None, id="without-data-nothing-passes"),
        pytest.param("??.?.?...", 5.0, id="looks-without-data-break-no-row"),
        pytest.param("????????", None, id="nor-are-they-one"),
        pytest.param("..?x?x", "did not stay so", id="nor-is-a-bad-one-forgotten"),
    ],
)
def test_judge(text, want):
    """Twice well in a row within 5 s, then 3 s with fewer than 2 bad looks."""
    found = judge(GATE, looks(text))
    if isinstance(want, str):
        assert isinstance(found, Unwell)
        assert want in found.why
    else:
        assert (found.well_at if found else found) == want


def test_looks_without_data_are_no_samples():
    """However many there are."""
    assert judge(GATE, looks("..?????."), least=4) is None
    assert isinstance(judge(GATE, looks("..?????.."), least=4), Passed)


def test_a_healthy_release_with_data_is_never_out_of_time():
    """Also where nothing may be held: its bake time begins when it is well."""
    gate = Gate(interval_seconds=0.05, successes=3, bake_seconds=0.3)
    assert isinstance(await_well(gate, lambda: None, NEVER, most_seconds=0.3), Passed)


def test_time_without_data_is_no_bake_time():
    """A good answer after a long silence is the first one, not the last."""
    gate = Gate(successes=1, bake_seconds=30)
    silence = [Look(at=float(at), unwell=None, has_data=False) for at in range(60)]
    assert judge(gate, [*silence, Look(at=60, unwell=None)]) is None
    assert isinstance(judge(gate, [*silence, Look(at=60, unwell=None), Look(at=90, unwell=None)]), Passed)


def test_a_wait_for_data_says_why_there_was_none():
    """The last reason that was given."""
    gate = Gate(interval_seconds=0.01, successes=1, bake_seconds=0)
    found = await_well(gate, lambda: UNKNOWN, NEVER, most_seconds=0.1)
    assert isinstance(found, Unwell)
    assert found.why.endswith(": nobody says anything")


def test_bad_looks_are_no_samples():
    """A canary that was unwell nine times and well once has one good sample, and not ten."""
    gate = Gate(start_seconds=60, successes=1, bake_seconds=0, failures=2)
    assert judge(gate, looks("xxxxxxxxx."), least=10) is None
    assert isinstance(judge(gate, looks("xxxxxxxxx.........."), least=10), Passed)


def test_the_bake_time_is_by_the_clock_and_not_by_the_number_of_looks():
    """A hundred looks within no time say nothing of the bake time."""
    assert judge(GATE, looks("." * 100, every=0.01)) is None


def test_looks_go_on_until_the_gate_has_decided():
    """Slow at first, then well: passed, and no look after that."""
    answers = iter([BAD, None, BAD, None, None, None])
    gate = Gate(start_seconds=60, interval_seconds=0.01, successes=2, bake_seconds=0.0, failures=1)
    found = await_well(gate, lambda: next(answers), NEVER)
    assert isinstance(found, Passed)
    assert (found.looks, next(answers)) == (5, None)


def test_a_look_that_takes_long_counts_when_it_has_answered():
    """What is asked within the start and answered after it is late."""
    gate = Gate(start_seconds=0.0, interval_seconds=0.01, successes=2, bake_seconds=0.0, failures=1)
    found = await_well(gate, lambda: BAD, NEVER)
    assert isinstance(found, Unwell)
    assert found.evidence == BAD.evidence


def test_without_data_it_is_held_and_then_shut():
    """Good looks that never become enough are no pass, however long it waits."""
    gate = Gate(interval_seconds=0.01, successes=1, bake_seconds=0.0)
    found = await_well(gate, lambda: None, NEVER, least=1_000_000, most_seconds=0.1)
    assert isinstance(found, Unwell)
    assert (found.is_final, "nothing was decided within 0.1 s" in found.why) == (True, True)


def test_whoever_asks_for_the_end_ends_the_wait():
    """Between two looks, though the next one is an hour away."""
    cancel, count = Cancel(), []

    def look():
        count.append(1)
        cancel.set()

    try:
        with pytest.raises(Cancelled):
            await_well(Gate(interval_seconds=3600), look, Stop(cancel=cancel))
    finally:
        cancel.close()
    assert count == [1]


def test_a_look_that_raises_is_no_pass():
    """What the platform does not say goes to whoever asked."""

    def look():
        raise ValueError("no answer")

    with pytest.raises(ValueError, match="no answer"):
        await_well(GATE, look, NEVER)

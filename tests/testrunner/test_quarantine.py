"""Tests in quarantine: told of, excused for a time, and never silently."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.errors import UsageError
from autoexec_magic.testrunner.cases import Case, Said
from autoexec_magic.testrunner.quarantine import (
    FILE,
    MOST_DAYS,
    READY_RUNS,
    Entry,
    added,
    apply,
    read,
    written,
)

TODAY = date(2026, 3, 10)
TEXT = """
[[test]]
nodeid = "tests/test_a.py::test_rates"
reason = "fails when the market is closed"
since = 2026-03-01
until = 2026-03-31
"""


def entry(nodeid="tests/test_a.py::test_rates", since=TODAY, days=10, reason="it is known"):
    return Entry(nodeid=nodeid, reason=reason, since=since, until=since + timedelta(days=days))


def case(nodeid, verdict="failed"):
    return Case(nodeid.rpartition("::")[2], verdict=verdict, said=Said(nodeid=nodeid))


def test_a_failure_in_quarantine():
    """A quarantined failure does not fail the run, and the summary tells it with reason and end."""
    entries = read(TEXT)
    found = apply(
        entries, [case("tests/test_a.py::test_rates"), case("tests/test_a.py::test_b")], today=TODAY
    )
    assert [each.key for each in found.excused] == ["tests/test_a.py::test_rates"]
    assert [each.key for each in found.failed] == ["tests/test_a.py::test_b"]
    assert found.lines(entries) == [
        "quarantined: tests/test_a.py::test_rates failed, until 2026-03-31: fails when the market is closed"
    ]


@pytest.mark.parametrize(
    ("today", "is_excused"),
    [
        (date(2026, 2, 28), False),
        (date(2026, 3, 1), True),
        (date(2026, 3, 31), True),
        (date(2026, 4, 1), False),
    ],
)
def test_an_entry_has_an_end(today, is_excused):
    """An entry counts from its first day to its last, and afterwards it is said to be over."""
    found = apply(read(TEXT), [case("tests/test_a.py::test_rates")], today=today)
    assert bool(found.excused) is is_excused
    assert bool(found.failed) is not is_excused
    assert bool(found.expired) is (today > date(2026, 3, 31))
    assert [line.partition(":")[0] for line in found.lines(read(TEXT))] == (
        ["quarantined"] if is_excused else ["quarantine is over"] if found.expired else []
    )


@pytest.mark.parametrize(
    ("nodeid", "key", "is_covered"),
    [
        ("a.py::test_a", "a.py::test_a", True),
        ("a.py::test_a", "a.py::test_a[1-x[2]]", True),
        ("a.py::test_a[x]", "a.py::test_a[x]", True),
        ("a.py::test_a[x]", "a.py::test_a[y]", False),
        ("a.py::test_a[x", "a.py::test_a[x[1]]", True),
        ("a.py::test_a", "a.py::test_ab", False),
        ("a.py::test_a", "a.py::test_a::test_b", False),
        ("a.py", "a.py::test_a", False),
    ],
)
def test_what_an_entry_covers(nodeid, key, is_covered):
    """An entry stands for its test and the test's parameters, and for nothing that is only called alike."""
    assert entry(nodeid).covers(key) is is_covered
    assert bool(apply([entry(nodeid)], [case(key)], today=TODAY).excused) is is_covered


def test_a_file_that_cannot_be_collected_is_not_excused():
    """Quarantine is for tests: a file that cannot be read fails the run."""
    found = apply([entry("tests/test_a.py")], [case("tests/test_a.py", "error")], today=TODAY)
    assert found.excused == ()
    assert len(found.failed) == 1


def test_what_names_no_test():
    """An entry of a test that is gone is said to be, if all tests are known."""
    entries = [entry("a.py::gone"), entry("a.py::there")]
    found = apply(entries, [], today=TODAY, known=["a.py::there[1]"])
    assert [each.nodeid for each in found.unknown] == ["a.py::gone"]
    assert "quarantine of no test: a.py::gone" in found.lines(entries)[0]
    assert apply(entries, [], today=TODAY).unknown == ()


@pytest.mark.parametrize(
    ("passed", "is_ready"),
    [
        ({"a.py::t": READY_RUNS}, True),
        ({"a.py::t": READY_RUNS - 1}, False),
        ({"a.py::t[1]": READY_RUNS, "a.py::t[2]": 0}, False),
        ({"a.py::t[2]": 0, "a.py::t[1]": READY_RUNS}, False),
        ({}, False),
    ],
)
def test_ready_to_leave(passed, is_ready):
    """A test that passed often enough, with all its parameters, is said to be ready."""
    entries = [entry("a.py::t")]
    found = apply(entries, [], today=TODAY, passed=passed)
    assert bool(found.ready) is is_ready
    assert bool(found.lines(entries)) is is_ready


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[[test]\n", ""),
        ("a = " + "[" * 5000, ""),
        ("tests = 1", "'tests' is no part of it"),
        ("test = 1", "no list"),
        ("test = [1]", "entry 1"),
        (TEXT.replace("reason", "because"), "it needs nodeid, reason, since, until"),
        (TEXT.replace('"fails when the market is closed"', '" "'), "`reason` must be a text"),
        (TEXT.replace("2026-03-31", '"2026-03-31"'), "`until` must be a date"),
        (TEXT.replace("2026-03-31", "2026-03-31T10:00:00"), "`until` must be a date"),
        (TEXT.replace("2026-03-31", "2027-03-31"), f"{MOST_DAYS} are the most"),
        (TEXT.replace("2026-03-31", "2026-02-28"), "would last -1 days"),
        (TEXT + TEXT, "entry 2: tests/test_a.py::test_rates stands there already"),
    ],
)
def test_a_file_that_does_not_count(text, why):
    """A file that is wrong is refused as a whole, with the entry that is."""
    with pytest.raises(UsageError) as refused:
        read(text)
    assert why in refused.value.why
    assert FILE in refused.value.fix


ENTRIES = st.lists(
    st.builds(
        entry,
        nodeid=st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip),
        reason=st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip),
        since=st.dates(date(2000, 1, 1), date(2100, 1, 1)),
        days=st.integers(0, MOST_DAYS),
    ),
    unique_by=lambda each: each.nodeid,
)


@given(ENTRIES)
def test_what_is_written_is_read(entries):
    """Whatever ids and reasons hold, they are read as they were written."""
    assert read(written(entries)) == tuple(sorted(entries, key=lambda each: each.nodeid))


def test_half_a_character():
    """Half of a surrogate pair, which TOML cannot hold, does not break the file."""
    assert read(written([entry(reason="a\ud800")]))[0].reason == "a\ufffd"


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    """Reading raises our own error or nothing."""
    with suppress(UsageError):
        assert isinstance(read(text), tuple)


def test_added():
    """A test is put in for some days, and once."""
    once = added([], "a.py::t", "flaky by order", today=TODAY, days=7)
    assert once[0].until == date(2026, 3, 17)
    twice = added(once, "a.py::t", "still", today=TODAY + timedelta(days=3))
    assert [(each.reason, each.until) for each in twice] == [("still", date(2026, 4, 12))]


@pytest.mark.parametrize(("reason", "days"), [("", 3), ("why", MOST_DAYS + 1), ("why", -1), ("why", 10**9)])
def test_not_without_reason_or_end(reason, days):
    """Nobody is put in without a reason, or for longer than can be remembered."""
    with pytest.raises(UsageError):
        added([], "a.py::t", reason, today=TODAY, days=days)

"""What is remembered of tests: read back as it was, and nothing where the file is not to be believed."""

from __future__ import annotations

import json
import math
import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.testrunner.cases import Case, Problem, Said
from autoexec_magic.testrunner.past import (
    FORMAT,
    LAST,
    MOST_BYTES,
    Past,
    Remembered,
    file_of,
    load,
    save,
    state_of,
)

REMEMBERED = st.builds(Remembered, st.floats(0, 1e6), st.text("pfesxXr", max_size=LAST))
PASTS = st.builds(Past, st.dictionaries(st.text(), REMEMBERED), st.floats(0, 1e6), st.floats(0, 1e6))
WHOLE = Past({"a.py::t": Remembered(1.5, "pf")}, 2.0, 1.0)


def case(nodeid="a.py::t", verdict="passed", seconds=1.0, *problems):
    """Return a case as pytest's plugin tells it."""
    return Case("t", "a", verdict, (), seconds, Said(nodeid=nodeid, problems=problems))


@given(past=PASTS)
def test_what_is_saved_is_loaded(tmp_path_factory, past):
    """Whatever tests are called, halves of surrogate pairs included."""
    path = tmp_path_factory.mktemp("past") / "deep" / "past.json"
    save(path, past)
    assert load(path) == past
    assert [item.name for item in path.parent.iterdir()] == ["past.json"]


def test_another_project_is_remembered_elsewhere(tmp_path):
    """By its real path: a link to a project is that project."""
    one, other, link = tmp_path / "one", tmp_path / "other", tmp_path / "link"
    one.mkdir()
    other.mkdir()
    link.symlink_to(one)
    assert file_of(tmp_path, one) == file_of(tmp_path, link) != file_of(tmp_path, other)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("{", id="torn"),
        pytest.param("\0" * 100, id="zeros"),
        pytest.param("[1]", id="a-list"),
        pytest.param("7", id="a-number"),
        pytest.param("[" * 100_000, id="deep"),
        pytest.param(json.dumps({"format": FORMAT}), id="nothing-in-it"),
        pytest.param(
            json.dumps({"format": FORMAT + 1, "alone": 0, "spread": 0, "tests": {}}), id="another-version"
        ),
        pytest.param(
            json.dumps({"format": FORMAT, "alone": 0, "spread": 0, "tests": [1]}), id="tests-are-a-list"
        ),
        pytest.param(
            json.dumps({"format": FORMAT, "alone": 0, "spread": 0, "tests": {"a": []}}), id="an-empty-row"
        ),
        pytest.param(
            json.dumps({"format": FORMAT, "alone": 0, "spread": 0, "tests": {"a": {"x": 1}}}),
            id="a-row-of-names",
        ),
        pytest.param(
            json.dumps({"format": FORMAT, "alone": None, "spread": 0, "tests": {}}), id="no-seconds"
        ),
        *(
            pytest.param(
                json.dumps({"format": FORMAT, "alone": 0, "spread": 0, "tests": {"a": ["X", "p"]}}).replace(
                    '"X"', number
                ),
                id=number[:9],
            )
            for number in ("NaN", "Infinity", "-1", "1e999", "9" * 400)
        ),
    ],
)
def test_what_is_damaged_is_as_if_it_were_not_there(tmp_path, text):
    """It costs the times of earlier runs, never a run; the next one writes it anew."""
    path = tmp_path / "past.json"
    path.write_text(text)
    assert load(path) == Past()
    save(path, load(path).after([case()]))
    assert load(path).seconds() == {"a.py::t": 1.0}


@given(cut=st.integers(0, 200), byte=st.integers(0, 255))
def test_a_byte_that_is_wrong_never_raises(tmp_path_factory, cut, byte):
    """Wherever it is."""
    path = tmp_path_factory.mktemp("past") / "past.json"
    save(path, WHOLE)
    data = bytearray(path.read_bytes())
    data[cut % len(data)] = byte
    path.write_bytes(data)
    for test in load(path).tests.values():
        assert 0 <= test.seconds < math.inf
        assert len(test.ends) <= LAST


def test_no_text_and_no_file(tmp_path):
    """Bytes that are no UTF-8, a folder, and a huge file, which is not read at all."""
    path = tmp_path / "past.json"
    assert load(path) == Past()
    path.write_bytes(b"\xff\xfe{}")
    assert load(path) == Past()
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    assert load(path) == Past()
    path.unlink()
    path.mkdir()
    assert load(path) == Past()
    save(path, WHOLE)  # cannot be: no error, and nothing is left
    assert [item.name for item in tmp_path.iterdir()] == ["past.json"]


def test_the_last_ends_are_kept_and_no_more():
    """A test that runs for years takes no more room."""
    past = Past()
    for at in range(LAST + 20):
        past = past.after([case(verdict="failed" if at < 20 else "passed")])
    assert past.tests["a.py::t"].ends == "p" * LAST


def test_each_end_has_its_letter():
    """One that passed in the end is `r`; what did not run, and what has no id, says nothing."""
    attempt = Problem(kind="flaky-failure")
    cases = [
        case("t", "passed"),
        case("t", "failed"),
        case("t", "error"),
        case("t", "skipped"),
        case("t", "xfailed"),
        case("t", "xpassed"),
        case("t", "passed", 1.0, attempt),
        case("t", "not-run"),
        case("", "failed"),
    ]
    past = Past().after(cases)
    assert set(past.tests) == {"t"}
    assert past.tests["t"].ends == "pfesxXr"
    assert (past.tests["t"].runs, past.tests["t"].failures) == (6, 3)


def test_the_newest_time_counts_more_than_each_before_it():
    """A slow day is forgotten after some runs; a time that nobody measured is none."""
    past = Past().after([case(seconds=10.0)])
    assert past.after([case(seconds=0.0)]).tests["a.py::t"].seconds == 7.0
    for _ in range(30):
        past = past.after([case(seconds=1.0)])
    assert past.tests["a.py::t"].seconds == pytest.approx(1.0, abs=0.01)
    assert Past().after([case(seconds=None)]).tests["a.py::t"].seconds == 0.0


def test_what_is_to_come_takes_as_long_as_it_did():
    """A new test counts as the mean of the others; where nothing is known nothing is said."""
    past = Past({"a": Remembered(1.0, "p"), "b": Remembered(3.0, "p")})
    assert past.seconds_of(["a", "b"]) == 4.0
    assert past.seconds_of(["a", "b", "new"]) == 6.0
    assert past.seconds_of(["new"]) == Past().seconds_of(["a"]) == past.seconds_of([]) == 0.0


def test_two_runs_at_once_leave_a_whole_file(tmp_path):
    """Whoever writes last counts; nobody ever reads a half."""
    path = tmp_path / "past.json"
    pasts = [
        Past({f"{name}::{at}": Remembered(1.0, "p") for at in range(500)}, float(name), 0.0)
        for name in (1, 2)
    ]
    save(path, pasts[0])
    seen = []

    def write(past):
        for _ in range(40):
            save(path, past)
            seen.append(load(path))

    threads = [threading.Thread(target=write, args=(past,)) for past in pasts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 80
    assert all(past in pasts for past in seen)
    assert os.listdir(tmp_path) == ["past.json"]


def test_only_its_owner_reads_it(tmp_path):
    """Ids of tests may say what a project is about."""
    save(tmp_path / "tests" / "past.json", WHOLE)
    assert (tmp_path / "tests").stat().st_mode & 0o077 == 0


def test_its_state_is_another_when_it_was_saved(tmp_path):
    """So that a run sees that another one has ended meanwhile."""
    path = tmp_path / "past.json"
    assert state_of(path) == 0
    save(path, WHOLE)
    assert state_of(path) == state_of(path) != 0
    os.utime(path, ns=(1, 1))
    assert state_of(path) == 1

"""What crosses borders says what it promises, and its JSON keeps its fields for ever."""

from __future__ import annotations

import dataclasses
import json

import pytest

from autoexec_magic.values import (
    Candidate,
    Diagnosis,
    Outcome,
    PolicyVerdict,
    Resolution,
    Result,
    Run,
    Verdict,
    as_record,
)

# verdict: (exit code, whether the run did what it was asked for), as the README's table has them
VERDICTS = {
    "running": (1, False),
    "passed": (0, True),
    "skipped": (0, True),
    "failed": (1, False),
    "invalid": (2, False),
    "asked": (3, False),
    "refused": (4, False),
    "timed-out": (5, False),
    "missing": (6, False),
    "cancelled": (130, False),
    "lost": (1, False),
}
OUTCOME = Outcome(argv=("ls", "-l"), returncode=0, ended="exited", seconds=0.1)
CANDIDATE = Candidate(distribution="python-slugify", version="8.0.4", known=True, proved=True)
RESOLUTION = Resolution(
    module="slugify",
    cls="third-party",
    decision="install",
    distribution="python-slugify",
    candidates=(Candidate(distribution="slugify"), CANDIDATE),
)
DIAGNOSIS = Diagnosis(code="key-not-found", why="the key 'plum' is not there")
RUN = Run(
    run_id="r",
    verb="sh",
    title="ls",
    verdict=Verdict.FAILED,
    seconds=1.0,
    started=2,
    cage="open",
    notebook="",
)
RULING = PolicyVerdict(line="ls", answer="allow", layer=2, rule="listed:ls", why="on the list of programs")
RESULT = Result(verb="sh", verdict=Verdict.PASSED, run_id="r", seconds=0.12345, added={"returncode": 0})


@pytest.mark.parametrize(("word", "meaning"), VERDICTS.items(), ids=VERDICTS)
def test_a_verdict_has_its_exit_code(word, meaning):
    """Exit codes are public: scripts compare with them."""
    verdict = Verdict(word)
    assert (verdict.exit_code, verdict.is_good) == meaning
    assert str(verdict) == word
    assert json.dumps(verdict) == f'"{word}"'


def test_every_verdict_is_in_the_table():
    """A verdict that the table does not have would be one that no reader knows."""
    assert [str(verdict) for verdict in Verdict] == list(VERDICTS)


@pytest.mark.parametrize("verdict", Verdict, ids=str)
def test_a_run_that_has_not_ended_has_no_exit_code(verdict):
    """A run that still runs, or whose owner died, has none; any other has its verdict's."""
    code = dataclasses.replace(RUN, verdict=verdict).code
    assert code == (None if verdict in ("running", "lost") else verdict.exit_code)


@pytest.mark.parametrize(
    ("returncode", "ended", "passed"),
    [
        pytest.param(0, "exited", True, id="exit-code-0"),
        pytest.param(1, "exited", False, id="exit-code-1"),
        pytest.param(-9, "exited", False, id="killed"),
        pytest.param(0, "timed-out", False, id="said-0-when-it-was-ended"),
        pytest.param(0, "cancelled", False, id="said-0-when-it-was-stopped"),
    ],
)
def test_an_outcome_passed_if_it_ended_by_itself_with_0(returncode, ended, passed):
    """A program that exits with 0 because it was told to end did not do its work."""
    outcome = dataclasses.replace(OUTCOME, returncode=returncode, ended=ended)
    assert outcome.passed is passed


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        pytest.param({}, "key-not-found: the key 'plum' is not there", id="why"),
        pytest.param(
            {"where": "a.py:2"}, "key-not-found at a.py:2: the key 'plum' is not there", id="where-and-why"
        ),
        pytest.param(
            {"where": "a.py:2", "fix": "use .get"},
            "key-not-found at a.py:2: the key 'plum' is not there; fix: use .get",
            id="all",
        ),
    ],
)
def test_a_diagnosis_is_one_line(fields, text):
    """What is not known is not named."""
    assert str(dataclasses.replace(DIAGNOSIS, **fields)) == text


def test_the_chosen_candidate_is_the_one_that_is_named():
    """The decision is about one distribution, wherever it stands among the candidates."""
    assert RESOLUTION.chosen == CANDIDATE


@pytest.mark.parametrize("distribution", ["", "python-slug"])
def test_nothing_is_chosen_that_is_no_candidate(distribution):
    """A distribution that nobody looked at is not chosen by its name."""
    assert dataclasses.replace(RESOLUTION, distribution=distribution).chosen is None


@pytest.mark.parametrize(
    "value", [OUTCOME, DIAGNOSIS, CANDIDATE, RESOLUTION, RULING, RUN, RESULT], ids=lambda v: type(v).__name__
)
def test_values_are_frozen(value):
    """What two threads may read, nobody changes; a misspelt field is an error, not a new one."""
    name = dataclasses.fields(value)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, name, "other")
    assert not hasattr(value, "__dict__")


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        pytest.param(
            RESULT,
            {"verb", "verdict", "code", "run_id", "seconds", "returncode"},
            id="Result-and-what-is-added",
        ),
        pytest.param(
            RUN,
            {
                *("run_id", "verb", "title", "verdict", "code", "seconds", "started", "cage", "notebook"),
                *("why", "kernel"),
            },
            id="Run",
        ),
        pytest.param(RULING, {"line", "answer", "layer", "rule", "why"}, id="PolicyVerdict"),
        pytest.param(
            RESOLUTION,
            {
                *("module", "class", "distribution", "candidates", "proved", "decision", "evidence"),
                "fix",
            },
            id="Resolution",
        ),
        pytest.param(
            DIAGNOSIS,
            {"code", "why", "fix", "confidence", "where", "bytes", "evidence", "frame", "action"},
            id="Diagnosis",
        ),
        pytest.param(
            OUTCOME,
            {
                *("argv", "limit", "output_bytes", "cpu_seconds"),
                "returncode",
                "ended",
                "seconds",
                "stdout",
                "stderr",
                "dropped_bytes",
                "cut",
                "denial",
                "changed",
                "discarded",
            },
            id="Outcome",
        ),
        pytest.param(
            CANDIDATE,
            {
                "distribution",
                "version",
                "known",
                "proved",
                "sha256",
                "index",
                "why",
                "summary",
                "released",
                "first_released",
                "releases",
                "claims",
                "faults",
            },
            id="Candidate",
        ),
    ],
)
def test_a_record_has_exactly_its_fields(value, fields):
    """Field names are public for ever: a new one is added here, an old one never goes."""
    record = as_record(value)
    assert record["kind"] == type(value).__name__
    assert record.keys() == fields | {"kind"}
    assert json.loads(json.dumps(record)).keys() == record.keys()


def test_a_result_says_what_became_of_the_verb():
    """The last line of `--json`: the verdict as a word, its exit code, milliseconds at most."""
    assert as_record(RESULT) == {
        "kind": "Result",
        "verb": "sh",
        "verdict": "passed",
        "code": 0,
        "run_id": "r",
        "seconds": 0.123,
        "returncode": 0,
    }


def test_a_resolution_spells_class_as_readers_know_it():
    """Python has no field of that name; JSON has."""
    record = as_record(RESOLUTION)
    assert record["class"] == "third-party"
    assert [candidate["distribution"] for candidate in record["candidates"]] == ["slugify", "python-slugify"]


def test_a_run_that_runs_says_null():
    """A run that has not ended has neither an exit code nor a duration."""
    record = as_record(dataclasses.replace(RUN, verdict=Verdict.RUNNING, seconds=None))
    assert json.loads(json.dumps(record))["code"] is None
    assert record["seconds"] is None

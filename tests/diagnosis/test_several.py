"""Which of several failures in one output decides."""

from __future__ import annotations

import pytest
from anytext import FAILURES, HEADER, outcome

from autoexec_magic.diagnosis import deciding_in_log, diagnose_log, diagnose_outcome
from autoexec_magic.diagnosis.several import Told, deciding, is_alone, role_of
from autoexec_magic.values import Diagnosis

NAMES = sorted(path.stem for path in (FAILURES / "several").glob("*.txt"))
FRAME = '  File "/tmp/x/a.py", line 3, in f\n    g()\n'


def captured(name: str) -> str:
    return (FAILURES / "several" / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_a_captured_output_of_several_is_explained(name):
    """The one that decides is named, and it is never certain that it does."""
    language = "bash" if name.rpartition(".")[2] in ("sqlite", "gcc", "script") else "python"
    seen = diagnose_outcome(outcome(1, captured(name)), language=language)
    assert (seen.code, seen.confidence) == (name.partition(".")[0], "likely")


@pytest.mark.parametrize("name", NAMES)
def test_the_same_is_said_of_a_log(name):
    """All of them are told, and the same one decides."""
    text = captured(name)
    chosen = deciding_in_log(text)
    assert (chosen.code, chosen.confidence) == (name.partition(".")[0], "likely")
    assert chosen.bytes in {each.bytes for each in diagnose_log(text)}


def test_of_one_kind_there_is_nothing_to_choose():
    """The same failure twice is as certain as once; so is one alone, and an empty log has none."""
    once = HEADER + FRAME + "KeyError: 1\n"
    for text in (once, once + "and again\n" + once):
        assert diagnose_outcome(outcome(1, text)).confidence == "certain"
        assert deciding_in_log(text).confidence == "certain"
    assert deciding_in_log("all is well\n") is None


def test_a_chain_is_one_failure():
    """What was raised because of another exception is no second failure."""
    tie = "\nThe above exception was the direct cause of the following exception:\n\n"
    text = f"{HEADER}{FRAME}ZeroDivisionError: division by zero\n{tie}{HEADER}{FRAME}KeyError: 1\n"
    assert deciding_in_log(text).confidence == diagnose_outcome(outcome(1, text)).confidence == "certain"


@pytest.mark.parametrize(
    ("above", "first", "role"),
    [
        ("", "", "main"),
        ("Exception ignored in: <function A.__del__ at 0x7f>\n", "", "ignored"),
        ("Error in atexit._run_exitfuncs:\n", "", "ignored"),
        ("Exception in thread Thread-1 (work):\n", "", "beside"),
        ("Process SpawnProcess-1:\n", "", "beside"),
        ("ERROR:asyncio:Task exception was never retrieved\nfuture: <Task finished>\n", "", "beside"),
        ("", '  File "/lib/python3.11/multiprocessing/spawn.py", line 1, in main\n', "beside"),
        ("Process ended: badly\n", "", "main"),
    ],
)
def test_who_failed_is_said_above_the_traceback(above, first, role):
    """Or by the frame that begins it."""
    assert role_of(f"{above}{HEADER}{first}{FRAME}KeyError: 1\n", len(above)) == role


def test_who_panicked_is_in_the_first_line():
    """Rust names the thread."""
    assert role_of("thread 'main' panicked at a.rs:1:1:\n", 0) == "main"
    assert role_of("thread '<unnamed>' panicked at a.rs:1:1:\n", 0) == "beside"
    assert role_of("curl: (6) Could not resolve host: a\n", 0) == ""


def told(code: str, start: int, **more) -> Told:
    return Told(Diagnosis(code=code, why=code, confidence="certain"), start, start + 1, **more)


def test_of_a_run_of_errors_the_first_decides():
    """Each follows from the one before; what only repeats it lies between."""
    rows = [told("host-not-found", 0), told("constraint-failed", 2, cascades=True)]
    rows.append(told("transaction-aborted", 4, cascades=True, is_echo=True))
    rows.append(told("table-not-found", 6, cascades=True))
    assert deciding(rows, rows[-1]) is rows[1]
    assert not is_alone(rows)


def test_who_waited_did_not_fail_first():
    """But who failed before has to be one that others wait for, and no warning of a shell's."""
    rows = [told("key-not-found", 0, role="beside"), told("queue-empty", 2, role="main")]
    assert deciding(rows, rows[-1]) is rows[0]
    doubtful = Told(Diagnosis(code="file-not-found", why="a", confidence="likely"), 0, 1)
    assert deciding([doubtful, rows[1]], rows[1]) is rows[1]


def test_a_none_that_a_dead_thread_left_is_explained_by_the_thread():
    """The main line found nothing where the thread should have left something."""
    thread = "Exception in thread loader:\n" + HEADER + FRAME + "KeyError: 'items'\n"
    main = HEADER + FRAME + "TypeError: 'NoneType' object is not iterable\n"
    assert diagnose_outcome(outcome(1, thread + main)).code == "key-not-found"
    other = HEADER + FRAME + "TypeError: 'int' object is not iterable\n"
    assert diagnose_outcome(outcome(1, thread + other)).code == "not-iterable"

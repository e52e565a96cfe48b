"""Whether a run of tests passed: what the process did, held against what was told of each test.

A suite can end its process with 0, close our pipe, or have pytest say what did
not happen. So a run passed only if pytest said that it would end with 0, did,
and each test that it had collected was told to the end and is not bad.
"""

from __future__ import annotations

import re
import signal
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..values import Outcome
from .cases import Case
from .inside import CUT_OFF
from .told import TAKEN_OUT, Told

# https://docs.pytest.org/en/stable/reference/exit-codes.html
EXIT_CODES = {
    1: "some tests failed",
    2: "pytest was interrupted, or a test file could not be collected",
    3: "pytest had an internal error",
    4: "pytest was called wrongly",
    5: "no test was found",
    6: "there were more warnings than are allowed",
}
FIXES = {
    1: "%autoexec test --lf",
    2: "mend what pytest could not collect, shown above",
    3: "see pytest's own traceback above; try -p no:NAME for the plugin it names",
    4: "%autoexec sh pytest --help shows pytest's options",
    5: "check the paths, and what -k and -m leave",
    6: "mend what the warnings say, or raise pytest's --max-warnings",
}
ORDER = ("failed", "error", "passed", "skipped", "xfailed", "xpassed", "not-run")
_NAMES = {"error": ("error", "errors"), "not-run": ("not run", "not run")}
_NO_SESSION = -1  # our plugin's: pytest ended without one
_FAILED, _INTERNAL, _WRONG_CALL = 1, 3, 4
_NO_TEST = "no test that counts failed, and pytest ended with 1"
_NO_TESTS_FIX = (
    "meet what is asked for there: a threshold such as --cov-fail-under; else look for a plugin that sets"
    " session.exitstatus, in conftest.py say"
)
_OF_PYTEST = "INTERNALERROR>"  #: begins each line of its own traceback
_SUMMARY = re.compile(r"\d+ [a-z]+(, \d+ [a-z]+)* in \d")  # pytest's own last line
_CONFTEST = "ImportError while loading conftest"
_ENDS_EARLY = frozenset(("--version", "-V", "-VV", "--help", "-h", "--markers"))  # before there is a session
_ONLY_SHOWS = _ENDS_EARLY | frozenset(
    (
        *("--collect-only", "--collectonly", "--co", "--fixtures", "--funcargs", "--fixtures-per-test"),
        *("--setup-only", "--setuponly", "--setup-plan", "--setupplan", "--cache-show"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a run of tests did not pass: what, what says so, and what to do next."""

    what: str
    why: str
    fix: str


def judge(outcome: Outcome, told: Told, arguments: Sequence[str] = ()) -> Fault | None:
    """Return why a run that ended by itself did not pass, or None.

    Parameters
    ----------
    outcome : Outcome
        How the process ended.
    told : Told
        What its plugin told.
    arguments : sequence of str
        What pytest was called with.
    """
    said = _last_words(outcome)
    asked = {word.partition("=")[0] for word in arguments}
    if told.exit in (None, _NO_SESSION):
        is_shown = not outcome.returncode and not told.pytest and asked & _ENDS_EARLY
        return None if is_shown else _broken_off(outcome, told, said)
    counted = counts(told.all)
    if told.exit == outcome.returncode == _INTERNAL and told.faults:
        return Fault(what=EXIT_CODES[_INTERNAL], why=told.faults[0], fix=FIXES[_INTERNAL])
    if told.faults:
        return Fault(
            what="what was told of the tests cannot be believed",
            why=told.faults[0],
            fix="look for what writes to descriptors, ends the process, or changes pytest in conftest.py",
        )
    bad = [case for case in told.all if case.is_bad]
    if told.exit:
        return _of_code(told.exit, outcome, counted, has_failed=bool(bad))
    if asked & _ONLY_SHOWS:
        return None
    if bad:
        return Fault(
            what=f"pytest said that all is well, and {len(bad)} of its tests failed",
            why=f"{bad[0].key}: {bad[0].message}",
            fix="look for what changes pytest's exit code: a plugin, or conftest.py",
        )
    left = sum(case.verdict == "not-run" for case in told.cases) or told.missing
    if left or not told.all:
        many = "1 test was" if left == 1 else f"{left:,} tests were"
        what = f"{many} collected and did not run" if left else "no test ran"
        gone = next((case for case in told.cases if case.said.reason == TAKEN_OUT), None)
        if gone is not None:
            return Fault(
                what=what,
                why=f"{gone.key}: {TAKEN_OUT}",
                fix="call config.hook.pytest_deselected(items=[…]) in the hook that takes them out",
            )
        return Fault(
            what=what,
            why="pytest said that all is well; what did not run has not passed",
            fix="look for pytest.exit, os._exit or a plugin that ends the run in conftest.py and the tests",
        )
    return None


def counts(cases: Sequence[Case]) -> str:
    """Return how many ended how, in pytest's words and order.

    Examples
    --------
    >>> counts([Case("a"), Case("b", verdict="failed"), Case("c"), Case("d", verdict="error")])
    '1 failed, 1 error, 2 passed'
    """
    return counts_of(Counter(str(case.verdict) for case in cases))


def counts_of(found: Mapping[str, int]) -> str:
    """Return the same of what was counted already."""
    return ", ".join(counted(verdict, found[verdict]) for verdict in ORDER if found.get(verdict))


def counted(verdict: str, count: int) -> str:
    """Return a number of cases of one verdict, as pytest says it."""
    one, many = _NAMES.get(verdict, (verdict, verdict))
    return f"{count:,} {one if count == 1 else many}"


def _of_code(code: int, outcome: Outcome, counted: str, *, has_failed: bool) -> Fault:
    """Return what is to be said of a code that pytest said it would end with, and did."""
    if code == _FAILED and not has_failed:
        said = _last_words(outcome, without=_SUMMARY)
        return Fault(
            what=_NO_TEST, why=said or counted or "who set that code said nothing", fix=_NO_TESTS_FIX
        )
    said = _last_words(outcome)
    if code in EXIT_CODES:
        why = counted if counted and code in (1, 2, 5) else said
        return Fault(what=EXIT_CODES[code], why=why, fix=FIXES[code])
    return Fault(what=f"pytest ended with exit code {code}", why=said or counted, fix=FIXES[3])


def _broken_off(outcome: Outcome, told: Told, said: str) -> Fault:
    """Return what is to be said of a process that ended before pytest had."""
    if not told.pytest and outcome.returncode == _WRONG_CALL:
        return _not_begun(outcome, said)
    if not told.pytest and outcome.returncode == _INTERNAL and said.startswith(_OF_PYTEST):
        why = f"pytest itself failed: {said.removeprefix(_OF_PYTEST).strip()}"
        return Fault(what=EXIT_CODES[_INTERNAL], why=why, fix=FIXES[_INTERNAL])
    if outcome.returncode == CUT_OFF:
        return _closed(told)
    how = how_it_ended(outcome)
    where = f" while {told.running} ran" if told.running else ""
    open_ones = sum(case.verdict == "not-run" or case.key == told.running for case in told.cases)
    done = len(told.cases) - open_ones
    many = "1 test" if done == 1 else f"{done:,} tests"
    again = f"%autoexec test {told.running!r} runs it alone" if told.running else "see what it wrote, above"
    return Fault(
        what=f"the tests' process ended{where}: {how}",
        why=said if said and not told.running else f"{many} had ended; pytest did not say that it had",
        fix=again,
    )


def _closed(told: Told) -> Fault:
    """Return what is to be said where pytest ran to its end, and could not tell."""
    where = f" while {told.running} ran" if told.running else ""
    return Fault(
        what=f"the stream in which pytest tells of the tests was closed{where}",
        why="pytest did not say that it had ended; what ran after that is not known to have passed",
        fix="look for what closes or replaces descriptors it did not open: os.closerange, os.close, os.dup2",
    )


def _not_begun(outcome: Outcome, said: str) -> Fault:
    """Return what is to be said where pytest did not come to any test: an option, or conftest.py."""
    lines = outcome.stderr.splitlines()
    conftest = next((line for line in lines if line.startswith(_CONFTEST)), "")
    if conftest:
        file = conftest.removeprefix(_CONFTEST).strip(" '.:")
        why = said.removeprefix("E").strip()
        return Fault(what=f"{file} could not be imported", why=why, fix="mend what it says")
    words = next((line.partition("error:")[2].strip() for line in lines if "error:" in line), "") or said
    return Fault(what=EXIT_CODES[_WRONG_CALL], why=words.removeprefix("ERROR: "), fix=FIXES[_WRONG_CALL])


def how_it_ended(outcome: Outcome) -> str:
    """Return a process's exit code, or the signal that ended it, in words."""
    if outcome.returncode >= 0:
        return f"exit code {outcome.returncode}"
    try:
        return signal.Signals(-outcome.returncode).name
    except ValueError:
        return f"signal {-outcome.returncode}"


def _last_words(outcome: Outcome, without: re.Pattern[str] | None = None) -> str:
    for text in (outcome.stderr, outcome.stdout):
        lines = [line.strip("= ") for line in text.splitlines() if line.strip("= ")]
        while lines and without is not None and without.match(lines[-1]):
            lines.pop()
        if lines:
            return lines[-1]
    return ""

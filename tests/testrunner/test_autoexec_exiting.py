"""pytest's own 1 is known from a plugin's; real suites with both are in `test_merging`."""

from __future__ import annotations

import copy
import pickle
import types

import pytest

from autoexec_magic.testrunner.inside.own.autoexec_exiting import Exiting

FAILED = pytest.ExitCode.TESTS_FAILED


def session(code=FAILED, failed=1, shouldfail=False):
    """Return a session as it is when its tests are over."""
    return types.SimpleNamespace(exitstatus=code, testsfailed=failed, shouldfail=shouldfail)


def exiting(failures=1):
    """Return what has counted so many reports of failures."""
    found = Exiting()
    for _ in range(failures):
        found.count(types.SimpleNamespace(failed=True))
    return found


def test_the_code_of_failures_that_were_told_is_of_the_tests():
    """One more than the session counted does no harm: somebody took one back."""
    for failures, said in ((1, 1), (2, 2), (2, 1)):
        found, over = exiting(failures), session(failed=said)
        found.mark(over, over.exitstatus)
        assert found.is_of_tests(over)


def test_what_was_expected_to_fail_or_passed_is_not_counted():
    """As pytest's own session does not."""
    found, over = exiting(0), session()
    found.count(types.SimpleNamespace(failed=True, wasxfail="reason"))
    found.count(types.SimpleNamespace(failed=False))
    found.mark(over, over.exitstatus)
    assert not found.is_of_tests(over)


@pytest.mark.parametrize("code", [1, FAILED, True, 0, pytest.ExitCode.INTERRUPTED, 7])
def test_a_code_that_was_set_is_not_the_one_that_was_there(code):
    """Not the same number either."""
    found, over = exiting(), session()
    found.mark(over, over.exitstatus)
    over.exitstatus = code
    assert not found.is_of_tests(over)


@pytest.mark.parametrize("code", [0, 2, 3, 4, 5, 6, 77])
def test_another_code_is_left_alone(code):
    """It is not of tests that failed."""
    found, over = exiting(), session(code)
    found.mark(over, code)
    assert over.exitstatus is code
    assert not found.is_of_tests(over)


def test_a_code_that_was_set_before_it_was_looked_at_is_left_alone():
    """pytest said 1, and a plugin has put 5 there by then."""
    found, over = exiting(), session(pytest.ExitCode.NO_TESTS_COLLECTED)
    found.mark(over, FAILED)
    assert over.exitstatus is pytest.ExitCode.NO_TESTS_COLLECTED


@pytest.mark.parametrize(
    ("shouldfail", "is_well"),
    [(False, True), ("stopping after 1 failures", True), ("too slow", False), (True, False)],
)
def test_who_says_that_it_should_fail_counts_as_well(shouldfail, is_well):
    """But for pytest itself, with `-x`."""
    found, over = exiting(), session(shouldfail=shouldfail)
    found.mark(over, over.exitstatus)
    assert found.is_of_tests(over) is is_well


def test_who_calls_exit_names_any_code():
    """Also this one."""
    found, over = exiting(), session()
    found.stop()
    found.mark(over, over.exitstatus)
    assert not found.is_of_tests(over)


def test_the_code_is_to_plugins_what_it_was():
    """Whatever they do with it but ask whether it is the very same object."""
    over = session()
    exiting().mark(over, over.exitstatus)
    own = over.exitstatus
    assert own is not FAILED
    assert (own, own.name, own.value, repr(own), f"{own}", hash(own), type(own)) == (
        *(FAILED, "TESTS_FAILED", 1, repr(FAILED), f"{FAILED}", hash(FAILED), pytest.ExitCode),
    )
    assert pytest.ExitCode(own) == FAILED
    assert own in (FAILED, pytest.ExitCode.INTERRUPTED)
    assert {FAILED: "x"}[own] == "x"
    assert pickle.loads(pickle.dumps(own)) == copy.deepcopy(own) == 1

"""Whether pytest ends with 1 for the tests that failed, and not for what a plugin has set or counted.

A threshold of coverage, say, is not met: a plugin sets the same code as tests
that fail. Whoever excuses a test must know the one from the other.

Runs in the project's own Python, as the plugin beside it, and imports no more than that does.
"""

from __future__ import annotations

from typing import Any

import pytest

_STOPS = "stopping after "  # what pytest says for `-x` and `--maxfail`


class Exiting:
    """Counts reports of failures, as pytest's session does, and knows its code from one that was set."""

    def __init__(self) -> None:
        self._failures = 0
        self._code: object = None
        self._is_stopped = False

    def count(self, report: Any) -> None:
        """Take a report that was told of."""
        self._failures += report.failed and not hasattr(report, "wasxfail")

    def stop(self) -> None:
        """Note that `pytest.exit` was called, which may name any code."""
        self._is_stopped = True

    def mark(self, session: Any, code: int) -> None:
        """Put in the place of pytest's own code one that is equal, before plugins have their say."""
        if code == session.exitstatus == pytest.ExitCode.TESTS_FAILED:
            self._code = session.exitstatus = _own_failed()

    def is_of_tests(self, session: Any) -> bool:
        """Whether the code is still pytest's own, for the failures that were told and no others."""
        stops = str(getattr(session, "shouldfail", "") or _STOPS)  # a plugin may say so as well
        return (
            self._code is not None
            and session.exitstatus is self._code
            and session.testsfailed <= self._failures
            and stops.startswith(_STOPS)
            and not self._is_stopped
        )


def _own_failed() -> Any:
    """Return the code of tests that failed as another object of the same kind, equal to pytest's one."""
    plain = pytest.ExitCode.TESTS_FAILED
    own = int.__new__(pytest.ExitCode, plain.value)
    own._name_, own._value_ = plain.name, plain.value
    return own

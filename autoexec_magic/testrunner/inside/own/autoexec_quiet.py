"""A reporter that writes no progress, in the place of pytest's own.

Runs in the project's own Python, as the plugin beside it, and imports no more than that does.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest

_OWN_SUMMARIES = {"runner", "terminalreporter", "warnings", "junitxml", "pastebin", "capturemanager"}
_OWN_WORDS = {"runner", "skipping", "subtests", "terminal"}  # of which none is for a setup that passes


def quieten(config: pytest.Config) -> bool:
    """Put a reporter that writes no progress in the place of pytest's own; whether that was done.

    It takes a third of the time of many short tests, and with many failures all
    of it. What other plugins write at the end, and the warnings, stay. Where
    somebody else reports, or the tests are only listed, nothing is changed.
    """
    from _pytest.terminal import TerminalReporter

    manager, option = config.pluginmanager, config.option
    plain = manager.get_plugin("terminalreporter")
    asked = (
        "collectonly",
        "showfixtures",
        "show_fixtures_per_test",
        "setupshow",
        "setuponly",
        "setupplan",
        "usepdb",
    )
    if type(plain) is not TerminalReporter or any(getattr(option, name, False) for name in asked):
        return False
    manager.unregister(plain)
    manager.register(_quiet_kind(TerminalReporter)(config, sys.stdout), "terminalreporter")
    return True


def _are_of(hook: Any, names: set[str]) -> bool:
    """Whether only these plugins, which are pytest's own, have it."""
    return {impl.plugin_name for impl in hook.get_hookimpls()} <= names


def _quiet_kind(plain: Any) -> Any:  # noqa: C901 - a class with many methods that do nothing
    class Quiet(plain):  # type: ignore[misc]
        """Keeps what plugins ask a reporter for, and leaves the rest to whoever is told."""

        showheader = False

        def __init__(self, config: pytest.Config, file: object) -> None:
            super().__init__(config, file)
            self._show_progress_info = False
            hooks = config.pluginmanager.hook
            self._shows = bool(set(getattr(self, "reportchars", "")) - set("fEw"))
            self._keeps = self._shows or not _are_of(hooks.pytest_terminal_summary, _OWN_SUMMARIES)
            self._is_plain = _are_of(hooks.pytest_report_teststatus, _OWN_WORDS)

        def pytest_runtest_logstart(self, nodeid: str, location: object) -> None:
            pass

        def pytest_runtest_logfinish(self, nodeid: str) -> None:
            pass

        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            self._tests_ran = True
            passed = report.outcome == "passed"
            if passed and not self._keeps:
                return
            word = ""
            if not (passed and self._is_plain and report.when != "call"):
                word, _, _ = self.config.hook.pytest_report_teststatus(report=report, config=self.config)
            self._add_stats(word, [report])

        def pytest_collection(self) -> None:
            pass

        def report_collect(self, final: bool = False) -> None:
            pass

        def pytest_runtestloop(self) -> None:
            pass

        def pytest_keyboard_interrupt(self, excinfo: object) -> None:
            pass

        def summary_errors(self) -> None:
            pass

        summary_failures = summary_xfailures = summary_passes = summary_xpasses = summary_stats = (
            summary_errors
        )

        def short_test_summary(self) -> None:
            if self._shows:
                super().short_test_summary()

        @pytest.hookimpl(hookwrapper=True)
        def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Any:
            yield
            self.config.hook.pytest_terminal_summary(
                terminalreporter=self, exitstatus=exitstatus, config=self.config
            )

    return Quiet

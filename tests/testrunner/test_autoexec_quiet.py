"""A reporter that writes no progress: what plugins ask it for is there, the rest is not written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from autoexec_magic.testrunner.inside import BEGIN

OWN = BEGIN.parent / "own"
TESTS = "import warnings\ndef test_a(): warnings.warn('old ways')\ndef test_b(): assert 0\n"
USER = """
import importlib.util, sys
import pytest
spec = importlib.util.spec_from_file_location("autoexec_quiet", {path!r})
quiet = importlib.util.module_from_spec(spec)
spec.loader.exec_module(quiet)

@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    print("quiet:", quiet.quieten(config))

def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(f"seen: {{len(terminalreporter.stats.get('failed', []))}} failed,"
                                f" {{len(terminalreporter.stats.get('passed', []))}} passed")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Return a folder whose conftest.py puts the reporter in its place."""
    folder = tmp_path_factory.mktemp("quiet")
    (folder / "test_x.py").write_text(TESTS, "utf-8")
    (folder / "conftest.py").write_text(USER.format(path=str(OWN / "autoexec_quiet.py")), "utf-8")
    return folder


def run(folder: Path, *words: str) -> str:
    """Return what pytest writes."""
    argv = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words)
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, check=False).stdout


def test_what_plugins_write_and_warnings_stay(folder):
    """No dots, no failures, no last line; the reports that a plugin asks for are all there."""
    said = run(folder)
    assert "quiet: True" in said
    assert "seen: 1 failed, 1 passed" in said
    assert "old ways" in said
    assert "test session starts" not in said
    assert "short test summary" not in said
    assert "= FAILURES =" not in said


SETUPS = """
def pytest_report_teststatus(report, config):
    if report.when == "setup":
        return "set up", "", ""

def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(f"set up: {len(terminalreporter.stats['set up'])}")
"""


def test_a_plugin_with_words_of_its_own_is_asked(folder):
    """Also of a phase that passed, for which pytest itself has no word."""
    (folder / "words.py").write_text(SETUPS, "utf-8")
    assert "set up: 2" in run(folder, "-p", "words")
    assert "seen: 1 failed, 1 passed" in run(folder)


def test_a_summary_that_a_person_asked_for_is_written(folder):
    """`-rA` names each test, as ever."""
    assert "PASSED test_x.py::test_a" in run(folder, "-rA")


@pytest.mark.parametrize("words", [("--collect-only",), ("--setup-show",), ("-p", "no:terminal")])
def test_where_pytest_shows_something_it_is_left_alone(folder, words):
    """A list, a plan: those are what was asked for."""
    assert "quiet: True" not in run(folder, *words)

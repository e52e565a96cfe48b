"""pytest in a process of its own, in its own words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from autoexec_magic import executor, testrunner
from autoexec_magic.history import new_id

if TYPE_CHECKING:
    from pathlib import Path

    from autoexec_magic.values import Outcome

RUN = new_id()
QUIET = ("-q", "-p", "no:cacheprovider")
TESTS = """
import os, sys

def test_good():
    assert os.environ["AUTOEXEC_RUN_ID"] == "{run_id}"
    assert "PYTEST_ADDOPTS" not in os.environ

def test_bad():
    assert 1 == 2
"""


def run(folder: Path, emit: object, *arguments: str, **options: object) -> Outcome:
    """Run pytest quietly in `folder`."""
    return testrunner.run([*QUIET, *arguments], emit=emit, cwd=folder, **options)


@pytest.fixture
def project(tmp_path) -> Path:
    """Return a folder with a test that passes and one that fails."""
    (tmp_path / "test_a.py").write_text(TESTS.replace("{run_id}", RUN), encoding="utf-8")
    return tmp_path


def test_what_pytest_says_is_streamed(project, emit, monkeypatch):
    """Its own words, without colours, as output of the phase; a failure is exit code 1."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    outcome = run(project, emit, run_id=RUN)
    assert outcome.returncode == 1
    assert testrunner.EXIT_CODES[1] == "some tests failed"
    assert "1 failed, 1 passed" in emit.text("stdout")
    assert "\x1b" not in emit.text()
    assert {event.phase for event in emit} == {"test"}
    assert outcome.stdout == emit.text("stdout")


def test_pytests_options_are_passed_on(project, emit):
    """Which tests run is pytest's to understand."""
    assert run(project, emit, "-k", "good and not bad", "test_a.py", run_id=RUN).passed
    assert re.search(r"1 passed, 1 deselected", emit.text("stdout"))


def test_no_test_is_no_success(tmp_path, emit):
    """A folder without tests has exit code 5, which has its words."""
    assert run(tmp_path, emit).returncode == 5
    assert testrunner.EXIT_CODES[5] == "no test was found"


def test_a_test_that_hangs_is_ended(tmp_path, emit):
    """The time limit is that of any process of a run."""
    (tmp_path / "test_a.py").write_text(
        "import time\ndef test_a():\n    print('begun', flush=True)\n    time.sleep(30)\n", encoding="utf-8"
    )
    spawned: list[executor.ProcessId] = []
    outcome = run(tmp_path, emit, "-s", timeout=1.5, on_spawn=spawned.append)
    assert outcome.ended == "timed-out"
    assert not executor.is_alive(spawned[0])


def test_every_exit_code_of_pytest_has_words():
    """The codes are pytest's own; 0 is a success and needs none."""
    assert testrunner.EXIT_CODES.keys() >= {int(code) for code in pytest.ExitCode} - {0}
    assert 0 not in testrunner.EXIT_CODES

"""The options that pytest is given for a cell."""

from __future__ import annotations

import os

import pytest

from autoexec_magic.errors import Cancelled
from autoexec_magic.testrunner import TIMED_OUT


def test_settings_for_whole_projects_are_left_out(run, tmp_path, monkeypatch):
    """`addopts` and PYTEST_ADDOPTS; what else the ini says counts."""
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\naddopts = --no-such-option\nlog_file = log.txt\nmarkers = quick\nfilterwarnings = error\n"
    )
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option-either")
    heard = run(
        "import pytest, warnings\n@pytest.mark.quick\ndef test_a(): warnings.warn('now an error')",
        "--strict-markers",
    )
    assert heard.verdicts == {"test_a": "failed"}
    assert [path.name for path in tmp_path.iterdir()] == ["pytest.ini"]
    assert os.environ["PYTEST_ADDOPTS"] == "--no-such-option-either"


def test_a_conftest_below_is_not_read(run, tmp_path):
    """The cell is in this folder, and not in `tests`; an empty folder is one, too."""
    assert run("def test_a(): pass").verdicts == {"test_a": "passed"}
    (tmp_path / "data.csv").write_text("")
    below = tmp_path / "tests"
    below.mkdir()
    (below / "conftest.py").write_text("raise ValueError")
    assert run("def test_a(): pass").verdicts == {"test_a": "passed"}


def test_the_test_that_ran_when_the_time_was_over_says_so(run):
    """The one before it has passed, and what never began has not run."""
    source = "def test_a(): pass\ndef test_b():\n    raise KeyboardInterrupt\ndef test_c(): pass\n"
    with pytest.raises(Cancelled) as caught:
        run(source, late=lambda: "the time was over")
    told = caught.value.report
    assert [(case.name, case.verdict) for case in told.cases] == [
        ("test_a", "passed"),
        ("test_b", "error"),
        ("test_c", "not-run"),
    ]
    (problem,) = told.cases[1].said.problems
    assert (problem.type, problem.message) == (TIMED_OUT, "the time was over")
    with pytest.raises(Cancelled) as caught:  # by a person
        run(source)
    assert [case.verdict for case in caught.value.report.cases] == ["passed", "not-run", "not-run"]


def test_what_a_plugin_raises_is_a_fault(run, tmp_path):
    """It is no kernel's end."""
    (tmp_path / "conftest.py").write_text("def pytest_runtestloop(session): raise SystemExit(0)")
    heard = run("def test_a(): pass")
    assert heard.told.exit != 0
    assert heard.told.missing == 1

"""The newest run that failed in a workspace, and why, from the run store alone."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from autoexec_magic import api, failures
from autoexec_magic.api import Caller
from autoexec_magic.errors import AutoexecError


@pytest.fixture
def here(tmp_path, monkeypatch) -> Caller:
    """Return a caller in a workspace of its own, with a store of its own."""
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "pyproject.toml").write_text("[project]\nname = 'a'\nversion = '1'\n")
    return Caller(cwd=tmp_path / "work")


def sh(line: str, caller: Caller) -> None:
    """Run a line that may fail."""
    with contextlib.suppress(AutoexecError):
        api.sh(line, caller=caller)


def test_nothing_failed(here):
    """Also where nothing ran."""
    assert api.why(here) is None
    sh("true", here)
    assert api.why(here) is None


def test_the_newest_failed_run_is_explained_by_its_own_diagnosis(here):
    """Later ones that passed are passed over."""
    sh("ls /first/no/such", here)
    sh("ls /no/such/thing", here)
    sh("true", here)
    found = api.why(here)
    assert found.run.title == "ls /no/such/thing"
    assert "/no/such/thing" in found.said
    assert found.diagnosis.code == "file-not-found"


def test_another_workspace_is_not_ones_own(here, tmp_path):
    """What failed elsewhere is explained there."""
    other = tmp_path / "other"
    other.mkdir()
    (other / ".git").mkdir()
    sh("false", Caller(cwd=other))
    assert api.why(here) is None
    assert api.why(Caller(cwd=other)) is not None


def test_a_run_without_a_diagnosis_has_its_verdict_as_code(here):
    """What a policy refused was never run, and says why itself."""
    sh("sudo reboot", here)
    found = api.why(here)
    assert (found.diagnosis.code, found.diagnosis.confidence) == ("refused", "unknown")
    assert "sudo" in found.diagnosis.why


def test_only_runs_after_a_time_count(here):
    """What is older than the last failed cell is not the last failure."""
    sh("false", here)
    run = api.why(here).run
    assert failures.newest(lambda meta: True, after_ms=run.started) is None
    assert failures.newest(lambda meta: True, after_ms=run.started - 1).run == run


def command(here: Caller, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in the workspace."""
    argv = [sys.executable, "-m", "autoexec_magic", *words]
    return subprocess.run(argv, cwd=Path(here.cwd), capture_output=True, text=True)


def test_the_command_line_says_it(here):
    """What failed, its last line, the code and why, and the next thing to type."""
    done = command(here, "why")
    assert (done.returncode, done.stdout) == (0, "nothing failed here: there is nothing to explain\n")
    command(here, "sh", "ls", "/no/such/thing")
    done = command(here, "why")
    lines = done.stdout.splitlines()
    assert done.returncode == 0
    assert lines[0].startswith("sh ls /no/such/thing · run ")
    assert "No such file" in lines[1]
    assert lines[2].startswith("file-not-found: ")
    assert lines[-1].startswith("  fix: ")


def test_the_command_line_says_it_to_machines(here):
    """A record of the diagnosis, and the result last, with the run that it is about."""
    command(here, "sh", "ls", "/no/such/thing")
    first, last = map(json.loads, command(here, "why", "--json").stdout.splitlines())
    assert (first["kind"], first["code"]) == ("Diagnosis", "file-not-found")
    assert (last["kind"], last["verdict"], last["cell"]) == ("Result", "passed", None)
    assert last["explained"] == api.why(here).run.run_id

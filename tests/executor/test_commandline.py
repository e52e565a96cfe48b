"""Our own command line started for a person: without the mark of a run, and nothing else is started so."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from autoexec_magic import executor
from autoexec_magic.errors import MissingTool, PolicyRefused
from autoexec_magic.executor import identity

WITHIN = """
import sys
from pathlib import Path
from autoexec_magic import executor
executor.start_own(Path(sys.executable), ("runs",), log=Path("log"), cwd=Path.cwd())
"""
SECONDS = 120.0

pytestmark = pytest.mark.skipif(not identity.HAS_PROC, reason="there is no /proc | provide: Linux")


def result(folder: Path, *words: str, **options: Any) -> dict[str, Any]:
    """Return the last record of a verb that was started in a folder."""
    log = folder / "log"
    env = {"AUTOEXEC_DATA_DIR": str(folder / "data")}
    service = executor.start_own(
        Path(sys.executable), (words[0], "--json", *words[1:]), log=log, cwd=folder, env=env, **options
    )
    gone = executor.wait_for(lambda: None if executor.is_service_alive(service) else True, timeout=SECONDS)
    assert gone, executor.stop_service(service)
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    found: dict[str, Any] = json.loads(log.read_bytes().splitlines()[-1])
    return found


def test_it_may_say_yes_for_the_person(tmp_path: Path):
    """What is part of a run may not; this is none."""
    assert result(tmp_path, "sh", "--yes", "true")["verdict"] == "passed"


def test_what_is_part_of_a_run_may_not(tmp_path: Path):
    """The twin: the same line, started as a service, which bears a mark."""
    log = tmp_path / "log"
    service = executor.start_service(
        (sys.executable, "-m", "autoexec_magic", "sh", "--yes", "--json", "true"),
        log=log,
        cwd=tmp_path,
        policy=executor.policy.exactly(sys.executable),
    )
    assert executor.wait_for(lambda: None if executor.is_service_alive(service) else True, timeout=SECONDS)
    assert json.loads(log.read_bytes().splitlines()[-1])["verdict"] == "refused"


def test_a_module_of_the_workspace_is_not_taken_for_ours(tmp_path: Path):
    """Nor for one of Python's own: a project may have files of any name."""
    for name in ("autoexec_magic.py", "json.py", "argparse.py"):
        (tmp_path / name).write_text("open('taken', 'w').close()\nraise SystemExit(3)\n")
    assert result(tmp_path, "runs")["verdict"] == "passed"
    assert not (tmp_path / "taken").exists()


def test_a_run_cannot_start_it(tmp_path: Path, emit: list[Any]):
    """Else what runs could answer for a person after all."""
    outcome = executor.run(
        (sys.executable, "-c", WITHIN),
        emit=emit.append,
        cwd=tmp_path,
        policy=executor.policy.exactly(sys.executable),
    )
    assert outcome.returncode == 1
    assert PolicyRefused.__name__ in outcome.stderr
    assert not (tmp_path / "log").exists()


def test_an_interpreter_that_is_gone_is_said(tmp_path: Path):
    """Before anything is started."""
    with pytest.raises(MissingTool):
        executor.start_own(tmp_path / "python", ("runs",), log=tmp_path / "log", cwd=tmp_path)


def test_the_variables_are_built_and_not_inherited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What is named is passed on, and the interpreter's folder comes first on the path."""
    program = tmp_path / "python"
    program.write_text('#!/bin/sh\necho "$KUBECONFIG,$HIDDEN,$AUTOEXEC_RUN_ID,$PATH" > said\n')
    program.chmod(0o755)
    monkeypatch.setenv("KUBECONFIG", "k")
    monkeypatch.setenv("HIDDEN", "h")
    service = executor.start_own(
        program, ("status",), log=tmp_path / "log", cwd=tmp_path, pass_on=("KUBECONFIG",)
    )
    assert executor.wait_for(lambda: None if executor.is_service_alive(service) else True, timeout=SECONDS)
    kube, hidden, run, path = (tmp_path / "said").read_text().strip().split(",")
    assert (kube, hidden, run) == ("k", "", "")
    assert path.split(os.pathsep)[0] == str(tmp_path)

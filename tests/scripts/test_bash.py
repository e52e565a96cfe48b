"""Bash scripts are what a line that needs a shell becomes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from skips import needs

from autoexec_magic import scripts
from autoexec_magic.errors import MissingTool, UsageError
from autoexec_magic.scripts import bash

NEEDS_BASH = pytest.mark.skipif(
    not shutil.which("bash"), reason=needs("there is no bash", "apt-get install bash")
)


@NEEDS_BASH
def test_it_runs_what_needs_a_shell(emit, tmp_path):
    """Pipes, variables, arguments and arrays are bash's own."""
    source = 'list=("$@")\nprintf "%s\\n" "${list[@]}" "$(pwd)" | tail -n 2\n[[ -n $HOME ]]\n'
    outcome = scripts.run(source, bash.ENTRY, emit=emit, arguments=["a b", "c d"], cwd=tmp_path)
    assert outcome.passed, outcome.stderr
    assert emit.text("stdout") == f"c d\n{tmp_path.resolve()}\n"


@NEEDS_BASH
def test_its_exit_code_is_the_last_commands(emit, tmp_path):
    """As everywhere else in a shell."""
    assert scripts.run("false\nexit 4", bash.ENTRY, emit=emit, cwd=tmp_path).returncode == 4
    assert scripts.run("false\ntrue", bash.ENTRY, emit=emit, cwd=tmp_path).returncode == 0


@NEEDS_BASH
def test_it_starts_an_absolute_path():
    """Nothing is looked up a second time."""
    assert Path(bash.ENTRY.start()[0]).is_absolute()
    assert bash.ENTRY.environment(Path("/")) == {}


def test_without_bash_the_tool_is_missing(monkeypatch, tmp_path):
    """It says what to do instead."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingTool, match="no bash") as caught:
        bash.ENTRY.start()
    assert "--lang python" in caught.value.fix


@NEEDS_BASH
@pytest.mark.parametrize("entry", ["", ".", "bin"], ids=repr)
def test_a_bash_of_the_working_directory_is_not_bash(emit, workdir, monkeypatch, entry):
    """A relative entry of `PATH` means files of the workspace: they do not run without a question."""
    for folder in (workdir, workdir / "bin"):
        folder.mkdir(exist_ok=True)
        (folder / "bash").write_text("#!/bin/sh\necho planted\n", encoding="utf-8")
        (folder / "bash").chmod(0o755)
    monkeypatch.setenv("PATH", entry + os.pathsep + os.environ["PATH"])
    scripts.run("echo real", bash.ENTRY, emit=emit, cwd=workdir)
    assert emit.text("stdout") == "real\n"


@NEEDS_BASH
@pytest.mark.parametrize(
    "first", ["#!/bin/bash -e", "#!/usr/bin/env -S bash -eu", "#!/bin/sh -e", "#!/bin/bash -o errexit"]
)
def test_the_options_of_the_first_line_hold(emit, tmp_path, first):
    """Whoever wrote `-e` relies on it: a script that goes on after a failure removes the wrong files."""
    outcome = scripts.run(f"{first}\nfalse\necho went on", bash.ENTRY, emit=emit, cwd=tmp_path)
    assert outcome.returncode == 1
    assert emit.text("stdout") == ""


@NEEDS_BASH
@pytest.mark.parametrize(
    "first", ["#!/bin/bash -c ls", "#!/bin/bash -es", "#!/bin/bash other.sh", "#!/bin/bash -"]
)
def test_a_first_line_that_would_run_something_else_is_an_error(emit, tmp_path, first):
    """It cannot hold here, and is not passed over."""
    with pytest.raises(UsageError, match="cannot hold"):
        scripts.run(f"{first}\necho x", bash.ENTRY, emit=emit, cwd=tmp_path)
    assert emit == []

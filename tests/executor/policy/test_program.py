"""Which file a name means: never one of the working directory, unless a path says so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autoexec_magic.errors import MissingTool
from autoexec_magic.executor.environment import interpreter_folder
from autoexec_magic.executor.policy import find, program


def make(folder: Path, name: str = "tool", mode: int = 0o755) -> Path:
    """Make a program and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(mode)
    return path


def path_of(*folders: str | Path) -> dict[str, str]:
    """Return an environment with these folders on `PATH`."""
    return {"PATH": os.pathsep.join(map(str, folders))}


def test_the_first_folder_of_the_path_wins(tmp_path):
    """Folders are searched in their order."""
    second, first = make(tmp_path / "b"), make(tmp_path / "a")
    assert find("tool", path_of(tmp_path / "a", tmp_path / "b"), tmp_path) == first
    assert find("tool", path_of(tmp_path / "b", tmp_path / "a"), tmp_path) == second


def test_the_path_given_is_the_one_that_is_searched(tmp_path, monkeypatch):
    """The child's environment says where programs are, not this process's."""
    ours, theirs = make(tmp_path / "ours"), make(tmp_path / "theirs")
    monkeypatch.setenv("PATH", str(ours.parent))
    assert find("tool", path_of(theirs.parent), tmp_path) == theirs


@pytest.mark.parametrize("entry", ["", ".", "bin", "./bin", "../{name}", "~"], ids=repr)
def test_a_relative_folder_of_the_path_is_left_out(workdir, entry):
    """An empty entry means the working directory, where the file is somebody else's."""
    make(workdir)
    make(workdir / "bin")
    good = make(workdir.parent / "good")
    entry = entry.format(name=workdir.name)
    assert find("tool", path_of(entry, good.parent), workdir) == good
    with pytest.raises(MissingTool):
        find("tool", path_of(entry), workdir)


@pytest.mark.parametrize("environment", [{}, {"PATH": ""}, {"PATH": ":"}], ids=str)
def test_without_a_path_there_is_no_program(workdir, environment):
    """No `PATH` is no reason to look in the working directory."""
    make(workdir)
    with pytest.raises(MissingTool) as caught:
        find("tool", environment, workdir)
    assert "'tool'" in caught.value.what
    assert "0 folders" in caught.value.why
    assert caught.value.fix


@pytest.mark.parametrize("name", ["tool", "no-such-program", "..", "."])
def test_what_cannot_be_started_is_not_found(tmp_path, name):
    """A file that is not executable, or a folder of that name, is no program."""
    make(tmp_path / "a", mode=0o644)
    (tmp_path / "b" / "tool").mkdir(parents=True)
    with pytest.raises(MissingTool):
        find(name, path_of(tmp_path / "a", tmp_path / "b"), tmp_path)


@pytest.mark.parametrize("name", ["./tool", "bin/../tool", "../{name}/tool"])
def test_a_path_is_relative_to_where_the_command_runs(tmp_path, monkeypatch, name):
    """A name with a slash is a path; the folder of this process has no say, nor has `PATH`."""
    tool = make(tmp_path / "here")
    (tmp_path / "here" / "bin").mkdir()
    make(tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path / "elsewhere")
    found = find(name.format(name="here"), path_of(tmp_path / "elsewhere"), tmp_path / "here")
    assert found.is_absolute()
    assert found.samefile(tool)


def test_an_absolute_path_is_itself(tmp_path):
    """Whoever names a file means that file."""
    tool = make(tmp_path / "here")
    assert find(str(tool), {}, Path("/")) == tool


@pytest.mark.parametrize("name", ["./tool", "/no/such/tool", "./folder"])
def test_a_path_that_leads_to_no_file_is_told(tmp_path, name):
    """The message has the path as it was given and as it was looked for."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(MissingTool) as caught:
        find(name, {}, tmp_path)
    assert name in caught.value.what
    assert str(tmp_path / name) in caught.value.why


@pytest.mark.parametrize(
    ("mode", "answer"),
    [
        pytest.param(0o755, True, id="the-owner-writes"),
        pytest.param(0o775, True, id="the-group-writes"),
        pytest.param(0o777, False, id="everybody-writes"),
        pytest.param(0o1777, False, id="everybody-writes-sticky"),
        pytest.param(0o702, False, id="others-write"),
    ],
)
def test_a_folder_that_everybody_may_write_is_no_home_of_programs(tmp_path, monkeypatch, mode, answer):
    """Anybody could have put the file there, whatever the folder is called."""
    folder = tmp_path / "bin"
    tool = make(folder)
    folder.chmod(mode)
    monkeypatch.setattr(program, "SYSTEM_FOLDERS", (folder,))
    assert program.is_where_programs_live(tool) is answer


def test_programs_live_in_system_folders_and_beside_the_interpreter(tmp_path):
    """Nowhere else: not in the workspace, not in a folder below, not behind a `..`."""
    assert program.is_where_programs_live(interpreter_folder() / "python")
    assert program.is_where_programs_live(Path("/usr/bin/env"))
    for other in (
        tmp_path,
        Path("/usr/bin/deep"),
        Path("/usr/bin/../../tmp"),
        Path("/usr/bin/../bin"),
        Path("/"),
    ):
        assert not program.is_where_programs_live(other / "tool")


def test_a_program_that_anybody_could_change_is_known_by_what_it_holds(tmp_path):
    """One where programs live is known by its path; one that cannot be read is never the same twice."""
    tool = make(tmp_path)
    before = program.fingerprint(tool)
    assert before == program.fingerprint(tool)
    tool.write_text("another")
    assert before != program.fingerprint(tool)
    assert program.fingerprint(Path("/usr/bin/env")) == ""
    assert program.fingerprint(tmp_path / "absent") != program.fingerprint(tmp_path / "absent")


def test_system_folders_are_absolute():
    """A relative one would be the working directory's."""
    assert all(folder.is_absolute() for folder in program.SYSTEM_FOLDERS)

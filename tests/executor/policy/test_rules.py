"""The answer: allow what is listed and where it belongs, refuse a few, ask about the rest."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from autoexec_magic.executor.environment import interpreter_folder
from autoexec_magic.executor.policy import DEFAULT, Policy, exactly, find, judge, program

BIN = Path("/usr/bin")
REFUSED = ["sudo", "su", "doas", "pkexec", "shutdown", "reboot", "halt", "poweroff"]


def answer(path: Path, rules: Policy = DEFAULT) -> tuple[str, str]:
    """Return the answer and the rule about a program without arguments."""
    verdict = judge([path.name], path, rules)
    return verdict.answer, verdict.rule


def test_a_listed_program_in_its_place_is_allowed():
    """The answer has the line, the layer, the rule and a reason."""
    verdict = judge(["git", "commit", "-m", "first cell"], BIN / "git")
    assert dataclasses.astuple(verdict) == (
        "git commit -m 'first cell'",
        "allow",
        2,
        "listed:git",
        "on the list of programs",
    )


@pytest.mark.parametrize(
    "name", ["tool", "LS", "ls ", "ls.exe", "env", "xargs", "nice", "timeout", "ssh", ""]
)
def test_any_other_name_is_asked_about(name):
    """A name that nobody knows does not run unasked, nor does one that starts another program."""
    assert answer(BIN / (name or "-")) == ("ask", "not-listed")


@pytest.mark.parametrize("folder", ["/tmp", "/home/me/bin", "/usr/bin/x", "/usr/bin/..", "/workspace"])
def test_a_listed_name_elsewhere_is_asked_about(folder):
    """A program of the same name in the workspace is another program; the reason names it."""
    verdict = judge(["ls"], Path(folder) / "ls")
    assert (verdict.answer, verdict.rule) == ("ask", "not-in-a-program-folder")
    assert str(Path(folder) / "ls") in verdict.why


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("folder", ["/usr/bin", "/tmp"])
def test_what_gains_privileges_or_stops_the_machine_is_refused(name, folder):
    """No answer of a person changes it: a run cannot gain privileges, nor stop the machine it is on."""
    verdict = judge([name, "ls"], Path(folder) / name)
    assert (verdict.answer, verdict.rule, verdict.layer) == ("refuse", f"refused:{name}", 2)
    assert "privileges" in verdict.why or "stops the machine" in verdict.why


@pytest.mark.parametrize("name", REFUSED)
def test_a_person_cannot_list_what_is_refused(name):
    """Settings add to the list; they take nothing from the refusals."""
    assert answer(BIN / name, Policy(programs=frozenset({name})))[0] == "refuse"


@pytest.mark.parametrize(
    "name",
    [
        *("python3", "python3.11", "python3.13", "python", "pip", "pip3", "pip3.11"),
        *("gcc", "gcc-12", "clang", "clang-14", "g++", "g++-12", "sha256sum", "sha1sum", "sqlite3"),
    ],
)
def test_a_version_is_no_other_program(name):
    """`python3.11` and `gcc-12` are the listed programs."""
    assert answer(BIN / name) == ("allow", f"listed:{name}")


@pytest.mark.parametrize(
    "name",
    [
        "python3-config",
        "python3.11-evil",
        "pythonx",
        "pipx",
        "pip-evil",
        "gcc-ar-12",
        "ls2",
        "bash5",
        "git-2",
    ],
)
def test_only_digits_and_dots_are_a_version(name):
    """Anything else behind a listed name makes another name."""
    assert answer(BIN / name) == ("ask", "not-listed")


@pytest.mark.parametrize("name", ["terraform", "gcc-12", "python3.11", "pip3.11", "clang-14"])
def test_a_person_lists_a_program_by_its_own_name(name):
    """What stands on the list as it is called is on the list, version or not."""
    rules = Policy(programs=frozenset({name}))
    assert answer(BIN / name, rules) == ("allow", f"listed:{name}")
    assert answer(BIN / "git", rules) == ("ask", "not-listed")


def test_beside_the_interpreter_is_where_programs_live(tmp_path, monkeypatch):
    """`pytest` of the kernel's environment is the one that is meant, wherever the environment is."""
    tool = interpreter_folder() / "pytest"
    assert answer(tool) == ("allow", "listed:pytest")
    folder = tmp_path / "bin"
    folder.mkdir()
    folder.chmod(0o777)
    monkeypatch.setattr(program, "interpreter_folder", lambda: folder)
    assert answer(folder / "pytest") == ("ask", "not-in-a-program-folder")


def test_exactly_allows_these_files_and_nothing_else(tmp_path):
    """Our own verbs start one file; not its namesake, not its neighbour, not what is listed."""
    tool = tmp_path / "tool"
    rules = exactly(tool)
    verdict = judge(["tool", "x"], tool, rules)
    assert (verdict.answer, verdict.layer, verdict.rule) == ("allow", 2, "exact-path")
    assert answer(tmp_path / "other" / "tool", rules)[0] == "ask"
    assert answer(tmp_path / "tool2", rules)[0] == "ask"
    assert answer(BIN / "ls", rules) == ("ask", "not-listed")
    assert answer(BIN / "sudo", rules)[0] == "refuse"


def test_exactly_takes_relative_paths_from_here(workdir):
    """A policy holds absolute paths, so that it means the same in every directory."""
    assert exactly("tool", workdir / "b").paths == {workdir / "tool", workdir / "b"}
    assert exactly().paths == exactly().programs == frozenset()


def test_a_program_that_is_first_on_the_path_does_not_inherit_a_name(fake_bin, workdir):
    """A stub called `ls` before the real one is found, and asked about."""
    stub = fake_bin.write("ls", "echo stub")
    found = find("ls", {"PATH": f"{fake_bin.path}:/usr/bin:/bin"}, workdir)
    assert found == stub
    assert answer(found) == ("ask", "not-in-a-program-folder")


def test_a_program_in_the_working_directory_is_asked_about(workdir):
    """Whoever types `./git` means a file that somebody put here."""
    (workdir / "git").write_text("#!/bin/sh\n", encoding="utf-8")
    found = find("./git", {}, workdir)
    assert answer(found) == ("ask", "not-in-a-program-folder")

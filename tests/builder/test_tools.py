"""Which tools a build starts: those of the person, and none that the project could have put there."""

from __future__ import annotations

import os
from pathlib import Path

import benches
import pytest

from autoexec_magic.builder import tools
from autoexec_magic.errors import MissingTool
from autoexec_magic.executor.environment import interpreter_folder


def program(folder: Path, name: str = "git", text: str = "#!/bin/sh\necho theirs\n") -> Path:
    """Put a program into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)
    return folder / name


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a project with a git of its own, in which one stands."""
    folder = tmp_path / "project"
    program(folder / "node_modules/.bin")
    program(folder)
    program(folder / "packages/one")
    (folder / "pyproject.toml").touch()
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    "entry", [".", "", "node_modules/.bin", "{}/node_modules/.bin", "{}", "{}/packages/../node_modules/.bin"]
)
def test_a_project_puts_no_tool_on_the_path(tmp_path, project, entry):
    """Neither by a relative entry nor by one in its workspace, also asked from a folder in it."""
    good = program(tmp_path / "bin")
    path = f"{entry.format(project)}{os.pathsep}{tmp_path / 'bin'}"
    assert tools.found("git", project, path=path) == good
    assert tools.found("git", project / "packages/one", path=path) == good
    assert tools.found("git", project, path=entry.format(project) or ".") is None


def test_a_link_leads_no_tool_out_of_the_project(tmp_path, project):
    """Neither a folder's nor a program's; and a project that is named by a link is the same one."""
    (tmp_path / "linked").symlink_to(project / "node_modules/.bin")
    assert tools.found("git", project, path=str(tmp_path / "linked")) is None
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").symlink_to(project / "git")
    assert tools.found("git", project, path=str(tmp_path / "bin")) is None
    (tmp_path / "same").symlink_to(project)
    assert tools.found("git", tmp_path / "same", path=str(project)) is None


def test_the_folder_that_runs_us_counts(project, monkeypatch):
    """An environment is often a project's own, and its Python is what reads this."""
    monkeypatch.setattr("sys.executable", str(project / "venv/bin/python"))
    own = program(project / "venv/bin", "uv")
    assert interpreter_folder() == own.parent
    assert tools.found("uv", project, path="/usr/bin") == own


def test_what_is_below_home_is_a_persons_own(tmp_path, monkeypatch):
    """A notebook that lies in the home folder makes not all of it the project's."""
    monkeypatch.setenv("HOME", str(tmp_path))
    own = program(tmp_path / ".local/bin")
    assert tools.found("git", tmp_path, path=str(own.parent)) == own


def test_a_name_is_no_path(project):
    """What has a folder is none."""
    assert tools.found("./git", project, path=str(project)) is None


def test_what_a_build_starts_is_found_there(tmp_path, project, monkeypatch):
    """Outside of the cage too, and what the tool starts itself is looked for there as well."""
    script = '#!/bin/sh\necho mine; echo "$PATH"\n'
    program(tmp_path / "bin", "b1tool", script)
    program(project, "b1tool")
    monkeypatch.setenv("PATH", f".:{project}:{tmp_path / 'bin'}:{os.environ['PATH']}")
    bench = benches.bench(project, level="open")
    ended = bench.start(("b1tool",), cwd=project, is_foreign=False, is_quiet=True)
    said, path = ended.stdout.splitlines()
    assert said == "mine"
    assert "." not in path.split(":")
    assert str(project) not in path.split(":")
    with pytest.raises(MissingTool, match="b1none"):
        bench.start(("b1none",), cwd=project, is_foreign=False, is_quiet=True)


def test_a_program_of_the_projects_is_not_started_by_its_whole_path_either(tmp_path, project):
    """In or outside of the cage; what the build has put into its cache or its own folder is, in the cage."""
    bench = benches.bench(project, level="open")
    (tmp_path / "linked").symlink_to(project / "git")
    for path in (str(project / "git"), str(tmp_path / "linked"), "./git", f"{bench.cache}/../../../git"):
        for is_foreign in (True, False):
            with pytest.raises(MissingTool, match="not started"):
                bench.start((path,), cwd=project, is_foreign=is_foreign, is_quiet=True)
    kept = program(bench.cache / "env/bin")
    assert bench.start((str(kept),), cwd=project, is_quiet=True).stdout == "theirs\n"
    with pytest.raises(MissingTool, match="not started"):
        bench.start((str(kept),), cwd=project, is_foreign=False, is_quiet=True)
    with bench.scratch() as scratch:
        made = program(scratch / "bin")
        assert bench.start((str(made),), cwd=scratch, is_quiet=True).stdout == "theirs\n"


def test_all_that_a_program_writes_can_be_had(tmp_path):
    """As it is: neither cut to its end, nor without what a terminal must not see."""
    events = []
    bench = benches.bench(tmp_path, level="open", events=events)
    words = ("python3", "-c", "print('a\\0' * 200_000, end='')")
    ended = bench.start(words, cwd=tmp_path, is_foreign=False, is_whole=True)
    assert ended.stdout == "a\0" * 200_000
    assert events == []

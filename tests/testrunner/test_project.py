"""Whose pytest runs the tests: the project's own, where it has one; also one of an older Python."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import suites
from skips import requires

from autoexec_magic import executor
from autoexec_magic.errors import MissingTool, UsageError
from autoexec_magic.testrunner.inside import NO_PYTEST
from autoexec_magic.testrunner.project import Interpreter, interpreter

OWN = Path(sys.executable)
SITE = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"


def environment(folder: Path, *, pytest: bool = True, is_real: bool = False) -> Path:
    """Make a virtual environment, in which pytest is by a link, or by name only; return its Python."""
    if is_real:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    else:
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "python").symlink_to(OWN)
        (folder / "pyvenv.cfg").write_text(f"home = {Path(sys.base_prefix) / 'bin'}\nversion = 3.9\n")
    site = folder / SITE
    site.mkdir(parents=True, exist_ok=True)
    if pytest and is_real:
        (site / "parent.pth").write_text(sysconfig.get_path("purelib"))
        (site / "pytest").mkdir()
        source = Path(sysconfig.get_path("purelib")) / "pytest" / "__init__.py"
        (site / "pytest" / "__init__.py").write_bytes(source.read_bytes())
    elif pytest:
        (site / "pytest").mkdir()
        (site / "pytest" / "__init__.py").touch()
    return folder / "bin" / "python"


def test_without_any_it_is_this_one(tmp_path):
    """With pytest or without: that shows when it runs."""
    found = interpreter(tmp_path)
    assert (found.path, found.is_own, found.places) == (OWN, True, ())


@pytest.mark.parametrize("name", [".venv", "venv", "env"])
def test_the_projects_own_comes_first(tmp_path, name):
    """As venv, uv, poetry and people name it."""
    path = environment(tmp_path / name)
    found = interpreter(tmp_path)
    assert (found.path, found.is_own) == (path, False)
    assert found.places[0] == tmp_path / name
    assert {place.relative_to(Path(sys.base_prefix).resolve()).parts[0] for place in found.places[1:]} >= {
        "bin",
        "lib",
    }


def test_the_first_of_several_that_has_pytest(tmp_path):
    """One without is passed over."""
    environment(tmp_path / ".venv", pytest=False)
    path = environment(tmp_path / "venv")
    assert interpreter(tmp_path).path == path


@pytest.mark.parametrize("what", ["no-settings", "no-program", "a-folder"])
def test_what_only_looks_like_one_is_none(tmp_path, what):
    """A folder called env; a Python that is none."""
    path = environment(tmp_path / ".venv")
    if what == "no-settings":
        (tmp_path / ".venv" / "pyvenv.cfg").unlink()
    else:
        path.unlink()
    if what == "a-folder":
        path.mkdir()
    assert interpreter(tmp_path).path == OWN


def test_a_path_that_a_person_names(tmp_path, monkeypatch):
    """From the project's folder, from home, or whole; without a link being followed."""
    path = environment(tmp_path / "envs" / "one")
    monkeypatch.setenv("HOME", str(tmp_path / "envs"))
    for asked in ("envs/one/bin/python", "~/one/bin/python", str(path)):
        found = interpreter(tmp_path, asked)
        assert (found.path, found.is_own) == (path, False)
    assert interpreter(tmp_path, sys.executable).is_own


def test_a_path_that_cannot_be(tmp_path):
    """Nothing there; or no pytest, and how it gets there."""
    with pytest.raises(UsageError, match="no/python cannot be"):
        interpreter(tmp_path, "no/python")
    path = environment(tmp_path / "bare", pytest=False)
    with pytest.raises(MissingTool, match="has no pytest") as caught:
        interpreter(tmp_path, "bare/bin/python")
    assert caught.value.fix == f"%autoexec sh {path} -m pip install pytest"


@pytest.mark.parametrize(
    "text", ["", "home\n", "home = /no/such/place/bin\n", "nothing = 1\n\0\n", "\xff", "home = \n"]
)
def test_settings_that_are_damaged_name_no_place(tmp_path, text):
    """But for the environment itself."""
    path = environment(tmp_path / ".venv")
    (tmp_path / ".venv" / "pyvenv.cfg").write_bytes(text.encode("latin-1"))
    assert Interpreter(path, is_own=False).places[:1] == (tmp_path / ".venv",)


def installation(prefix: Path) -> Path:
    """Make what has the shape of a Python's installation, with a key beside it; return its program."""
    for name in ("bin", "lib/python3.9", "include", "keys"):
        (prefix / name).mkdir(parents=True)
    (prefix / "lib64").symlink_to("lib")
    (prefix / "bin/python3.9").write_bytes(b"#!")
    (prefix / "bin/python3.9").chmod(0o755)
    (prefix / "bin/python3").symlink_to("python3.9")
    (prefix / "lib/python3.9/os.py").touch()
    (prefix / "keys/id").write_text("key")
    return prefix / "bin/python3.9"


def made_from(folder: Path, home: Path | str, program: Path) -> Interpreter:
    """Make an environment whose settings name `home`, and whose Python is a link to `program`."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/python").symlink_to(program)
    (folder / "pyvenv.cfg").write_text(f"home = {home}\n")
    return Interpreter(folder / "bin/python", is_own=False)


def opened(found: Interpreter) -> set[str]:
    """Return what is let through beside the environment, by names from the folder around."""
    root = found.path.parent.parent
    return {str(place.relative_to(root.parent.parent.resolve())) for place in found.places[1:]}


@pytest.mark.parametrize("how", ["link", "copy", "of-a-link", "by-a-link"])
def test_what_an_environment_was_made_from_is_read(tmp_path, how):
    """Of it what a Python reads: nothing else that lies beside it."""
    program = installation(tmp_path / "base")
    home = tmp_path / "base/bin"
    if how == "of-a-link":
        program = program.parent / "python3"
    elif how == "by-a-link":  # as uv's own, which it puts on the PATH
        home = tmp_path / "path"
        home.mkdir()
        (home / "python3.9").symlink_to(program)
        program = home / "python3.9"
    found = made_from(tmp_path / "project/.venv", home, program)
    if how == "copy":
        found.path.unlink()
        found.path.write_bytes(program.read_bytes())
    assert opened(found) == {"base/bin", "base/lib", "base/include"}


NOT_MADE_FROM = {
    "any folder": lambda root: root / "base/keys",
    "a folder in it": lambda root: root / "base/keys/sub",
    "another installation": lambda root: root / "other/bin",
    "no folder": lambda root: root / "gone/bin",
    "a word": lambda root: "bin",
    "no path": lambda root: "/a\0b",
    "a name without an end": lambda root: "/" + "n" * 5000,
    "nothing": lambda root: "",
}


@pytest.mark.parametrize("what", NOT_MADE_FROM)
def test_settings_that_name_any_folder_open_none(tmp_path, what):
    """A run can write them: the next one would read what it likes."""
    program = installation(tmp_path / "base")
    installation(tmp_path / "other").write_bytes(b"another")
    (tmp_path / "base/keys/sub").mkdir()
    home = NOT_MADE_FROM[what](tmp_path)
    found = made_from(tmp_path / "project/.venv", home, program)
    assert found.places == (tmp_path / "project/.venv",)
    if what in ("any folder", "a folder in it"):  # also with a program that is there
        found.path.unlink()
        found.path.symlink_to(home / "id")
        (home / "id").touch(0o755)
        (home / "id").chmod(0o755)
        assert found.places == (tmp_path / "project/.venv",)


def test_a_program_without_its_library_is_no_installation(tmp_path):
    """A folder of a person's own may have a program of that name, and anything else beside it."""
    program = installation(tmp_path / "base")
    (tmp_path / "base/lib/python3.9/os.py").unlink()
    found = made_from(tmp_path / "project/.venv", program.parent, program)
    assert found.places == (tmp_path / "project/.venv",)


@pytest.mark.parametrize("where", ["home", "around"])
def test_a_python_in_the_home_itself_opens_nothing(tmp_path, monkeypatch, where):
    """Nor one in a folder around it: what else is there is the person's."""
    program = installation(tmp_path / "base")
    monkeypatch.setenv("HOME", str(tmp_path / "base" / ("" if where == "home" else "lib")))
    found = made_from(tmp_path / "project/.venv", program.parent, program)
    assert found.places == (tmp_path / "project/.venv",)


def test_an_installation_that_a_run_made_leads_nowhere(tmp_path):
    """It is in the project, of the right shape, and has links to what is not."""
    (tmp_path / "private").mkdir()
    program = installation(tmp_path / "project/fake")
    (tmp_path / "project/fake/include").rmdir()
    (tmp_path / "project/fake/include").symlink_to(tmp_path / "private")
    found = made_from(tmp_path / "project/.venv", program.parent, program)
    assert opened(found) == {"project/fake/bin", "project/fake/lib"}


def test_an_environment_by_a_link_is_no_more_than_one(tmp_path):
    """Some are a project, too: of these the packages are read, and not what lies beside them."""
    program = installation(tmp_path / "base")
    made_from(tmp_path / "theirs", program.parent, program)
    (tmp_path / "theirs/lib").mkdir()
    (tmp_path / "theirs/.env").write_text("KEY=1")
    (tmp_path / "project").mkdir()
    (tmp_path / "project/.venv").symlink_to(tmp_path / "theirs")
    found = Interpreter(tmp_path / "project/.venv/bin/python", is_own=False)
    names = {str(place.relative_to(tmp_path)) for place in found.places}
    assert names == {f"theirs/{name}" for name in ("pyvenv.cfg", "bin", "lib")} | {
        f"base/{name}" for name in ("bin", "lib", "include")
    }
    (tmp_path / "theirs/lib").rmdir()
    (tmp_path / "theirs/lib").symlink_to(tmp_path)
    assert tmp_path not in found.places


def test_a_run_does_not_open_a_door_for_the_next_one(tmp_path):
    """It writes settings that name a folder of the person's; the tests of the next run do not get in."""
    requires(executor.cage.can_be_had("workspace", tmp_path), "no cage here", "a kernel with Landlock")
    (tmp_path / "private/sub").mkdir(parents=True)
    (tmp_path / "private/key").write_text("key")
    environment(tmp_path / "project/.venv", is_real=True)
    (tmp_path / "project/.venv/pyvenv.cfg").write_text(f"home = {tmp_path / 'private/sub'}\n")
    python = interpreter(tmp_path / "project")
    tests = f"def test_a(): open({str(tmp_path / 'private/key')!r})\n"
    ran = suites.go(tmp_path / "project", {"test_x.py": tests}, "test_x.py", python=python, level="workspace")
    assert ran.verdicts.get("test_x.py::test_a") != "passed"


def test_what_is_installed_changes_its_state(tmp_path):
    """What waits for a run has imported what was there before."""
    path = environment(tmp_path / ".venv")
    found = Interpreter(path, is_own=False)
    before = found.state
    assert found.state == before
    os.utime(tmp_path / ".venv" / SITE, ns=(1, 1))
    assert found.state != before


@pytest.mark.parametrize("level", ["open", "workspace"])
def test_the_projects_own_python_runs_its_tests(tmp_path, level):
    """With what is installed there, of which this one knows nothing; in the cage, too."""
    path = environment(tmp_path / ".venv", is_real=True)
    (tmp_path / ".venv" / SITE / "only_there.py").write_text("VALUE = 7\n")
    python = interpreter(tmp_path)
    assert python.path == path
    tests = f"""
        import sys, only_there
        def test_a(): assert (only_there.VALUE, sys.prefix) == (7, {str(tmp_path / ".venv")!r})
        """
    ran = suites.go(tmp_path, {"test_x.py": tests}, "test_x.py", python=python, level=level)
    assert (ran.fault, ran.verdicts) == (None, {"test_x.py::test_a": "passed"})


def test_a_python_without_pytest_says_so(tmp_path):
    """By an exit code that pytest has not."""
    path = environment(tmp_path / "bare", pytest=False, is_real=True)
    ran = suites.go(tmp_path, {"test_x.py": "def test_a(): pass\n"}, python=Interpreter(path, is_own=False))
    assert (ran.done.outcome.returncode, ran.done.told.pytest) == (NO_PYTEST, "")
    assert "No module named 'pytest'" in ran.done.outcome.stderr
    assert ran.fault is not None

"""What `pip install -e` installed is imported in a cage, and nothing else is let through by it."""

from __future__ import annotations

import json
import os
import site
import subprocess
import venv
from pathlib import Path

import pytest
from skips import requires

import autoexec_magic
from autoexec_magic import executor
from autoexec_magic.errors import AutoexecError
from autoexec_magic.scripts import editable

FINDER = """
from __future__ import annotations
import sys
from importlib.util import spec_from_file_location
from pathlib import Path
MAPPING: dict[str, str] = {table!r}
class Finder:
    def find_spec(name, path=None, target=None):
        if name in MAPPING:
            return spec_from_file_location(name, Path(MAPPING[name], "__init__.py"))
def install():
    sys.meta_path.append(Finder)
"""
RUN = """
import json, sys
from pathlib import Path
from autoexec_magic import scripts
source, cwd = sys.argv[1:]
outcome = scripts.run(
    source, scripts.language_of(source), emit=lambda event: None, cwd=Path(cwd), level="workspace"
)
print(json.dumps([outcome.passed, outcome.stdout, outcome.stderr]))
"""


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """Return the person's home."""
    folder = tmp_path / "ada"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder.resolve()


@pytest.fixture
def installed(tmp_path, monkeypatch) -> Path:
    """Return the folder of the packages that are installed."""
    folder = tmp_path / "environment" / "site-packages"
    folder.mkdir(parents=True)
    monkeypatch.setattr(site, "getsitepackages", lambda: [str(folder)])
    monkeypatch.setattr(site, "ENABLE_USER_SITE", False)
    return folder


@pytest.fixture
def project(home) -> Path:
    """Return a workspace in the home."""
    folder = home / "project"
    folder.mkdir()
    (folder / "pyproject.toml").touch()
    return folder


def test_a_caged_script_imports_what_was_installed_from_elsewhere(home, project, tmp_path):
    """An environment of its own with a folder in a `.pth` file, and with a finder of setuptools."""
    try:
        executor.cage.in_force("workspace")
    except AutoexecError as error:
        requires(False, error.why, error.fix)
    own, other = home / "own" / "src", home / "other" / "package"
    for folder in (own, other):
        folder.mkdir(parents=True)
    (own / "first.py").write_text("print('first')")
    (other / "__init__.py").write_text("print('second')")
    (other.parent / "private").write_text("private")
    venv.create(tmp_path / "environment", symlinks=True, with_pip=False)
    python = tmp_path / "environment" / "bin" / "python"
    packages = next((tmp_path / "environment" / "lib").glob("python*/site-packages"))
    roots = [Path(autoexec_magic.__file__).parents[1], *site.getsitepackages()]
    (packages / "own.pth").write_text("\n".join(map(str, (own, *roots))) + "\n")
    (packages / "__editable__.second.pth").write_text(
        "import __editable___second_finder; __editable___second_finder.install()\n"
    )
    (packages / "__editable___second_finder.py").write_text(FINDER.format(table={"second": str(other)}))

    def ran(source: str) -> list[object]:
        ended = subprocess.run(
            [python, "-c", RUN, source, project], capture_output=True, text=True, timeout=60, check=False
        )
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    assert ran("import first, second") == [True, "first\nsecond\n", ""]
    passed, _, stderr = ran(f"open({str(other.parent / 'private')!r})")
    assert not passed
    assert "PermissionError" in stderr


def test_a_pth_file_names_folders(home, installed, project):
    """Lines that are comments, code, or lead nowhere name none; a relative one begins beside the file."""
    for folder in (home / "a", home / "b c", installed / "d"):
        folder.mkdir()
    lines = [
        f"{home / 'a'}",
        "# comment",
        "",
        "import os; os.getcwd()",
        f"{home / 'b c'} ",
        "d",
        "/no/such",
        "a\0b",
    ]
    (installed / "x.pth").write_text("\n".join(lines))
    assert editable.places(project) == (home / "a", home / "b c", (installed / "d").resolve())


def test_a_finder_that_cannot_be_read_names_nothing(home, installed, project):
    """Its table is data: nothing of it is run."""
    (installed / "x.pth").write_text("import __editable___x_finder; __editable___x_finder.install()\n")
    finder = installed / "__editable___x_finder.py"
    assert editable.places(project) == ()
    for text in (
        "MAPPING: dict = {",
        "MAPPING: dict = dict(a=exit())",
        "MAPPING: dict = {'a': '/no/such'}",
        "MAPPING: dict = []",
    ):
        finder.write_text(text)
        assert editable.places(project) == ()
    (home / "module.py").touch()
    finder.write_text(f"MAPPING: dict = {{'module': {str(home / 'module')!r}}}")
    assert editable.places(project) == (home / "module.py",)


def test_no_pth_file_lets_keys_through(home, installed, project, tmp_path):
    """The home, what it lies in, its hidden folders, by a link, too."""
    (home / ".ssh").mkdir()
    (home / "link").symlink_to(home / ".ssh")
    names = (home, tmp_path, "/", home / ".ssh", home / "link", os.environ["JUPYTER_RUNTIME_DIR"])
    Path(os.environ["JUPYTER_RUNTIME_DIR"]).mkdir(parents=True, exist_ok=True)
    (installed / "x.pth").write_text("\n".join(map(str, names)))
    assert editable.places(project) == ()


@pytest.mark.parametrize(("name", "opens"), [("venv", False), (".venv", True)])
def test_no_run_says_what_the_next_one_reads(home, project, monkeypatch, name, opens):
    """What a run may write in the workspace opens nothing; `.venv` is protected there."""
    packages = project / name / "site-packages"
    packages.mkdir(parents=True)
    (home / "private").mkdir()
    (packages / "x.pth").write_text(str(home / "private"))
    monkeypatch.setattr(site, "getsitepackages", lambda: [str(packages)])
    monkeypatch.setattr(site, "ENABLE_USER_SITE", False)
    assert editable.places(project) == ((home / "private",) if opens else ())

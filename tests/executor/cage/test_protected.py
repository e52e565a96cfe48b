"""What was changed shows, also when the times were set back."""

from __future__ import annotations

import os
import time

import pytest

from autoexec_magic.executor.cage import PROTECTED, protected


def forge(path):
    """Change a file and set its times and size to what they were."""
    before = path.stat()
    path.write_text(path.read_text().swapcase())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def write(path):
    """Write a file, and its folder first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("new")


CHANGES = {
    "new": lambda root: (root / "autoexec.toml").touch(),
    "gone": lambda root: (root / "pyproject.toml").unlink(),
    "forged": lambda root: forge(root / "pyproject.toml"),
    "replaced": lambda root: os.replace(root / "other", root / "pyproject.toml"),
    "mode": lambda root: (root / ".git/hooks/a").chmod(0o755),
    "new below": lambda root: (root / ".venv/lib/x.pth").touch(),
    "linked": lambda root: (root / "sitecustomize.py").symlink_to("other"),
    "another repository for git": lambda root: (root / ".git/commondir").write_text("../evil"),
    "a link to what is still to come": lambda root: (root / ".git/commondir").symlink_to("../evil"),
    "programs of git's by file names": lambda root: write(root / ".git/info/attributes"),
    "the repository of a submodule": lambda root: write(root / ".git/modules/a/commondir"),
    "a new environment": lambda root: write(root / "env/pyvenv.cfg"),
    "a task of an editor": lambda root: write(root / ".vscode/tasks.json"),
    "a job of a server": lambda root: write(root / ".github/workflows/a.yml"),
    "an environment's program": lambda root: write(root / "tools/env/bin/python"),
    "a file of conda's environment": lambda root: write(root / "conda/bin/python"),
    "what a shell reads on entering": lambda root: write(root / ".envrc"),
    "a hook": lambda root: write(root / ".husky/pre-commit"),
    "folder renamed": lambda root: (root / ".git").rename(root / ".old"),
}


@pytest.fixture
def project(tmp_path):
    """Return a project that has something of each kind."""
    for folder in (".git/hooks", ".venv/lib"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("pyproject.toml", "other", ".git/config", ".git/hooks/a", ".venv/lib/b.py"):
        (tmp_path / name).write_text("text")
    for name in ("tools/env/pyvenv.cfg", "tools/env/bin/python", "conda/conda-meta/history"):
        write(tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_shows(name, project):
    """Whatever it was."""
    before = protected.marks(project, PROTECTED)
    CHANGES[name](project)
    assert protected.changed(before, protected.marks(project, PROTECTED))


def test_ordinary_work_does_not_show(project):
    """Files that govern nothing, and an index of git's."""
    before = protected.marks(project, PROTECTED)
    (project / "other").write_text("changed")
    (project / ".git/index").touch()
    (project / "new.py").touch()
    assert protected.changed(before, protected.marks(project, PROTECTED)) == ()


def test_parents_are_the_folders_between(project):
    """The workspace itself is not one of them."""
    found = protected.found(project, PROTECTED)
    folders = [path.removeprefix(f"{project}/") for path in protected.parents(project, found)]
    assert folders == [".git", "tools"]


def test_environments_are_protected_under_any_name(project, monkeypatch):
    """The folder itself, one or two levels down, and that of this interpreter wherever it is."""
    monkeypatch.setattr("sys.prefix", str(project / "a/b/c/d"))
    (project / "node_modules/x").mkdir(parents=True)
    (project / "node_modules/x/pyvenv.cfg").touch()  # too many are there to be looked at before each start
    found = {path.removeprefix(f"{project}/") for path in protected.found(project, PROTECTED)}
    assert {"tools/env", "conda", ".venv", "a/b/c/d"} <= found
    assert not {"tools", "node_modules/x"} & found


def test_an_environment_that_is_made_in_a_known_folder_is_found(project):
    """What is known of a folder counts while it has not changed, whatever its times were set to."""
    (project / "later/env").mkdir(parents=True)
    at = (project / "later/env").stat()
    time.sleep(0.2)  # until it is old enough to be known
    assert f"{project}/later/env" not in protected.found(project, PROTECTED)
    write(project / "later/env/pyvenv.cfg")
    os.utime(project / "later/env", ns=(at.st_atime_ns, at.st_mtime_ns))
    assert f"{project}/later/env" in protected.found(project, PROTECTED)


def test_a_file_that_says_where_the_repository_is(tmp_path):
    """In a work tree, git goes where it leads; a folder of that name is git's to write."""
    (tmp_path / ".git").write_text("gitdir: elsewhere")
    assert protected.found(tmp_path, PROTECTED) == (str(tmp_path / ".git"),)
    (tmp_path / ".git").unlink()
    (tmp_path / ".git").mkdir()
    assert protected.found(tmp_path, PROTECTED) == ()

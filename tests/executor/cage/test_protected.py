"""What was changed shows, also when the times were set back."""

from __future__ import annotations

import os

import pytest

from autoexec_magic.executor.cage import PROTECTED, protected


def forge(path):
    """Change a file and set its times and size to what they were."""
    before = path.stat()
    path.write_text(path.read_text().swapcase())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES = {
    "new": lambda root: (root / "autoexec.toml").touch(),
    "gone": lambda root: (root / "pyproject.toml").unlink(),
    "forged": lambda root: forge(root / "pyproject.toml"),
    "replaced": lambda root: os.replace(root / "other", root / "pyproject.toml"),
    "mode": lambda root: (root / ".git/hooks/a").chmod(0o755),
    "new below": lambda root: (root / ".venv/lib/x.pth").touch(),
    "linked": lambda root: (root / "sitecustomize.py").symlink_to("other"),
    "folder renamed": lambda root: (root / ".git").rename(root / ".old"),
}


@pytest.fixture
def project(tmp_path):
    """Return a project that has something of each kind."""
    for folder in (".git/hooks", ".venv/lib"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("pyproject.toml", "other", ".git/config", ".git/hooks/a", ".venv/lib/b.py"):
        (tmp_path / name).write_text("text")
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
    assert [path.removeprefix(f"{project}/") for path in protected.parents(project, found)] == [".git"]

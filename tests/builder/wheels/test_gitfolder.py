"""What a backend sees of git: the commits of its own repository, whatever `.git` says."""

from __future__ import annotations

import os
import shutil
import subprocess

import benches
import pytest
from skips import requires

from autoexec_magic.builder.wheels import gitfolder
from autoexec_magic.errors import BuildError

ME = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "protocol.file.allow=always")


def git(where, *words):
    """Run git as the person, and return what it says."""
    environ = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"}
    ran = subprocess.run(
        ["git", *ME, *words], cwd=where, check=True, capture_output=True, text=True, env=environ
    )
    return ran.stdout.strip()


@pytest.fixture
def project(tmp_path):
    """Return a folder in a repository that has more than it, with a commit and a tag."""
    requires(shutil.which("git"), "git is not installed", "apt-get install git")
    folder = tmp_path / "all" / "pear"
    folder.mkdir(parents=True)
    (folder / "a.py").write_text("1")
    for name in ("other.txt", "a\tñ.txt"):
        (folder.parent / name).write_text("x")
    (folder.parent / "link").symlink_to("other.txt")
    git(folder.parent, "init", "-q")
    git(folder.parent, "add", ".")
    git(folder.parent, "commit", "-qm", "x")
    git(folder.parent, "tag", "v1")
    return folder


def copied(folder, tmp_path, name="to"):
    """Copy a folder and its repository; return the copy's top."""
    found = gitfolder.repository_of(folder)
    to = tmp_path / name
    shutil.copytree(folder, to / folder.resolve().relative_to(found.top))
    gitfolder.copy(found, to, benches.bench(tmp_path))
    return to


@pytest.mark.parametrize("packed", [False, True])
def test_the_copy_is_at_the_commit_and_clean(project, tmp_path, packed):
    """Though the files beside the project are not there; what was changed in it is seen."""
    if packed:
        git(project, "gc", "-q")
    to = copied(project, tmp_path)
    assert git(to, "status", "--porcelain") == ""
    assert git(to, "describe", "--tags") == "v1"
    assert sorted(each.name for each in to.iterdir()) == [".git", "pear"]
    (to / "pear" / "a.py").write_text("2")
    assert git(to, "status", "--porcelain") == "M pear/a.py"
    (project.parent / "other.txt").unlink()
    assert git(copied(project, tmp_path, "again"), "status", "--porcelain") == "D other.txt"


def test_the_settings_are_not_in_it(project, tmp_path):
    """A login in the address of a remote, a program for a filter: neither is copied."""
    git(project, "remote", "add", "origin", "https://me:hunter22@x.example/y")
    git(project, "config", "filter.x.clean", "touch /tmp/ran")
    git(project, "config", "core.fileMode", "false")
    to = copied(project, tmp_path)
    said = (to / ".git" / "config").read_text()
    assert "hunter22" not in said
    assert "clean" not in said
    assert "filemode = false" in said
    assert not (to / ".git" / "hooks").exists()


def test_no_program_of_the_repository_runs(project, tmp_path):
    """Neither a filter, nor a monitor, nor a hook; git runs in the cage all the same."""
    proof = tmp_path / "proof"
    program = tmp_path / "evil.sh"
    program.write_text(f"#!/bin/sh\ntouch {proof}\ncat\n")
    program.chmod(0o755)
    (project.parent / ".gitattributes").write_text("* filter=x\n")
    git(project, "config", "core.fsmonitor", str(program))
    git(project, "config", "filter.x.clean", str(program))
    shutil.copy(program, project.parent / ".git" / "hooks" / "post-index-change")
    (project / "a.py").touch()
    to = copied(project, tmp_path)
    assert (to / ".git" / "index").exists()
    assert not proof.exists()


def test_a_linked_work_tree_is_one(project, tmp_path):
    """Its repository is elsewhere, and says of itself that this is a work tree of it."""
    git(project, "worktree", "add", "-q", str(tmp_path / "linked"))
    found = gitfolder.repository_of(tmp_path / "linked" / "pear")
    assert found.common == project.parent / ".git"
    assert git(copied(tmp_path / "linked" / "pear", tmp_path), "status", "--porcelain") == ""


def test_another_repository_of_the_person_is_none(project, tmp_path):
    """By a file, a link, a `commondir`, or one whose objects are a link."""
    private = project.parent / ".git"
    git(project, "worktree", "add", "-q", str(tmp_path / "linked"))
    evil = tmp_path / "evil"
    evil.mkdir()
    assert gitfolder.repository_of(evil) is None
    for text in (
        f"gitdir: {private}",
        f"gitdir: {private}/worktrees/linked",
        "gitdir: ../all/.git",
        "nothing",
    ):
        (evil / ".git").write_text(f"{text}\n")
        assert gitfolder.repository_of(evil) is None
    (evil / ".git").unlink()
    (evil / ".git").symlink_to(private)
    assert gitfolder.repository_of(evil) is None
    (evil / ".git").unlink()
    git(evil, "init", "-q")
    assert gitfolder.repository_of(evil) is not None
    (evil / ".git" / "commondir").write_text(f"{private}\n")
    assert gitfolder.repository_of(evil) is None
    (evil / ".git" / "commondir").unlink()
    shutil.rmtree(evil / ".git" / "objects")
    (evil / ".git" / "objects").symlink_to(private / "objects")
    assert gitfolder.repository_of(evil) is None


def test_a_file_of_it_that_is_a_link_is_not_read(project, tmp_path):
    """What it leads to would be in the copy."""
    (project.parent / ".git" / "packed-refs").symlink_to(tmp_path / "secret")
    (tmp_path / "secret").write_text("x")
    with pytest.raises(BuildError, match="packed-refs"):
        copied(project, tmp_path)


def test_a_repository_of_the_home_is_none(tmp_path, monkeypatch, project):
    """What somebody keeps of a home in git is no project's."""
    monkeypatch.setenv("HOME", str(project.parent))
    assert gitfolder.repository_of(project) is None


def test_a_large_repository_is_read_to_its_end(project, tmp_path):
    """More names than a process's last words: each file that is not copied counts as unchanged."""
    for number in range(1500):
        (project.parent / f"{'long' * 12}{number}").touch()
    git(project.parent, "add", "-A")
    git(project.parent, "commit", "-qm", "y")
    assert git(copied(project, tmp_path), "status", "--porcelain") == ""

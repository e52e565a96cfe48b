"""How a build asks git: nothing that a repository names is run, and no other repository is read."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import benches
import pytest

from autoexec_magic.builder import git as asked
from autoexec_magic.builder.commit import commit_of
from autoexec_magic.executor import cage

from .repositories import committed, git, read

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
CAGED = pytest.mark.skipif(not cage.can_be_had("workspace", Path.cwd()), reason="there is no cage here")


@pytest.fixture
def bench(tmp_path):
    """Return a bench in the cage that a build has."""
    return benches.bench(tmp_path)


def all_asked(folder, bench):
    """Ask all that builds ask."""
    commit_of(folder, bench, read(folder))
    asked.ignored(folder, bench)
    found = asked.repository_of(folder)
    said = asked.ask(("ls-files", "-z"), found, bench, folder=found.top) if found else None
    return tuple(filter(None, (said or "").split("\0")))


@pytest.mark.parametrize(
    "settings",
    [
        {"filter.x.clean": "{}", "filter.x.smudge": "{}", "filter.x.process": "{}", "filter.x.required": "1"},
        {"core.fsmonitor": "{}"},
        {"core.hooksPath": "{}.d"},
        {"log.showSignature": "true", "gpg.program": "{}", "gpg.ssh.program": "{}", "gpg.x509.program": "{}"},
        {"core.pager": "{}", "pager.ls-tree": "{}", "pager.cat-file": "{}", "pager.ls-files": "{}"},
        {"diff.external": "{}", "diff.x.textconv": "{}", "core.sshCommand": "{}", "core.editor": "{}"},
        {"alias.ls-files": "!{}", "alias.cat-file": "!{}", "alias.ls-tree": "!{}"},
    ],
    ids=lambda settings: next(iter(settings)),
)
@pytest.mark.parametrize("level", ["open", "workspace"])
def test_a_repository_cannot_make_git_run_its_own_program(tmp_path, settings, level):
    """Neither in the cage nor where there is none: it is plumbing that is asked."""
    ran = tmp_path / "ran"
    folder = committed(tmp_path / "repo", a="1", b="2")
    program = folder / "evil.sh"
    program.write_text(f"#!/bin/sh\ntouch {ran} {folder}/ran\ncat\n")
    program.chmod(0o755)
    hooks = folder / "evil.sh.d"
    hooks.mkdir()
    for name in ("post-index-change", "fsmonitor-watchman", "reference-transaction"):
        shutil.copy(program, hooks / name)
    (folder / ".gitattributes").write_text("* filter=x diff=x\n")
    for name, value in settings.items():
        git(folder, "config", name, value.format(program))
    os.utime(folder / "a", (1, 1))  # what git would look into to tell whether it changed
    assert "a" in all_asked(folder, benches.bench(tmp_path, level=level))
    assert not ran.exists()
    assert not (folder / "ran").exists()


@pytest.mark.parametrize("level", ["open", "workspace"])
def test_a_missing_object_is_fetched_from_nowhere(tmp_path, level):
    """A promised object would be asked of a program that the repository names."""
    ran = tmp_path / "ran"
    folder = committed(tmp_path / "repo", a="1")
    other = committed(tmp_path / "other", a="1")
    evil = folder / "evil.sh"
    evil.write_text(f'#!/bin/sh\ntouch {ran}\nexec git-upload-pack "$@"\n')
    evil.chmod(0o755)
    for name, value in (
        ("remote.origin.url", f"file://{other}"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.uploadpack", str(evil)),
        ("protocol.file.allow", "always"),
        ("extensions.partialClone", "origin"),
        ("core.repositoryFormatVersion", "1"),
    ):
        git(folder, "config", name, value)
    tree = git(folder, "rev-parse", "HEAD^{tree}").strip()
    (folder / ".git/objects" / tree[:2] / tree[2:]).unlink()
    assert commit_of(folder, benches.bench(tmp_path, level=level), ()) is None
    assert not ran.exists()


@CAGED
def test_git_is_in_the_cage_and_may_write_nowhere(tmp_path, bench, monkeypatch):
    """Whatever a hole in git itself would let a repository do."""
    folder = committed(tmp_path / "repo", a="1")
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin/git"
    fake.write_text(f"#!/bin/sh\necho x > {folder}/.git/written\necho x > {folder}/written\necho none\n")
    fake.chmod(0o755)
    monkeypatch.setattr(asked.tools, "found", lambda name, *near: fake)
    found = asked.repository_of(folder)
    asked.ask(("ls-files",), found, bench, folder=folder)
    assert not (folder / ".git/written").exists()
    assert not (folder / "written").exists()


@pytest.mark.parametrize("way", ["file", "link", "commondir"])
def test_a_folder_cannot_claim_somebody_elses_repository(tmp_path, bench, way):
    """Its commit would be the label of what has nothing to do with it, and a cage would let it be read."""
    private = committed(tmp_path / "private", a="1")
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "a").write_text("1")
    if way == "file":
        (folder / ".git").write_text(f"gitdir: {private}/.git\n")
    elif way == "link":
        (folder / ".git").symlink_to(private / ".git")
    else:
        (folder / ".git").mkdir()
        (folder / ".git/HEAD").write_text("ref: refs/heads/main\n")
        (folder / ".git/commondir").write_text(f"{private}/.git\n")
    assert asked.repository_of(folder) is None
    assert commit_of(folder, bench, read(folder)) is None
    assert asked.ignored(folder, bench) == ()


def test_a_pipe_for_a_repository_is_none(tmp_path, bench):
    """Nobody writes to it, and nobody waits."""
    os.mkfifo(tmp_path / ".git")
    assert asked.repository_of(tmp_path) is None


def test_a_further_work_tree_and_a_borrowing_clone_are_known(tmp_path, bench):
    """Both name each other, or are git's own way to share objects."""
    folder = committed(tmp_path / "repo", a="1", b="2")
    git(folder, "worktree", "add", "-q", str(tmp_path / "second"), "-b", "second")
    found = asked.repository_of(tmp_path / "second")
    assert found is not None
    assert (found.top, found.common) == (tmp_path / "second", folder / ".git")
    assert not commit_of(tmp_path / "second", bench, read(tmp_path / "second")).is_dirty
    git(tmp_path, "clone", "-q", "--shared", str(folder), "borrowing")
    assert not commit_of(tmp_path / "borrowing", bench, read(tmp_path / "borrowing")).is_dirty


def test_names_are_whole(tmp_path, bench):
    """What is ignored and what is tracked, however many and however odd."""
    folder = committed(tmp_path / "repo", a="1")
    names = [f"{'long' * 12}{number}" for number in range(1500)]
    for name in ("line\nend", 'q"', *names):
        (folder / name).touch()
    git(folder, "add", "-A")
    assert set(all_asked(folder, bench)) == {"a", "line\nend", 'q"', *names}
    (folder / ".gitignore").write_text("out/\n*.log\n")
    (folder / "out").mkdir()
    (folder / "out/x").touch()
    (folder / "x.log").touch()
    (folder / "y.log").touch()
    assert asked.ignored(folder, bench) == ("out/", "x.log", "y.log")

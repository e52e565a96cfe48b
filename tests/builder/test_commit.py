"""Which commit a folder is of, and what makes it dirty: each input is held against the commit itself."""

from __future__ import annotations

import hashlib
import shutil

import benches
import pytest

from autoexec_magic.builder.artifacts import Input
from autoexec_magic.builder.commit import commit_of, labels_of

from .repositories import committed, git, read

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")


@pytest.fixture
def bench(tmp_path):
    """Return a bench in the cage that a build has."""
    return benches.bench(tmp_path)


@pytest.fixture
def folder(tmp_path):
    """Return a repository with one commit."""
    return committed(tmp_path / "repo", a="1", in__b="2")


def is_dirty(folder, bench):
    """Return whether a folder is dirty, by all that it holds."""
    found = commit_of(folder, bench, read(folder))
    assert found is not None
    return found.is_dirty


def test_a_clean_tree_is_clean_and_a_dirty_one_says_so(folder, bench):
    """An unknown file, a changed one, one that is gone, another mode, a link for a file."""
    clean = commit_of(folder, bench, read(folder))
    assert clean is not None
    assert (len(clean.sha), clean.is_dirty) == (40, False)
    assert clean.sha == git(folder, "rev-parse", "HEAD").strip()
    assert str(clean.seconds) == git(folder, "log", "-1", "--format=%ct").strip()
    assert labels_of(clean) == {"commit": clean.sha, "dirty": "false"}
    (folder / "new").write_text("2")
    assert is_dirty(folder, bench)
    (folder / "new").unlink()
    (folder / "a").write_text("3")
    assert is_dirty(folder, bench)
    (folder / "a").unlink()
    assert is_dirty(folder, bench)
    (folder / "a").symlink_to("in/b")
    assert is_dirty(folder, bench)
    git(folder, "checkout", "-q", "a")
    assert not is_dirty(folder, bench)
    (folder / "a").chmod(0o755)
    assert is_dirty(folder, bench)


def test_what_changed_since_it_was_read_is_dirty(folder, bench):
    """The label is of what was planned, not of what lies there now."""
    (folder / "a").write_text("3")
    planned = read(folder)
    (folder / "a").write_text("1")
    assert commit_of(folder, bench, planned).is_dirty


def test_what_is_made_for_a_build_makes_nothing_dirty(folder, bench):
    """It is in no commit, and follows from what is."""
    made = Input(path="//Dockerfile", digest="0" * 64, bytes=1)
    assert not commit_of(folder, bench, (*read(folder), made)).is_dirty


@pytest.mark.parametrize("mark", ["--assume-unchanged", "--skip-worktree"])
def test_a_mark_in_the_index_hides_nothing(folder, bench, mark):
    """Git is told not to look; we look."""
    git(folder, "update-index", mark, "a")
    (folder / "a").write_text("3")
    assert git(folder, "status", "--porcelain") == ""
    assert is_dirty(folder, bench)


def test_an_ignored_input_is_dirty(folder, bench):
    """It is built in, and no commit has it."""
    (folder / ".git/info/exclude").write_text("secret.py\n")
    (folder / "secret.py").touch()
    assert git(folder, "status", "--porcelain") == ""
    assert is_dirty(folder, bench)


def test_a_mode_that_git_does_not_see_is_seen(folder, bench):
    """As with core.fileMode=false."""
    git(folder, "config", "core.fileMode", "false")
    (folder / "a").chmod(0o755)
    assert git(folder, "status", "--porcelain") == ""
    assert is_dirty(folder, bench)


def test_a_replaced_commit_is_not_believed(folder, bench):
    """`git replace` shows another tree under the same name."""
    first = git(folder, "rev-parse", "HEAD").strip()
    (folder / "a").write_text("3")
    git(folder, "commit", "-qam", "two")
    git(folder, "replace", first, git(folder, "rev-parse", "HEAD").strip())
    git(folder, "update-ref", "HEAD", first)
    assert git(folder, "show", "HEAD:a") == "3"
    assert is_dirty(folder, bench)


def test_outside_of_a_repository_there_is_none(tmp_path, bench):
    """Nor in one without a commit."""
    (tmp_path / "plain").mkdir()
    assert commit_of(tmp_path / "plain", bench, ()) is None
    git(tmp_path / "plain", "init", "-q")
    assert commit_of(tmp_path / "plain", bench, ()) is None
    assert labels_of(None) == {}


def test_a_folder_that_a_repository_does_not_track_is_not_of_its_commits(folder, bench):
    """A project in a repository of dotfiles, or in what a monorepo ignores."""
    (folder / "other").mkdir()
    (folder / "other/x").touch()
    assert commit_of(folder / "other", bench, read(folder / "other")) is None
    assert not commit_of(folder / "in", bench, read(folder / "in")).is_dirty


def test_a_submodule_is_of_the_commit_that_is_named(tmp_path, folder, bench):
    """Also where the repository says that its changes are to be ignored."""
    part = committed(tmp_path / "part", x="1")
    git(folder, "submodule", "add", "-q", str(part), "sub/part")
    git(folder, "config", "-f", ".gitmodules", "submodule.sub/part.ignore", "all")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "two")
    assert not is_dirty(folder, bench)
    assert not is_dirty(folder / "sub/part", bench)
    (folder / "sub/part/x").write_text("2")
    assert git(folder, "status", "--porcelain") == ""
    assert is_dirty(folder, bench)
    git(folder / "sub/part", "commit", "-qam", "other")
    assert is_dirty(folder, bench)  # a commit that this one does not name
    assert not is_dirty(folder / "sub/part", bench)


def test_a_link_that_was_followed_is_as_committed_where_both_are(folder, bench):
    """A license of all packages of a repository; what is read of it is what it leads to."""
    (folder / "in/LICENSE").symlink_to("../a")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "two")
    digest = hashlib.sha256(b"1").hexdigest()
    followed = Input(path="LICENSE", digest=digest, bytes=1)
    planned = [each for each in read(folder / "in") if each.path != "LICENSE"]
    assert not commit_of(folder / "in", bench, (*planned, followed)).is_dirty
    assert not commit_of(folder / "in", bench, read(folder / "in")).is_dirty
    (folder / "a").write_text("2")
    changed = Input(path="LICENSE", digest=hashlib.sha256(b"2").hexdigest(), bytes=1)
    assert commit_of(folder / "in", bench, (*planned, changed)).is_dirty


def test_a_large_file_is_as_its_pointer_says(folder, bench):
    """Git LFS keeps a digest in the commit: it is the file's, or it is not."""
    digest = hashlib.sha256(b"large").hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 5\n"
    (folder / "one").write_text(pointer)
    (folder / "two").write_text("another")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "two")
    (folder / "one").write_text("large")
    assert not is_dirty(folder, bench)
    (folder / "one").write_text("lArge")
    assert is_dirty(folder, bench)


def test_odd_names_and_many_files_are_compared(tmp_path, bench):
    """Spaces, quotes, a line's end, letters beyond ASCII; and more than a pipe holds at once."""
    folder = committed(tmp_path / "odd", a="1")
    for name in ('q"uo te', "line\nend", "ü", "tab\t", ":(top)", "-x"):
        (folder / name).write_text(name)
    for number in range(1500):
        (folder / f"{'long' * 12}{number}").touch()
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "two")
    assert not is_dirty(folder, bench)
    (folder / "line\nend").write_text("2")
    assert is_dirty(folder, bench)


def test_a_tree_that_is_not_what_its_id_says_is_not_believed(folder, bench):
    """Its object lies at the path of the commit's own; git takes it for that one."""
    old = git(folder, "rev-parse", "HEAD:in").strip()
    (folder / "in" / "b").write_text("another")
    git(folder, "add", "-A")
    new = git(folder, "rev-parse", f"{git(folder, 'write-tree').strip()}:in").strip()
    objects = folder / ".git" / "objects"
    assert commit_of(folder, bench, read(folder)).is_dirty
    there = objects / old[:2] / old[2:]
    there.chmod(0o644)
    there.write_bytes((objects / new[:2] / new[2:]).read_bytes())
    assert git(folder, "hash-object", "in/b").strip() in git(folder, "ls-tree", "-r", "HEAD")
    assert commit_of(folder, bench, read(folder)) is None
    assert commit_of(folder / "in", bench, read(folder / "in")) is None

"""Taking back: byte for byte, whatever npm had done by then."""

from __future__ import annotations

import shutil

import pytest

from autoexec_magic.installer.node.npm import Change, Plan
from autoexec_magic.installer.node.undo import snapshot, take_back


def put(root, name, text=""):
    """Write a file."""
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def tree(root):
    """Return all files, links and folders with their content."""
    return {
        path.relative_to(root).as_posix(): path.readlink()
        if path.is_symlink()
        else path.is_file() and path.read_bytes()
        for path in sorted(root.rglob("*"))
    }


@pytest.fixture
def root(tmp_path):
    """Return a project with two packages and a program."""
    folder = tmp_path / "project"
    put(folder, "package.json", "{}\n")
    put(folder, "package-lock.json", "old lock")
    put(folder, "node_modules/.package-lock.json", "old record")
    put(folder, "node_modules/stays/index.js", "stays")
    put(folder, "node_modules/old/index.js", "old")
    put(folder, "node_modules/gone/lib/deep.js", "gone")
    (folder / "node_modules" / ".bin").mkdir()
    (folder / "node_modules" / ".bin" / "old").symlink_to("../old/index.js")
    return folder


def plan_of(root):
    """Return a plan that adds, replaces and removes."""
    modules = root / "node_modules"
    return Plan(
        added=(
            Change(name="new", version="1.0.0", place=modules / "new"),
            Change(name="@s/new", version="1.0.0", place=modules / "@s" / "new"),
            Change(name="deep", version="1.0.0", place=modules / "stays" / "node_modules" / "deep"),
            Change(name="old", version="2.0.0", place=modules / "old", before="1.0.0"),
        ),
        removed=(Change(name="gone", version="1.0.0", place=modules / "gone"),),
    )


def half_an_install(root):
    """Do what an install that is killed may have done."""
    modules = root / "node_modules"
    put(root, "package.json", '{"dependencies": {}}')
    (root / "package-lock.json").unlink()
    put(root, "npm-shrinkwrap.json", "x")
    put(modules, ".package-lock.json", "new")
    put(modules, "new/index.js", "new")
    put(modules, "@s/new/index.js", "new")
    put(modules, "stays/node_modules/deep/index.js", "new")
    shutil.rmtree(modules / "old")
    put(modules, "old/other.js", "2")
    shutil.rmtree(modules / "gone")
    put(modules, ".old-Xy12/index.js", "left by npm")
    (modules / ".bin" / "old").unlink()
    (modules / ".bin" / "old").symlink_to("../old/other.js")
    (modules / ".bin" / "new").symlink_to("../new/index.js")


def test_all_of_it_is_as_before(root, tmp_path):
    """Manifest, lock, packages added, replaced and removed, programs, and what npm itself left lying."""
    before_tree = tree(root)
    plan = plan_of(root)
    with snapshot(root, root, plan, tmp_path / "cache") as before:
        half_an_install(root)
        left = take_back(plan, before)
    after = tree(root)
    after.pop("node_modules/stays/node_modules", None)
    assert (after, left) == (before_tree, [])
    assert list((tmp_path / "cache").iterdir()) == []


def test_modules_that_were_not_there_go(tmp_path):
    """A first install that failed leaves no node_modules."""
    put(tmp_path, "p/package.json", "{}")
    root = tmp_path / "p"
    plan = Plan(added=(Change(name="new", version="1.0.0", place=root / "node_modules" / "new"),))
    with snapshot(root, root, plan, tmp_path / "cache") as before:
        put(root, "node_modules/new/index.js")
        put(root, "package-lock.json", "x")
        assert take_back(plan, before) == []
    assert tree(root) == {"package.json": b"{}"}


def test_what_cannot_be_put_back_is_said(root, tmp_path):
    """The copy is gone: the name of what is not as before."""
    plan = plan_of(root)
    with snapshot(root, root, plan, tmp_path / "cache") as before:
        half_an_install(root)
        shutil.rmtree(before.kept[root / "node_modules" / "gone"] / "lib")
        put(before.kept[root / "node_modules" / "gone"], "lib", "a file")
        shutil.rmtree(before.kept[root / "node_modules" / "old"])
        left = take_back(plan, before)
    assert "old" in left

"""What a Node project's own files say of it."""

from __future__ import annotations

import json

from autoexec_magic.installer.node.project import read_project


def put(root, name, content):
    """Write a file; a table as JSON."""
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(content if isinstance(content, str) else json.dumps(content))


def test_the_workspaces_of_a_monorepo(tmp_path):
    """Below a member the root is the one with the lock; excluded and filled folders are no members."""
    put(tmp_path, "package.json", {"name": "root", "workspaces": {"packages": ["packages/*", "tools", "!x"]}})
    put(tmp_path, "packages/a/package.json", {"name": "@me/a", "dependencies": {"koa": "^2"}})
    put(tmp_path, "tools/package.json", {"name": "tools"})
    put(tmp_path, "packages/a/src/x.js", "")
    found = read_project(tmp_path / "packages" / "a" / "src")
    assert found is not None
    assert found.root == tmp_path
    assert [each.name for each in found.packages] == ["root", "@me/a", "tools"]
    assert found.package_at(tmp_path / "packages" / "a" / "src" / "x.js").wants == {"koa": "^2"}


def test_pnpm_s_own_file_of_workspaces(tmp_path):
    """pnpm keeps the list elsewhere."""
    put(tmp_path, "package.json", {"name": "root"})
    put(tmp_path, "pnpm-workspace.yaml", "packages:\n  - 'libs/*'  \n")
    put(tmp_path, "libs/a/package.json", {"name": "a"})
    found = read_project(tmp_path / "libs" / "a")
    assert found is not None
    assert [each.name for each in found.packages] == ["root", "a"]


def test_who_keeps_the_packages(tmp_path):
    """By the lock; without one, by what package.json says; npm otherwise."""
    put(tmp_path, "package.json", {"packageManager": "pnpm@9.0.0"})
    assert read_project(tmp_path).keeper == "pnpm"
    put(tmp_path, "yarn.lock", "")
    assert read_project(tmp_path).keeper == "yarn"
    put(tmp_path, "package-lock.json", {})
    assert read_project(tmp_path).keeper == "npm"


def test_what_the_lock_has(tmp_path):
    """The top of node_modules counts before a nested one; links and the root are none."""
    put(tmp_path, "package.json", {})
    packages = {
        "": {"version": "1.0.0"},
        "packages/a": {"version": "1.0.0"},
        "node_modules/x/node_modules/koa": {"version": "1.0.0"},
        "node_modules/koa": {"version": "2.0.0", "integrity": "sha512-x", "resolved": "https://r/koa.tgz"},
        "node_modules/@a/b": {"version": "3.0.0"},
    }
    put(tmp_path, "package-lock.json", {"packages": packages})
    found = read_project(tmp_path).locked
    assert {name: each.version for name, each in found.items()} == {"koa": "2.0.0", "@a/b": "3.0.0"}


def test_typescript_s_paths_with_comments_and_an_extended_file(tmp_path):
    """JSON as TypeScript reads it; an address in a string is no comment."""
    put(tmp_path, "package.json", {})
    put(tmp_path, "tsconfig.json", '{"extends": "./base", // here\n "x": "http://a/b", /* * */ "y": [1,],}')
    put(tmp_path, "base.json", {"compilerOptions": {"baseUrl": "src", "paths": {"@app/*": ["app/*"]}}})
    found = read_project(tmp_path)
    assert found.paths == ("@app/*",)
    assert found.bases == (tmp_path / "src",)


def test_what_cannot_be_read_says_nothing(tmp_path):
    """Half a package.json is a project without dependencies, and no error of ours."""
    put(tmp_path, "package.json", '{"name": ')
    put(tmp_path, "package-lock.json", "[]")
    put(tmp_path, "tsconfig.json", "[" * 100_000)
    found = read_project(tmp_path)
    assert (found.packages[0].wants, dict(found.locked), found.paths) == ({}, {}, ())


def test_no_further_than_the_repository(tmp_path):
    """A package.json above the repository is somebody else's."""
    put(tmp_path, "package.json", {"name": "outer"})
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    assert read_project(tmp_path / "repository") is None

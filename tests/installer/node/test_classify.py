"""What a specifier is, before anybody thinks of the registry."""

from __future__ import annotations

import json

import pytest

from autoexec_magic.installer.node.classify import classify
from autoexec_magic.installer.node.project import read_project
from autoexec_magic.installer.own_files import Use

TREE = {
    "package.json": {"name": "mine", "workspaces": ["packages/*"], "imports": {"#inner/*": "./src/*.js"}},
    "packages/a/package.json": {"name": "@me/a"},
    "tsconfig.json": {
        "compilerOptions": {"baseUrl": "src", "paths": {"@app/*": ["app/*"], "*": ["types/*"]}}
    },
    "src/util.ts": "",
    "src/helper/index.js": "",
    "node_modules/lodash/package.json": {"name": "lodash", "version": "4.0.0"},
    "node_modules/lodash/fp.js": "",
    "node_modules/sealed/package.json": {"name": "sealed", "version": "1.0.0", "exports": "./i.js"},
    "node_modules/sealed/secret.js": "",
}


@pytest.fixture
def project(tmp_path):
    """Return a project with something of everything."""
    for name, content in TREE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return read_project(tmp_path)


NOT_INSTALLED = [
    *(("fs", "stdlib"), ("node:fs/promises", "stdlib"), ("node:test", "stdlib"), ("_http_agent", "stdlib")),
    *(("node:left-pad", "invented"), ("freelist", "removed")),
    *(("./util", "local"), ("../x", "local"), ("/etc/x", "local"), (".", "local"), ("#inner/a", "local")),
    *(("#other", "local"), ("mine", "local"), ("mine/sub", "local"), ("@me/a", "local"), ("@app/x", "local")),
    *(("util2", "third-party"), ("helper", "local"), ("@/components/x", "local"), ("~/x", "local")),
    *(
        ("$lib/x", "local"),
        ("~", "local"),
        ("https://deno.land/x.ts", "platform"),
        ("bun:sqlite", "platform"),
    ),
    *(("npm:koa", "platform"), ("jsr:@a/b", "platform"), ("virtual:pwa", "platform"), ("vscode", "platform")),
    *(("cloudflare:workers", "platform"), ("astro:content", "platform"), ("data:text/x,1", "platform")),
    *(("file:///x.js", "platform"), ("some:thing", "platform"), ("bun", "platform")),
    *(("a b", "invented"), ("_private", "invented"), ("koa\n", "invented"), ("x" * 300, "invented")),
    *(("lodash", "installed"), ("lodash/fp", "installed"), ("lodash/package.json", "installed")),
    *(("lodash/gone", "drift"), ("sealed/secret.js", "drift"), ("sealed/secret", "drift")),
]


@pytest.mark.parametrize(("specifier", "cls"), NOT_INSTALLED, ids=lambda each: each[:24])
def test_what_a_specifier_is(project, specifier, cls):
    """Only what is nothing else is a package to look for."""
    assert classify(Use(module=specifier, file="src/main.ts"), project)[0] == cls


def test_drift_names_the_version_that_is_there(project):
    """The version says what to look at."""
    use = Use(module="lodash/gone", file="src/main.ts")
    assert classify(use, project)[1] == "lodash 4.0.0 is installed and has no gone"


def test_a_file_without_its_ending_is_named(project):
    """Node wants the whole name in an ES module."""
    evidence = classify(Use(module="./util", file="src/main.ts"), project)[1]
    assert evidence.endswith("src/util.ts; in an ES module it needs its whole name")


def test_a_dependency_of_one_workspace_is_not_another_s(project):
    """Node looks upwards from who imports."""
    folder = project.root / "packages" / "a" / "node_modules" / "own"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text('{"version": "1.0.0"}')
    assert classify(Use(module="own", file="packages/a/i.js"), project)[0] == "installed"
    assert classify(Use(module="own", file="src/main.ts"), project)[0] == "third-party"

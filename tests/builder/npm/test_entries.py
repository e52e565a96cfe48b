"""What package.json names is in the package."""

from __future__ import annotations

import pytest

from autoexec_magic.builder.npm import entries

FILES = frozenset(
    {"package.json", "index.js", "lib/index.js", "lib/a.mjs", "lib/a.d.ts", "cli.js", "lib/x.css"}
)


@pytest.mark.parametrize(
    "manifest",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"main": "index.js"}, id="main"),
        pytest.param({"main": "./index"}, id="without-ending"),
        pytest.param({"main": "lib"}, id="folder"),
        pytest.param({"main": "./"}, id="this-folder"),
        pytest.param({"types": "lib/a"}, id="types-without-ending"),
        pytest.param({"bin": {"x": "./cli.js"}}, id="bin"),
        pytest.param({"exports": "./index.js"}, id="exports-text"),
        pytest.param({"exports": {".": {"types": "./lib/a.d.ts", "import": "./lib/a.mjs"}}}, id="conditions"),
        pytest.param({"exports": {"./*": "./lib/*.js", "./in/*": None}}, id="pattern"),
        pytest.param({"exports": {"./f/": "./lib/"}}, id="old-folder"),
        pytest.param({"exports": {".": ["./index.js", "./gone.js"]}}, id="fallback"),
        pytest.param({"imports": {"#a": "./lib/a.mjs", "#b": "chalk"}}, id="imports"),
    ],
)
def test_what_is_there_is_no_fault(manifest):
    """Node's own rules, with what it adds to a name."""
    assert entries.faults(manifest, FILES) == []


@pytest.mark.parametrize(
    ("manifest", "match"),
    [
        pytest.param({"main": "dist/index.js"}, "main is 'dist/index.js'", id="main"),
        pytest.param({"main": "../x.js"}, "main is", id="main-outside"),
        pytest.param({"module": "es.js"}, "module is", id="module"),
        pytest.param({"types": "index.d.ts"}, "types is", id="types"),
        pytest.param({"bin": "x.js", "name": "a"}, "bin['a'] is", id="bin"),
        pytest.param({"bin": {"../../x": "cli.js"}}, "no name of a program", id="bin-outside"),
        pytest.param({"exports": "index.js"}, "does not begin with ./", id="exports-bare"),
        pytest.param(
            {"exports": {".": {"require": "./no.cjs"}}}, "exports['. require'] is './no.cjs'", id="exports"
        ),
        pytest.param({"exports": "./../x.js"}, "leads out of the package", id="exports-outside"),
        pytest.param({"exports": {"./*": "./src/*.js"}}, "no file of the package fits", id="pattern"),
        pytest.param({"imports": {"#a": {"default": "./no.js"}}}, "imports['#a default']", id="imports"),
    ],
)
def test_what_is_not_there_is_named(manifest, match):
    """With where it stands."""
    (fault,) = entries.faults(manifest, FILES)
    assert match in fault


def test_what_is_probably_not_meant():
    """An entry of `files` that holds nothing; a folder that only developers need."""
    files = {*FILES, "test/a.js"}
    assert (
        entries.doubts({"files": ["lib", "cli.js", "lib/**/*.css", "!x", "README.md", "*.{js,ts}"]}, files)
        == []
    )
    assert entries.doubts({"files": ["dist"]}, files) == ["files names 'dist', and nothing of it is there"]
    assert "test/a.js" in entries.doubts({}, files)[0]


@pytest.mark.parametrize(
    ("manifest", "root", "below"),
    [
        ({}, True, []),
        ({"main": "gone.js"}, False, []),
        ({"exports": "./index.js"}, True, []),
        ({"exports": {"import": "./lib/a.mjs"}}, True, []),
        ({"exports": {"./a": "./lib/a.mjs", "./package.json": "./package.json"}}, False, ["a"]),
        ({"exports": {".": {"types": "./lib/a.d.ts"}}}, False, []),
        ({"exports": {".": {"browser": "./index.js"}}}, False, []),
        ({"exports": {".": {"node": {"require": "./index.js"}}, "./x": "./lib/x.css"}}, True, []),
    ],
)
def test_what_can_be_imported(manifest, root, below):
    """By its name and below it; types, style sheets and what is for browsers are no code for Node."""
    assert entries.entry(manifest, FILES) is root
    assert entries.subpaths(manifest) == below


def test_a_manifest_that_was_made_to_hang_us_does_not():
    """As deep as JSON can be."""
    deep: object = "./index.js"
    for _ in range(500):
        deep = {"default": deep}
    assert entries.faults({"exports": deep}, FILES) == []

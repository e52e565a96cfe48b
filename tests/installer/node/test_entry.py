"""Whether a package holds what is asked of it."""

from __future__ import annotations

import pytest

from autoexec_magic.installer.node.entry import holds

FILES = {"index.js", "lib/a.js", "lib/b/index.js", "types.d.ts", "lib/deep/c.mjs"}


@pytest.mark.parametrize(
    ("manifest", "subpath", "want"),
    [
        ({}, "", True),
        ({"main": "./lib/a"}, "", True),
        ({"main": "gone.js"}, "", True),  # Node then takes index.js
        ({}, "lib/a", True),
        ({}, "lib/a.js", True),
        ({}, "lib/b", True),
        ({}, "lib/gone", False),
        ({"exports": "./index.js"}, "", True),
        ({"exports": "./index.js"}, "lib/a", False),
        ({"exports": {"import": "./gone.mjs", "require": "./index.js"}}, "", True),
        ({"exports": {".": {"node": {"import": "./lib/a.js"}}}}, "", True),
        ({"exports": {".": "./gone.js"}}, "", False),
        ({"exports": {"./x": "./lib/a.js"}}, "x", True),
        ({"exports": {"./x": "./lib/a.js"}}, "", False),
        ({"exports": {"./*": "./lib/*.js"}}, "a", True),
        ({"exports": {"./*": "./lib/*.js"}}, "nothing", False),
        ({"exports": {"./x": None}}, "x", False),
        ({"exports": {"./lib/": "./lib/"}}, "lib/a.js", True),
        ({"exports": {".": ["./gone.js", "./index.js"]}}, "", True),
    ],
)
def test_holds(manifest, subpath, want):
    """By Node's rules: `exports` hides what it does not name."""
    assert holds(manifest, FILES, subpath) is want


def test_a_package_of_types_has_an_entry():
    """Types are what it is for."""
    assert holds({"types": "types.d.ts"}, {"types.d.ts"}, "")
    assert not holds({"bin": "cli.js"}, {"cli.js", "package.json"}, "")


def test_conditions_without_an_end_have_one():
    """A table in a table, as deep as somebody likes."""
    target: object = "./index.js"
    for _ in range(100):
        target = {"node": target}
    assert not holds({"exports": {".": target}}, FILES, "")

"""Which tools run the tests of a folder."""

from __future__ import annotations

import json

import pytest

from autoexec_magic.testrunner.foreign import TOOLS, detect

PACKAGE = json.dumps({"scripts": {"test": "jest"}})
STAND_IN = json.dumps({"scripts": {"test": 'echo "Error: no test specified" && exit 1'}})


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({}, {}),
        ({"Cargo.toml": ""}, {"cargo": "Cargo.toml"}),
        ({"package.json": PACKAGE, "a.test.js": ""}, {"npm": "package.json"}),
        ({"package.json": STAND_IN, "src/a.test.js": ""}, {"node": "src/a.test.js"}),
        ({"package.json": "{", "node_modules/x/test.js": ""}, {}),
        ({"package.json": '{"scripts": {"test": 3}}'}, {}),
        ({"package.json": "[" * 100_000}, {}),
        ({"Cargo.toml": "", "test/a.mjs": ""}, {"cargo": "Cargo.toml", "node": "test/a.mjs"}),
    ],
)
def test_what_a_folder_says(tmp_path, files, found):
    """A project's own script comes before what lies beside it."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert detect(tmp_path) == found


def test_a_folder_that_is_not_there_has_none(tmp_path):
    """And raises nothing."""
    assert detect(tmp_path / "gone") == {}
    assert set(TOOLS) == {"cargo", "npm", "node"}

"""Exactly what was proved is installed, and nothing else is left behind."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.limit(120)


def test_a_known_package_is_installed_with_what_it_needs(served, registry):
    """Known, proved and aged: no question, the lock has the proved digests, Node can import it."""
    registry.publish("inst-dep", "1.2.0")
    integrity = registry.publish("express", "4.1.0", dependencies={"inst-dep": "^1.0.0"})
    served.write(index_js="const e = require('express')\n")
    resolutions, installed = served.heal("express")
    assert [(each.module, each.cls, each.decision) for each in resolutions] == [
        ("express", "third-party", "install")
    ]
    assert {(each.distribution, each.version) for each in installed} == {
        ("express", "4.1.0"),
        ("inst-dep", "1.2.0"),
    }
    assert served.questions == []
    lock = json.loads((served.folder / "package-lock.json").read_text())
    assert lock["packages"]["node_modules/express"]["integrity"] == integrity
    assert json.loads((served.folder / "package.json").read_text())["dependencies"] == {"express": "^4.1.0"}
    assert served.run("require('express')").returncode == 0

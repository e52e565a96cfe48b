"""What belongs to the interpreter is put back."""

from __future__ import annotations

import builtins
import gc
import linecache
import logging
import sys
import types

import pytest

from autoexec_magic.testrunner.incell.interpreter import KEPT, bindings

ENTRY = (1, None, ["x"], "cell")


def test_names_are_bound_as_before():
    """New ones are gone, those that are gone are back, and objects stay changed."""
    rows = []
    space = {"a": 1, "b": rows}
    restore = bindings(space)
    space.update(a=2, c=3)
    del space["b"]
    rows.append(1)
    restore()
    assert space == {"a": 1, "b": [1]}


def test_of_new_names_only_some_are_dropped():
    """A library may have put its own there."""
    space = {}
    restore = bindings(space, only=lambda name: name == "mine")
    space.update(mine=1, other=2)
    restore()
    assert space == {"other": 2}


@pytest.mark.parametrize(
    ("row", "spoil", "look"),
    [
        ("builtins", lambda: setattr(builtins, "spoilt", 1), lambda: hasattr(builtins, "spoilt")),
        ("sys", lambda: sys.path.append("/spoilt"), lambda: list(sys.path)),
        ("sys", lambda: setattr(sys, "path", []), lambda: id(sys.path)),
        ("sys", lambda: setattr(sys, "last_value", 5), lambda: getattr(sys, "last_value", None)),
        ("interpreter", lambda: sys.setrecursionlimit(4321), sys.getrecursionlimit),
        ("interpreter", gc.disable, gc.isenabled),
        ("logging", lambda: logging.root.addHandler(logging.NullHandler()), lambda: [*logging.root.handlers]),
        ("logging", lambda: logging.disable(50), lambda: logging.root.manager.disable),
        (
            "linecache",
            lambda: linecache.cache.update(cell=(1, None, ["x"], "cell")),
            lambda: "cell" in linecache.cache,
        ),
        ("sys.modules", lambda: sys.modules.update(conftest=sys), lambda: sys.modules.get("conftest")),
    ],
)
def test_each_row_puts_back(row, spoil, look):
    """What it is there for."""
    before = look()
    restore = KEPT[row]()
    spoil()
    assert look() != before
    restore()
    assert look() == before


def test_modules_that_tests_replaced_are_back_and_those_they_imported_stay():
    """Also in the package that holds them."""
    import json.decoder

    original, fake = json.decoder, types.ModuleType("json.decoder")
    restore = KEPT["sys.modules"]()
    sys.modules["json.decoder"] = json.decoder = fake
    sys.modules["spoilt_but_imported"] = types.ModuleType("spoilt_but_imported")
    try:
        restore()
        assert sys.modules["json.decoder"] is original
        assert json.decoder is original
        assert "spoilt_but_imported" in sys.modules
    finally:
        del sys.modules["spoilt_but_imported"]


def test_a_finder_stays_with_the_module_that_brought_it():
    """What was imported cannot do without; one that a test put there goes."""
    brought = types.ModuleType("brings_a_finder")
    exec("class Finder:\n    def find_spec(self, *more): return None", vars(brought))
    restore = KEPT["sys.meta_path"]()
    sys.modules["brings_a_finder"] = brought
    needed, left = brought.Finder(), types.SimpleNamespace(find_spec=lambda *more: None)
    before = [*sys.meta_path]
    sys.meta_path[:0] = [needed, left]
    try:
        restore()
        assert sys.meta_path == [*before, needed]
    finally:
        sys.meta_path.remove(needed)
        del sys.modules["brings_a_finder"]

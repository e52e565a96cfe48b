"""The table of names that were taken away."""

from __future__ import annotations

import importlib

from autoexec_magic.diagnosis.removed import REMOVED


def test_what_is_said_to_be_gone_from_python_is_gone():
    """A name that is still there must not be called removed."""
    for owner, name in REMOVED:
        if owner in (
            "collections",
            "time",
            "inspect",
            "fractions",
            "asyncio",
            "string",
            "os",
            "sys",
            "itertools",
            "base64",
        ):
            assert not hasattr(importlib.import_module(owner), name), (owner, name)


def test_what_took_its_place_is_there():
    """A whole dotted name of Python's own can be looked up."""
    for (owner, name), new in REMOVED.items():
        module, _, last = new.rpartition(".")
        if module in ("collections.abc", "inspect", "math", "string", "os", "sys", "base64"):
            assert hasattr(importlib.import_module(module), last.partition("(")[0]), (owner, name)


def test_the_table_holds_plain_names():
    """A fix repeats them."""
    for owner, name in REMOVED:
        assert name.isidentifier()
        assert owner.replace(".", "_").isidentifier()

"""Which row a failure belongs to, where more than one could have it."""

# ruff: noqa: E501 - a table: a row a line

from __future__ import annotations

import pytest

from autoexec_magic.testrunner.facts import Facts, Place, Project
from autoexec_magic.testrunner.sorting import judge


def facts(kind, message, own="test", origin=None, source="", **fields):
    files = {"test": "/p/tests/test_a.py", "product": "/p/shop/a.py", "library": "/usr/lib/python3.11/x.py"}
    place = Place(files[own], 3, source)
    fields = {"phase": "call", "words": message, "is_raised": source.startswith("raise")} | fields
    return Facts(
        type=kind,
        message=message,
        own=place,
        own_whose=own,
        origin=Place(files[origin or own], 3, source),
        origin_whose=origin or own,
        **fields,
    )


@pytest.mark.parametrize(
    ("found", "cls"),
    [
        pytest.param(facts("NameError", "name 'a' is not defined"), "test-bug", id="name-in-test"),
        pytest.param(facts("NameError", "name 'a' is not defined", "product"), "product", id="name-in-product"),
        pytest.param(facts("TypeError", "f() missing 1 required argument"), "test-bug", id="call-by-test"),
        pytest.param(facts("TypeError", "'NoneType' object is not iterable"), "product", id="none-came"),
        pytest.param(facts("KeyError", "'a'"), "product", id="value-without-its-key"),
        pytest.param(facts("ZeroDivisionError", "division by zero"), "test-bug", id="tests-own-line"),
        pytest.param(facts("RuntimeError", "no", source="raise RuntimeError('no')"), "product", id="test-says-so"),
        pytest.param(facts("OSError", "[Errno 28] No space left on device", "product"), "environment", id="disk"),
        pytest.param(facts("OSError", "[Errno 28] x", "product", source="raise OSError(…)"), "product", id="own-words"),
        pytest.param(facts("KeyError", "'a'", phase="setup"), "fixture", id="in-setup"),
        pytest.param(facts("KeyError", "'a'", "product", phase="setup"), "product", id="product-in-setup"),
        pytest.param(facts("KeyError", "'a'", "library"), "unknown", id="nobodys"),
        pytest.param(facts("DeprecationWarning", "old", "library"), "environment", id="librarys-warning"),
        pytest.param(facts("AssertionError", "assert 3 < 1", source="assert elapsed < 1"), "flaky-time", id="time"),
        pytest.param(facts("AssertionError", "assert 3 == 1", source="assert elapsed == 1"), "product", id="equal"),
    ],
)  # fmt: skip
def test_judge(found, cls):
    """The class follows from type, words, phase and whose code raised it."""
    assert judge(found, Project(root="/p"))[0].cls == cls


def test_a_cause_outside_is_found_through_a_chain():
    """An exception that the product raised from a refused connection is the environment's, and not certainly."""
    nearest = facts("gaierror", "Name or service not known", "product", "library")
    outer = facts("ShopError", "no rates", "product", source="raise ShopError", causes=(nearest,))
    row, words = judge(outer, Project(root="/p"))
    assert (row.cls, row.code, row.confidence) == ("environment", "network", "likely")
    assert "Name or service not known" in words["summary"]


def test_what_cannot_be_seen_is_not_certain():
    """Where no source shows whether it was raised on purpose, nothing is certain."""
    found = facts("OSError", "[Errno 28] No space left on device", "product", is_raised=None)
    assert judge(found, Project(root="/p"))[0].confidence == "likely"

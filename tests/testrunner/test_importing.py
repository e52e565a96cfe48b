"""Why imports fail in tests."""

# ruff: noqa: E501 - a table: a row a line

from __future__ import annotations

import pytest

from autoexec_magic.testrunner.facts import Facts, Place, Project
from autoexec_magic.testrunner.importing import import_row

PROJECT = Project(root="/p", modules=["shop", "checks"])
NO = "No module named "
ABSENT, NAME = "ModuleNotFoundError", "ImportError"


@pytest.mark.parametrize(
    ("kind", "message", "own", "cls", "confidence"),
    [
        (ABSENT, NO + "'yaml'", "test", "environment", "certain"),
        (ABSENT, NO + "'yaml'", "product", "environment", "certain"),
        (ABSENT, NO + "'shop'", "test", "environment", "likely"),
        (ABSENT, NO + "'shop.tax'", "product", "product", "certain"),
        (ABSENT, NO + "'shop.tax'", "test", "product", "likely"),
        (ABSENT, NO + "'shopp'", "test", "test-bug", "likely"),
        (ABSENT, NO + "'yaml.nodes2'", "test", "environment", "likely"),
        (ABSENT, NO + "'distutils'", "product", "product", "likely"),
        (ABSENT, NO + "'distutils'", "test", "test-bug", "likely"),
        (ABSENT, NO + "'shop.a'; 'shop' is not a package", "test", "product", "likely"),
        (NAME, "cannot import name 'A' from 'shop' (/p/shop/__init__.py)", "test", "product", "likely"),
        (NAME, "cannot import name 'A' from 'checks' (/p/tests/checks.py)", "test", "test-bug", "likely"),
        (NAME, "cannot import name 'A' from 'np' (/v/lib/python3.11/site-packages/np.py)", "test", "environment", "likely"),
        (NAME, "cannot import name 'Mapping' from 'collections' (/usr/lib/python3.11/collections/__init__.py)", "product", "product", "likely"),
        (NAME, "cannot import name 'A' from partially initialized module 'shop.a' (most likely due to a circular import) (/p/shop/a.py)", "product", "product", "likely"),
        (NAME, "cannot import name 'A' from 'shop.x' (unknown location)", "test", "product", "likely"),
        (NAME, "Missing optional dependency 'openpyxl'. Use pip or conda to install openpyxl.", "product", "environment", "likely"),
    ],
)  # fmt: skip
def test_imports(kind, message, own, cls, confidence):
    """What is missing, and who asked for it, decide whose failure an import is."""
    place = Place("/p/shop/a.py" if own == "product" else "/p/tests/test_a.py", 1, "import it")
    facts = Facts(
        phase="collect",
        type=kind,
        message=message,
        words=message,
        places=(place,),
        origin=place,
        origin_whose=own,
        own=place,
        own_whose=own,
        is_raised=False,
    )
    row, _ = import_row(facts, PROJECT)
    assert (row.cls, row.confidence) == (cls, confidence)


def test_what_is_not_known_is_not_certain():
    """Without the project's own modules a missing one may be its own."""
    facts = Facts(phase="call", type=ABSENT, message=NO + "'yaml'", words="", own_whose="test")
    assert import_row(facts, Project())[0].confidence == "likely"
    assert import_row(Facts(phase="call", type="KeyError", message=NO + "'a'", words=""), PROJECT) is None

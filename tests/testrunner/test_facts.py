"""Whose a place is, and what is known of a failure."""

from __future__ import annotations

import pytest

from autoexec_magic.testrunner.cases import Case, Problem, Said, Spot
from autoexec_magic.testrunner.facts import Project, facts_of


@pytest.mark.parametrize(
    ("path", "whose"),
    [
        ("shop/cart.py", "product"),
        ("/p/shop/cart.py", "product"),
        ("/p/src/shop/testing/plugin.py", "product"),
        ("tests/test_a.py", "test"),
        ("shop/cart_test.py", "test"),
        ("checks/all.py", "test"),
        ("tests/checks.py", "support"),
        ("conftest.py", "support"),
        ("/p/.venv/lib/python3.12/site-packages/numpy/x.py", "library"),
        ("../usr/lib/python3.11/socket.py", "library"),
        ("<frozen importlib._bootstrap>", "library"),
        ("<string>", "library"),
        ("C:\\p\\shop\\cart.py", "product"),
    ],
)
def test_whose(path, whose):
    """Whose code lies at a path follows from the path, absolute or not."""
    assert Project(root="/p", test_files=["checks/all.py"]).whose(path) == whose


def test_a_project_within_a_library_folder():
    """A product that is tested where it is installed is the product, and what lies beneath it a library."""
    project = Project(root="/v/lib/python3.12/site-packages/shop")
    assert project.whose("/v/lib/python3.12/site-packages/shop/cart.py") == "product"
    assert project.whose("/v/lib/python3.12/site-packages/numpy/a.py") == "library"


def test_the_tests_own_file_is_the_tests():
    """A test of any name knows its own file, a doctest in the product too."""
    case = Case("doc", verdict="failed", said=Said(nodeid="shop/cart.py::shop.cart"))
    problem = Problem(kind="failure", text="shop/cart.py:3: KeyError")
    assert facts_of(case, problem, Project()).own_whose == "test"


@pytest.mark.parametrize(
    ("message", "kind", "phase", "summary"),
    [
        ("failed on setup with \"KeyError: 'a'\"", "error", "setup", "KeyError: 'a'"),
        ('failed on teardown with "OSError: no"', "error", "teardown", "OSError: no"),
        ("collection failure", "error", "collect", ""),
        ("KeyError: 'a'", "failure", "call", "KeyError: 'a'"),
    ],
)
def test_phases_in_junit(message, kind, phase, summary):
    """The phase is read from what pytest writes into its JUnit file."""
    problem = Problem(kind=kind, message=message)
    facts = facts_of(Case("a", verdict="error"), problem, Project())
    assert (facts.phase, facts.summary) == (phase, summary)


def test_the_runner_knows_what_the_text_does_not_show():
    """Without places in the text those of the spot count."""
    spot = Spot(
        phase="call", file="/p/tests/test_a.py", line=2, source="f()", origin="/p/shop/a.py", origin_line=7
    )
    problem = Problem(kind="failure", type="KeyError", message="1", text="E   KeyError: 1", spot=spot)
    facts = facts_of(Case("a", verdict="failed"), problem, Project(root="/p"))
    assert [(place.file, place.line) for place in facts.places] == [
        ("/p/tests/test_a.py", 2),
        ("/p/shop/a.py", 7),
    ]
    assert facts.own_whose == "product"
    assert facts.is_raised is None

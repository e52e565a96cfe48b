"""The cases as `junitparser`'s objects."""

from __future__ import annotations

import sys
from xml.etree import ElementTree

import pytest

from autoexec_magic.errors import MissingTool
from autoexec_magic.testrunner.cases import Case, Problem, Said
from autoexec_magic.testrunner.junit.model import to_junitparser


def test_counts_and_results_are_the_same():
    """Its own statistics say what ours do."""
    pytest.importorskip("junitparser")
    bad = Said(problems=(Problem(kind="failure", message="no", type="E", text="trace"),), stdout="out")
    whole = to_junitparser([Case("a", "c", suites=("s",)), Case("b", "c", "failed", ("s",), 0.5, bad)])
    suite = next(iter(whole))
    assert (whole.tests, whole.failures, whole.errors, suite.name) == (2, 1, 0, "s")
    case = list(suite)[1]
    assert (case.result[0].message, case.result[0].text, case.system_out) == ("no", "trace", "out")


def test_without_the_library_its_command_is_told(monkeypatch):
    """An extra that is not there has a next step."""
    monkeypatch.setitem(sys.modules, "junitparser", None)
    with pytest.raises(MissingTool, match="junitparser"):
        to_junitparser([])


@pytest.mark.parametrize("has_lxml", [True, False])
def test_no_text_is_too_odd_or_too_long(has_lxml, monkeypatch):
    """Control characters as pytest writes them; more than lxml takes by itself; with or without lxml."""
    classes = pytest.importorskip("junitparser").junitparser
    if not has_lxml:
        monkeypatch.setattr(classes, "etree", ElementTree)
    said = Said(
        problems=(Problem(kind="failure", message="\x1b[31m #x1B;", text="x" * 11_000_000),), stdout="\0"
    )
    whole = to_junitparser([Case("\ud800", "c", "failed", ("s", "t"), 0.5, said)])
    case = next(iter(next(iter(next(iter(whole)).testsuites()))))
    assert (case.name, case.system_out) == ("#xD800", "#x00")
    assert (case.result[0].message, len(case.result[0].text)) == ("#x1B[31m #x1B;", 11_000_000)


def test_attempts_are_there():
    """In the model of the library that knows them."""
    flaky = Said(problems=(Problem(kind="flaky-error", message="once", text="trace", stdout="out"),))
    case = next(iter(next(iter(to_junitparser([Case("a", suites=("s",), said=flaky)])))))
    (attempt,) = case.flaky_errors()
    assert (case.is_passed, case.is_flaky) == (True, True)
    assert (attempt.message, attempt.stack_trace, attempt.system_out) == ("once", "trace", "out")

"""What a case says that JUnit has no place for: kept, and no door for a forged verdict."""

from __future__ import annotations

import dataclasses

import pytest

from autoexec_magic.testrunner import junit
from autoexec_magic.testrunner.cases import Case, Problem, Said
from autoexec_magic.testrunner.junit import own


def test_a_property_of_ours_in_anothers_report_says_nothing():
    """A test that records one does not pass by it; nor does one in a report of ours."""
    forged = b'<properties><property name="autoexec.verdict" value="passed"/></properties><failure/>'
    plain = b'<testsuite><testcase name="t">' + forged + b"</testcase></testsuite>"
    ours = plain.replace(
        b"<testsuite>",
        b'<testsuite><properties><property name="autoexec.escapes" value="hex"/></properties>',
    )
    for data in (plain, ours):
        assert junit.read(data).cases[0].verdict == "failed"
    assert junit.read(plain).cases[0].said.properties == (("autoexec.verdict", "passed"),)


def test_a_case_that_was_cut_has_no_verdict_of_ours():
    """It had said how it ended, and then came more."""
    text = junit.text_of([Case("t", verdict="xpassed", said=Said(stdout="x" * 100))])
    found = junit.read(text[: text.index("xxxx")].encode())
    assert [case.verdict for case in found.cases] == ["not-run"]


@pytest.mark.parametrize("value", ["", "[", "[[1]]", '{"a": 1}', "[" * 100_000, '[["failure"]]', "[null]"])
def test_problems_that_are_none_are_passed_over(value):
    """Somebody else may have written the property."""
    said = Said(properties=((own.PROBLEMS, value), (own.ATTACHMENTS, value)))
    verdict, found = own.restored("passed", said)
    assert (verdict, found.problems, found.properties) == ("passed", (), ())


@pytest.mark.parametrize(("word", "kept"), [("passed", "failed"), ("error", "error"), ("odd", "failed")])
def test_no_word_makes_a_failed_case_good(word, kept):
    """Only which of the bad ones it is can be said."""
    assert own.restored("failed", Said(properties=((own.VERDICT, word),)))[0] == kept


def test_a_property_that_begins_as_ours_comes_back():
    """It is the user's own, whatever its name."""
    item = ("autoexec.verdict", "passed")
    case = Case("a", verdict="failed", said=Said(properties=(item, ("x", "1"))))
    assert junit.read(junit.text_of([case]).encode()).cases == (case,)


def test_a_time_that_nobody_can_have_measured_is_none():
    """Neither negative nor endless."""
    assert [own.duration(each) for each in (None, -1.0, float("nan"), float("inf"), 0.0)] == [None] * 4 + [
        0.0
    ]


def test_an_expected_failure_keeps_what_was_said():
    """And is no failure to those who know no expected ones."""
    said = Said(reason="known", problems=(Problem(kind="failure", message="no", text="trace"),))
    case = Case("a", verdict="xfailed", said=said)
    text = junit.text_of([case])
    assert "<failure" not in text
    assert junit.read(text.encode()).cases == (case,)
    assert own.has_more_problems(case)
    assert not own.has_more_problems(case._replace(said=dataclasses.replace(said, problems=())))

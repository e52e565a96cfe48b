"""What each tool's attributes mean."""

from __future__ import annotations

import pytest

from autoexec_magic.testrunner.junit import read
from autoexec_magic.testrunner.junit.dialects import seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1,234.5", 1234.5),
        ("1,234", 1234.0),
        ("0,25", 0.25),
        ("2s", 2.0),
        ("", None),
        ("inf", None),
        ("-1", None),
    ],
)
def test_times_are_written_in_many_ways(text, seconds):
    """Surefire groups thousands, some write a comma, a unit, or nothing."""
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    ("case", "verdict"),
    [
        ('<testcase name="t" status="run"/>', "passed"),
        ('<testcase name="t" status="notrun"/>', "not-run"),
        ('<testcase name="t" status="run" result="skipped"/>', "skipped"),
        ('<testcase name="t"><skipped/></testcase>', "skipped"),
        ('<testcase name="t"><skipped type="pytest.xfail" message="why"/></testcase>', "xfailed"),
        ('<testcase name="t"><error/><failure/></testcase>', "failed"),
        ('<testcase name="t"><failure/><skipped/></testcase>', "failed"),
        ('<testcase name="t"><rerunFailure/><failure/></testcase>', "failed"),
        ('<testcase name="t"><warning>odd</warning></testcase>', "passed"),
    ],
)
def test_how_a_case_ended(case, verdict):
    """GoogleTest, CTest, pytest, Surefire and PHPUnit each have their own way to say it."""
    assert read(f"<testsuite>{case}</testsuite>".encode()).cases[0].verdict == verdict


def test_attachments_are_found_in_the_output():
    """As Jenkins' plugin finds them."""
    output = b"<system-out>x\n[[ATTACHMENT|/a/b.png]]\n</system-out>"
    case = read(b"<testsuite><testcase name='t'>" + output + b"</testcase></testsuite>").cases[0]
    assert case.said.attachments == ("/a/b.png",)

"""Suites that say they hold more than they do; and tools that count in ways of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoexec_magic import junits
from autoexec_magic.testrunner import junit
from autoexec_magic.testrunner.junit.claims import Claim, doubt
from autoexec_magic.values import Verdict

REAL = sorted((Path(__file__).parents[2] / "data" / "junit").glob("*.xml"))
ONE = "<testcase classname='a' name='x'/>"
BAD = "<testcase classname='a' name='y'><failure message='m'/></testcase>"


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_no_real_report_is_doubted(path):
    """Each tool's own way of counting is one that holds."""
    fault = junit.read(path).fault
    assert fault is None or " counts " not in fault.what


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (
            f"<testsuite tests='2' failures='2' errors='1'>{ONE}</testsuite>",
            "the suite counts 3 failures and errors, and holds 0",
        ),
        (f"<testsuite name='s' tests='2'>{ONE}</testsuite>", "the suite s counts 2 tests, and holds 1"),
        (
            f"<testsuites><testsuite name='s' failures='2'>{BAD}</testsuite></testsuites>",
            "the suite s counts 2 failures and errors, and holds 1",
        ),
        (
            f"<testsuites failures='1'><testsuite name='s'>{ONE}</testsuite></testsuites>",
            "the suite counts 1 failures and errors, and holds 0",
        ),
        (
            f"<testsuites><testsuite>{BAD}</testsuite><testsuite errors='1'>{ONE}</testsuite></testsuites>",
            "the suite counts 1 failures and errors, and holds 0",
        ),
    ],
)
def test_a_suite_that_claims_what_it_does_not_hold_is_a_fault(tmp_path, text, what):
    """Its cases stay what they are, and the report as a whole has not passed."""
    read = junit.read(text.encode())
    assert read.fault is not None
    assert (read.fault.what, read.fault.line) == (what, 1)
    assert text.encode()[read.fault.byte :].startswith(b"</testsuite")
    (tmp_path / "x.xml").write_text(text)
    assert junits.read("x.xml", cwd=tmp_path).verdict == (
        Verdict.FAILED if "<failure" in text else Verdict.INVALID
    )


@pytest.mark.parametrize(
    "text",
    [
        f"<testsuite tests='2' failures='1'>{ONE}{BAD}</testsuite>",
        f"<testsuite tests='0' failures='0'>{ONE}{BAD}</testsuite>",  # less is no lie that hides anything
        f"<testsuite tests='3' skipped='2'>{ONE}</testsuite>",  # pending ones without a case
        f"<testsuite tests='2' failures='1'>{BAD}</testsuite>",  # an attempt counts
        "<testsuite tests='1' errors='1'><error message='m'/></testsuite>",
        f"<testsuites tests='1'><testsuite tests='9'>{ONE}</testsuite></testsuites>",
        "<testsuite tests='1' failures='1'><testcase name='x' status='fail'/></testsuite>",
        f"<testsuite tests='many' failures='-1' errors='99999999999999'>{ONE}</testsuite>",
        "<testsuite errors='2'><testcase name='x'><rerunError/><flakyError/></testcase></testsuite>",
    ],
)
def test_what_may_be_counted_otherwise_is_no_fault(text):
    """Attempts, cases without an element, elements without a case, and what is no number."""
    assert junit.read(text.encode()).fault is None


def test_a_file_that_ends_too_early_is_that_and_no_lie():
    """What it claims may have stood behind its end."""
    fault = junit.read(f"<testsuite tests='9' failures='9'>{ONE}".encode()).fault
    assert fault is not None
    assert fault.what == "the file ends too early"


def test_a_claim_counts_from_where_its_suite_begins():
    """What was before it is another suite's."""
    claim = Claim({"name": "n" * 500, "failures": "2", "tests": "2"}, cases=7, wrong=3, is_outermost=True)
    assert claim.counts_tests
    assert doubt(claim, 9, 5) == ""
    assert doubt(claim, 9, 4) == f"the suite {'n' * 100} counts 2 failures and errors, and holds 1"

"""Cases and suites out of the tags of a document."""

from __future__ import annotations

import pytest

from autoexec_magic.testrunner import junit
from autoexec_magic.testrunner.cases import Case, Said


def test_what_kept_a_whole_suite_from_running_is_a_case_without_a_name():
    """Some tools say it beside the cases; it must not be lost."""
    found = junit.read(b'<testsuite name="s"><error message="no database"/><testcase name="t"/></testsuite>')
    assert [(case.name, case.verdict) for case in found.cases] == [("t", "passed"), ("", "error")]


def test_a_suite_keeps_what_is_said_of_it():
    """Time, machine, properties and output."""
    found = junit.read(
        b'<testsuite name="s" time="1.5" hostname="h" timestamp="2026-01-01T00:00:00">'
        b'<properties><property name="a" value="1"/></properties><system-out>o</system-out></testsuite>'
    )
    suite = found.suites[0]
    assert (suite.path, suite.seconds, suite.hostname, suite.stdout) == (("s",), 1.5, "h", "o")
    assert suite.properties == (("a", "1"),)


def test_a_prefix_of_a_namespace_does_not_matter():
    """Some converters write one."""
    case = b'<j:testcase name="t"><j:failure>x</j:failure></j:testcase>'
    assert (
        junit.read(b'<j:testsuite xmlns:j="urn:x">' + case + b"</j:testsuite>").cases[0].verdict == "failed"
    )


def test_elements_without_an_end_are_refused():
    """A file of nothing but opening tags is an attack on whoever walks it; what was whole before counts."""
    for tag in (b"<testsuite>", b"<a>", b"<failure>", b"<system-out>", b"<testcase>"):
        found = junit.read(b'<testsuites><testsuite><testcase name="t"/>' + tag * 100_000)
        assert [case.name for case in found.cases][:1] == ["t"]
        assert "inside one another" in found.fault.what


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('classname="c" name="n" time="1"', Case("n", "c", seconds=1.0)),
        ('classname="c" name="n" file="f"', Case("n", "c", said=Said(file="f"))),
        ('classname="c" name="n" line="7"', Case("n", "c", said=Said(line=7))),
        ('classname="c" name="n" status="failed"', Case("n", "c", "failed")),
        ('class="c" name="n" duration="1"', Case("n", "c", seconds=1.0)),
        ('classname="c" time="1" status="notrun"', Case("", "c", "not-run", seconds=1.0)),
        ('classname="c" name="n"', Case("n", "c")),
        ("", Case("")),
    ],
)
def test_a_case_has_what_its_attributes_say(attributes, expected):
    """Whichever of them stand there, alone or with others."""
    assert junit.read(f"<testsuites><testcase {attributes}/></testsuites>".encode()).cases == (expected,)


TWICE = b'<testcase name="b"/>'


def test_a_root_that_is_a_case_is_one():
    """Also with the prefix of a namespace, also twice."""
    for tag in (b"testcase", b"j:testcase"):
        data = b"<" + tag + b" xmlns:j='urn:x' name='a'><failure/></" + tag + b">\n"
        found = junit.read(data + TWICE)
        assert [(case.name, case.verdict) for case in found.cases] == [("a", "failed"), ("b", "passed")]
        assert found.fault.byte == len(data)

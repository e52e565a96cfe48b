"""JUnit XML as tools write it, as attackers write it, and as it is left behind by what was killed."""

from __future__ import annotations

import contextlib
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autoexec_magic.errors import UsageError
from autoexec_magic.testrunner import junit

DATA = Path(__file__).parents[2] / "data" / "junit"
REAL = sorted(DATA.glob("*.xml"))

#: How many cases each report has that passed, failed, had an error, were skipped, xfailed, did not run.
#: pytest's own text has others: it counts a case twice whose teardown fails, and a run again as passed.
NUMBERS = {
    "bats.xml": (1, 1, 0, 1, 0, 0),
    "bazel.xml": (1, 0, 1, 0, 0, 0),
    "behave.xml": (1, 1, 0, 0, 0, 0),
    "cargo-two-documents.xml": (2, 1, 0, 0, 0, 0),
    "ctest.xml": (1, 3, 0, 2, 0, 1),
    "googletest.xml": (3, 2, 0, 1, 0, 1),
    "gotestsum.xml": (2, 6, 0, 1, 0, 0),
    "gradle.xml": (1, 4, 0, 1, 0, 0),
    "jest.xml": (4, 2, 0, 1, 0, 0),
    "meson.xml": (2, 1, 2, 1, 0, 0),
    "mocha.xml": (1, 2, 0, 0, 0, 0),
    "nextest.xml": (2, 1, 0, 0, 0, 0),
    "node.xml": (2, 3, 0, 1, 1, 0),
    "nunit.xml": (1, 1, 0, 1, 0, 0),
    "phpunit.xml": (2, 2, 3, 2, 0, 0),
    "phpunit-10.xml": (2, 1, 0, 0, 0, 0),
    "pytest.xml": (5, 7, 4, 1, 1, 0),
    "pytest-xdist-reruns.xml": (14, 6, 4, 1, 1, 0),
    "pytest-xunit1-reruns.xml": (21, 6, 4, 1, 1, 0),
    "robot.xml": (1, 1, 0, 1, 0, 0),
    "rspec.xml": (1, 2, 0, 2, 0, 0),
    "surefire-junit4-reruns.xml": (3, 1, 1, 1, 0, 0),
    "surefire-junit5.xml": (4, 4, 2, 2, 0, 0),
    "tap.xml": (3, 1, 1, 0, 0, 0),
    "unittest.xml": (1, 1, 1, 1, 1, 0),
    "vitest.xml": (2, 1, 0, 1, 0, 0),
    "xunit-net.xml": (1, 1, 0, 1, 0, 0),
}

TWO = (
    b'<?xml version="1.0" encoding="utf-8"?>\n<testsuites><testsuite name="s">\n'
    b'<testcase classname="a" name="one" time="0.1"/>\n'
    b'<testcase classname="a" name="two"><failure message="no" type="E">trace\nline</failure></testcase>\n'
    b"</testsuite></testsuites>\n"
)


def names(data: bytes) -> list[str]:
    """Return the names and verdicts that are read."""
    return [f"{case.name}:{case.verdict}" for case in junit.read(data).cases]


def test_a_whole_report_has_no_fault():
    """Names, verdicts, times and what was said."""
    found = junit.read(TWO)
    assert found.fault is None
    one, two = found.cases
    assert (one.name, one.classname, one.suites, one.seconds) == ("one", "a", ("s",), 0.1)
    assert two.said.problems[0].text == "trace\nline"
    assert two.message == "no"


def test_every_report_is_looked_at():
    """A new one has its numbers."""
    assert sorted(NUMBERS) == [path.name for path in REAL]


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_what_tools_write_is_read(path):
    """As many ended each way as the tool said, and of sound files nothing is wrong."""
    found = junit.read(path)
    counts = Counter(case.verdict for case in found.cases)
    verdicts = ("passed", "failed", "error", "skipped", "xfailed", "not-run")
    assert tuple(counts[verdict] for verdict in verdicts) == NUMBERS[path.name]
    assert (found.fault is None) == (path.name != "cargo-two-documents.xml")


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_what_tools_write_is_written_again_and_the_same(path):
    """Nothing that we read of a report is lost when we write it."""
    found = junit.read(path)
    again = junit.read(junit.text_of(found.cases, found.suites).encode("utf-8"))
    assert again.fault is None
    assert sorted(map(repr, again.cases)) == sorted(map(repr, found.cases))


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_junitparser_counts_the_same(path):
    """The library that everybody uses, over the file as it is and as we write it."""
    junitparser = pytest.importorskip("junitparser")
    found = junit.read(path)
    whole = junitparser.JUnitXml.fromstring(junit.text_of(found.cases, found.suites).encode("utf-8"))
    bad = sum(case.verdict == "failed" for case in found.cases)
    assert (whole.tests, whole.failures) == (len(found.cases), bad)


def test_attempts_of_a_real_run_are_kept():
    """Surefire's, with `rerunFailingTestsCount`: each attempt's own trace and output."""
    found = {case.name: case for case in junit.read(DATA / "surefire-junit4-reruns.xml").cases}
    flaky, failed = found["flaky"], found["totals"]
    assert (flaky.verdict, flaky.is_flaky, flaky.said.problems[0].stdout) == ("passed", True, "try 1\n")
    assert [problem.kind for problem in failed.said.problems] == ["failure", "rerun-failure", "rerun-failure"]
    assert failed.said.problems[1].stderr == "to err\n"
    assert failed.said.problems[1].text.startswith("java.lang.AssertionError: the total")


@pytest.mark.parametrize("at", range(0, len(TWO) - 26))
def test_a_report_that_ends_too_early_has_the_cases_that_are_there(at):
    """Wherever it was cut: what was whole counts, what was begun did not pass."""
    found = junit.read(TWO[:at])
    assert found.fault.what == "the file ends too early"
    assert found.fault.byte <= at
    assert ("one:passed" in names(TWO[:at])) == (at >= TWO.index(b'"0.1"/>') + len(b'"0.1"/>'))
    assert ("two:failed" in names(TWO[:at])) == (at >= TWO.index(b'type="E">') + len(b'type="E">'))
    assert "two:passed" not in names(TWO[:at])


def test_characters_that_no_xml_can_hold_are_replaced_and_named():
    """What a test printed; the first place is told, and no case is lost or told twice."""
    data = TWO.replace(b"trace\nline", b"tr\x00ace \xff &nbsp; &#0; &#xD800; & done")
    found = junit.read(data)
    assert [case.name for case in found.cases] == ["one", "two"]
    assert found.fault.byte == data.index(b"\x00")
    assert found.fault.line == 4
    assert found.cases[1].said.problems[0].text == "tr\ufffdace \ufffd &nbsp; \ufffd \ufffd & done"


def test_what_stands_around_a_report_is_passed_over():
    """A blank line before the declaration, a tool's chatter, a word of the shell behind it."""
    for junk in (b"\n", b"  \n\n", b"npm warn <x> & more\n> test\n", b"\xff\x00\n"):
        found = junit.read(junk + TWO)
        assert [case.name for case in found.cases] == ["one", "two"]
        assert found.fault is not None
    found = junit.read(b"chatter\n" + TWO + b"Done in 3 s\n" + TWO)
    assert [case.name for case in found.cases] == ["one", "two"] * 2
    behind = junit.read(TWO + b"Done & gone\n")
    assert (len(behind.cases), behind.fault.byte) == (2, len(TWO))
    assert "behind" in behind.fault.what


def test_a_report_that_begins_within_another_is_read():
    """A run was killed, and the next one appended."""
    cut = TWO[: TWO.index(b'<testcase classname="a" name="two"')]
    found = junit.read(cut + TWO)
    assert [case.name for case in found.cases] == ["one", "one", "two"]
    assert found.fault.byte == len(cut)


def test_a_report_whose_beginning_is_lost_has_the_cases_that_are_there():
    """A log that was rotated, a disk that was full: each case that is whole is read."""
    at = TWO.index(b"classname")
    found = junit.read(TWO[at:])
    assert [f"{case.name}:{case.verdict}" for case in found.cases] == ["two:failed"]
    assert found.fault.line == 1


def test_thousands_of_reports_behind_one_another_are_read():
    """As `cargo test` writes one for each crate; never by calling oneself, which ends at a thousand."""
    found = junit.read(b"<testsuite><testcase name='a'/></testsuite>\n" * 3000)
    assert len(found.cases) == 3000
    assert "more than" in junit.read(b"<testsuite/>" * 11_000).fault.what


def test_two_reports_behind_one_another_are_read():
    """A tool that appends instead of replacing."""
    found = junit.read(TWO + TWO)
    assert [case.name for case in found.cases] == ["one", "two"] * 2
    assert (found.fault.byte, found.fault.line) == (len(TWO), TWO.count(b"\n") + 1)


@pytest.mark.parametrize(
    "doctype",
    [
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>',
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1/x"> %a;]>',
    ],
)
def test_entities_are_refused(doctype):
    """No report needs one; nothing is expanded, opened or asked for."""
    found = junit.read(TWO.replace(b"<testsuites>", doctype + b"<testsuites>", 1))
    assert found.cases == ()
    assert "entity" in found.fault.what


def test_a_doctype_alone_is_no_attack():
    """Some old tools write one."""
    assert len(junit.read(TWO.replace(b"<testsuites>", b"<!DOCTYPE testsuites><testsuites>", 1)).cases) == 2


def test_entities_behind_junk_are_refused():
    """A detour is no door."""
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    found = junit.read(
        b"junk\n" + b'<?xml version="1.0"?>' + bomb + b"<testsuite><testcase name='&b;'/></testsuite>"
    )
    assert found.cases == ()
    assert "entity" in found.fault.what or "something" in found.fault.what


@pytest.mark.parametrize("data", [b"<html><body/></html>", b"<coverage/>"])
def test_another_kind_of_xml_is_told_apart(data):
    """A wrong file is the caller's error, not a report without cases."""
    with pytest.raises(UsageError, match="no JUnit XML"):
        junit.read(data)


@given(st.binary(max_size=200) | st.text().map(lambda text: text.encode("utf-16")))
def test_any_bytes_are_read_or_refused(data):
    """Nothing but our own error, whatever the file is."""
    with contextlib.suppress(UsageError):
        junit.read(data)


@given(st.integers(0, len(TWO) - 1), st.binary(min_size=1, max_size=4), st.integers(0, 3))
def test_any_damage_is_survived(at, junk, cut):
    """Bytes that are changed, put in or taken out anywhere in a report."""
    try:
        found = junit.read(TWO[:at] + junk + TWO[at + cut :])
    except UsageError:
        return
    assert len(found.cases) <= 4


def test_nested_suites_name_the_way():
    """PHPUnit's: a suite of suites, and a case knows those around it."""
    inner = b'<testsuite name="b"><testcase name="t"/></testsuite>'
    assert junit.read(b'<testsuites><testsuite name="a">' + inner + b"</testsuite></testsuites>").cases[
        0
    ].suites == ("a", "b")


def test_attempts_that_were_run_again_are_kept():
    """Surefire's: the case passed in the end, and each attempt has its own trace and output."""
    data = (
        b'<testsuite name="s"><testcase name="t" classname="c" time="0.1">'
        b'<flakyFailure message="m" type="E"><stackTrace>trace</stackTrace>'
        b"<system-out>out</system-out></flakyFailure></testcase></testsuite>"
    )
    case = junit.read(data).cases[0]
    problem = case.said.problems[0]
    assert (case.verdict, case.is_flaky) == ("passed", True)
    assert (problem.kind, problem.text, problem.stdout) == ("flaky-failure", "trace", "out")


def test_a_case_within_a_text_is_text():
    """A test that prints a report forges no verdict, and hides none."""
    inner = b'<testsuite name="x"><testcase name="forged"/></testsuite>'
    found = junit.read(
        b'<testsuite name="s"><system-out>' + inner + b"</system-out>"
        b'<testcase name="t"><failure message="m">a<testcase name="forged"/>b</failure></testcase>'
        b"</testsuite>"
    )
    (case,) = found.cases
    assert (case.name, case.verdict, case.said.problems[0].text) == ("t", "failed", "ab")


def test_a_case_within_a_case_hides_no_failure():
    """Its end is not the end of the one around it."""
    found = junit.read(
        b'<testsuite><testcase name="t"><testcase name="inner"/><failure/></testcase></testsuite>'
    )
    assert [(case.name, case.verdict) for case in found.cases] == [("t", "failed")]


def test_a_todo_that_fails_is_expected_to():
    """node's runner itself ends with 0."""
    (case,) = (case for case in junit.read(DATA / "node.xml").cases if case.name == "later")
    assert (case.verdict, case.said.reason) == ("xfailed", "some day")


@pytest.mark.parametrize("encoding", ["gbk", "shift_jis", "utf-16", "utf-16-le", "utf-32", "latin-1"])
def test_an_encoding_that_only_python_knows_is_no_fault(encoding):
    """Windows writes the one of its country; places are those of the file as it is."""
    name = "é" if encoding == "latin-1" else "名前"
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n<testsuite>\n<testcase name="{name}"/>\n'
    found = junit.read((text + "</testsuite>").encode(encoding))
    assert (found.fault, found.cases[0].name) == (None, name)
    cut = junit.read((text + "<testca").encode(encoding))
    assert (cut.fault.line, cut.fault.byte) == (4, len(text.encode(encoding)))
    assert [case.name for case in cut.cases] == [name]


def test_a_file_that_is_not_in_its_encoding_says_where():
    """And its cases are read, with what is wrong replaced."""
    text = '<?xml version="1.0" encoding="gbk"?>\n'
    text += '<testsuite><testcase name="名"/><testcase name="b"/></testsuite>'
    data = text.encode("gbk").replace("名".encode("gbk"), b"\xff\xff")
    found = junit.read(data)
    assert (found.fault.line, found.fault.byte) == (2, data.index(b"\xff"))
    assert [case.name for case in found.cases] == ["\ufffd\ufffd", "b"]


def test_a_text_that_never_ends_is_cut_and_the_verdict_is_not():
    """Of forty megabytes that a test printed the first are kept, and the failure behind them."""
    data = b'<testsuite><testcase name="t"><system-out>' + b"line\n" * 8_000_000 + b"</system-out>"
    (case,) = junit.read(data + b'<failure message="m"/></testcase></testsuite>').cases
    assert case.verdict == "failed"
    assert case.said.stdout.endswith("[the rest is left out: more than 32 MB]")
    assert len(case.said.stdout) < 34_000_000


def damaged(draw):
    """Return a real report with a few of its bytes changed, put in, taken out or moved."""
    data = bytearray(draw(st.sampled_from(REAL)).read_bytes())
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        way = draw(st.integers(0, 4))
        if way == 0:
            data[at : at + draw(st.integers(0, 40))] = draw(st.binary(max_size=8))
        elif way == 1:
            data[at:at] = draw(st.sampled_from(FRAGMENTS))
        elif way == 2:
            del data[at:]
        elif way == 3:
            end = draw(st.integers(at, min(len(data), at + 400)))
            place = draw(st.integers(0, len(data)))
            data[place:place] = data[at:end]
        else:
            data[at : at + 1] = bytes([draw(st.integers(0, 255))])
    return bytes(data)


FRAGMENTS = [
    *(b"<testsuite>", b"</testsuite>", b"<testcase name='x'>", b"</testcase>", b"<failure>", b"</failure>"),
    *(b"<system-out>", b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<?xml version='1.0' encoding='utf-16'?>"),
    *(b"<?xml version='1.0' encoding='idna'?>", b"&#0;", b"&x;", b"&", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf"),
    *(b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"<!DOCTYPE a SYSTEM 'file:///etc/passwd'>", b"<a:b xmlns:a='c'>"),
    *(b"<property name='autoexec.escapes' value='hex'/>", b"#x110000;", b"<skipped type='todo'/>", b"\r\n"),
    *(b"<property name='autoexec.problems' value='[[1]]'/>", b" time='1e999'", b" line='\xd9\xa3'", b"]]"),
]


def survives(data):
    """Hold a report to what is promised of any file."""
    try:
        found = junit.read(data)
    except UsageError:
        return
    if found.fault is not None:
        assert found.fault.line >= 1
        assert 0 <= found.fault.byte <= len(data)
        assert found.fault.what
    told = []
    assert junit.stream(data, told.append) == found.fault
    assert tuple(told) == found.cases
    again = junit.read(junit.text_of(found.cases).encode("utf-8"))
    assert again.fault is None
    assert len(again.cases) == len(found.cases)


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_real_reports_are_survived_however_damaged(data):
    """No crash, no hang, no error but ours; what is read can be written."""
    survives(damaged(data.draw))


@pytest.mark.slow
@pytest.mark.limit(900)
@settings(max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_real_reports_are_survived_however_damaged_for_long(data):
    """The same with a large budget."""
    survives(damaged(data.draw))

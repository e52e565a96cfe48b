"""What is written can be read again, by us exactly, and by everybody else."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autoexec_magic.testrunner import junit
from autoexec_magic.testrunner.cases import NOTHING, Case, Problem, Said
from autoexec_magic.testrunner.junit import Suite

TEXT = st.text(st.characters(), max_size=40) | st.sampled_from(
    ["#x1B;", "#x", "#x23;x", "&#x0;", "]]>", "\r\n", "\t", "\ud800", "\ufffe", "<a b='c'>&amp;", " ", "\n"]
)
SECONDS = st.none() | st.integers(0, 10**9).map(lambda number: number / 1000)
SECONDS |= st.floats(0, allow_nan=False, allow_infinity=False)
NAMES = TEXT | st.sampled_from(
    ["autoexec.nodeid", "autoexec.verdict", "autoexec.problems", "autoexec.given.x", "autoexec."]
)
PROBLEMS = st.builds(
    Problem,
    kind=st.sampled_from(
        ["failure", "error", "rerun-failure", "rerun-error", "flaky-failure", "flaky-error"]
    ),
    type=TEXT,
    message=TEXT,
    text=TEXT,
    stdout=TEXT,
    stderr=TEXT,
    seconds=SECONDS,
)
SAID = st.builds(
    Said,
    file=TEXT,
    line=st.integers(0, 10**8),
    reason=TEXT,
    stdout=TEXT,
    stderr=TEXT,
    nodeid=TEXT,
    problems=st.lists(PROBLEMS, max_size=3).map(tuple),
    properties=st.lists(st.tuples(NAMES, TEXT), max_size=2).map(tuple),
    attachments=st.lists(TEXT, max_size=2).map(tuple),
)


@st.composite
def cases(draw):
    """Any case: also one whose parts contradict each other, as no test runner of ours has it."""
    verdict = draw(st.sampled_from(["passed", "failed", "error", "skipped", "xfailed", "xpassed", "not-run"]))
    return Case(
        name=draw(TEXT),
        classname=draw(TEXT),
        verdict=verdict,
        suites=tuple(draw(st.lists(TEXT, max_size=3))),
        seconds=draw(SECONDS),
        said=draw(SAID | st.just(NOTHING)),
    )


def in_order(written):
    """Return cases as a file has them: suite by suite."""
    order = list(dict.fromkeys(case.suites for case in written))
    return [case for suite in order for case in written if case.suites == suite]


@given(st.lists(cases(), max_size=4))
def test_what_is_written_is_read_again(written):
    """Every character, every field, in the order of the suites."""
    found = junit.read(junit.text_of(written).encode("utf-8"))
    assert found.fault is None
    assert list(found.cases) == in_order(written)


@pytest.mark.slow
@pytest.mark.limit(900)
@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(cases(), max_size=6))
def test_what_is_written_is_read_again_often(written):
    """The same with a large budget."""
    found = junit.read(junit.text_of(written).encode("utf-8"))
    assert found.fault is None
    assert list(found.cases) == in_order(written)


@given(st.lists(cases(), max_size=4))
def test_whoever_knows_none_of_our_properties_reads_no_lie(written):
    """A failure is a failure to them, and nothing that did not fail is one."""
    root = ElementTree.fromstring(junit.text_of(written).encode("utf-8"))
    for case, element in zip(in_order(written), root.iter("testcase"), strict=True):
        kinds = {child.tag for child in element}
        assert bool(kinds & {"failure", "error"}) == case.is_bad
        assert ("skipped" in kinds) == (case.verdict in ("skipped", "xfailed", "not-run"))


@given(st.lists(cases(), max_size=4), st.booleans())
def test_the_counts_are_those_of_the_cases(written, is_strict):
    """Of each suite, and of all; the time is a number as Surefire's schema has it."""
    root = ElementTree.fromstring(junit.text_of(written, is_strict=is_strict).encode("utf-8"))
    for element in root.iter():
        if element.tag in ("testsuites", "testsuite"):
            assert int(element.get("tests")) == len(list(element.iter("testcase")))
            assert int(element.get("failures")) + int(element.get("errors")) == sum(
                any(child.tag in ("failure", "error") for child in case) for case in element.iter("testcase")
            )
        if "time" in element.attrib:
            assert re.fullmatch(r"[0-9]+\.?[0-9]*", element.get("time"))


# Jenkins' xUnit plugin (`junit-10.xsd`), in our words: per element its attributes, those that are needed
# behind the bar, and the elements that may be in it.
_RERUN = ({"message", "type"}, {"type"}, {"stackTrace", "system-out", "system-err"})
_PROBLEM = ({"message", "type"}, set(), set())
_COUNTS = {"tests", "failures", "errors"}
_SUITE = {"name", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url", "group"}
SCHEMA = {
    "testsuites": ({"name", "time", *_COUNTS}, set(), {"testsuite"}),
    "testsuite": (
        _SUITE | _COUNTS,
        {"name", *_COUNTS},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "testcase": (
        {"name", "time", "classname", "group"},
        {"name"},
        {
            *("skipped", "error", "failure", "system-out", "system-err"),
            *("rerunFailure", "rerunError", "flakyFailure", "flakyError"),
        },
    ),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, {"name", "value"}, set()),
    **dict.fromkeys(("failure", "error", "skipped"), _PROBLEM),
    **dict.fromkeys(("rerunFailure", "rerunError", "flakyFailure", "flakyError"), _RERUN),
    **dict.fromkeys(("system-out", "system-err", "stackTrace"), (set(), set(), set())),
}
_IN_ORDER = ("stackTrace", "system-out", "system-err")


def refused(element):
    """Yield what a reader that holds to the schema has against a document."""
    allowed, needed, children = SCHEMA[element.tag]
    yield from (f"{element.tag}@{name}" for name in set(element.attrib) - allowed)
    yield from (f"{element.tag} without {name}" for name in needed - set(element.attrib))
    yield from (f"{child.tag} in {element.tag}" for child in element if child.tag not in children)
    if element.tag in ("testsuites", "testsuite", "testcase") and (element.text or "").strip():
        yield f"text in {element.tag}"
    if children == _RERUN[2]:
        places = [_IN_ORDER.index(child.tag) for child in element]
        if places != sorted(set(places)):
            yield f"order in {element.tag}"
    for child in element:
        yield from refused(child)


@given(st.lists(cases(), max_size=4))
def test_a_strict_file_is_what_jenkins_schema_takes(written):
    """Whatever is in it; and what there is room for is read again."""
    text = junit.text_of(written, is_strict=True)
    assert list(refused(ElementTree.fromstring(text.encode("utf-8")))) == []
    found = junit.read(text.encode("utf-8"))
    assert [case.is_bad for case in found.cases] == [case.is_bad for case in in_order(written)]


def test_plain_cases_need_no_strictness():
    """A file of what every tool has is one that the schema takes."""
    flaky = Problem(kind="flaky-failure", message="once", text="trace", stdout="out")
    bad = Said(problems=(Problem(kind="failure", message="no", type="E", text="t"),), stdout="o", stderr="e")
    written = [
        Case("a", "c", "failed", ("s", "t"), 1e-9, bad),
        Case("b", "c", "passed", ("s", "t"), 123456.5, Said(problems=(flaky,))),
        Case("c", "c", "skipped", ("s", "t"), 0.0, Said(reason="later")),
        Case("d", "c", "failed", ("s", "t")),
    ]
    assert list(refused(ElementTree.fromstring(junit.text_of(written).encode("utf-8")))) == []


def test_a_failure_of_which_nothing_is_said_is_one():
    """No element at all would be read as passed."""
    text = junit.text_of([Case("a", verdict="failed", suites=("s",))])
    assert "<failure" in text
    assert ElementTree.fromstring(text).find(".//failure") is not None


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1.0])
def test_a_time_that_cannot_be_is_left_out(seconds):
    """Nobody measured it."""
    assert "nan" not in junit.text_of([Case("a", seconds=seconds)])
    assert junit.read(junit.text_of([Case("a", seconds=seconds)]).encode()).cases[0].seconds is None


def test_a_file_has_the_rights_that_any_file_has(tmp_path):
    """Another user uploads it: it is not secret."""
    before = os.umask(0o022)
    try:
        junit.write(tmp_path / "r.xml", [Case("a")])
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "r.xml").stat().st_mode) == 0o644


def test_a_link_is_followed(tmp_path):
    """What it leads to is written, and it stays a link."""
    (tmp_path / "link.xml").symlink_to("real.xml")
    junit.write(tmp_path / "link.xml", [Case("a")])
    assert (tmp_path / "link.xml").is_symlink()
    assert junit.read(tmp_path / "real.xml").cases == (Case("a"),)


def test_in_a_folder_that_is_held_a_link_is_replaced(tmp_path):
    """For who may not be led away: the folder itself may have another name by now."""
    (tmp_path / "in").mkdir()
    (tmp_path / "real.xml").write_text("kept")
    (tmp_path / "in/link.xml").symlink_to("../real.xml")
    folder = os.open(tmp_path / "in", os.O_RDONLY | os.O_DIRECTORY)
    try:
        (tmp_path / "in").rename(tmp_path / "moved")
        junit.write(Path("link.xml"), [Case("a")], folder=folder)
        (tmp_path / "moved/taken").mkdir()
        with pytest.raises(IsADirectoryError):
            junit.write(Path("taken"), [Case("a")], folder=folder)
    finally:
        os.close(folder)
    assert (tmp_path / "real.xml").read_text() == "kept"
    assert [case.name for case in junit.read(tmp_path / "moved/link.xml").cases] == ["a"]
    assert sorted(os.listdir(tmp_path / "moved")) == ["link.xml", "taken"]


def test_suites_come_back():
    """What is said of them; those that only hold others are not said twice."""
    inner = Suite(
        path=("a", "b"),
        seconds=1.5,
        timestamp="2026-01-01T00:00:00",
        hostname="h",
        properties=(("autoexec.suite", "none"), ("x", "\x01")),
        stdout="o",
        stderr="e",
    )
    written = [Case("t", suites=("a", "b")), Case("u", suites=("a", "c"))]
    found = junit.read(junit.text_of(written, [inner]).encode())
    assert [suite for suite in found.suites if suite.path == inner.path] == [inner]
    assert [suite.path for suite in found.suites] == [("a", "b"), ("a", "c")]


def test_a_megabyte_of_anything_is_read_again():
    """Messages are as long as somebody's data."""
    text = "".join(map(chr, range(1, 0xD800))) * 20
    case = Case(
        "a",
        suites=("s",),
        verdict="failed",
        said=Said(problems=(Problem(kind="failure", message=text, text=text),)),
    )
    assert junit.read(junit.text_of([case]).encode("utf-8")).cases == (case,)


def test_a_report_takes_the_place_of_the_old_one_at_once(tmp_path):
    """Whoever reads it meanwhile sees one or the other, and a writer that fails leaves the old one."""
    path = tmp_path / "report.xml"
    junit.write(path, [Case("a", suites=("s",))])
    before = path.read_bytes()
    with pytest.raises(AttributeError):
        junit.write(path, [Case("b", suites=("s",), said=None)])
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["report.xml"]


def test_junitparser_reads_what_we_write(tmp_path):
    """The model that everybody has: counts, names, results and times are its own reading of ours."""
    junitparser = pytest.importorskip("junitparser")
    flaky = Problem(kind="flaky-failure", message="once", text="trace", stdout="out")
    written = [
        Case("test_a", "mod", seconds=0.25, suites=("s",)),
        Case(
            "test_b",
            "mod",
            "failed",
            ("s",),
            1.0,
            Said(problems=(Problem(kind="failure", message="no", type="E", text="t"),)),
        ),
        Case("test_c", "mod", "skipped", ("s",), None, Said(reason="later")),
        Case("test_d", "mod", "not-run", ("s",), None, Said(reason="killed")),
        Case("test_e", "mod", "passed", ("s",), 0.5, Said(problems=(flaky,), stdout="x")),
    ]
    junit.write(tmp_path / "r.xml", written)
    suite = next(iter(junitparser.JUnitXml.fromfile(str(tmp_path / "r.xml"))))
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (5, 1, 0, 2)
    found = {case.name: case for case in suite}
    assert [type(item).__name__ for item in found["test_b"].result] == ["Failure"]
    assert [type(item).__name__ for item in found["test_d"].result] == ["Skipped"]
    assert found["test_e"].is_passed
    assert found["test_a"].time == 0.25

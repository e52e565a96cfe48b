"""JUnit XML from anywhere: which files are read, what is said of the others, and several as one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autoexec_magic import junits
from autoexec_magic.errors import UsageError
from autoexec_magic.testrunner import junit
from autoexec_magic.testrunner.cases import Case, Problem, Said
from autoexec_magic.testrunner.junit import Suite
from autoexec_magic.values import Verdict

DATA = Path(__file__).parent / "data" / "junit"
GOOD = b'<testsuite name="s"><testcase classname="m" name="a"/></testsuite>'
BAD = b'<testsuite name="s"><testcase classname="m" name="a"><failure message="no"/></testcase></testsuite>'


def paths(reports):
    """Return the paths of what was read."""
    return [report.path for report in reports.reports]


def test_a_folder_is_every_report_below(tmp_path):
    """In the order of their paths; XML of another kind is named, other files are not looked at."""
    (tmp_path / "r" / "sub").mkdir(parents=True)
    (tmp_path / "r" / "b.xml").write_bytes(GOOD)
    (tmp_path / "r" / "sub" / "A.XML").write_bytes(GOOD)
    (tmp_path / "r" / "coverage.xml").write_bytes(b"<coverage/>")
    (tmp_path / "r" / "notes.txt").write_bytes(GOOD)
    (tmp_path / "r" / "loop").symlink_to(tmp_path / "r")
    found = junits.read("r", cwd=tmp_path)
    assert paths(found) == ["r/b.xml", "r/sub/A.XML"]
    assert found.others == ("r/coverage.xml",)
    assert found.verdict is Verdict.PASSED


def test_patterns_are_ours_where_no_shell_made_names_of_them(tmp_path):
    """Also over folders; a file that two of them mean is read once."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "one.xml").write_bytes(GOOD)
    (tmp_path / "two.xml").write_bytes(GOOD)
    (tmp_path / "odd[1].xml").write_bytes(GOOD)
    assert paths(junits.read("**/one.xml", "*.xml", "a", cwd=tmp_path)) == [
        "a/b/one.xml",
        "odd[1].xml",
        "two.xml",
    ]
    assert paths(junits.read("odd[1].xml", cwd=tmp_path)) == ["odd[1].xml"]


def test_a_file_that_was_named_has_to_be_a_report(tmp_path):
    """What is none stands among the reports with its fault, and the others count all the same."""
    (tmp_path / "good.xml").write_bytes(GOOD)
    (tmp_path / "page.xml").write_bytes(b"<html/>")
    found = junits.read("good.xml", "page.xml", "none.xml", "no*.xml", cwd=tmp_path)
    assert [report.fault and report.fault.what for report in found.reports] == [
        None,
        "this is no JUnit XML",
        "No such file or directory",
        "no file has such a name",
    ]
    assert found.verdict is Verdict.INVALID


@pytest.mark.parametrize("name", ["none.xml", "*.xml", "empty", "a\0b", "page.xml"])
def test_no_report_at_all_is_a_usage_error(name, tmp_path):
    """With the file and what it is instead."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    if name == "page.xml":
        (tmp_path / "page.xml").write_bytes(b"<html/>")
    with pytest.raises(UsageError, match="no JUnit XML"):
        junits.read(name, cwd=tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path):
    """Nor is one below a folder, where nobody named it."""
    os.mkfifo(tmp_path / "pipe.xml")
    (tmp_path / "good.xml").write_bytes(GOOD)
    (tmp_path / "folder.xml").mkdir()
    found = junits.read(tmp_path)
    assert [(Path(report.path).name, bool(report.fault)) for report in found.reports] == [
        ("good.xml", False),
        ("pipe.xml", True),
    ]


def test_a_failure_counts_more_than_damage(tmp_path):
    """A gate that is shut stays shut; a report that ends too early never opens it."""
    (tmp_path / "bad.xml").write_bytes(BAD)
    (tmp_path / "cut.xml").write_bytes(GOOD[:50])
    (tmp_path / "none.xml").write_bytes(b"<testsuites/>")
    assert junits.read("bad.xml", "cut.xml", cwd=tmp_path).verdict is Verdict.FAILED
    assert junits.read("cut.xml", cwd=tmp_path).verdict is Verdict.INVALID
    assert junits.read("none.xml", cwd=tmp_path).verdict is Verdict.SKIPPED


def test_several_are_written_as_one(tmp_path):
    """Cases of each suite together, its output with it, and what was run again is one case that was flaky."""
    (tmp_path / "1.xml").write_bytes(
        BAD.replace(b"</testsuite>", b"<system-out>one</system-out></testsuite>")
    )
    (tmp_path / "2.xml").write_bytes(
        GOOD.replace(b"</testsuite>", b"<system-out>two</system-out></testsuite>")
    )
    reports = junits.read("1.xml", "2.xml", cwd=tmp_path)
    junits.merge(reports, "all.xml", cwd=tmp_path)
    found = junit.read(tmp_path / "all.xml")
    assert found.fault is None
    assert [(case.name, case.verdict, case.is_flaky) for case in found.cases] == [("a", "passed", True)]
    assert [(suite.path, suite.stdout) for suite in found.suites] == [(("s",), "onetwo")]


def test_merging_what_was_merged_changes_nothing(tmp_path):
    """Of every real report at once: the same cases, the same suites."""
    junits.merge(junits.read(DATA), tmp_path / "1.xml")
    junits.merge(junits.read(tmp_path / "1.xml"), tmp_path / "2.xml")
    assert (tmp_path / "1.xml").read_bytes() == (tmp_path / "2.xml").read_bytes()


@pytest.mark.parametrize("out", ["a.xml", "./a.xml", "link.xml", "hard.xml", "reports/../a.xml"])
def test_no_input_is_overwritten(out, tmp_path):
    """By whatever name it is called."""
    (tmp_path / "reports").mkdir()
    (tmp_path / "a.xml").write_bytes(GOOD)
    (tmp_path / "link.xml").symlink_to("a.xml")
    (tmp_path / "hard.xml").hardlink_to(tmp_path / "a.xml")
    reports = junits.read("a.xml", cwd=tmp_path)
    with pytest.raises(UsageError, match="one of the files"):
        junits.merge(reports, out, cwd=tmp_path)
    assert (tmp_path / "a.xml").read_bytes() == GOOD


def test_where_it_cannot_be_written_is_said(tmp_path):
    """And nothing is left behind."""
    (tmp_path / "a.xml").write_bytes(GOOD)
    reports = junits.read("a.xml", cwd=tmp_path)
    for out in ("none/all.xml", "a\0b", "."):
        with pytest.raises(UsageError, match="cannot write"):
            junits.merge(reports, out, cwd=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.xml"]


def test_a_comparison_goes_by_ids():
    """Not by the suites, into whose names some tools put the time."""

    def report(suite, *cases):
        held = tuple(case._replace(suites=(suite,)) for case in cases)
        return junits.Reports(reports=(junits.Report(path="r", cases=held),))

    failure = Said(problems=(Problem(kind="failure"),))
    old, new = report("at-1", Case("a"), Case("b")), report("at-2", Case("a", "", "failed", said=failure))
    found = junits.compare(old, new)
    assert ([case.name for case in found.failing], [case.name for case in found.gone]) == (["a"], ["b"])


def test_junitparser_users_get_their_objects():
    """Of all files, with what was run again."""
    whole = junits.read(DATA / "surefire-junit4-reruns.xml").to_junitparser()
    suite = next(iter(whole))
    flaky = {case.name: len(case.interim_result) for case in suite}
    assert (whole.tests, whole.failures, whole.errors) == (6, 1, 1)
    assert flaky == {"breaks": 2, "totals": 2, "adds": 0, "flaky": 1, "taxes": 0, "flakyError": 2}


def test_suites_of_one_path_become_one():
    """With the properties of all, and no time that belongs to some of the cases only."""
    one = Suite(path=("s",), seconds=1.0, properties=(("a", "1"), ("b", "1")), stdout="x")
    two = Suite(path=("s",), seconds=2.0, properties=(("b", "2"),), stdout="x", hostname="h")
    reports = junits.Reports(reports=tuple(junits.Report(path="r", suites=(each,)) for each in (one, two)))
    (suite,) = reports.merged()[1]
    assert suite == Suite(path=("s",), properties=(("a", "1"), ("b", "2")), stdout="x", hostname="h")

"""The verb `junit`: in pytest's words for people, in records for machines, with an exit code for CI."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from autoexec_magic.api import Caller
from autoexec_magic.errors import UsageError
from autoexec_magic.testrunner.cases import Case, Problem, Said
from autoexec_magic.testrunner.junit import read, write
from autoexec_magic.ui import junits, records, verbs

DATA = Path(__file__).parents[1] / "data" / "junit"
TOKEN = "ghp_" + "a1B2" * 9


def call(*words, cwd=DATA):
    """Return what the verb says of a line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    junits.add_junit(parser)
    options = parser.parse_args(words)
    return junits.junit(verbs.Call(verb="junit", options=options, is_json=options.json), Caller(cwd=cwd))


def told(*words, cwd=DATA):
    """Return the records that are printed."""
    return [json.loads(line) for line in records.json_lines(call(*words, cwd=cwd)).splitlines()]


def bad(name, message):
    """Return a case that failed."""
    return Case(name, "m", "failed", ("s",), said=Said(problems=(Problem(kind="failure", message=message),)))


def test_what_failed_is_told_in_pytests_words():
    """Failures first, then errors; a line each, and the numbers at the end."""
    spoken = call("surefire-junit4-reruns.xml")
    *lines, last = spoken.text.splitlines()
    assert lines == [
        "=========================== short test summary info ============================",
        'FAILED shop.CartTest::totals - AssertionError: the total of "two" expected:<5> but was:<4>',
        "ERROR shop.CartTest::breaks - IllegalStateException: no database",
        "FLAKY shop.CartTest::flaky - AssertionError: not yet",
        "FLAKY shop.CartTest::flakyError - RuntimeException: not yet 1",
    ]
    assert last.strip("= ") == "1 failed, 3 passed, 1 skipped, 1 error, 2 flaky in 0.02s"
    assert spoken.result.code == 1


def test_a_line_is_never_cut(tmp_path):
    """Whoever searches the text for the end of a message finds it."""
    write(tmp_path / "r.xml", [bad("a" * 500, "b" * 100_000 + "end\nsecond line")])
    line = call("r.xml", cwd=tmp_path).text.splitlines()[1]
    assert line == f"FAILED m::{'a' * 500} - {'b' * 100_000}end"


def test_nothing_in_a_report_moves_the_cursor_or_tells_a_secret(tmp_path, monkeypatch):
    """What comes from a file is data, in names and messages, for people and machines."""
    monkeypatch.setenv("MY_PASSWORD", "hunter2-hunter2")
    write(tmp_path / "r.xml", [bad("a\x1b[2J\nb", f"no \x1b]0;x\x07 {TOKEN} hunter2-hunter2")])
    text = call("r.xml", cwd=tmp_path).text
    printed = records.json_lines(call("--json", "r.xml", cwd=tmp_path))
    assert "\x1b" not in text
    assert text.splitlines()[1].startswith("FAILED m::a b - no")
    for said in (text, printed):
        assert TOKEN not in said
        assert "hunter2" not in said


def test_records_are_a_file_its_cases_and_the_result():
    """In the form that `docs/json.md` says."""
    *found, result = told("--json", "robot.xml", "ctest.xml")
    assert [record["kind"] for record in found] == ["JunitFile", *["Case"] * 3, "JunitFile", *["Case"] * 7]
    assert found[0] == {
        "kind": "JunitFile",
        "path": "robot.xml",
        "cases": 3,
        "passed": 1,
        "failed": 1,
        "errors": 0,
        "skipped": 1,
        "fault": None,
    }
    assert found[2] == {
        "kind": "Case",
        "nodeid": "Cart::Totals",
        "verdict": "failed",
        "seconds": 0.002,
        "class": "",
        "message": "AssertionError: the <total>: 4 != 5",
    }
    assert (result["kind"], result["verdict"], result["code"]) == ("Result", "failed", 1)
    assert (result["cases"], result["failed"], result["files"], result["damaged"]) == (10, 4, 2, 0)


def test_attempts_are_in_the_records():
    """How often a case was run, where that was more than once."""
    found = {record.get("nodeid"): record for record in told("--json", "surefire-junit4-reruns.xml")}
    assert (found["shop.CartTest::flakyError"]["attempts"], found["shop.CartTest::flakyError"]["flaky"]) == (
        3,
        True,
    )
    assert (found["shop.CartTest::totals"]["attempts"], found["shop.CartTest::totals"]["flaky"]) == (3, False)
    assert "attempts" not in found["shop.CartTest::adds"]


def test_a_summary_is_a_line_a_file():
    """And no case by name, for machines neither."""
    spoken = call("--summary", "robot.xml", "node.xml")
    assert spoken.text.splitlines()[:2] == [
        "robot.xml: 1 failed, 1 passed, 1 skipped in 0.01s",
        "node.xml: 3 failed, 2 passed, 1 skipped, 1 xfailed in 0.01s",
    ]
    kinds = [record["kind"] for record in told("--summary", "--json", "robot.xml", "node.xml")]
    assert kinds == ["JunitFile", "JunitFile", "Result"]


def test_damage_is_named_with_its_place(tmp_path):
    """What is there is told; the exit code says that it may not be all."""
    data = (DATA / "robot.xml").read_bytes()
    (tmp_path / "r.xml").write_bytes(data[: data.index(b'<testcase classname="Cart" name="Totals"')])
    spoken = call("r.xml", cwd=tmp_path)
    assert spoken.text.splitlines()[0].startswith("r.xml: the file ends too early (line 5, byte ")
    assert spoken.text.splitlines()[-1].strip("= ") == "1 passed in 0.00s"
    assert spoken.result.code == 2
    fault = told("r.xml", cwd=tmp_path)[0]["fault"]
    assert (fault["what"], fault["line"]) == ("the file ends too early", 5)


def test_files_of_another_kind_in_a_folder_are_named(tmp_path):
    """So that nobody looks for them; of many only the first."""
    for number in range(8):
        (tmp_path / f"c{number}.xml").write_text("<coverage/>")
    write(tmp_path / "r.xml", [Case("a", suites=("s",))])
    spoken = call(".", cwd=tmp_path)
    assert spoken.text.splitlines()[:2] == [
        "c0.xml: no JUnit XML, left out",
        "c1.xml: no JUnit XML, left out",
    ]
    assert "… and 3 files more that are no JUnit XML" in spoken.text
    assert spoken.result.code == 0
    assert len(spoken.result.added["others"]) == 8


def test_merging_is_no_gate(tmp_path):
    """What was asked for is done, whatever the cases say; a damaged input is told."""
    write(tmp_path / "1.xml", [bad("a", "no"), Case("b", "m", suites=("s",))])
    write(tmp_path / "2.xml", [Case("a", "m", suites=("s",))])
    spoken = call("1.xml", "2.xml", "--merge", "all.xml", cwd=tmp_path)
    assert "wrote all.xml: 2 cases of 2 files" in spoken.text
    assert (spoken.result.code, spoken.result.added["cases_merged"]) == (0, 2)
    assert [case.is_flaky for case in read(tmp_path / "all.xml").cases] == [True, False]
    (tmp_path / "2.xml").write_bytes(b"<testsuite>")
    assert call("1.xml", "2.xml", "--merge", "all.xml", cwd=tmp_path).result.code == 2
    with pytest.raises(UsageError, match="one of the files"):
        call("1.xml", "2.xml", "--merge", "1.xml", cwd=tmp_path)


def compared(tmp_path, old, new, *words):
    """Return what is said of two reports."""
    write(tmp_path / "old.xml", old)
    write(tmp_path / "new.xml", new)
    return call("--compare", *words, "old.xml", "new.xml", cwd=tmp_path)


def test_a_comparison_names_every_change(tmp_path):
    """New failures first, with what they say."""

    def ok(name, seconds=None):
        return Case(name, "m", "passed", ("s",), seconds)

    old = [ok("was-fine"), bad("mended", "x"), bad("broken", "x"), ok("left"), ok("slow", 1.0), ok("same")]
    new = [bad("was-fine", "now"), ok("mended"), bad("broken", "y"), ok("slow", 2.0), ok("same"), ok("added")]
    spoken = compared(tmp_path, old, new)
    assert spoken.text.splitlines()[:-1] == [
        "NEW FAILURE m::was-fine - now",
        "STILL FAILING m::broken - y",
        "FIXED m::mended",
        "NEW m::added",
        "GONE m::left",
        "SLOWER m::slow - 1.00s, now 2.00s",
    ]
    said = "1 new failures, 1 fixed, 1 still failing, 1 slower, 1 new, 1 gone"
    assert spoken.text.splitlines()[-1].strip("= ") == said
    assert (spoken.result.code, spoken.result.added["new_failures"]) == (1, 1)
    found = {record.get("nodeid"): record for record in spoken.records}
    assert found["m::was-fine"]["changes"] == ["new-failures"]
    assert found["m::slow"]["was"] == {"verdict": "passed", "seconds": 1.0}
    assert "m::same" not in found


def test_only_what_is_new_fails_a_comparison(tmp_path):
    """What failed before is known; a report that is cut is no proof of anything."""
    old = [bad("a", "x")]
    assert compared(tmp_path, old, old).result.code == 0
    assert compared(tmp_path, [], [bad("a", "x")]).result.code == 1
    (tmp_path / "new.xml").write_bytes((tmp_path / "old.xml").read_bytes()[:-20])
    write(tmp_path / "old.xml", old)
    (tmp_path / "new.xml").write_bytes((tmp_path / "old.xml").read_bytes()[:-20])
    assert call("--compare", "old.xml", "new.xml", cwd=tmp_path).result.code == 2


@pytest.mark.parametrize("words", [(), ("--compare", "a.xml"), ("--compare", "a", "b", "--merge", "c")])
def test_a_line_that_means_nothing_is_a_usage_error(words, tmp_path):
    """With the line to type."""
    with pytest.raises(UsageError) as caught:
        call(*words, cwd=tmp_path)
    assert caught.value.fix.startswith("%autoexec junit")

"""The text of one test program."""

from __future__ import annotations

import pytest

from autoexec_magic.testrunner.foreign import Hearers
from autoexec_magic.testrunner.foreign.gathering import Gathering
from autoexec_magic.testrunner.foreign.libtest import Libtest

SUMMARY = "test result: {}. {} passed; {} failed; {} ignored; {} measured; 0 filtered out; finished in 0.00s"


def read(*lines, returncode=0):
    started = []
    gathered = Gathering(Hearers(on_start=started.append))
    libtest = Libtest(gathered, lambda: "x:a.rs", lambda name: "")
    for line in lines:
        libtest.line(line)
    libtest.close()
    return gathered.told("cargo test", returncode), started


def verdicts(told):
    return {case.said.nodeid.removeprefix("x:a.rs::"): case.verdict for case in told.cases}


@pytest.mark.parametrize(
    ("line", "name", "verdict", "counts"),
    [
        ("test a ... ok", "a", "passed", (1, 0, 0, 0)),
        ("test a ... ok <0.013s>", "a", "passed", (1, 0, 0, 0)),
        ("test a - should panic ... ok", "a", "passed", (1, 0, 0, 0)),
        ("test a ... ignored, no net", "a", "skipped", (0, 0, 1, 0)),
        ("test a ... bench:          12 ns/iter (+/- 3)", "a", "passed", (0, 0, 0, 1)),
        ("halftest a::b ... ok", "a::b", "passed", (1, 0, 0, 0)),
    ],
)
def test_each_way_to_tell_of_a_test(line, name, verdict, counts):
    """With time, reason, number, and behind what a test wrote without a line's end."""
    told, _ = read("running 1 test", line, SUMMARY.format("ok", *counts))
    assert (verdicts(told), told.faults) == ({name: verdict}, ())


def test_a_test_that_writes_between_its_name_and_its_word():
    """As with `--nocapture` and one thread."""
    told, started = read("running 1 test", "test a ... hello", "more", "ok", SUMMARY.format("ok", 1, 0, 0, 0))
    assert (verdicts(told), told.faults, started) == ({"a": "passed"}, (), ["x:a.rs::a"])


def test_what_a_failed_test_wrote_is_not_read():
    """It ran another suite: its header, results and summary stand in what was captured."""
    inner = ("running 1 test", "test b ... ok", "failures:", "    a", SUMMARY.format("ok", 1, 0, 0, 0), "end")
    told, _ = read(
        "running 1 test",
        "test a ... FAILED",
        "",
        "failures:",
        "",
        "---- a stdout ----",
        *inner[:2],
        "thread 'a' panicked at a.rs:1:1:",
        "no",
        "",
        "",
        "failures:",
        "    a",
        "",
        SUMMARY.format("FAILED", 0, 1, 0, 0),
        returncode=101,
    )
    assert (verdicts(told), told.faults) == ({"a": "failed"}, ())
    assert "test b ... ok" in told.cases[0].said.problems[0].text


def test_output_of_tests_that_passed_is_let_through():
    """With `--show-output`."""
    told, _ = read(
        "running 1 test", "test a ... ok", "", "successes:", "", "---- a stdout ----", "hi", "", "",
        "successes:", "    a", "", SUMMARY.format("ok", 1, 0, 0, 0),
    )  # fmt: skip
    assert (verdicts(told), told.faults) == ({"a": "passed"}, ())


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (
            ("running 2 tests", "test a ... ok", SUMMARY.format("ok", 2, 0, 0, 0)),
            "counted 2 passed tests, and 1 were",
        ),
        (
            ("running 2 tests", "test a ... ok", SUMMARY.format("ok", 1, 0, 0, 0)),
            "of 1 test nothing was told",
        ),
        (("running 1 test", "test a ... ok"), "did not say that it had ended"),
        (
            ("running 1 test", "running 1 test", "test a ... ok", SUMMARY.format("ok", 1, 0, 0, 0)),
            "did not say",
        ),
        (
            ("running 1 test", "test a ... ok", "test b ... ok", SUMMARY.format("ok", 2, 0, 0, 0)),
            "was to run 1",
        ),
    ],
)
def test_counts_have_to_agree(lines, words):
    """Those at the head, in between, and at the end."""
    told, _ = read(*lines)
    assert any(words in fault for fault in told.faults), told.faults


def test_quiet_dots_are_no_names():
    """They are missing, and not passed."""
    told, _ = read("running 3 tests", "...", SUMMARY.format("ok", 3, 0, 0, 0))
    assert (told.cases, told.missing) == ((), 3)
    assert told.faults

"""Cases out of what the plugin told, and reasons not to believe it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.testrunner.told import LINE_BYTES, TAKEN_OUT, Broke, Fold

PASSES = [("setup", "passed"), ("call", "passed"), ("teardown", "passed")]


class Lines:
    """Writes what a plugin would."""

    def __init__(self) -> None:
        self.records = []
        self.put("begin", pytest="9.0")

    def put(self, kind, **fields):
        self.records.append({"n": len(self.records), "k": kind, **fields})
        return self

    def test(self, nodeid, phases, **fields):
        self.put("start", id=nodeid, file="a.py", line=1)
        for when, outcome in phases:
            more = fields if when == "call" else {}
            if outcome == "failed":
                more = more | {"failure": {"type": "E", "message": when}}
            self.put("phase", id=nodeid, when=when, outcome=outcome, seconds=0.5, **more)
        return self

    def end(self, code=0, tests=1):
        return self.put("end", exit=code, tests=tests)

    @property
    def data(self) -> bytes:
        return b"".join(json.dumps(record).encode() + b"\n" for record in self.records)


def told(data, returncode=0, size=7, broke=None, key=""):
    """Fold `data` in small pieces."""
    started, cases = [], []
    fold = Fold(started.append, cases.append, key=key)
    for at in range(0, len(data), size):
        fold.feed(data[at : at + size])
    return fold.end(returncode, broke), started, cases


@pytest.mark.parametrize(
    ("phases", "fields", "verdict", "kinds"),
    [
        (PASSES, {}, "passed", []),
        ([("setup", "passed"), ("call", "failed"), ("teardown", "passed")], {}, "failed", ["failure"]),
        ([("setup", "failed"), ("teardown", "passed")], {}, "error", ["error"]),
        ([("setup", "passed"), ("call", "passed"), ("teardown", "failed")], {}, "error", ["error"]),
        (
            [("setup", "passed"), ("call", "failed"), ("teardown", "failed")],
            {},
            "failed",
            ["failure", "error"],
        ),
        ([("setup", "failed"), ("teardown", "failed")], {}, "error", ["error", "error"]),
        ([("setup", "skipped"), ("teardown", "passed")], {}, "skipped", []),
        ([("setup", "passed"), ("call", "skipped"), ("teardown", "passed")], {"xfail": True}, "xfailed", []),
        (PASSES, {"xfail": True}, "xpassed", []),
        ([("setup", "passed"), ("teardown", "passed")], {}, "not-run", []),
    ],
)
def test_the_verdict_is_pytests_own_word(phases, fields, verdict, kinds):
    """Of setup, call and teardown together; what went wrong in each is kept."""
    seen, started, cases = told(
        Lines().put("collected", count=1).test("a.py::t", phases, **fields).end().data
    )
    assert (started, seen.faults, seen.missing) == (["a.py::t"], (), 0)
    assert [case.verdict for case in cases] == [verdict]
    assert [problem.kind for problem in cases[0].said.problems] == kinds


def test_a_run_that_was_killed_keeps_what_was_finished():
    """The one that was running did not pass, those that never began are counted."""
    lines = Lines().put("collected", count=5).test("a.py::one", PASSES).test("a.py::two", PASSES[:1])
    seen, _, _ = told(lines.data, returncode=-9)
    assert [(case.name, case.verdict) for case in seen.cases] == [("one", "passed"), ("two", "not-run")]
    assert seen.missing == 3
    assert seen.faults == ("pytest did not say that it had ended",)


@pytest.mark.parametrize(
    ("forge", "reason"),
    [
        (lambda data: data.replace(b'"n": 2', b'"n": 9'), "record 2 is missing"),
        (lambda data: data + b"all passed\n", "no record"),
        (lambda data: data + data.splitlines()[1] + b"\n", "is missing"),
        (lambda data: data[:-5], "torn"),
        (lambda data: data.replace(b'"tests": 1', b'"tests": 7'), "counted 7"),
        (lambda data: b"[]\n" + data, "no record"),
        (lambda data: b"\xff\xfe\n" + data, "no record"),
    ],
)
def test_a_forged_stream_is_not_believed(forge, reason):
    """Whoever writes into it, or leaves something out."""
    data = Lines().put("collected", count=1).test("a.py::t", PASSES).end().data
    assert told(data)[0].faults == ()
    assert any(reason in fault for fault in told(forge(data))[0].faults)


def test_a_process_that_ends_otherwise_than_pytest_said_is_not_believed():
    """`os._exit(0)` after a failure."""
    lines = Lines().put("collected", count=1)
    failing = [("setup", "passed"), ("call", "failed"), ("teardown", "passed")]
    seen, _, _ = told(lines.test("a.py::t", failing).end(code=1).data, returncode=0)
    assert seen.faults == ("pytest said it would end with 1, and it ended with 0",)


def test_what_could_not_be_collected_is_a_case():
    """With what pytest said of it; a module that skips itself is skipped."""
    lines = Lines().put(
        "unread", id="b.py", outcome="failed", failure={"type": "SyntaxError", "message": "m"}
    )
    lines.put("unread", id="c.py", outcome="skipped", reason="no Windows")
    seen, _, cases = told(lines.end(code=2, tests=0).data, returncode=2)
    assert [(case.name, case.verdict) for case in seen.unread] == [("b.py", "error"), ("c.py", "skipped")]
    assert cases == list(seen.unread)


def test_two_tests_of_one_id_are_told_apart():
    """pytest allows it; the failure is not hidden by the one that passed."""
    failing = [("setup", "passed"), ("call", "failed"), ("teardown", "passed")]
    lines = Lines().put("collected", count=2).test("a.py::t", failing).test("a.py::t", PASSES)
    seen, _, cases = told(lines.end(code=1, tests=1).data, returncode=1)
    assert [case.verdict for case in cases] == ["failed", "passed"]
    assert [case.verdict for case in seen.cases] == ["failed"]


def one(nodeid="a.py::t", count=1):
    """Return the lines of a run of one test, up to its start."""
    lines = Lines().put("collected", count=count).put("items", ids=[nodeid] * count)
    return lines.put("start", id=nodeid, file="a.py", line=3)


def test_a_test_that_passed_is_told_in_one_line():
    """With the seconds of its phases, and what it wrote."""
    lines = one().put("ok", id="a.py::t", t=[0.25, 0.5, 0.25], out="o", err="e").end()
    seen, _, (case,) = told(lines.data)
    assert seen.faults == ()
    assert (case.verdict, case.seconds, case.said.stdout, case.said.stderr) == ("passed", 1.0, "o", "e")
    assert (case.said.file, case.said.line, case.key) == ("a.py", 3, "a.py::t")


@pytest.mark.parametrize("seconds", [[], [0.1], [0.1] * 4])
def test_a_line_of_other_phases_is_no_pass(seconds):
    """Three there are."""
    seen, _, (case,) = told(one().put("ok", id="a.py::t", t=seconds).end().data)
    assert case.verdict != "passed"
    assert seen.cases == (case,)


@pytest.mark.parametrize(
    "more",
    [
        [("ok", {"id": "other", "t": [0, 0, 0]})],
        [("ok", {"id": "a.py::t", "t": [0, 0, 0]}), ("ok", {"id": "a.py::t", "t": [0, 0, 0]})],
        [("phase", {"id": "a.py::t", "when": "never", "outcome": "passed", "seconds": 0})],
        [("phase", {"id": "a.py::t", "when": "setup", "outcome": "passed", "seconds": 0})] * 2,
        [("phase", {"id": "a.py::t", "when": "setup", "outcome": "passed", "seconds": 0}),
         ("ok", {"id": "a.py::t", "t": [0, 0, 0]})],
        [("collected", {"count": 9})],
        [("start", {"id": "b.py::u", "file": "b.py", "line": 1})],
        [("ok", {"id": "a.py::t", "t": "xyz"})],
        [("ok", {})],
        [("end", {"exit": "zero", "tests": 1})],
        [("end", {"exit": 1e400, "tests": 1})],
        [("unread", {"id": "x"})],
        [("gone", {})],
        [("end", {"exit": 0, "tests": 1}), ("end", {"exit": 0, "tests": 1})],
    ],
)  # fmt: skip
def test_what_cannot_be_is_a_reason_not_to_believe(more):
    """A test that was never begun, an end that is told twice, fields that are none."""
    lines = one()
    for kind, fields in more:
        lines.put(kind, **fields)
    assert told(lines.data)[0].faults[0] != "pytest did not say that it had ended"


def test_a_kind_of_a_later_plugin_is_left_out():
    """It may tell more."""
    lines = one().put("later", x=1).put("ok", id="a.py::t", t=[0, 0, 0]).end()
    assert told(lines.data)[0].faults == ()


def test_lines_without_the_key_are_not_the_plugins():
    """Numbered rightly or not; before, between and after its own."""
    plain = one().put("ok", id="a.py::t", t=[0, 0, 0]).end().data
    own = b"".join(b"k3y" + line for line in plain.splitlines(keepends=True))
    assert told(own, key="k3y")[0].faults == ()
    assert told(plain, key="k3y")[0].exit is None
    for at in range(len(plain.splitlines()) + 1):
        lines = own.splitlines(keepends=True)
        lines.insert(at, plain.splitlines(keepends=True)[-1])
        assert told(b"".join(lines), key="k3y")[0].faults
    guessed = b"".join(b"key" + line for line in plain.splitlines(keepends=True))
    assert told(guessed, key="k3y")[0].exit is None


def test_two_tests_of_one_id_are_not_one_that_is_missing():
    """Both began, as far as can be told."""
    lines = one(count=2).put("ok", id="a.py::t", t=[0, 0, 0])
    lines.put("start", id="a.py::t", file="a.py", line=3).put("ok", id="a.py::t", t=[0, 0, 0]).end()
    seen, _, cases = told(lines.data)
    assert (seen.missing, seen.faults, len(cases), len(seen.cases)) == (0, (), 2, 1)


def test_what_was_taken_out_did_not_run():
    """Whoever did it; it is not missing from what was collected."""
    lines = one().put("ok", id="a.py::t", t=[0, 0, 0]).put("gone", ids=["a.py::u", "a.py::t"]).end()
    seen = told(lines.data)[0]
    assert [(case.name, case.verdict) for case in seen.cases] == [("t", "passed"), ("u", "not-run")]
    assert (seen.cases[1].said.reason, seen.missing) == (TAKEN_OUT, 0)


@pytest.mark.parametrize("is_said", [False, True])
@pytest.mark.parametrize("is_from_outside", [False, True])
def test_the_test_that_ran_at_the_end_has_what_ended_it(is_said, is_from_outside):
    """Where pytest came to its end by itself nothing broke it."""
    lines = one(count=2)
    if is_said:
        lines.end(code=2)
    broke = Broke(kind="Ended", how="by somebody", is_from_outside=is_from_outside)
    seen = told(lines.data, returncode=2, broke=broke)[0]
    assert seen.running == "a.py::t"
    is_broken = is_from_outside or not is_said
    assert seen.cases[0].verdict == ("error" if is_broken else "not-run")
    assert [each.type for each in seen.cases[0].said.problems] == (["Ended"] if is_broken else [])


def test_only_pytests_own_true_says_that_the_code_is_counted():
    """A later plugin, or an older one, does not say so by the way."""
    for word, expected in ((True, True), (False, False), (1, False), ("yes", False), (None, False)):
        fold = Fold(lambda nodeid: None, lambda case: None)
        end = {"n": 0, "k": "end", "exit": 1, "tests": 0, **({} if word is None else {"counted": word})}
        fold.feed(json.dumps(end).encode() + b"\n")
        assert fold.end(1).is_counted is expected


def test_a_worker_that_died_ends_its_test():
    """Also one that had not been begun."""
    crash = {"when": "call", "outcome": "failed", "seconds": 0, "crash": True}
    lines = one().put("phase", id="a.py::t", **crash, failure={"type": "Crashed", "text": "gw0 crashed"})
    lines.end(code=1)
    seen, _, (case,) = told(lines.data, returncode=1)
    assert (case.verdict, case.said.problems[0].type, seen.faults) == ("failed", "Crashed", ())


def test_reruns_are_attempts():
    """The last one counts; the problems of the earlier ones are kept as what they then were."""
    lines = one()
    for outcome in ("rerun", "passed"):
        lines.put("phase", id="a.py::t", when="setup", outcome="passed", seconds=0.5)
        more = {"failure": {"type": "E", "message": "once"}} if outcome == "rerun" else {}
        lines.put("phase", id="a.py::t", when="call", outcome=outcome, seconds=0.5, **more)
    lines.put("phase", id="a.py::t", when="teardown", outcome="passed", seconds=0.5).end()
    seen, started, (case,) = told(lines.data, size=10**6)
    assert (case.verdict, case.is_flaky, case.seconds, seen.faults) == ("passed", True, 2.5, ())
    assert [each.kind for each in case.said.problems] == ["flaky-failure"]
    assert started == []


def test_a_subtest_that_fails_fails_its_test():
    """Whose own phases passed."""
    lines = one().put("phase", id="a.py::t", when="setup", outcome="passed", seconds=0)
    failure = {"type": "AssertionError", "message": "m"}
    lines.put(
        "phase", id="a.py::t", when="call", outcome="failed", seconds=9, sub="[part] (i=1)", failure=failure
    )
    lines.put("phase", id="a.py::t", when="call", outcome="passed", seconds=9, sub="[part] (i=2)")
    for when in ("call", "teardown"):
        lines.put("phase", id="a.py::t", when=when, outcome="passed", seconds=0.5)
    seen, _, (case,) = told(lines.end(code=1).data, returncode=1)
    assert (case.verdict, case.seconds, case.message) == ("failed", 1.0, "[part] (i=1) m")
    assert seen.faults == ()


def test_ids_come_in_parts_and_are_told_once():
    """When all of them are there."""
    counted = []
    fold = Fold(lambda nodeid: None, lambda case: None, counted.append)
    lines = Lines().put("collected", count=3).put("items", ids=["a", "b"]).put("items", ids=["c"])
    fold.feed(lines.data)
    assert counted == [("a", "b", "c")]
    assert [case.verdict for case in fold.end(0).cases] == ["not-run"] * 3


def test_a_record_without_an_end_takes_no_memory():
    """It is thrown away, and is a reason."""
    fold = Fold(lambda nodeid: None, lambda case: None)
    for _ in range(10):
        fold.feed(b"x" * (LINE_BYTES // 2 + 1))
    assert len(fold._rest) <= LINE_BYTES
    assert any("without an end" in fault for fault in fold.end(0).faults)


def test_reasons_are_few():
    """Whoever writes a million lines of rubbish."""
    fold = Fold(lambda nodeid: None, lambda case: None)
    for number in range(1_000):
        fold.feed(json.dumps({"n": number * 2, "k": "x"}).encode() + b"\n")
    assert len(fold.end(0).faults) <= 20


@pytest.mark.parametrize(
    ("nodeid", "classname", "name"),
    [
        ("tests/test_a.py::test_c", "tests.test_a", "test_c"),
        ("t.py::A::B::c[x::y/z.py]", "t.A.B", "c[x::y/z.py]"),
        ("t.py::c[[::]]", "t", "c[[::]]"),
        ("a b/t.py::c", "a b.t", "c"),
        ("t.py", "", "t"),
        ("", "", ""),
    ],
)
def test_names_are_those_of_pytests_xml(nodeid, classname, name):
    """Whatever stands in the parameters."""
    seen = told(one(nodeid).put("ok", id=nodeid, t=[0, 0, 0]).end().data)[0]
    assert (seen.cases[0].classname, seen.cases[0].name) == (classname, name)


WORDS = st.none() | st.integers() | st.sampled_from(["phase", "start", "end", "begin", "unread"])
RECORDS = st.lists(st.dictionaries(st.sampled_from("nk"), WORDS), max_size=4)


@given(st.binary(max_size=200) | RECORDS.map(lambda items: "\n".join(map(json.dumps, items)).encode()))
def test_any_bytes_are_survived(data):
    """A test can write whatever it likes."""
    assert told(data)[0].faults

"""Two runs as one: what ran again counts, and nothing that was told is forgotten."""

from __future__ import annotations

import pytest
import suites

from autoexec_magic.casefacts import FileCoverage
from autoexec_magic.testrunner.cases import Case, Problem, Said
from autoexec_magic.testrunner.judging import judge
from autoexec_magic.testrunner.merging import merged, without
from autoexec_magic.testrunner.running import Done
from autoexec_magic.testrunner.told import Told
from autoexec_magic.values import Outcome


def case(nodeid, verdict="passed"):
    """Return a case with an id."""
    problems = (Problem(kind="failure", message="no"),) if verdict in ("failed", "error") else ()
    return Case(nodeid.rpartition("::")[2], verdict=verdict, said=Said(nodeid=nodeid, problems=problems))


def done(*cases, unread=(), code=0, **more):
    """Return a run that ended with this code and told of these."""
    told = Told(cases=cases, unread=tuple(unread), collected=len(cases), exit=code, pytest="9", **more)
    return Done(outcome=Outcome(argv=("pytest",), returncode=code, ended="exited", seconds=1.0), told=told)


def verdicts(run):
    """Return how each ended."""
    return {each.key: each.verdict for each in run.told.all}


def fault(run):
    """Return why it did not pass, or None."""
    return judge(run.outcome, run.told)


def test_of_a_test_that_ran_twice_the_second_counts():
    """All that failed passes now: the run has passed."""
    both = merged(done(case("a::x", "failed"), case("a::y"), code=1), done(case("a::x")))
    assert verdicts(both) == {"a::y": "passed", "a::x": "passed"}
    assert (both.told.collected, fault(both)) == (3, None)


def test_what_did_not_run_again_still_fails_the_run():
    """The second process ended with 0: it ran one test, and another one had failed."""
    both = merged(done(case("a::x", "error"), case("b::y", "failed"), code=1), done(case("a::x")))
    assert both.told.exit == 1
    assert fault(both).what == "some tests failed"


def test_a_file_that_is_collected_now_is_no_error_any_more():
    """Its tests stand in its place; another file that cannot be read stays one."""
    before = done(case("c.py::z"), unread=[case("a.py", "error"), case("b.py", "error")], code=2)
    both = merged(before, done(case("a.py::x"), case("a.py::y")))
    assert verdicts(both) == {"b.py": "error", "c.py::z": "passed", "a.py::x": "passed", "a.py::y": "passed"}
    assert fault(both).what == "some tests failed"


def test_a_file_that_still_cannot_be_collected_is_told_once():
    """With what it says now."""
    both = merged(done(unread=[case("a.py", "error")], code=2), done(unread=[case("a.py", "error")], code=2))
    assert [each.key for each in both.told.all] == ["a.py"]
    assert fault(both) is not None


@pytest.mark.parametrize(
    "first",
    [
        pytest.param({"faults": ("something that is no record was written into the stream",)}, id="forged"),
        pytest.param({"faults": ("pytest counted 3 tests, and 2 were told",)}, id="not-all-told"),
    ],
)
def test_what_could_not_be_believed_is_not_believed_for_a_second_run(first):
    """Else a suite forges its tests, lacks a module on purpose, and has only that one run again."""
    both = merged(done(case("a::x", "failed"), case("b::y"), code=1, **first), done(case("a::x")))
    assert fault(both).why == first["faults"][0]
    again = merged(done(case("a::x", "failed"), code=1), done(case("a::x"), **first))
    assert fault(again).why == first["faults"][0]


def test_what_never_ran_has_not_passed_for_a_second_run():
    """Of neither."""
    both = merged(done(case("a::x", "failed"), case("b::y", "not-run"), code=1), done(case("a::x")))
    assert "did not run" in fault(both).what


def test_lines_that_ran_are_told_by_the_second_run_or_the_first():
    """As long as one of them told."""
    lines = (FileCoverage(file="a.py", statements=2, missed=(1,)),)
    assert merged(done(covered=lines), done()).told.covered == lines
    assert merged(done(), done(covered=lines)).told.covered == lines


def test_what_is_excused_fails_no_run():
    """It is judged as if it had been expected; what was told stays what it was."""
    run = done(case("a::x", "failed"), case("a::y"), code=1, is_counted=True)
    left = without(run.told, {"a::x"})
    assert judge(run.outcome, left) is None
    assert verdicts(run) == {"a::x": "failed", "a::y": "passed"}
    assert without(run.told, ()) is run.told


@pytest.mark.parametrize(
    "run",
    [
        pytest.param(
            done(case("a::x", "failed"), case("a::y", "failed"), code=1, is_counted=True), id="another-failed"
        ),
        pytest.param(
            done(case("a::x", "failed"), unread=[case("b.py", "error")], code=1, is_counted=True),
            id="a-file-is-unread",
        ),
        pytest.param(done(case("a::x", "failed"), code=2), id="interrupted"),
        pytest.param(done(case("a::x", "failed"), code=3), id="an-internal-error"),
        pytest.param(
            done(case("a::x", "failed"), case("a::y", "not-run"), code=1, is_counted=True),
            id="one-did-not-run",
        ),
        pytest.param(
            done(case("a::x", "failed"), code=1, is_counted=True, faults=("forged",)), id="not-to-be-believed"
        ),
        pytest.param(done(case("a::x", "failed"), code=1), id="the-code-is-somebody-else's"),
    ],
)
def test_an_excuse_covers_nothing_else(run):
    """Whatever else went wrong fails the run."""
    assert judge(run.outcome, without(run.told, {"a::x"})) is not None


def test_a_file_that_cannot_be_collected_is_not_excused_by_its_name():
    """Nobody knows what it would have run."""
    run = done(unread=[case("a.py", "error")], code=1, is_counted=True)
    assert judge(run.outcome, without(run.told, {"a.py"})) is not None


def test_what_failed_before_and_did_not_run_again_can_be_excused():
    """The second run ended with 0: that the first had failures is the only reason for the code."""
    both = merged(done(case("a::x", "error"), case("b::y", "failed"), code=1), done(case("a::x")))
    assert (
        judge(Outcome(argv=(), returncode=1, ended="exited", seconds=1.0), without(both.told, {"b::y"}))
        is None
    )


BAD = "import pytest\ndef test_a(): pass\ndef test_b(): assert 0\n"
FIRST = "@pytest.hookimpl(tryfirst=True)\n"
LAST = "@pytest.hookimpl(trylast=True)\n"
GATES = {
    "sets-it-first": f"{FIRST}def pytest_sessionfinish(session): session.exitstatus = 1\n",
    "sets-it-last": f"{LAST}def pytest_sessionfinish(session): session.exitstatus = pytest.ExitCode(1)\n",
    "sets-it-in-a-wrapper": "@pytest.hookimpl(hookwrapper=True)\n"
    "def pytest_sessionfinish(session):\n    yield\n    session.exitstatus = pytest.ExitCode.TESTS_FAILED\n",
    "sets-it-at-the-very-end": "def pytest_sessionfinish(session): session.config.kept = session\n"
    "def pytest_unconfigure(config): config.kept.exitstatus = 1\n",
    "sets-it-in-the-summary": "def pytest_terminal_summary(terminalreporter):\n"
    "    terminalreporter._session.exitstatus = 1\n",
    # as pytest-cov does for --cov-fail-under
    "counts-one-of-its-own": "@pytest.hookimpl(hookwrapper=True)\n"
    "def pytest_runtestloop(session):\n    yield\n    session.testsfailed += 1\n",
    "calls-exit": "def pytest_runtest_logfinish(nodeid):\n"
    "    if 'test_b' in nodeid: pytest.exit('slow', returncode=1)\n",
    "says-that-it-should-fail": "def pytest_runtest_logfinish(nodeid): pass\n"
    "@pytest.hookimpl(trylast=True)\ndef pytest_runtest_teardown(item):\n"
    "    if item.name == 'test_b': item.session.shouldfail = 'too slow'\n",
}


WITH = [(gate, ()) for gate in GATES]
WITHOUT_TERMINAL = [(gate, ("-p", "no:terminal")) for gate, text in GATES.items() if "terminal" not in text]


@pytest.mark.parametrize(("gate", "arguments"), [*WITH, *WITHOUT_TERMINAL])
def test_an_excuse_is_for_no_failure_of_a_plugin(tmp_path, gate, arguments):
    """A threshold that is not met fails the run, whichever tests failed beside it and are excused."""
    ran = suites.go(tmp_path, {"test_x.py": BAD, "conftest.py": f"import pytest\n{GATES[gate]}"}, *arguments)
    assert ran.verdicts["test_x.py::test_b"] == "failed"
    assert ran.done.told.exit == 1
    fault = judge(ran.done.outcome, without(ran.done.told, {"test_x.py::test_b"}))
    assert fault is not None
    assert fault.what == "no test that counts failed, and pytest ended with 1"


COUNTED = {
    "a-failure": (BAD, ()),
    "as-many-as-may-fail": (BAD, ("-x",)),
    "one-that-fails-twice": (
        "import pytest\n@pytest.fixture\ndef f():\n    yield\n    assert 0\ndef test_b(f): assert 0\n",
        (),
    ),
    "an-error": ("import pytest\n@pytest.fixture\ndef f(): assert 0\ndef test_b(f): pass\n", ()),
    "expected-ones-beside-it": (
        f"{BAD}@pytest.mark.xfail\ndef test_c(): assert 0\n@pytest.mark.skip\ndef test_d(): pass\n",
        (),
    ),
    "strictly-expected": ("import pytest\n@pytest.mark.xfail(strict=True)\ndef test_b(): pass\n", ()),
    "subtests": (
        "def test_b(subtests):\n    for n in 1, 2:\n        with subtests.test(n=n): assert 0\n",
        (),
    ),
    "workers": (BAD, ("-n", "2")),
    "without-a-reporter": (BAD, ("-p", "no:terminal")),
}


@pytest.mark.parametrize("suite", COUNTED)
def test_an_excuse_is_for_each_way_in_which_a_test_fails(tmp_path, suite):
    """However pytest counts it; a plugin that only looks at the code changes nothing."""
    text, arguments = COUNTED[suite]
    if suite == "subtests":
        pytest.importorskip("pytest", minversion="9.0")
    if suite == "workers":
        pytest.importorskip("xdist")
    looks = (
        "def pytest_sessionfinish(session, exitstatus):\n    assert session.exitstatus == exitstatus == 1\n"
    )
    looks += "    assert (exitstatus.name, repr(session.exitstatus)) == ('TESTS_FAILED', repr(exitstatus))\n"
    files = {"test_x.py": text} | ({} if suite == "workers" else {"conftest.py": looks})
    ran = suites.go(tmp_path, files, *arguments)
    assert ran.fault.what == "some tests failed"
    assert judge(ran.done.outcome, without(ran.done.told, {"test_x.py::test_b"})) is None

"""The phase of tests: each result is told while it runs, what is missing is healed, and the end is judged."""

from __future__ import annotations

import dataclasses
import itertools
import re
import sys
import threading
import time

import pytest

from autoexec_magic import executor, testrunner
from autoexec_magic.config import Config
from autoexec_magic.errors import InstallError, NeedsPerson
from autoexec_magic.events import (
    CaseFinished,
    CasesCollected,
    CaseStarted,
    CausesFound,
    Output,
    PhaseFinished,
    Progress,
    RunFinished,
)
from autoexec_magic.history import new_id
from autoexec_magic.onrecord import cleaning
from autoexec_magic.orchestrator import Plan, Report, Surroundings, Test, run
from autoexec_magic.orchestrator import healing as healing_module
from autoexec_magic.orchestrator.casetelling import MOST_WHOLE
from autoexec_magic.testrunner import junit
from autoexec_magic.ui.cases import Cases
from autoexec_magic.values import Verdict

LEAN = ("-p", "no:cacheprovider")
TESTS = {
    "test_a.py": """
import pytest, os
def test_good(): print("kept")
def test_bad():
    print("said by it")
    left = [1, 2]
    assert left == [1, 3]
def test_raises(): raise KeyError("k")
@pytest.mark.skip("later")
def test_skipped(): pass
@pytest.mark.xfail
def test_expected(): assert 0
""",
}


def nobody(question: object) -> bool:
    """Answer as where no person is."""
    raise NeedsPerson(question.text, why="", fix=question.fix)


@pytest.fixture
def here(tmp_path) -> Surroundings:
    """Return surroundings in which nobody answers."""
    folder = tmp_path / "project"
    folder.mkdir()
    return Surroundings(
        config=Config(),
        cwd=folder,
        workspace=folder,
        cache=tmp_path / "cache",
        ask=nobody,
        run_id=new_id(),
    )


@pytest.fixture
def go(here, emit):
    """Return a function that writes files and runs their tests as a plan."""

    def carry_out(
        files: dict[str, str], *arguments: str, step: dict[str, object] | None = None, **plan: object
    ) -> Report:
        for name, text in files.items():
            path = here.cwd / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        emit.clear()
        surroundings = plan.pop("here", here)
        steps = (Test(arguments=(*LEAN, *arguments), **(step or {})),)
        return run(Plan(verb="test", title="title", phases=steps, **plan), cleaning(emit), surroundings)

    yield carry_out
    testrunner.warm.close()


def finished(events: list[object]) -> dict[str, CaseFinished]:
    """Return how each test ended, as it was told last."""
    return {event.nodeid: event for event in events if isinstance(event, CaseFinished)}


def last_line(events: list[object]) -> str:
    """Return what a terminal shows as the last line of the tests."""
    cases = Cases()
    for event in events:
        cases.feed(event)
    return next(cases.end(event) for event in events if isinstance(event, PhaseFinished))


def verdicts(report: Report) -> dict[str, str]:
    """Return the verdicts in a report."""
    return {case.key: str(case.verdict) for case in report.cases}


def test_each_result_is_an_event_between_the_beginning_and_the_end(go, emit):
    """How many, each, and what the failures have in common; the report says the same."""
    report = go(TESTS)
    kinds = [kind for kind, _ in itertools.groupby(event for event in emit.kinds() if event != "CaseStarted")]
    assert kinds[:4] == ["RunStarted", "PhaseStarted", "CasesCollected", "CaseFinished"]
    assert kinds[-3:] == ["CausesFound", "PhaseFinished", "RunFinished"]
    told = finished(emit)
    assert {nodeid: event.verdict for nodeid, event in told.items()} == verdicts(report)
    assert verdicts(report) == {
        "test_a.py::test_good": "passed",
        "test_a.py::test_bad": "failed",
        "test_a.py::test_raises": "failed",
        "test_a.py::test_skipped": "skipped",
        "test_a.py::test_expected": "xfailed",
    }
    assert next(event for event in emit if isinstance(event, CasesCollected)).count == 5
    assert (report.verdict, report.error.code) == (Verdict.FAILED, "cases-failed")
    assert report.error.why == "2 failed, 1 passed, 1 skipped, 1 xfailed"
    assert report.error.fix


def test_a_failure_is_told_with_what_was_compared(go, emit):
    """Its place from the folder, its line, both sides, what it wrote, and of what kind it is."""
    go(TESTS)
    event = finished(emit)["test_a.py::test_bad"]
    failure = event.failure
    assert event.message.startswith("assert [1, 2] == [1, 3]")
    assert (failure.file, failure.line, failure.source) == ("test_a.py", 7, "assert left == [1, 3]")
    assert (failure.op, failure.left, failure.right) == ("==", "[1, 2]", "[1, 3]")
    assert failure.stdout == "said by it\n"
    assert "assert left == [1, 3]" in failure.text
    assert failure.cls in ("product", "test")
    assert failure.phase == "call"
    assert finished(emit)["test_a.py::test_raises"].message == "KeyError: 'k'"
    assert finished(emit)["test_a.py::test_good"].failure is None


def test_what_passed_has_no_error_and_no_cause(go, emit):
    """Nor a word of pytest's own progress."""
    report = go({"test_a.py": "def test_a(): pass\n"})
    assert (report.verdict, report.error) == (Verdict.PASSED, None)
    assert not [event for event in emit if isinstance(event, CausesFound)]
    assert emit.text() == ""


def test_many_failures_are_told_in_few_words(go, emit):
    """The first ones in full; one cause for all of them."""
    each = "import pytest\n@pytest.mark.parametrize('n', range(400))\n"
    report = go({"test_a.py": each + "def test_n(n): raise OSError('y' * 5000)\n"})
    lengths = [len(event.failure.text) for event in finished(emit).values()]
    assert len(lengths) == 400
    assert min(lengths[:MOST_WHOLE]) > 1000 > max(lengths[MOST_WHOLE:])
    (found,) = (event for event in emit if isinstance(event, CausesFound))
    assert (found.failed, len(found.causes), found.causes[0].count) == (400, 1, 400)
    assert report.error.why == "400 failed"


def test_secrets_are_in_no_event_and_no_report(go, emit, here, monkeypatch):
    """What a test prints, raises, compares, or is called by."""
    secret = "sk-" + "Zx9" * 12
    monkeypatch.setenv("MY_API_TOKEN", secret)
    tests = """
import os, pytest
S = os.environ["MY_API_TOKEN"]
def test_prints(): print(S); assert 0
def test_raises(): raise ValueError(S)
def test_compares(): assert S == "x"
@pytest.mark.parametrize("key", [S])
def test_named(key): pytest.skip(key)
"""
    here = dataclasses.replace(here, config=Config(pass_on=("MY_API_TOKEN",)))
    report = go({"test_a.py": tests}, "--junitxml=out/x.xml", here=here)
    assert len(report.cases) == 4
    assert secret not in repr(list(emit))
    assert secret not in repr(report)
    assert secret not in (here.cwd / "out" / "x.xml").read_text()


def test_no_cut_leaves_a_part_of_a_secret(go, emit, here, monkeypatch):
    """In what is kept of outputs, messages, values and texts; nor where what was kept is cut again."""
    secret = "Zq7Xw9Vk3Jp5Bn2Hd8Fs4Gt6Mc1Ly0"
    monkeypatch.setenv("MY_SETTING", secret)
    tests = """
import os, pytest
S = os.environ["MY_SETTING"]
@pytest.mark.parametrize("behind", [4070, 490, 7990, 3985, 985])
def test_prints(behind): print("A" * 9000 + S + "B" * behind, end=""); assert 0
@pytest.mark.parametrize("before", [1980, 485, 1983, 3985, 9985])
def test_raises(before): raise ValueError("A" * before + S + "B" * 90_000)
def test_compares(): assert "A" * 1980 + S + "B" * 50 == "A"
def test_long(): raise ValueError(("A" * 80 + "\\n") * 117 + "A" * 300 + S + "B" * 9985)
"""
    here = dataclasses.replace(here, config=Config(pass_on=("MY_SETTING",)))
    report = go({"test_a.py": tests}, "--junitxml=x.xml", here=here)
    assert report.cases[0].said.stdout.startswith("…")
    told = {
        "events": repr(list(emit)),
        "report": repr(report) + repr(report.error.args),
        "xml": (here.cwd / "x.xml").read_text(),
    }
    parts = [secret[at : at + 4] for at in range(len(secret) - 3)]
    assert {name: [part for part in parts if part in text] for name, text in told.items()} == {
        "events": [],
        "report": [],
        "xml": [],
    }


@pytest.mark.parametrize("name", ["x.xml", "deep/er/x.xml"])
def test_the_xml_that_was_asked_for_is_written(go, here, name):
    """With every case, wherever it is to be."""
    report = go(TESTS, f"--junitxml={name}")
    read = junit.read(here.cwd / name)
    assert (read.fault, read.cases) == (None, report.cases)


def test_an_xml_that_cannot_be_written_is_an_error(go, here):
    """With the path, after the tests have run."""
    (here.cwd / "file").touch()
    report = go(TESTS, "--junitxml=file/x.xml")
    assert report.error.code == "usage"
    assert "file/x.xml" in report.error.what


@pytest.mark.parametrize(
    ("last", "verdict", "code"), [("1", "invalid", "usage"), ("0", "failed", "cases-failed")]
)
def test_a_file_that_cannot_be_written_in_the_end_loses_no_test(go, last, verdict, code):
    """The tests ended as they did, and the file is named, whichever of the two is the error."""
    tests = (
        f"import os\ndef test_a():\n os.rmdir('out'); open('out', 'w'); assert {last}\ndef test_b(): pass\n"
    )
    report = go({"test_a.py": tests}, "--junitxml=out/x.xml")
    assert [str(case.verdict) for case in report.cases] == ["passed" if last == "1" else "failed", "passed"]
    assert (report.verdict, report.error.code) == (verdict, code)
    assert "out/x.xml" in str(report.error)


@pytest.mark.parametrize(
    ("how", "named"),
    [("os._exit(0)", "exit code 0"), ("os.abort()", "SIGABRT"), ("os.kill(os.getpid(), 9)", "SIGKILL")],
)
def test_a_crash_keeps_what_was_done(go, emit, here, how, named):
    """Its events, its report, its XML; the test that ran is named."""
    tests = f"import os\ndef test_1(): pass\ndef test_2(): {how}\ndef test_3(): pass\n"
    report = go({"test_a.py": tests}, "--junitxml=x.xml")
    assert verdicts(report) == {
        "test_a.py::test_1": "passed",
        "test_a.py::test_2": "error",
        "test_a.py::test_3": "not-run",
    }
    event = finished(emit)["test_a.py::test_2"]
    assert event.failure.cls == "worker-crash"
    assert named in event.message
    assert report.verdict != Verdict.PASSED
    assert "test_2" in f"{report.error.what}{report.error.why}" or report.error.evidence
    assert junit.read(here.cwd / "x.xml").cases == report.cases


def test_a_time_limit_names_the_test_that_ran(go, emit, here):
    """With the verdict of a limit, and all that had ended before; an XML that is whole."""
    tests = "import time\ndef test_1(): pass\ndef test_2(): time.sleep(60)\ndef test_3(): pass\n"
    report = go({"test_a.py": tests}, "--junitxml=x.xml", timeout=1.5)
    assert (report.verdict, report.error.code) == (Verdict.TIMED_OUT, "timeout")
    assert verdicts(report)["test_a.py::test_1"] == "passed"
    assert finished(emit)["test_a.py::test_2"].failure.cls == "timeout"
    assert "1 error, 1 passed, 1 not run" in report.error.evidence
    assert junit.read(here.cwd / "x.xml").cases == report.cases


def test_who_stops_it_gets_what_was_done(go, emit, here):
    """Within 2 s; the fixtures were cleaned up; what had not ended did not run."""
    tests = """
import pytest, time
from pathlib import Path
@pytest.fixture
def cleaned():
    yield
    Path("cleaned").touch()
def test_1(): pass
def test_2(cleaned):
    Path("begun").touch()
    time.sleep(60)
def test_3(): pass
"""
    cancel, asked = executor.Cancel(), []

    def stop() -> None:
        while not (here.cwd / "begun").exists():
            time.sleep(0.01)
        asked.append(time.monotonic())
        cancel.set()

    threading.Thread(target=stop, daemon=True).start()
    surroundings = dataclasses.replace(here, cancel=cancel, is_cancelled=cancel.is_set)
    report = go({"test_a.py": tests}, "--junitxml=x.xml", here=surroundings)
    assert time.monotonic() - asked[0] < 20
    cancel.close()
    assert report.verdict == Verdict.CANCELLED
    assert verdicts(report) == {
        "test_a.py::test_1": "passed",
        "test_a.py::test_2": "not-run",
        "test_a.py::test_3": "not-run",
    }
    assert (here.cwd / "cleaned").exists()
    assert junit.read(here.cwd / "x.xml").cases == report.cases
    assert last_line(emit).startswith("1 passed, 2 not run in ")
    assert isinstance(emit[-1], RunFinished)


BREAKS = {
    "pytest.exit": "pytest.exit('stop', returncode=0)",
    "crash": "os.kill(os.getpid(), 9)",
    "-x": "assert 0",
    "closed": "os.closerange(3, 99)",
}


@pytest.mark.parametrize("how", BREAKS)
def test_the_last_line_the_error_and_the_report_count_alike(go, here, emit, how):
    """Also what never began, which is told of by no event of its own; whoever ends the run."""
    tests = f"import os, pytest\ndef test_1(): pass\ndef test_2(): {BREAKS[how]}\ndef test_3(): pass\n"
    words = ("-x",) if how == "-x" else ()
    report = go({"test_a.py": tests + "def test_4(): pass\n"}, "--junitxml=x.xml", *words)
    bad = {"crash": "1 error, ", "-x": "1 failed, "}.get(how, "")
    want = f"{bad}1 passed, {2 if bad else 3} not run"
    assert last_line(emit).startswith(f"{want} in ")
    assert testrunner.counts(report.cases) == testrunner.counts(junit.read(here.cwd / "x.xml").cases) == want
    if how == "pytest.exit":
        assert report.error.what == "3 tests were collected and did not run"


def test_forged_runs_fail_here_too(go):
    """With the reason, whatever the exit code."""
    conftest = "def pytest_sessionfinish(session): session.exitstatus = 0\n"
    report = go({"test_a.py": "def test_a(): assert 0\n", "conftest.py": conftest})
    assert (report.outcome.returncode, report.verdict) == (0, Verdict.FAILED)
    assert "pytest said that all is well" in report.error.what


class Healer:
    """Installs by writing a file; of some modules nobody knows anything."""

    def __init__(self, folder, emit) -> None:
        self.folder, self.emit, self.asked = folder, emit, []

    def __call__(self, *_: object, **__: object) -> Healer:
        return self

    def heals(self, module: str) -> bool:
        """Write the module, if it is one that there is."""
        self.asked.append(module)
        if module.startswith("refused"):
            raise InstallError(f"{module} is not installed", why="nobody knows it", fix="look for its name")
        if module.startswith("there"):
            (self.folder / f"{module}.py").write_text("VALUE = 1\n")
            return True
        return False


@pytest.fixture
def healer(monkeypatch, here, emit) -> Healer:
    """Return what installs modules in the place of the installer."""
    healer = Healer(here.cwd, emit)
    monkeypatch.setattr(healing_module, "Healing", healer)
    return healer


def test_what_lacks_a_module_runs_again_when_it_is_there_and_nothing_else(go, emit, here, healer):
    """A test and, of what could be collected, no other."""
    tests = (
        "def test_good(): open('ran', 'a').write('good ')\n"
        "def test_lacks():\n    open('ran', 'a').write('lacks ')\n    import there_a\n"
    )
    report = go({"test_a.py": tests}, step={"heal": True})
    assert (report.verdict, report.error) == (Verdict.PASSED, None)
    assert (here.cwd / "ran").read_text() == "good lacks lacks "
    assert healer.asked == ["there_a"]
    assert verdicts(report) == {"test_a.py::test_good": "passed", "test_a.py::test_lacks": "passed"}
    assert any(isinstance(event, Progress) and "there_a runs again" in event.text for event in emit)


def test_a_file_that_lacks_a_module_is_collected_again(go, healer):
    """Also one that lacks the next one then; other files' tests run, too, which pytest had kept back."""
    files = {
        "test_a.py": "import there_a\nimport there_b\ndef test_a(): pass\n",
        "test_b.py": "def test_b(): pass\n",
    }
    report = go(files, step={"heal": True})
    assert healer.asked == ["there_a", "there_b"]
    assert (report.verdict, verdicts(report)) == (
        Verdict.PASSED,
        {"test_a.py::test_a": "passed", "test_b.py::test_b": "passed"},
    )


@pytest.mark.parametrize("module", ["nowhere_x", "refused_x"])
def test_what_cannot_be_installed_stays_as_it_is(go, emit, healer, module):
    """Once asked, and told why."""
    report = go({"test_a.py": f"def test_a():\n    import {module}\n"}, step={"heal": True})
    assert (report.verdict, healer.asked) == (Verdict.FAILED, [module])
    assert verdicts(report) == {"test_a.py::test_a": "failed"}
    assert finished(emit)["test_a.py::test_a"].failure.cls == "environment"
    if module == "refused_x":
        assert any(isinstance(event, Progress) and "look for its name" in event.text for event in emit)


def test_without_being_asked_nothing_is_installed(go, healer):
    """A run in CI, say."""
    go({"test_a.py": "import there_a\n"})
    assert healer.asked == []


def test_a_text_that_only_looks_like_a_missing_module_installs_nothing_odd(go, healer):
    """A name is a name; what a test prints is none."""
    tests = "def test_a():\n    raise ImportError(\"No module named 'a; rm -rf'\")\ndef test_b():\n    " + (
        "print(\"No module named 'there_a'\"); assert 0\n"
    )
    go({"test_a.py": tests}, step={"heal": True})
    assert healer.asked == []


def test_the_next_run_is_warm_and_no_other(go, emit):
    """Where it was asked for; the words may be others."""
    files = {"test_a.py": "import os\ndef test_a(): print(os.getpid())\n"}

    def pid(report: Report) -> int:
        return int(report.cases[0].said.stdout)

    go(files, step={"keeps_ready": True})
    waits = testrunner.warm._standing._children.pids[0]
    assert pid(go({}, "-q", step={"keeps_ready": True})) == waits
    waits = testrunner.warm._standing._children.pids[0]
    assert pid(go({})) != waits
    assert pid(go({}, step={"keeps_ready": True}, level="workspace")) != waits


@pytest.mark.parametrize("level", ["open", "workspace"])
def test_the_cage_is_the_one_that_was_asked_for(go, here, level):
    """A test writes no further; the plugin tells all the same."""
    outside = here.cwd.parent / "outside"
    report = go({"test_a.py": f"def test_a(): open({str(outside)!r}, 'w').close()\n"}, level=level)
    assert outside.exists() == (level == "open")
    assert verdicts(report) == {"test_a.py::test_a": "passed" if level == "open" else "failed"}


def test_a_python_without_pytest_says_what_to_type(go, here):
    """Its own pip, or the installer for this one."""
    program = here.cwd / "python"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "$@"\n')
    program.chmod(0o755)
    report = go(TESTS, step={"python": "python"})
    assert (report.verdict, report.error.code) == (Verdict.MISSING, "missing-tool")
    assert report.error.fix == f"%autoexec sh {program} -m pip install pytest"


def test_a_test_that_is_stopped_at_its_end_is_told_once(go, emit):
    """Each nodeid begins at most once, and ends once."""
    go(TESTS)
    ended = [event.nodeid for event in emit if isinstance(event, CaseFinished)]
    started = [event.nodeid for event in emit if isinstance(event, CaseStarted)]
    assert len(set(ended)) == len(ended) == 5
    assert len(set(started)) == len(started)
    assert not any(isinstance(event, Output) and re.search("PASSED|FAILED", event.text) for event in emit)

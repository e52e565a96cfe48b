"""Tests in quarantine: what failed is told and does not fail the run, and no run excuses itself."""

from __future__ import annotations

import datetime
import os
import threading
import time

import pytest
from skips import requires

from autoexec_magic import api, executor
from autoexec_magic.errors import CasesFailed, PolicyRefused, UsageError
from autoexec_magic.executor.cage import mounts
from autoexec_magic.executor.cage.held import ASIDE, MOST_BYTES
from autoexec_magic.executor.identity import RUN_VARIABLE
from autoexec_magic.orchestrator.excusing import entries_in, excused, put, today
from autoexec_magic.testrunner import Case, Past, Problem, Said, warm
from autoexec_magic.testrunner.past import Remembered
from autoexec_magic.testrunner.quarantine import FILE, Entry
from autoexec_magic.values import Verdict

LEAN = ("-p", "no:cacheprovider")
DAY = datetime.timedelta(days=1)
BAD = "def test_bad():\n    assert 1 == 2\ndef test_good():\n    pass\n"


def entry(nodeid, *, since=0, until=30):
    """Return an entry, its days counted from today."""
    return Entry(nodeid=nodeid, reason="known", since=today() + since * DAY, until=today() + until * DAY)


def case(nodeid, verdict="failed"):
    """Return a case."""
    problems = (Problem(kind="failure", message="no"),) if verdict == "failed" else ()
    return Case(nodeid, verdict=verdict, said=Said(nodeid=nodeid, problems=problems))


def test_no_file_is_no_quarantine(tmp_path):
    """Nor is a folder of that name, or a FIFO, for which nobody waits."""
    assert entries_in(tmp_path) == ()
    (tmp_path / FILE).mkdir()
    assert entries_in(tmp_path) == ()
    (tmp_path / FILE).rmdir()
    os.mkfifo(tmp_path / FILE)
    assert entries_in(tmp_path) == ()


def test_a_link_is_neither_read_nor_written_through(tmp_path):
    """A run can change what it leads to, and make one that leads out of the project."""
    outside = tmp_path / "outside"
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / FILE).symlink_to(outside)
    for is_there in (False, True):
        if is_there:
            outside.touch()
        with pytest.raises(UsageError, match="is a link"):
            put(tmp_path / "project", "a.py::t", "why")
        with pytest.raises(UsageError, match="is a link"):
            entries_in(tmp_path / "project")
        assert outside.exists() == is_there
    assert outside.read_text() == ""


def test_another_name_of_a_file_is_replaced(tmp_path):
    """What has the other name stays as it is."""
    (tmp_path / "outside").touch()
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / FILE).hardlink_to(tmp_path / "outside")
    put(tmp_path / "project", "a.py::t", "why")
    assert (tmp_path / "outside").read_text() == ""
    assert [each.nodeid for each in entries_in(tmp_path / "project")] == ["a.py::t"]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"[[test]\n", id="no-toml"),
        pytest.param(b"\xff\xfe", id="no-text"),
        pytest.param(b"#" * (MOST_BYTES + 1), id="huge"),
        pytest.param(b'[[test]]\nnodeid = "a"\n', id="no-reason"),
        pytest.param(b"[[tests]]\n", id="another-word"),
    ],
)
def test_a_file_that_cannot_be_read_stops_the_run(tmp_path, data):
    """To excuse nothing without a word would be as wrong as to excuse all."""
    (tmp_path / FILE).write_bytes(data)
    with pytest.raises(UsageError, match=FILE):
        entries_in(tmp_path)
    (tmp_path / "test_a.py").write_text("def test_a():\n    open('ran', 'w')\n")
    with pytest.raises(UsageError, match=FILE):
        api.test(*LEAN, caller=api.Caller(cwd=tmp_path))
    assert not (tmp_path / "ran").exists()


def test_what_is_excused_is_told_with_its_reason(emit):
    """And with the day on which that ends; what passed is not told of."""
    found = excused(
        [entry("a.py::x"), entry("a.py::p")],
        [case("a.py::x"), case("a.py::y"), case("a.py::p[1]"), case("a.py::p[2]", "passed")],
        Past(),
        emit,
        is_all=True,
    )
    assert found == {"a.py::x", "a.py::p[1]"}
    until = today() + 30 * DAY
    assert emit.text() == (
        f"quarantined: a.py::x failed, until {until}: known\n"
        f"quarantined: a.py::p[1] failed, until {until}: known\n"
    )


def test_what_is_of_no_use_any_more_is_told(emit):
    """What is over, what covers no test, and what covers a test that is well again."""
    entries = [entry("a.py::over", since=-9, until=-1), entry("a.py::gone"), entry("a.py::well")]
    past = Past({"a.py::well": Remembered(1.0, "f" + "p" * 10), "a.py::over": Remembered(1.0, "f")})
    cases = [case("a.py::over"), case("a.py::well", "passed")]
    assert excused(entries, cases, past, emit, is_all=True) == frozenset()
    told = emit.text().splitlines()
    assert [line.partition(":")[0] for line in told] == [
        "quarantine is over",
        "quarantine of no test",
        "ready to leave quarantine",
    ]
    emit.clear()
    excused(entries, cases, past, emit, is_all=False)
    assert "of no test" not in emit.text()


def test_a_day_counts_to_its_end(emit):
    """The last day counts, the one before the first does not."""
    assert excused([entry("a", since=-30, until=0)], [case("a::t"), case("a")], Past(), emit, is_all=False)
    assert not excused([entry("a", since=1)], [case("a")], Past(), emit, is_all=False)


def test_an_entry_is_put_beside_others(tmp_path):
    """One of the same test begins anew."""
    path = put(tmp_path, "b.py::t", "slow machine")
    put(tmp_path, "a.py::t[\u2028\"'x]", 'says "no"')
    put(tmp_path, "b.py::t", "see #12")
    assert path == tmp_path / FILE
    assert [(each.nodeid, each.reason) for each in entries_in(tmp_path)] == [
        ("a.py::t[\u2028\"'x]", 'says "no"'),
        ("b.py::t", "see #12"),
    ]
    assert all(each.until - each.since == 30 * DAY for each in entries_in(tmp_path))


def test_no_reason_and_no_place_to_write(tmp_path):
    """Neither leaves anything behind."""
    for nodeid, reason in (("a", ""), ("a", "  "), ("", "why")):
        with pytest.raises(UsageError) as caught:
            api.quarantine(nodeid, reason, caller=api.Caller(cwd=tmp_path))
        assert "--reason" in caught.value.fix or not nodeid
    with pytest.raises(UsageError, match="cannot write"):
        put(tmp_path / "gone", "a", "why")
    assert not list(tmp_path.iterdir())


def test_a_failure_in_quarantine_passes_the_run_and_is_told(tmp_path, emit):
    """It stays a failure in what is told; another one fails the run."""
    caller = api.Caller(cwd=tmp_path, emit=emit)
    (tmp_path / "test_a.py").write_text(BAD)
    api.quarantine("test_a.py::test_bad", "see #12", caller=caller)
    report = api.test(*LEAN, caller=caller)
    assert report.verdict == Verdict.PASSED
    assert {each.name: each.verdict for each in report.cases} == {"test_bad": "failed", "test_good": "passed"}
    assert "quarantined: test_a.py::test_bad failed" in emit.text("stdout")
    assert emit[-1].verdict == Verdict.PASSED
    (tmp_path / "test_b.py").write_text("def test_too():\n    assert 0\n")
    with pytest.raises(CasesFailed, match="some tests failed"):
        api.test(*LEAN, caller=caller)


def test_what_cannot_be_collected_is_not_excused(tmp_path):
    """Else an error in a file would hide each of its tests."""
    caller = api.Caller(cwd=tmp_path)
    (tmp_path / "test_a.py").write_text("raise ValueError\n")
    api.quarantine("test_a.py", "see #12", caller=caller)
    with pytest.raises(CasesFailed):
        api.test(*LEAN, caller=caller)


EXCUSES_ITSELF = f"""
import datetime, pathlib
TEXT = '''[[test]]
nodeid = "test_a.py::test_bad"
reason = "me"
since = {{0}}
until = {{0}}
'''
def test_bad():
    today = datetime.datetime.now(datetime.timezone.utc).date()
    try:
        pathlib.Path({FILE!r}).write_text(TEXT.format(today))
        pathlib.Path("wrote").write_text("")
    finally:
        assert 0
"""


@pytest.mark.parametrize("level", ["workspace", "open"])
def test_a_run_does_not_excuse_itself(tmp_path, level):
    """What counts was read before it began; in a cage it cannot write it for the next one, either."""
    requires(executor.cage.can_be_had(level, tmp_path), "no cage here", "a kernel with Landlock")
    caller = api.Caller(cwd=tmp_path)
    (tmp_path / "test_a.py").write_text(EXCUSES_ITSELF)
    api.quarantine("other.py::t", "see #12", caller=caller)
    for _ in range(2 if level == "workspace" else 1):
        with pytest.raises(CasesFailed):
            api.test(*LEAN, level=level, caller=caller)
    if level == "workspace" and mounts.can_be_had():
        assert [each.nodeid for each in entries_in(tmp_path)] == ["other.py::t"]
        assert not (tmp_path / "wrote").exists()


@pytest.mark.parametrize("is_there", [False, True])
def test_a_run_that_writes_the_file_fails_and_excuses_no_later_one(tmp_path, emit, monkeypatch, is_there):
    """What is not there cannot be made read-only, and without mounts nothing can: it is undone."""
    requires(executor.cage.can_be_had("workspace", tmp_path), "no cage here", "a kernel with Landlock")
    if is_there:
        monkeypatch.setattr(mounts, "can_be_had", lambda: False)
    caller = api.Caller(cwd=tmp_path, emit=emit)
    if is_there:
        put(tmp_path, "other.py::t", "see #12")
    before = entries_in(tmp_path)
    (tmp_path / "test_a.py").write_text(EXCUSES_ITSELF.replace("assert 0", "assert 1"))
    with pytest.raises(CasesFailed, match=f"this run wrote {FILE}") as caught:
        api.test(*LEAN, level="workspace", caller=caller)
    assert FILE + ASIDE in caught.value.fix
    assert caught.value.report.cases[0].verdict == "passed"
    assert f"changed what governs runs: {tmp_path / FILE}" in emit.text("stderr")
    assert (entries_in(tmp_path), (tmp_path / FILE).exists()) == (before, is_there)
    assert 'reason = "me"' in (tmp_path / (FILE + ASIDE)).read_text()
    (tmp_path / "test_a.py").write_text("def test_bad():\n    assert 0\n")
    with pytest.raises(CasesFailed, match="some tests failed"):
        api.test(*LEAN, level="workspace", caller=caller)


def test_a_run_in_a_process_that_waited_for_it_is_no_other(tmp_path):
    """It was caged before the run began; what it writes is undone all the same."""
    requires(executor.cage.can_be_had("workspace", tmp_path), "no cage here", "a kernel with Landlock")
    caller = api.Caller(cwd=tmp_path)
    try:
        (tmp_path / "test_a.py").write_text("def test_a():\n    pass\n")
        api.test(*LEAN, level="workspace", keeps_ready=True, caller=caller)
        (tmp_path / "test_a.py").write_text(EXCUSES_ITSELF)
        with pytest.raises(CasesFailed, match=f"this run wrote {FILE}"):
            api.test(*LEAN, level="workspace", keeps_ready=True, caller=caller)
    finally:
        warm.close()
    assert not (tmp_path / FILE).exists()


def test_no_other_caged_run_excuses_the_tests(tmp_path):
    """A command writes the file as well as a test does."""
    requires(executor.cage.can_be_had("workspace", tmp_path), "no cage here", "a kernel with Landlock")
    api.sh(f"touch {FILE} ran", level="workspace", caller=api.Caller(cwd=tmp_path))
    assert sorted(os.listdir(tmp_path)) == [FILE + ASIDE, "ran"]


def test_what_a_person_says_while_tests_run_stays(tmp_path):
    """Another terminal puts a test away: that is no work of the run's."""
    requires(executor.cage.can_be_had("workspace", tmp_path), "no cage here", "a kernel with Landlock")
    (tmp_path / "test_a.py").write_text(
        "import pathlib, time\ndef test_a():\n    pathlib.Path('began').touch()\n"
        "    while not pathlib.Path('go').exists(): time.sleep(0.01)\n"
    )

    def person():
        while not (tmp_path / "began").exists():
            time.sleep(0.01)
        api.quarantine("b.py::t", "see #12", caller=api.Caller(cwd=tmp_path))
        (tmp_path / "go").touch()

    beside = threading.Thread(target=person, daemon=True)
    beside.start()
    report = api.test(*LEAN, level="workspace", caller=api.Caller(cwd=tmp_path))
    beside.join(30)
    assert report.verdict == Verdict.PASSED
    assert [each.nodeid for each in entries_in(tmp_path)] == ["b.py::t"]
    assert not (tmp_path / (FILE + ASIDE)).exists()


def test_a_run_puts_nothing_into_quarantine(tmp_path, monkeypatch):
    """A test that calls us to excuse itself is refused, by the variable and by the mark of its process."""
    with monkeypatch.context() as patch:
        patch.setenv(RUN_VARIABLE, "1")
        with pytest.raises(PolicyRefused, match="quarantine"):
            api.quarantine("a", "b", caller=api.Caller(cwd=tmp_path))
    (tmp_path / "test_a.py").write_text(
        "import os\n"
        "from autoexec_magic import api, errors\n"
        "def test_bad():\n"
        f"    os.environ.pop({RUN_VARIABLE!r}, None)\n"
        "    try:\n"
        "        api.quarantine('test_a.py::test_bad', 'me')\n"
        "    except errors.PolicyRefused:\n"
        "        return\n"
        "    assert 0\n"
    )
    report = api.test(*LEAN, level="open", caller=api.Caller(cwd=tmp_path))
    assert report.verdict == Verdict.PASSED
    assert os.listdir(tmp_path) == ["test_a.py"] or not (tmp_path / FILE).exists()

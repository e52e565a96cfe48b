"""A suite of every style, its verdicts held against pytest's own words; and suites that do as they like."""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path

import pytest
import suites

from autoexec_magic import executor
from autoexec_magic.testrunner import CRASHED, TIMED_OUT, Watch, junit
from autoexec_magic.testrunner.running import Shard, broke
from autoexec_magic.values import LimitHit, Outcome

STYLES = {
    "test_plain.py": """
        import pytest

        def test_passes(): pass
        def test_fails(): assert [1, 2] == [1, 3]
        def test_raises(): raise KeyError("k")
        @pytest.fixture
        def broken(): raise RuntimeError("no database")
        def test_setup(broken): pass
        @pytest.fixture
        def leaves():
            yield
            raise RuntimeError("not closed")
        def test_teardown(leaves): pass
        def test_both_call_and_teardown(leaves): assert 0
        @pytest.fixture
        def last(request):
            request.addfinalizer(lambda: 1 / 0)
            raise RuntimeError("in setup")
        def test_both_setup_and_teardown(last): pass
        @pytest.fixture(params=["one", "two"])
        def each(request): return request.param
        def test_fixture_with_params(each): assert each == "one"
        """,
    "test_ids.py": """
        import pytest

        IDS = ["a b", "[c]", "d::e", "é/ü", "日本", "", "f.py::g", "x" * 90, "a\\nb", "-k"]
        @pytest.mark.parametrize("x", IDS)
        def test_id(x): assert x != "d::e"
        @pytest.mark.parametrize("x", [0, 1], ids=["naïve", "with - dash"])
        def test_named(x): assert x == 0
        def test_ünïcode(): pass
        """,
    "test_same_ids.py": """
        import pytest

        @pytest.mark.parametrize("x", [pytest.param(0, id="a"), pytest.param(1, id="a")])
        def test_same(x): assert x == 1
        """,
    "test_marks.py": """
        import pytest

        @pytest.mark.xfail
        def test_xfailed(): assert 0
        @pytest.mark.xfail(reason="bug 7")
        def test_xpassed(): pass
        @pytest.mark.xfail(strict=True)
        def test_strict(): pass
        @pytest.mark.xfail(run=False)
        def test_no_run(): raise SystemExit
        @pytest.mark.xfail(raises=ValueError)
        def test_other_error(): raise KeyError
        def test_xfail_inside(): pytest.xfail("not yet")
        @pytest.mark.skip(reason="later")
        def test_skipped(): pass
        @pytest.mark.skipif(True, reason="never")
        def test_skipped_if(): pass
        def test_skip_inside(): pytest.skip("here")
        @pytest.fixture
        def skips(): pytest.skip("in the fixture")
        def test_skip_in_fixture(skips): pass
        @pytest.fixture
        def skips_late():
            yield
            pytest.skip("at the end")
        def test_skip_in_teardown(skips_late): pass
        @pytest.mark.xfail
        def test_xfail_in_setup(nothing_of_this_name): pass
        """,
    "test_classes.py": """
        import unittest
        import pytest

        class TestOuter:
            class TestInner:
                class TestInmost:
                    def test_deep(self): assert 0
                def test_in(self): pass
            @pytest.mark.parametrize("y", [1, 2])
            def test_out(self, y): pass
        class Case(unittest.TestCase):
            def test_u(self): self.assertEqual(1, 1)
            def test_bad(self): self.assertEqual(1, 2)
            @unittest.skip("why not")
            def test_skip(self): pass
            @unittest.expectedFailure
            def test_expected(self): self.fail()
            @unittest.expectedFailure
            def test_unexpected(self): pass
        class Broken(unittest.TestCase):
            @classmethod
            def setUpClass(cls): raise OSError("class")
            def test_never(self): pass
        """,
    "test_async.py": "async def test_no_plugin(): assert 0\n",
    "test_subtests.py": """
        def test_subtests(subtests):
            for i in range(4):
                with subtests.test(msg="part", i=i):
                    assert i % 2 == 0
        def test_well(subtests):
            with subtests.test("all"):
                pass
        """,
    "test_module_skip.py": "import pytest\npytest.skip('not here', allow_module_level=True)\n",
    "test_import_or_skip.py": "import pytest\npytest.importorskip('no_such_module_at_all')\n",
    "test_syntax.py": "def test_a(:\n",
    "test_import.py": "import no_such_module_at_all\ndef test_a(): pass\n",
    "one/test_same.py": "def test_here(): pass\n",
    "two/test_same.py": "def test_here(): assert 0\n",
    "doc.py": '''
        """
        >>> 1 + 1
        2
        """

        def twice(x):
            """
            >>> twice(2)
            5
            """
            return 2 * x
        ''',
    "test_leaves.py": """
        import os, sys, threading, time, warnings

        def test_changes_directory(tmp_path): os.chdir(tmp_path)
        def test_exits(): sys.exit(3)
        def test_warns(): warnings.warn("old")
        def test_prints(): print("é" * 10, file=sys.stderr); print("out"); assert 0
        def test_thread(): threading.Thread(target=time.sleep, args=(0.05,)).start()
        def test_daemon(): threading.Thread(target=time.sleep, args=(900,), daemon=True).start()
        def test_fork():
            if os.fork() == 0:
                time.sleep(0.05)
        def test_last(): pass
        """,
}
EVERYTHING = ("--continue-on-collection-errors", "--import-mode=importlib", "--doctest-modules")


@pytest.fixture(scope="module")
def styles(tmp_path_factory):
    """Return the suite of every style, run by us."""
    return suites.go(tmp_path_factory.mktemp("styles"), STYLES, *EVERYTHING)


@pytest.fixture(scope="module")
def alone(styles):
    """Return pytest's own words of the same."""
    code, text, xml = suites.pytest_alone(styles.folder, *EVERYTHING)
    return code, suites.own_words(text, xml)


def test_each_verdict_is_pytests_own(styles, alone):
    """Of every test of every style; none is missing, none is made up."""
    code, words = alone
    assert suites.our_words(styles) == words
    assert len(words) > 50
    assert (styles.done.told.exit, styles.done.outcome.returncode) == (code, code)
    assert styles.done.told.faults == ()


def test_a_fork_that_goes_on_tells_nothing(styles):
    """Nor do threads that are left: each test is told once."""
    keys = [case.key for case in styles.cases]
    assert len(keys) == len(set(keys))
    assert styles.verdicts["test_leaves.py::test_last"] == "passed"


@pytest.mark.parametrize(
    ("test", "problems"),
    [
        ("test_both_call_and_teardown", ["failure AssertionError call", "error RuntimeError teardown"]),
        ("test_both_setup_and_teardown", ["error RuntimeError setup", "error ZeroDivisionError teardown"]),
        ("test_setup", ["error RuntimeError setup"]),
        ("test_teardown", ["error RuntimeError teardown"]),
        ("test_exits", ["failure SystemExit call"]),
    ],
)
def test_what_went_wrong_in_each_phase_is_kept(styles, test, problems):
    """Setup's, call's and teardown's, in order."""
    said = styles.case(f"::{test}").said
    assert [f"{each.kind} {each.type} {each.spot.phase}" for each in said.problems] == problems
    assert said.problems[0].text


def test_a_failure_is_told_with_its_place_and_what_was_compared(styles):
    """The line of the test, its source, and both sides."""
    spot = styles.case("test_plain.py::test_fails").said.problems[0].spot
    assert (spot.line, spot.source) == (4, "def test_fails(): assert [1, 2] == [1, 3]")
    assert (spot.op, spot.left, spot.right) == ("==", "[1, 2]", "[1, 3]")
    assert spot.file == str(styles.folder / "test_plain.py")


def test_what_a_test_wrote_is_told_with_it(styles):
    """Both streams; of nobody else."""
    said = styles.case("::test_prints").said
    assert (said.stdout, said.stderr) == ("out\n", "é" * 10 + "\n")
    assert styles.case("test_leaves.py::test_last").said.stdout == ""


def test_each_subtest_that_fails_is_a_problem_of_its_test(styles):
    """With its name, as pytest says it."""
    case = styles.case("::test_subtests")
    assert case.verdict == "failed"
    assert [each.message for each in case.said.problems] == [
        "[part] (i=1) assert (1 % 2) == 0",
        "[part] (i=3) assert (3 % 2) == 0",
    ]


def test_reasons_are_told(styles):
    """Of skips and expected failures."""
    reasons = {case.name: case.said.reason for case in styles.done.told.cases}
    assert reasons["test_skipped"] == "later"
    assert reasons["test_skip_inside"] == "here"
    assert reasons["test_xfailed"] == ""
    assert reasons["test_xpassed"] == "bug 7"
    assert reasons["test_xfail_inside"] == "not yet"
    unread = {case.name: case.said.reason for case in styles.done.told.unread}
    assert unread["test_module_skip.py"] == "not here"
    assert "no_such_module_at_all" in unread["test_import_or_skip.py"]


def test_same_named_files_without_packages_are_two(styles):
    """By their folders."""
    assert styles.verdicts["one/test_same.py::test_here"] == "passed"
    assert styles.verdicts["two/test_same.py::test_here"] == "failed"


def test_the_count_comes_first_and_each_result_at_once(styles):
    """All ids, once; then each test that is slow enough to be seen to begin."""
    (ids,) = styles.counted
    assert set(ids) == {case.key for case in styles.done.told.cases}
    assert set(styles.started) <= set(ids)


def test_the_xml_of_it_reads_back(styles, tmp_path):
    """Every case, in the junit module's own words."""
    junit.write(tmp_path / "x.xml", styles.done.told.all)
    read = junit.read(tmp_path / "x.xml")
    assert (read.fault, read.cases) == (None, styles.done.told.all)


HANGS = """
    import pytest, subprocess, sys, time
    from pathlib import Path

    @pytest.fixture(scope="session")
    def server():
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(900)"])
        yield child.pid
        Path("torn-down").write_text("session")
    @pytest.fixture
    def own():
        yield
        Path("torn-down-own").write_text("own")
    def test_before(): pass
    def test_hangs(server, own):
        Path("begun").write_text(str(server))
        time.sleep(900)
    def test_after(): pass
    """
STUBBORN = """
    import signal, time
    from pathlib import Path

    def test_before(): pass
    def test_stubborn():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        Path("begun").touch()
        while True:
            try:
                time.sleep(900)
            except BaseException:
                pass
    """
GRACE = 1.0


def is_there(pid: int) -> bool:
    """Return whether a process lives."""
    with contextlib.suppress(OSError):
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    return False


@contextlib.contextmanager
def cancelled_once(sign: Path):
    """Cancel a run from another thread once a file is there; how long it took is put into the list."""
    cancel, took = executor.Cancel(), []
    asked: list[float] = []

    def wait() -> None:
        while not sign.exists():
            time.sleep(0.01)
        asked.append(time.monotonic())
        cancel.set()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    yield cancel, took
    took.append(time.monotonic() - asked[0])
    cancel.close()


def test_a_run_that_is_cancelled_keeps_what_is_done_and_tears_down(tmp_path):
    """At once; the fixtures' clean-up ran, and what a test started is gone."""
    with cancelled_once(tmp_path / "begun") as (cancel, took):
        ran = suites.go(tmp_path, {"test_x.py": HANGS}, cancel=cancel, grace=GRACE)
    assert took[0] < 20
    assert ran.done.outcome.ended == "cancelled"
    assert ran.verdicts == {
        "test_x.py::test_before": "passed",
        "test_x.py::test_hangs": "not-run",
        "test_x.py::test_after": "not-run",
    }
    assert (tmp_path / "torn-down").read_text() == "session"
    assert (tmp_path / "torn-down-own").read_text() == "own"
    assert not is_there(int((tmp_path / "begun").read_text()))


def test_a_test_that_swallows_everything_is_cancelled_too(tmp_path):
    """When its grace is over."""
    with cancelled_once(tmp_path / "begun") as (cancel, took):
        ran = suites.go(tmp_path, {"test_x.py": STUBBORN}, cancel=cancel, grace=0.3)
    assert took[0] < 20
    assert ran.verdicts == {"test_x.py::test_before": "passed", "test_x.py::test_stubborn": "not-run"}


def test_workers_tear_down_as_well(tmp_path):
    """Those of pytest-xdist are ended with their controller."""
    with cancelled_once(tmp_path / "begun") as (cancel, _):
        ran = suites.go(tmp_path, {"test_x.py": HANGS}, "-n", "1", cancel=cancel, grace=GRACE)
    assert ran.done.outcome.ended == "cancelled"
    assert ran.verdicts["test_x.py::test_before"] == "passed"
    assert (tmp_path / "torn-down-own").read_text() == "own"


def test_a_time_limit_names_the_test_that_ran(tmp_path):
    """It has an error of that kind, whether pytest came to its end or not; the XML of it is whole."""
    ran = suites.go(tmp_path, {"test_x.py": HANGS}, timeout=2.5, grace=GRACE)
    assert ran.done.outcome.ended == "timed-out"
    case = ran.case("::test_hangs")
    (problem,) = case.said.problems
    assert (case.verdict, problem.kind, problem.type) == ("error", "error", TIMED_OUT)
    assert "the run's time was over after" in problem.message
    assert ran.verdicts["test_x.py::test_before"] == "passed"
    assert ran.verdicts["test_x.py::test_after"] == "not-run"
    junit.write(tmp_path / "x.xml", ran.done.told.all)
    read = junit.read(tmp_path / "x.xml")
    assert (read.fault, read.cases) == (None, ran.done.told.all)
    junit.write(tmp_path / "strict.xml", ran.done.told.all, is_strict=True)
    assert junit.read(tmp_path / "strict.xml").fault is None


DIES = """
    import os, signal, sys, ctypes
    def test_before(): print("kept")
    def test_dies(): {how}
    def test_after(): pass
    """


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("os._exit(1)", "exit code 1"),
        ("os._exit(0)", "exit code 0"),
        ("ctypes.string_at(0)", "SIGSEGV"),
        ("os.abort()", "SIGABRT"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
        ("os.execv('/bin/true', ['true'])", "exit code 0"),
    ],
)
def test_a_process_that_dies_leaves_what_was_done(tmp_path, how, said):
    """Every finished case, the one that ran as a crash, and those that never began; and a whole XML."""
    ran = suites.go(tmp_path, {"test_x.py": DIES.format(how=how)})
    assert ran.done.told.running == "test_x.py::test_dies"
    assert ran.verdicts == {
        "test_x.py::test_before": "passed",
        "test_x.py::test_dies": "error",
        "test_x.py::test_after": "not-run",
    }
    (problem,) = ran.case("::test_dies").said.problems
    assert problem.type == CRASHED
    assert said in problem.message
    assert ran.case("::test_before").said.stdout == "kept\n"
    assert "while test_x.py::test_dies ran" in ran.why
    assert "1 test had ended" in ran.why
    junit.write(tmp_path / "x.xml", ran.done.told.all)
    assert junit.read(tmp_path / "x.xml").cases == ran.done.told.all


def test_a_test_that_takes_all_memory_is_named(tmp_path):
    """In Python it is an error like any other; the rest goes on."""
    tests = "def test_big(): x = bytearray(2**33)\ndef test_after(): pass\n"
    limits = executor.cage.Limits(memory_bytes=2**29)
    ran = suites.go(tmp_path, {"test_x.py": tests}, limits=limits)
    assert ran.fault is not None or ran.done.outcome.limit is not None
    assert ran.verdicts["test_x.py::test_big"] in ("failed", "error")


LOUD = """
    import sys
    def test_loud():
        for number in range(60_000):
            print("x" * 99, number)
    def test_quiet(): pass
    """


@pytest.mark.parametrize("capture", ["--capture=fd", "--capture=no"])
def test_a_test_may_write_without_end(tmp_path, capture):
    """What is captured is shortened, what is not is shown and cut; every test is told."""
    ran = suites.go(tmp_path, {"test_x.py": LOUD}, capture, keep_bytes=2**20)
    assert (ran.fault, set(ran.verdicts.values())) == (None, {"passed"})
    kept = ran.case("::test_loud").said.stdout
    if capture == "--capture=fd":
        assert kept.endswith(" 59999\n")
        assert kept.startswith("…\n")  # from a line's beginning
        assert 3000 < len(kept) <= 4096
    else:
        assert ran.done.outcome.dropped_bytes
        assert ran.text("stdout").rstrip().endswith(" 59999")


@pytest.mark.parametrize(
    "tests",
    [
        pytest.param("import os\ndef test_a(): os.close(1)\ndef test_b(): print('x')\n", id="fd-1"),
        pytest.param("import os\ndef test_a(): os.close(2)\ndef test_b(): print('x')\n", id="fd-2"),
        pytest.param("import os\ndef test_a(): os.close(0)\ndef test_b(): pass\n", id="fd-0"),
        pytest.param("import sys\ndef test_a(): sys.stdout = None\ndef test_b(): pass\n", id="no-stdout"),
    ],
)
def test_streams_that_a_test_closes_are_not_needed(tmp_path, tests):
    """What is told goes its own way."""
    ran = suites.go(tmp_path, {"test_x.py": tests})
    assert (ran.fault, set(ran.verdicts.values())) == (None, {"passed"})


def test_nothing_stands_on_the_standard_input(tmp_path):
    """As in any run: what was handed over cannot be read by a test, nor can a person be asked."""
    tests = """
        import os, sys
        def test_a(): assert os.read(0, 100) == b""
        def test_b(): assert "AUTOEXEC_RECORDS" not in os.environ
        """
    ran = suites.go(tmp_path, {"test_x.py": tests}, "--capture=no")
    assert (ran.fault, set(ran.verdicts.values())) == (None, {"passed"})


def test_a_child_of_a_test_ends_by_term_as_ever(tmp_path):
    """A process of multiprocessing, and any program: pytest's end is no business of theirs."""
    tests = """
        import multiprocessing, os, signal, subprocess, sys, time
        def wait(ready):
            ready.set()
            time.sleep(900)
        def test_fork():
            context = multiprocessing.get_context("fork")
            ready = context.Event()
            child = context.Process(target=wait, args=(ready,))
            child.start()
            ready.wait(10)
            child.terminate()
            child.join(10)
            assert child.exitcode == -signal.SIGTERM
        def test_program():
            child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
            child.terminate()
            assert child.wait(10) == -signal.SIGTERM
        """
    ran = suites.go(tmp_path, {"test_x.py": tests})
    assert (ran.fault, set(ran.verdicts.values())) == (None, {"passed"})


SPREAD = {
    "test_a.py": "".join(f"def test_{n}(): assert {n} != 3\n" for n in range(6)),
    "test_b.py": """
        import pytest
        @pytest.fixture
        def f():
            yield
            assert 0, "in teardown"
        def test_both(f): assert 1 == 2
        @pytest.mark.skip("no")
        def test_s(): pass
        """,
}


@pytest.fixture(scope="module", params=["open", "workspace"])
def spread(request, tmp_path_factory):
    """Return a suite that ran in two processes, of which one died."""
    dies = {"test_c.py": "import os\ndef test_dies(): os._exit(0)\n"}
    folder = tmp_path_factory.mktemp("spread")
    return suites.go(folder, SPREAD | dies, "-n", "2", level=request.param)


def test_workers_tell_as_one_process_does(spread):
    """pytest-xdist's: verdicts, places, what was compared; also in the cage."""
    assert spread.verdicts == {
        **{f"test_a.py::test_{n}": "failed" if n == 3 else "passed" for n in range(6)},
        "test_b.py::test_both": "failed",
        "test_b.py::test_s": "skipped",
        "test_c.py::test_dies": "failed",
    }
    said = spread.case("::test_both").said
    assert [each.kind for each in said.problems] == ["failure", "error"]
    assert (said.problems[0].spot.op, said.problems[0].spot.line) == ("==", 6)
    assert spread.done.told.faults == ()
    assert len(spread.counted) == 1


def test_a_worker_that_dies_is_a_crash_of_its_test(spread):
    """pytest goes on with another one."""
    (problem,) = spread.case("::test_dies").said.problems
    assert problem.type == CRASHED
    assert "crashed while running" in problem.message or "crashed while running" in problem.text


def test_a_run_in_the_cage_writes_no_further(tmp_path):
    """Nor does it see what the home has; it reads its own Python and plugin."""
    outside = tmp_path / "outside"
    folder = tmp_path / "project"
    folder.mkdir()
    tests = f"""
        import pytest
        def test_inside(): open("here", "w").close()
        def test_outside():
            with pytest.raises(OSError):
                open({str(outside)!r}, "w")
        """
    ran = suites.go(folder, {"test_x.py": tests}, level="workspace")
    assert (ran.fault, set(ran.verdicts.values())) == (None, {"passed"})
    assert not outside.exists()


def test_a_result_is_there_before_the_next_test_ends(tmp_path):
    """The second test waits until somebody has heard of the first."""
    tests = """
        import time
        from pathlib import Path
        def test_first(): pass
        def test_second():
            until = time.monotonic() + 20
            while not Path("heard").exists():
                assert time.monotonic() < until
                time.sleep(0.01)
        """
    order: list[str] = []

    def heard(case: object) -> None:
        order.append(case.name)
        (tmp_path / "heard").touch()

    watch = Watch(on_count=lambda ids: order.append(f"{len(ids)} tests"), on_case=heard)
    ran = suites.go(tmp_path, {"test_x.py": tests}, watch=watch)
    assert ran.fault is None
    assert order == ["2 tests", "test_first", "test_second"]


def test_some_tests_in_their_order(tmp_path):
    """As a flaky one is looked into; the rest counts as left out."""
    tests = "".join(f"def test_{name}(): pass\n" for name in "abc")
    order = ("test_x.py::test_c", "test_x.py::test_a")
    ran = suites.go(tmp_path, {"test_x.py": tests}, job={"order": order})
    assert (ran.fault, tuple(ran.verdicts)) == (None, order)


def test_shards_have_each_test_once(tmp_path):
    """Whichever machine runs which."""
    files = {f"test_{name}.py": "def test_1(): pass\ndef test_2(): pass\n" for name in "abc"}
    seconds = {"test_a.py::test_1": 9.0, "test_b.py::test_1": 1.0}
    parts = []
    for index in (1, 2):
        shard = Shard(index=index, count=2, seconds=seconds)
        ran = suites.go(tmp_path, files, job={"shard": shard})
        assert ran.fault is None
        parts.append(set(ran.verdicts))
    assert parts[0] | parts[1] == {f"{file}::test_{n}" for file in files for n in (1, 2)}
    assert not parts[0] & parts[1]


def test_the_seed_is_set_before_each_test(tmp_path):
    """Two tests, and two runs, have the same."""
    tests = "import random\ndef test_a(): print(random.random())\ndef test_b(): print(random.random())\n"
    said = [
        [case.said.stdout for case in suites.go(tmp_path, {"test_x.py": tests}, job={"seed": seed}).cases]
        for seed in (7, 8)
    ]
    assert said[0][0] == said[0][1] != said[1][0] == said[1][1]


def outcome(ended: str = "exited", kind: str = "", returncode: int = 0) -> Outcome:
    """Return how a process ended."""
    limit = LimitHit(kind=kind, most=1.0, seen="", confidence="certain") if kind else None
    return Outcome(argv=("p",), returncode=returncode, ended=ended, seconds=1.0, limit=limit)


@pytest.mark.parametrize(
    ("ended", "kind", "is_from_outside"),
    [
        (outcome("timed-out"), TIMED_OUT, True),
        (outcome(kind="cpu", returncode=-9), TIMED_OUT, True),
        (outcome(kind="memory", returncode=-9), CRASHED, False),
        (outcome(returncode=-11), CRASHED, False),
    ],
)
def test_what_ended_a_process_has_a_name(ended, kind, is_from_outside):
    """A limit of time, or anything else."""
    found = broke(ended)
    assert (found.kind, found.is_from_outside) == (kind, is_from_outside)


def test_a_person_who_stops_it_broke_nothing():
    """The test that ran has just not run."""
    assert broke(outcome("cancelled")) is None

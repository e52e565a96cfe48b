"""A suite that forges its verdict, and what is said of every way to end."""

from __future__ import annotations

import json
import signal

import pytest
import suites

from autoexec_magic.testrunner import Case, Problem, Said, Told, counts, judge
from autoexec_magic.testrunner.judging import EXIT_CODES, FIXES, counted, how_it_ended
from autoexec_magic.testrunner.told import Fold
from autoexec_magic.values import Outcome

BAD = "def test_a(): pass\ndef test_b(): assert 0\n"
PIPES = '''
import json, os, stat

def pipes():
    """Return the descriptors of pipes that are nobody's standard stream."""
    for name in os.listdir("/proc/self/fd"):
        try:
            if int(name) > 2 and stat.S_ISFIFO(os.fstat(int(name)).st_mode):
                yield int(name)
        except OSError:
            pass

def forge(first, *records):
    """Write records into each pipe, numbered as they will have to be."""
    for pipe in pipes():
        for number, record in enumerate(records, start=first):
            os.write(pipe, json.dumps({"n": number, **record}, separators=(",", ":")).encode() + b"\\n")
'''
ALL_IS_WELL = """
    {"k": "ok", "id": "test_x.py::test_a", "t": [0, 0, 0]},
    {"k": "start", "id": "test_x.py::test_b", "file": "test_x.py", "line": 1, "names": "test_b"},
    {"k": "ok", "id": "test_x.py::test_b", "t": [0, 0, 0]},
    {"k": "gone", "ids": []},
    {"k": "end", "exit": 0, "tests": 2},
"""
SILENT = "pytest did not say that it had"
CLOSED = "the stream in which pytest tells of the tests was closed while test_x.py::test_a ran"
FORGED = {
    # what ends the process with 0
    "exit-in-a-test": ({"test_x.py": "import os\ndef test_a(): os._exit(0)\ndef test_b(): assert 0\n"},
                       "ended while test_x.py::test_a ran: exit code 0"),
    "exit-in-a-fixture": (
        {"test_x.py": "import os, pytest\n@pytest.fixture\ndef f():\n    os._exit(0)\ndef test_a(f): pass\n"},
        "ended while test_x.py::test_a ran: exit code 0"),
    "exit-in-a-teardown": (
        {"test_x.py": "import os, pytest\n@pytest.fixture\ndef f():\n    yield\n    os._exit(0)\n"
                      "def test_a(f): pass\n"},
        "ended while test_x.py::test_a ran: exit code 0"),
    "exit-in-the-last-hook": ({"test_x.py": BAD, "conftest.py": "import os\n"
                               "def pytest_sessionfinish(session): os._exit(0)\n"}, SILENT),
    "exit-at-the-import-of-a-test": ({"test_x.py": "import os\nos._exit(0)\n"}, SILENT),
    "exit-in-conftest": ({"test_x.py": BAD, "conftest.py": "import os\nos._exit(0)\n"}, SILENT),
    "exit-when-python-ends": ({"test_x.py": "import atexit, os\natexit.register(os._exit, 0)\n" + BAD},
                              "said it would end with 1, and it ended with 0"),
    "exit-in-a-thread": ({"test_x.py": "import os, threading\n"
                          "def test_a():\n    threading.Thread(target=os._exit, args=(0,)).start()\n"
                          "    threading.Event().wait(20)\n"}, "exit code 0"),
    "sys-exit-in-conftest": ({"test_x.py": BAD, "conftest.py": "raise SystemExit(0)\n"}, SILENT),
    "sys-exit-at-the-import-of-a-test": ({"test_x.py": "raise SystemExit(0)\n"}, "SystemExit: 0"),
    "sys-exit-in-a-test": ({"test_x.py": "import sys\ndef test_a(): sys.exit(0)\n"}, "1 failed"),
    # what asks pytest to end with 0
    "pytest-exit-in-conftest": ({"test_x.py": BAD, "conftest.py": "import pytest\n"
                                 "pytest.exit('x', returncode=0)\n"}, "conftest.py could not be imported"),
    "pytest-exit-in-configure": ({"test_x.py": BAD, "conftest.py": "import pytest\n"
                                  "def pytest_configure(): pytest.exit('x', returncode=0)\n"},
                                 "exit code 0 Exit: x"),
    "pytest-exit-in-collection": ({"test_x.py": BAD, "conftest.py": "import pytest\n"
                                   "def pytest_collection_finish(): pytest.exit('x', returncode=0)\n"},
                                  "no test ran"),
    "pytest-exit-in-a-test": ({"test_x.py": "import pytest\ndef test_a(): pytest.exit('x', returncode=0)\n"
                               "def test_b(): assert 0\n"}, "2 tests were collected and did not run"),
    "pytest-exit-in-the-last-test": (
        {"test_x.py": "import pytest\ndef test_a(): pass\ndef test_b(): pytest.exit('x', returncode=0)\n"},
        "1 test was collected and did not run"),
    "main-replaced": ({"test_x.py": BAD, "conftest.py": "def pytest_cmdline_main(): return 0\n"},
                      SILENT),
    "session-exitstatus": ({"test_x.py": BAD, "conftest.py":
                            "def pytest_sessionfinish(session): session.exitstatus = 0\n"},
                           "said that all is well, and 1 of its tests failed"),
    # what takes tests out
    "items-cleared": ({"test_x.py": BAD, "conftest.py":
                       "def pytest_collection_modifyitems(items): items.clear()\n"}, "no test was found"),
    "items-deleted": ({"test_x.py": BAD, "conftest.py":
                       "def pytest_collection_modifyitems(items): del items[1:]\n"},
                      "test_x.py::test_b: it was found, and taken out"),
    "items-deleted-late": ({"test_x.py": BAD, "conftest.py": "import pytest\n@pytest.hookimpl(trylast=True)\n"
                            "def pytest_collection_finish(session): del session.items[1:]\n"},
                           "1 test was collected and did not run"),
    "items-deleted-at-the-start": ({"test_x.py": BAD, "conftest.py":
                                    "def pytest_runtestloop(session): del session.items[1:]\n"},
                                   "1 test was collected and did not run"),
    "loop-skipped": ({"test_x.py": BAD, "conftest.py": "def pytest_runtestloop(): return True\n"},
                     "2 tests were collected and did not run"),
    "protocol-skipped": ({"test_x.py": BAD, "conftest.py": "def pytest_runtest_protocol(): return True\n"},
                         "2 tests were collected and did not run"),
    # what writes into the stream of records, or closes it
    "an-end-and-exit": ({"test_x.py": PIPES + "def test_a():\n"
                         "    forge(4, {'k': 'end', 'exit': 0, 'tests': 1})\n    os._exit(0)\n"
                         "def test_b(): assert 0\n"},
                        "exit code 0"),
    "all-is-well-and-exit": ({"test_x.py": PIPES + f"def test_a():\n    forge(4, {ALL_IS_WELL})\n"
                              "    os._exit(0)\ndef test_b(): assert 0\n"}, "exit code 0"),
    "rubbish": ({"test_x.py": PIPES + "def test_a(): forge(4, {'k': 'later'})\n"}, "cannot be believed"),
    "closed": ({"test_x.py": PIPES + "def test_a():\n    for pipe in pipes(): os.close(pipe)\n"}, CLOSED),
    "every-descriptor-closed": ({"test_x.py": "import os\ndef test_a(): os.closerange(0, 256)\n"}, CLOSED),
    "closed-and-something-else-since": ({"test_x.py": PIPES + "def test_a():\n"
                                         "    for pipe in pipes(): os.close(pipe)\n"
                                         "    for _ in range(9): os.open('taken', os.O_CREAT | os.O_RDWR)\n"},
                                        CLOSED),
    "replaced": ({"test_x.py": PIPES + "def test_a():\n    null = os.open(os.devnull, os.O_WRONLY)\n"
                  "    for pipe in pipes(): os.dup2(null, pipe)\n"}, CLOSED),
    # what stands in the way
    "plugin-unregistered": ({"test_x.py": BAD, "conftest.py": "def pytest_collection_modifyitems(config):\n"
                             "    manager = config.pluginmanager\n"
                             "    manager.unregister(manager.get_plugin('autoexec-telling'))\n"}, SILENT),
    "own-autoexec_plugin": ({"test_x.py": BAD, "autoexec_plugin.py": "raise SystemExit(0)\n"}, "1 failed"),
    "own-autoexec_counting": ({"test_x.py": BAD, "autoexec_counting.py": "raise SystemExit(0)\n"},
                              "1 failed"),
    "own-json": ({"test_x.py": BAD, "json.py": "raise SystemExit(0)\n"}, "1 failed"),
    "own-sitecustomize": ({"test_x.py": BAD, "sitecustomize.py": "import os; os._exit(0)\n"}, "1 failed"),
    "own-pytest": ({"test_x.py": BAD, "pytest.py": "raise SystemExit(0)\n"}, SILENT),
    "own-_pytest": ({"test_x.py": BAD, "_pytest.py": "raise SystemExit(0)\n"}, SILENT),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_verdict_is_not_believed(tmp_path, name):
    """Whatever the suite does, it has not passed, and the reason is named."""
    files, reason = FORGED[name]
    ran = suites.go(tmp_path, files)
    assert ran.fault is not None
    assert reason in ran.why
    assert ran.fault.fix
    assert ran.verdicts.get("test_x.py::test_b") != "passed" or "test_b(): assert 0" not in str(files)


def test_a_stream_that_was_closed_is_no_process_that_ended(tmp_path):
    """It went on: nothing crashed, and of what came then it is not said that it did not run."""
    tests = (
        "import os\ndef test_before(): pass\n"
        "def test_closes():\n"
        "    import sys\n    os.close(sys.modules['autoexec_plugin']._told_through[0][0])\n"
        "def test_after(): open('ran', 'w').close()\n"
    )
    ran = suites.go(tmp_path, {"test_x.py": tests})
    assert (tmp_path / "ran").exists()
    assert ran.fault.what == CLOSED.replace("test_a", "test_closes")
    assert "os.close" in ran.fault.fix
    assert ran.case("::test_before").verdict == "passed"
    for name, reason in (
        ("closes", "it began, and its end was not told"),
        ("after", "whether it ran was not told"),
    ):
        case = ran.case(f"::test_{name}")
        assert (case.verdict, case.said.reason, case.said.problems) == ("not-run", reason, ())


GATE = """
    import pytest, sys
    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(session):
        {word}
        session.exitstatus = 1
"""


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("print('\\nGATE: coverage 12 % is less than 80 %')", "GATE: coverage 12 % is less than 80 %"),
        ("print('\\nGATE: no', file=sys.stderr)", "GATE: no"),
        ("pass", "1 passed"),
    ],
)
@pytest.mark.parametrize("arguments", [(), ("--setup-show",)], ids=["quiet", "pytests-own-reporter"])
def test_a_code_that_no_test_is_the_reason_of_is_explained_as_such(tmp_path, word, why, arguments):
    """By the last thing that was said but pytest's own summary; nothing has failed that could run again."""
    files = {"test_x.py": "def test_a(): pass\n", "conftest.py": GATE.format(word=word)}
    fault = suites.go(tmp_path, files, *arguments).fault
    assert fault.what == "no test that counts failed, and pytest ended with 1"
    if word != "pass" or not arguments:
        assert fault.why == why
    assert "--lf" not in fault.fix
    assert "--cov-fail-under" in fault.fix


def test_a_test_that_failed_is_the_reason_of_the_code(tmp_path):
    """Also where a plugin set it as well: what failed is to be mended first."""
    files = {"test_x.py": BAD, "conftest.py": GATE.format(word="print('GATE')")}
    fault = suites.go(tmp_path, files).fault
    assert (fault.what, fault.why) == (EXIT_CODES[1], "1 failed, 1 passed")
    assert "--lf" in fault.fix


def test_a_spoof_that_knew_the_key_would_pass():
    """What the key is for: without one, the very same records are taken for the plugin's."""
    records = [
        {"k": "begin", "pytest": "9"},
        {"k": "collected", "count": 2},
        {"k": "items", "ids": ["test_x.py::test_a", "test_x.py::test_b"]},
        {"k": "start", "id": "test_x.py::test_a", "file": "test_x.py", "line": 1},
        *eval(f"[{ALL_IS_WELL}]"),
    ]
    data = b"".join(json.dumps({"n": n, **each}).encode() + b"\n" for n, each in enumerate(records))
    for key, faults in (("", 0), ("k", 1)):
        fold = Fold(lambda nodeid: None, lambda case: None, key=key)
        fold.feed(data)
        assert bool(fold.end(0).faults) == bool(faults)


@pytest.mark.parametrize("plugin", ["autoexec_plugin", "autoexec-telling"])
def test_who_switches_the_plugin_off_has_not_passed(tmp_path, plugin):
    """pytest ends with 0, and nothing was told."""
    ran = suites.go(tmp_path, {"test_x.py": "def test_a(): pass\n"}, "-p", f"no:{plugin}")
    assert ran.fault is not None
    assert ran.done.told.exit is None
    assert "did not say" in ran.done.told.faults[0]


def test_who_deselects_and_says_so_is_believed(tmp_path):
    """It is how pytest counts; in conftest.py, by -k, by --deselect."""
    conftest = """
        def pytest_collection_modifyitems(config, items):
            config.hook.pytest_deselected(items=items[3:])
            del items[3:]
            items.reverse()
        """
    tests = "".join(f"def test_{name}(): assert {name!r} not in 'cd'\n" for name in "abcd")
    ran = suites.go(
        tmp_path, {"test_x.py": tests, "conftest.py": conftest}, "-k", "not c", "--deselect=test_x.py::test_d"
    )
    assert (ran.fault, ran.verdicts) == (
        None,
        {"test_x.py::test_b": "passed", "test_x.py::test_a": "passed"},
    )


def test_who_replaces_tests_takes_none_out(tmp_path):
    """As plugins do that run a test in another way: the id is the same."""
    conftest = """
        def pytest_collection_modifyitems(items):
            items[:] = [type(i).from_parent(i.parent, name=i.name, callobj=i.obj) for i in items]
        """
    ran = suites.go(tmp_path, {"test_x.py": "def test_a(): pass\n", "conftest.py": conftest})
    assert (ran.fault, ran.verdicts) == (None, {"test_x.py::test_a": "passed"})


def test_an_installed_plugin_may_take_tests_out(tmp_path):
    """Some that run a shard tell nobody; one that the project brings is not such a one."""
    plugin = "def pytest_collection_modifyitems(items): del items[1:]\n"
    meta = "Metadata-Version: 2.1\nName: part\nVersion: 1\n"
    site = {
        "site/part.py": plugin,
        "site/part-1.dist-info/METADATA": meta,
        "site/part-1.dist-info/entry_points.txt": "[pytest11]\npart = part\n",
    }
    suites.write(tmp_path, site)
    config = {"pytest.ini": "[pytest]\ntestpaths = test_x.py\n", "test_x.py": BAD}
    (tmp_path / "site").rename(tmp_path.with_name(f"{tmp_path.name}-site"))
    path = {"PYTHONPATH": f"{tmp_path}-site"}
    ran = suites.go(tmp_path, config, variables=path)
    assert (ran.fault, ran.verdicts) == (None, {"test_x.py::test_a": "passed"})
    loaded = suites.go(tmp_path, {"brought.py": plugin}, "-p", "brought", "-p", "no:part")
    assert "taken out" in loaded.why


def test_who_takes_tests_out_of_workers_is_found_out(tmp_path):
    """Of pytest-xdist: each tells its controller."""
    conftest = "def pytest_collection_modifyitems(items): del items[1:]\n"
    ran = suites.go(tmp_path, {"test_x.py": BAD, "conftest.py": conftest}, "-n", "2")
    assert ran.verdicts == {"test_x.py::test_a": "passed", "test_x.py::test_b": "not-run"}
    assert "test_x.py::test_b: it was found, and taken out" in ran.why


@pytest.mark.parametrize(
    ("files", "arguments", "what", "why"),
    [
        ({}, ("--no-such",), EXIT_CODES[4], "unrecognized arguments: --no-such"),
        ({}, ("nowhere.py",), EXIT_CODES[4], "file or directory not found: nowhere.py"),
        ({}, ("-p", "no_such_plugin"), "", "no_such_plugin"),
        ({"pytest.ini": "[pytest]\naddopts = --nothing\n"}, (), EXIT_CODES[4], "--nothing"),
        ({"conftest.py": "import nothing_of_this_name\n"}, (), "conftest.py could not be imported",
         "ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ({}, (), EXIT_CODES[5], ""),
        ({"test_x.py": BAD}, ("-k", "nothing"), EXIT_CODES[5], ""),
        ({"test_x.py": "import nothing_of_this_name\n"}, (), EXIT_CODES[2], "1 error"),
        ({"test_x.py": BAD}, (), EXIT_CODES[1], "1 failed, 1 passed"),
        ({"test_x.py": BAD}, ("-x", "--maxfail=1"), EXIT_CODES[1], "1 failed, 1 passed"),
        ({"test_x.py": BAD, "conftest.py": "def pytest_runtest_setup(): raise KeyboardInterrupt\n"}, (),
         EXIT_CODES[2], "2 not run"),
        ({"test_x.py": BAD, "conftest.py": "def pytest_runtest_protocol(): raise RuntimeError('no')\n"}, (),
         EXIT_CODES[3], "RuntimeError: no"),
    ],
)  # fmt: skip
def test_what_pytest_says_itself_is_passed_on(tmp_path, files, arguments, what, why):
    """Each of its exit codes, with what decided it."""
    ran = suites.go(tmp_path, files, *arguments)
    assert ran.fault is not None
    assert what in ran.fault.what
    assert why in ran.fault.why
    assert ran.fault.fix


@pytest.mark.parametrize(
    ("only", "shown"),
    [
        ("--collect-only", "test_b"),
        ("--version", "pytest"),
        ("-VV", "pytest"),
        ("--markers", "parametrize"),
        ("--help", "usage:"),
        ("--fixtures", "tmp_path"),
        ("--fixtures-per-test", ""),
        ("--setup-plan", "test_b"),
    ],
)
def test_who_only_looks_has_not_failed(tmp_path, only, shown):
    """No test runs, as was asked for; what pytest shows is shown."""
    ran = suites.go(tmp_path, {"test_x.py": BAD}, only)
    assert ran.fault is None
    assert shown in ran.text()


def outcome(returncode: int = 0, **fields: object) -> Outcome:
    """Return how a process ended."""
    return Outcome(argv=("python",), returncode=returncode, ended="exited", seconds=1.0, **fields)


def told(*cases: Case, **fields: object) -> Told:
    """Return what was told of some tests."""
    return Told(**{"cases": cases, "collected": len(cases), "exit": 0, "pytest": "9.0"} | fields)


GOOD = Case("a", "t", said=Said(nodeid="t.py::a"))
FAILED = Case(
    "b", "t", "failed", said=Said(problems=(Problem(kind="failure", message="m"),), nodeid="t.py::b")
)
NOT_RUN = Case("c", "t", "not-run", said=Said(nodeid="t.py::c"))


@pytest.mark.parametrize(
    "others",
    [(), (Case("s", verdict="skipped"),), (Case("x", verdict="xfailed"), Case("y", verdict="xpassed"))],
)
def test_what_is_well_is_well(others):
    """What was skipped or expected is no failure."""
    assert judge(outcome(), told(GOOD, *others)) is None


@pytest.mark.parametrize(
    ("ended", "said", "reason"),
    [
        (outcome(), told(GOOD, FAILED), "1 of its tests failed"),
        (outcome(), told(GOOD, NOT_RUN), "1 test was collected and did not run"),
        (outcome(), told(GOOD, missing=1_200), "1,200 tests were collected and did not run"),
        (outcome(), told(), "no test ran"),
        (outcome(), told(GOOD, faults=("record 3 is missing",)), "cannot be believed"),
        (outcome(), told(GOOD, unread=(Case("t.py", verdict="error"),)), "1 of its tests failed"),
        (outcome(77), told(GOOD, exit=77), "exit code 77"),
        (outcome(-11), told(GOOD, exit=None, running="t.py::b"), "while t.py::b ran: SIGSEGV"),
        (outcome(-63), told(exit=None), "signal 63"),
        (outcome(0), told(exit=None), "ended: exit code 0"),
        (outcome(3), told(exit=3, faults=("pytest itself failed: E",)), EXIT_CODES[3]),
        (outcome(0), told(exit=3, faults=("pytest itself failed: E",)), "cannot be believed"),
    ],
)
def test_what_is_not_well_has_its_reason(ended, said, reason):
    """Every rule, one at a time."""
    fault = judge(ended, said)
    assert fault is not None
    assert reason in fault.what
    assert fault.fix


@pytest.mark.parametrize("code", sorted(EXIT_CODES))
def test_each_exit_code_has_words_and_a_fix(code):
    """pytest's own codes, all of them but 0."""
    assert EXIT_CODES.keys() >= {int(each) for each in pytest.ExitCode} - {0}
    fault = judge(outcome(code, stderr="= the last words =\n"), told(FAILED, exit=code))
    assert (fault.what, fault.fix) == (EXIT_CODES[code], FIXES[code])
    assert fault.why in ("the last words", "1 failed")


def test_numbers_are_said_as_pytest_says_them():
    """One error, two errors; thousands with a comma; the worst first."""
    assert counted("error", 1) == "1 error"
    assert counted("error", 2) == "2 errors"
    assert counted("not-run", 2) == "2 not run"
    assert counted("passed", 12_345) == "12,345 passed"
    assert counts([GOOD, NOT_RUN, FAILED]) == "1 failed, 1 passed, 1 not run"


@pytest.mark.parametrize(
    ("code", "words"), [(7, "exit code 7"), (-signal.SIGKILL, "SIGKILL"), (-63, "signal 63")]
)
def test_how_it_ended_is_said_in_words(code, words):
    """An exit code, or a signal by its name where it has one."""
    assert how_it_ended(outcome(code)) == words

"""Warm runs: as a cold one in every word, faster; of an earlier run nothing is to be seen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import suites

from autoexec_magic import executor
from autoexec_magic.executor.identity import identify
from autoexec_magic.testrunner.warm import Warm

module = sys.modules["autoexec_magic.testrunner.warm"]  # the package has the object by that name
TESTS = "def test_a(): pass\ndef test_b(): assert 0\n"


@pytest.fixture
def warm():
    """Return a holder of the process that waits; it is ended after the test."""
    warm = Warm()
    yield warm
    warm.close()


@pytest.fixture
def again(tmp_path, warm):
    """Return a function that runs a suite with what waits, if it is right, and prepares the next."""

    def run(files: dict[str, str], *arguments: str, **bounds: object):
        standing = warm.take()
        waited = pid_of(standing) if standing else 0
        spawned: list[executor.ProcessId] = []
        ran = suites.go(tmp_path, files, *arguments, standing=standing, on_spawn=spawned.append, **bounds)
        warm.prepare(suites.job_of(tmp_path, *arguments), **bounds)
        return ran, bool(waited) and spawned[0].pid == waited

    return run


def pid_of(standing: executor.Standing) -> int:
    """Return the number of the process that waits."""
    return standing._children.pids[0]


def is_there(pid: int) -> bool:
    """Return whether it lives, or is a zombie of ours."""
    return identify(pid) is not None


def is_asleep(pid: int) -> bool:
    """Return whether it waits: it reads its input, or asks whether there is any."""
    where = Path(f"/proc/{pid}/wchan").read_text()
    return "pipe" in where or "poll" in where or "select" in where


def until(look, seconds: float = 20.0) -> bool:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not look():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def test_the_second_run_is_warm_and_says_the_same(again):
    """Verdicts, texts and places, word for word; the third one with other words for pytest."""
    cold, was_warm = again({"test_x.py": TESTS})
    assert not was_warm
    second, was_warm = again({})
    assert was_warm
    assert second.verdicts == cold.verdicts == {"test_x.py::test_a": "passed", "test_x.py::test_b": "failed"}
    assert (second.case("::test_b").said, second.fault) == (cold.case("::test_b").said, cold.fault)
    third, was_warm = again({}, "-k", "test_a")
    assert (was_warm, third.verdicts, third.fault) == (True, {"test_x.py::test_a": "passed"}, None)


def test_code_that_changed_meanwhile_is_the_new_code(again):
    """Tests, what they import, conftest.py and the settings."""
    files = {
        "lib.py": "VALUE = 1\n",
        "conftest.py": "import pytest\n@pytest.fixture\ndef given(): return 1\n",
        "test_x.py": "import lib\ndef test_a(given): assert (lib.VALUE, given) == (1, 1)\n",
        "pytest.ini": "[pytest]\npython_functions = test_*\n",
    }
    first, _ = again(files)
    assert first.fault is None
    second, was_warm = again({"lib.py": "VALUE = 2  # of another size: bytecode knows seconds only\n"})
    assert (was_warm, second.verdicts) == (True, {"test_x.py::test_a": "failed"})
    assert "(2, 1)" in second.case("::test_a").said.problems[0].text
    third, was_warm = again(
        {
            "conftest.py": "import pytest\n\n@pytest.fixture\ndef given(): return 2\n",
            "test_x.py": "import lib\n\ndef test_a(given): assert (lib.VALUE, given) == (2, 2)\n",
        }
    )
    assert (was_warm, third.fault) == (True, None)
    fourth, was_warm = again({"pytest.ini": "[pytest]\npython_functions = check_*\n"})
    assert (was_warm, fourth.verdicts) == (True, {})


def test_of_an_earlier_run_nothing_is_to_be_seen(again):
    """Modules, environment, folder, random state, umask, files: each run has a process of its own."""
    spoils = """
        import os, random, sys, builtins, json
        def test_spoils(tmp_path):
            assert os.environ.setdefault("SPOILT", "no") == "no"
            assert not hasattr(builtins, "spoilt")
            assert "lib" not in sys.modules
            assert os.getcwd() == os.path.dirname(__file__)
            assert json.dumps is not None and os.umask(0o77) != 0o77
            os.environ["SPOILT"] = "yes"
            builtins.spoilt = True
            sys.modules["lib"] = None
            json.dumps = None
            os.chdir(tmp_path)
        """
    for number in range(3):
        ran, was_warm = again({"test_x.py": spoils})
        assert (was_warm, ran.fault) == (number > 0, None)


def test_it_waits_with_nothing_of_the_project_imported(tmp_path, warm):
    """Also where the project is a plugin of pytest's that is loaded at once: it begins again without."""
    suites.write(
        tmp_path,
        {
            "plug.py": "VALUE = 1\ndef pytest_report_header(): return 'plugged'\n",
            "plug-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: plug\nVersion: 1\n",
            "plug-1.dist-info/entry_points.txt": "[pytest11]\nplug = plug\n",
            "test_x.py": "import plug\ndef test_a(): assert plug.VALUE == 2\n",
        },
    )
    job = suites.job_of(tmp_path)
    warm.prepare(job)
    standing = warm.take()
    assert until(lambda: b"--bare" in Path(f"/proc/{pid_of(standing)}/cmdline").read_bytes())
    suites.write(tmp_path, {"plug.py": "VALUE = 2\n\ndef pytest_report_header(): return 'plugged'\n"})
    ran = suites.go(tmp_path, {}, standing=standing)
    assert (ran.fault, ran.verdicts) == (None, {"test_x.py::test_a": "passed"})


STALE = {
    # a plugin that lies beside the folder of the run, and what its package holds
    "plugin": ("../lib/myplug.py", {"PYTEST_PLUGINS": "myplug", "PYTHONPATH": "../lib"}),
    "package": ("../lib/mypack/deep.py", {"PYTEST_PLUGINS": "mypack.deep", "PYTHONPATH": "../lib"}),
    # … or has a link to it where packages are installed, as flit --symlink makes
    "link": ("../lib/linked.py", {"PYTEST_PLUGINS": "linked", "PYTHONPATH": "../site-packages"}),
    # what Python itself imports before anything else
    "sitecustomize": ("../lib/sitecustomize.py", {"PYTHONPATH": "../lib"}),
    # pytest's own source
    "pluggy": ("../lib/_pytest_own.py", {"PYTHONPATH": "../lib:../own"}),
}


@pytest.mark.parametrize("kind", STALE)
@pytest.mark.parametrize("level", ["open", "workspace"])
def test_what_lies_beside_the_folder_is_the_new_code(tmp_path, warm, monkeypatch, kind, level):
    """Wherever it lies: only what was installed is imported ahead."""
    path, env = STALE[kind]
    folder = tmp_path / "nb"
    (tmp_path / "site-packages").mkdir()
    (tmp_path / "site-packages" / "linked.py").symlink_to("../lib/linked.py")
    for name, value in env.items():
        places = [str(folder / each) if each.startswith("..") else each for each in value.split(":")]
        monkeypatch.setenv(name, ":".join(map(os.path.normpath, places)))
    module = path.removeprefix("../lib/").removesuffix(".py").replace("/", ".")
    suites.write(
        folder,
        {
            path: "V = 1\n",
            "../own/pluggy.py": "import importlib, sys\nimport _pytest_own\n"
            f"sys.path.remove({str(tmp_path / 'own')!r})\ndel sys.modules['pluggy']\n"
            "sys.modules['pluggy'] = importlib.import_module('pluggy')\n",
            "test_x.py": f"import {module} as lib\ndef test_v(): assert lib.V == 2\n",
        },
    )
    bounds = {"level": level, "pass_on": tuple(env), "doors": executor.cage.Doors(read=(tmp_path,))}
    warm.prepare(suites.job_of(folder), **bounds)
    standing = warm.take()
    assert standing is not None
    assert until(lambda: is_asleep(pid_of(standing)))
    suites.write(folder, {path: "V = 2  # of another size\n"})
    ran = suites.go(folder, {}, standing=standing, **bounds)
    assert (ran.fault, ran.verdicts) == (None, {"test_x.py::test_v": "passed"})


def test_what_was_installed_is_imported_ahead(tmp_path, warm):
    """A plugin that is there, and pytest: else waiting were for nothing."""
    pytest.importorskip("hypothesis")
    warm.prepare(suites.job_of(tmp_path))
    standing = warm.take()
    assert until(lambda: is_asleep(pid_of(standing)))
    assert b"--bare" not in Path(f"/proc/{pid_of(standing)}/cmdline").read_bytes()
    standing.close()


@pytest.mark.parametrize(
    "bounds",
    [
        {"level": "workspace"},
        {"limits": executor.cage.Limits(cpu_seconds=60)},
        {"pass_on": ("WORD_OF_THIS_TEST",)},
    ],
    ids=lambda bounds: next(iter(bounds)),
)
def test_what_waits_for_other_bounds_is_not_used(again, monkeypatch, bounds):
    """It is ended, and the run is cold; the next one with those bounds is warm."""
    monkeypatch.setenv("WORD_OF_THIS_TEST", "1")
    again({"test_x.py": TESTS})
    ran, was_warm = again({}, **bounds)
    assert not was_warm
    assert len(ran.verdicts) == 2
    assert again({}, **bounds)[1]


def test_a_variable_that_is_passed_on_is_the_one_of_now(again, monkeypatch):
    """Not the one of the time when the process began to wait."""
    tests = "import os\ndef test_a(): print(os.environ['WORD_OF_THIS_TEST'])\n"
    for word in ("one", "two"):
        monkeypatch.setenv("WORD_OF_THIS_TEST", word)
        ran, _ = again({"test_x.py": tests}, pass_on=("WORD_OF_THIS_TEST",))
        assert ran.case("::test_a").said.stdout == f"{word}\n"


def test_one_that_was_killed_while_it_waited_is_not_missed(again, warm):
    """The run is cold."""
    again({"test_x.py": TESTS})
    pid = pid_of(warm._standing)
    os.kill(pid, signal.SIGKILL)
    assert until(lambda: "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text())
    ran, was_warm = again({})
    assert (was_warm, len(ran.verdicts)) == (False, 2)


def test_what_was_installed_meanwhile_is_seen(tmp_path, warm, monkeypatch):
    """A process that has imported what is no longer there is ended."""
    site = tmp_path / "lib" / "python3.11" / "site-packages"
    site.mkdir(parents=True)
    monkeypatch.setattr(module.Interpreter, "state", property(lambda self: (site.stat().st_mtime_ns,)))
    warm.prepare(suites.job_of(tmp_path))
    pid = pid_of(warm._standing)
    assert is_there(pid)
    os.utime(site, ns=(1, 1))
    assert warm.take() is None
    assert not is_there(pid)
    warm.prepare(suites.job_of(tmp_path))
    standing = warm.take()
    assert standing is not None
    standing.close()


def test_it_is_handed_out_once(tmp_path, warm):
    """Nobody else gets it."""
    warm.prepare(suites.job_of(tmp_path))
    standing = warm.take()
    assert standing is not None
    assert warm.take() is None
    warm.close()
    assert is_there(pid_of(standing))
    standing.close()


def test_one_waits_and_no_more(tmp_path, warm, monkeypatch):
    """Whoever prepares the next one ends the last one, also where two do at once."""
    both = threading.Barrier(2)
    stood = []
    stand = module.stand

    def together(*given: object, **named: object) -> executor.Standing:
        standing = stand(*given, **named)
        stood.append(standing)
        both.wait(20)
        return standing

    monkeypatch.setattr(module, "stand", together)
    threads = [threading.Thread(target=warm.prepare, args=(suites.job_of(tmp_path),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pids = [pid_of(standing) for standing in stood]
    assert sum(map(is_there, pids)) == 1
    warm.close()
    assert not any(map(is_there, pids))


def test_nobody_waits_for_ever(tmp_path):
    """When nobody came for it, it is ended."""
    warm = Warm(idle=0.1)
    warm.prepare(suites.job_of(tmp_path))
    standing = warm._standing
    assert until(lambda: warm._standing is None)
    assert standing is None or until(lambda: not is_there(pid_of(standing)))
    warm.close()


def test_where_none_can_be_started_the_next_run_starts_its_own(tmp_path, warm):
    """A folder that is gone, a Python that is no program: it is no fault of the run that is over."""
    warm.prepare(suites.job_of(tmp_path / "gone"))
    assert warm.take() is None
    (tmp_path / "python").write_text("no program")
    python = suites.Interpreter(tmp_path / "python", is_own=False)
    warm.prepare(suites.job_of(tmp_path, python=python))
    assert warm.take() is None


def test_a_fork_has_none(tmp_path, warm):
    """It neither uses nor ends it."""
    warm.prepare(suites.job_of(tmp_path))
    child = os.fork()
    if child == 0:
        try:
            found = warm.take()
            warm.close()
        finally:
            os._exit(0 if found is None else 1)
    assert os.waitpid(child, 0)[1] == 0
    standing = warm.take()
    assert standing is not None
    assert is_there(pid_of(standing))
    standing.close()


def test_it_does_not_wait_for_a_fork_that_has_its_pipe(again):
    """A pool of processes that began meanwhile has a copy of all that was open."""
    again({"test_x.py": TESTS})
    child = os.fork()
    if child == 0:
        try:
            time.sleep(60)
        finally:
            os._exit(0)
    try:
        ran, was_warm = again({}, timeout=20)
        assert (was_warm, ran.done.outcome.ended, len(ran.verdicts)) == (True, "exited", 2)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_what_waits_ends_with_its_starter(tmp_path):
    """Nothing of it is left when Python ends."""
    code = (
        "import sys; from pathlib import Path\n"
        "from autoexec_magic.testrunner import Interpreter, Job, warm\n"
        "here = Path(sys.argv[1])\n"
        "warm.prepare(Job(python=Interpreter(Path(sys.executable), is_own=True), cwd=here, workspace=here))\n"
        "print(warm._standing._children.pids[0])\n"
    )
    said = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, check=True)
    assert until(lambda: not is_there(int(said.stdout)))

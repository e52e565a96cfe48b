"""The program that is pytest: what it is to the tests that run in it, and what to whoever starts it."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import suites

from autoexec_magic.testrunner.inside import BEGIN, CUT_OFF, IS_SPREAD, NO_COVERAGE, NO_PYTEST, VARIABLE

INSIDE = sorted(BEGIN.parent.rglob("*.py"))


def begin(folder: Path, given: bytes, *words: str, **env: str) -> subprocess.CompletedProcess[bytes]:
    """Run the program with a standard input, outside of any cage."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(suites.FOREIGN)}
    argv = [sys.executable, *words, "-u", str(BEGIN)]
    return subprocess.run(argv, input=given, cwd=folder, env=kept | env, capture_output=True, timeout=60)


def test_where_nobody_comes_it_ends(tmp_path):
    """With the end of its input; it has run no test."""
    (tmp_path / "test_x.py").write_text("open('ran', 'w')\n")
    ended = begin(tmp_path, b"")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("given", [b"{", b"[]\n", b"{}\n", b"\xff\n", b'{"arguments": 3}\n'])
def test_what_is_no_job_is_an_error(tmp_path, given):
    """Not a run that passed."""
    assert begin(tmp_path, given).returncode == 1


def test_without_whoever_reads_it_is_pytest(tmp_path):
    """Its own words and exit code, as by hand."""
    (tmp_path / "test_x.py").write_text("def test_a(): assert 0\n")
    words = ["-p", "no:cacheprovider", "-p", "autoexec_plugin"]
    ended = begin(tmp_path, json.dumps({"arguments": words}).encode() + b"\n")
    assert ended.returncode == 1
    assert b"FAILED test_x.py::test_a" in ended.stdout


def test_without_pytest_it_says_so(tmp_path):
    """By its exit code, and in Python's words."""
    ended = begin(tmp_path, b"", "-I", "-S")
    assert ended.returncode == NO_PYTEST
    assert b"No module named 'pytest'" in ended.stderr


OWN_WORDS = """
    import atexit, os, sys, threading, time
    from pathlib import Path

    def test_it_is_python_m_pytest():
        assert Path(sys.argv[0]).parts[-2:] == ("pytest", "__main__.py")
        assert sys.path[0] == os.getcwd() == os.path.dirname(__file__)
        assert sys.flags.utf8_mode in (0, 1)
    def test_nothing_of_ours_is_there():
        assert not [name for name in sys.modules if name.startswith("autoexec_magic")]
        assert not [name for name in os.environ if name == "AUTOEXEC_RECORDS"]
        assert sys.modules["__main__"].__file__.endswith(("begin.py", "__main__.py"))
    def test_it_ends_as_python_does():
        atexit.register(lambda: Path("at-exit").touch())
        def late():
            time.sleep(0.2)
            Path("thread").touch()
        threading.Thread(target=late).start()
        sys.stdout.write("no newline at the end")
    """


def test_it_is_to_the_tests_as_python_m_pytest(tmp_path):
    """Its path, folder and words; threads are waited for, and what was to be done at the end is done."""
    ran = suites.go(tmp_path, {"test_x.py": OWN_WORDS}, "--capture=no")
    assert (ran.fault, set(ran.verdicts.values())) == (None, {"passed"})
    assert (tmp_path / "at-exit").exists()
    assert (tmp_path / "thread").exists()
    assert ran.text("stdout").rstrip().endswith("no newline at the end")


def test_colours_are_asked_for_by_a_person_alone(tmp_path):
    """Not by the project's settings: nobody looks at it in a terminal."""
    files = {"pytest.ini": "[pytest]\naddopts = --color=yes -ra\n", "test_x.py": "def test_a(): assert 0\n"}
    assert "\x1b" not in suites.go(tmp_path, files).text()
    assert "\x1b" not in suites.go(tmp_path, files, "--collect-only").text()


def test_a_pytest_without_a_terminal_is_one_too(tmp_path):
    """Whoever switches its reporter off, on the line or in the settings."""
    tests = {"test_x.py": "def test_a(): assert 0\n"}
    assert suites.go(tmp_path, tests, "-p", "no:terminal").verdicts == {"test_x.py::test_a": "failed"}
    settings = {"pytest.ini": "[pytest]\naddopts = -p no:terminal\n"}
    assert suites.go(tmp_path, settings, "--", "test_x.py").verdicts == {"test_x.py::test_a": "failed"}


def test_pytests_own_variables_are_passed_on(tmp_path, monkeypatch):
    """As on the command line."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k two")
    tests = {"test_x.py": "def test_one(): pass\ndef test_two(): pass\n"}
    ran = suites.go(tmp_path, tests, pass_on=("PYTEST_ADDOPTS",))
    assert ran.verdicts == {"test_x.py::test_two": "passed"}


def test_which_lines_ran_is_told(tmp_path):
    """Of the folders that were asked for, by the project's coverage."""
    pytest.importorskip("coverage")
    files = {
        "lib.py": "def f(x):\n    if x:\n        return 1\n    return 2\n",
        "test_x.py": "import lib\ndef test_a(): assert lib.f(1) == 1\n",
    }
    ran = suites.go(tmp_path, files, job={"cover": ()})
    assert ran.fault is None
    covered = {each.file: each for each in ran.done.told.covered}
    assert (covered["lib.py"].statements, covered["lib.py"].missed) == (4, (4,))


SPREAD = {
    "typed": ({}, ("-n", "2"), {}),
    "settings": ({"pytest.ini": "[pytest]\naddopts = -n 2\n"}, (), {}),
    "dist": ({"pytest.ini": "[pytest]\naddopts = --dist=load --tx=2*popen\n"}, (), {}),
    "variable": ({}, (), {"PYTEST_ADDOPTS": "-n2"}),
    "conftest": ({"conftest.py": "def pytest_load_initial_conftests(args): args.append('-n2')\n"
                  "def pytest_configure(config): config.option.dist = 'load'\n"}, (), {}),
}  # fmt: skip


@pytest.mark.parametrize("how", SPREAD)
def test_lines_are_not_covered_where_tests_are_spread(tmp_path, monkeypatch, how):
    """Figures of the one process in which none ran are none: no test runs, wherever it was asked for."""
    pytest.importorskip("coverage")
    pytest.importorskip("xdist")
    files, words, env = SPREAD[how]
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    tests = {"test_x.py": "def test_a(): open('ran', 'w').close()\n"}
    ran = suites.go(tmp_path, tests | files, *words, job={"cover": ()}, pass_on=tuple(env))
    assert (ran.done.outcome.returncode, ran.verdicts) == (IS_SPREAD, {})
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("words", [("-n", "0"), ("-n0",), ("-p", "no:xdist", "-o", "addopts=")])
def test_lines_are_covered_where_workers_were_asked_for_and_taken_back(tmp_path, words):
    """A person has the last word."""
    pytest.importorskip("coverage")
    pytest.importorskip("xdist")
    files = {"pytest.ini": "[pytest]\naddopts = -n 2\n", "test_x.py": "def test_a(): pass\n"}
    ran = suites.go(tmp_path, files, *words, job={"cover": ()})
    assert (ran.fault, [each.file for each in ran.done.told.covered]) == (None, ["test_x.py"])


@pytest.mark.parametrize("path", INSIDE, ids=lambda path: path.name)
def test_it_is_a_program_of_old_pythons_too(path):
    """Python 3.8 and pluggy 1.0 are what pytest 7.0 may run on: no newer syntax, nor the newer names."""
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
    for node in ast.walk(tree):
        where = f"{path.name}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Attribute):
            assert node.attr not in ("removeprefix", "removesuffix", "pairwise", "cache"), where
        if isinstance(node, ast.keyword):
            assert node.arg not in ("strict", "wrapper", "slots", "kw_only"), where
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.BitOr):
            assert not isinstance(node.value, ast.Dict | ast.Call), where


@pytest.mark.parametrize("path", INSIDE, ids=lambda path: path.name)
def test_it_imports_nothing_of_this_package(path):
    """Which need not be where the project's Python is."""
    if path == BEGIN.parent / "__init__.py":
        return
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names.add(str(node.module).partition(".")[0])
    assert names <= set(sys.stdlib_module_names) | {"pytest", "_pytest"}


def test_its_constants_are_those_that_it_is_started_with():
    """They are written twice, as it imports nothing of this package."""
    text = BEGIN.read_text(encoding="utf-8")
    own = {"CUT_OFF": CUT_OFF, "IS_SPREAD": IS_SPREAD, "NO_COVERAGE": NO_COVERAGE, "NO_PYTEST": NO_PYTEST}
    for name, code in own.items():
        assert f"{name} = {code}" in text
    assert len(set(own.values())) == len(own)
    plugin = (BEGIN.parent / "own" / "autoexec_plugin.py").read_text(encoding="utf-8")
    assert f'VARIABLE = "{VARIABLE}"' in plugin

"""What the suites of real projects do, as small as it goes; tests/acceptance runs them whole."""

from __future__ import annotations

from pathlib import Path

import pytest
import suites

from autoexec_magic.testrunner import grouped

DOCTESTS = {
    "mod.py": '''
        def raises():
            """
            >>> {}["key"]
            1
            """

        def differs():
            """
            >>> [1,
            ...  2]
            [1, 3]
            """
        ''',
    "text.txt": ">>> 1 + 1\n3\n>>> {}['key']\n1\n",
}


def test_what_a_doctest_says(tmp_path: Path) -> None:
    """A doctest that fails says what it expected and what it got; one that raises says what."""
    ran = suites.go(tmp_path, DOCTESTS, "--doctest-modules", "mod.py")
    (raised,) = ran.case("mod.raises").said.problems
    assert (raised.type, raised.message) == ("KeyError", "'key'")
    assert raised.spot is not None
    assert (raised.spot.line, raised.spot.source) == (3, '{}["key"]')
    (differs,) = ran.case("mod.differs").said.problems
    assert (differs.type, differs.message) == ("DocTestFailure", "expected [1, 3], got [1, 2]")
    assert differs.spot is not None
    assert (differs.spot.op, differs.spot.left, differs.spot.right) == ("==", "[1, 2]", "[1, 3]")
    assert (differs.spot.file, differs.spot.line) == (str(tmp_path / "mod.py"), 9)
    assert "Expected:\n    [1, 3]" in differs.text


def test_doctests_that_go_on(tmp_path: Path) -> None:
    """Of a file of doctests that goes on after a failure the first one is told, and the text has all."""
    ran = suites.go(tmp_path, DOCTESTS, "--doctest-glob=*.txt", "--doctest-continue-on-failure", "text.txt")
    (problem,) = ran.case("text.txt").said.problems
    assert (problem.type, problem.message) == ("DocTestFailure", "expected 3, got 2")
    assert problem.spot is not None
    assert problem.spot.line == 1
    assert "KeyError" in problem.text


def test_a_plugin_that_is_missing_is_one_cause(tmp_path: Path) -> None:
    """Fifteen tests that want a fixture of a plugin that is not there have one cause, in pytest's words."""
    lines = [f"def test_{number}(benchmark): pass" for number in range(15)]
    ran = suites.go(tmp_path, {"test_bench.py": "\n".join(lines)}, "-p", "no:benchmark")
    cases = ran.done.told.cases
    assert {case.message for case in cases} == {"fixture 'benchmark' not found"}
    (group,) = grouped(cases)
    assert (len(group.nodeids), group.cause.fix) == (15, "install `pytest-benchmark`")


def test_what_a_fixture_cannot_have(tmp_path: Path) -> None:
    """A fixture of a narrower scope, or one that asks for itself, says so in pytest's words."""
    tests = """
        import pytest

        @pytest.fixture
        def narrow(): pass
        @pytest.fixture(scope="session")
        def wide(narrow): pass
        def test_scope(wide): pass
        @pytest.fixture
        def itself(itself): pass
        def test_itself(itself): pass
        """
    ran = suites.go(tmp_path, {"test_x.py": tests})
    assert "recursive" in ran.case("test_itself").message
    assert "scope" in ran.case("test_scope").message.casefold()


ORDINARY = {
    "test_ordinary.py": """
        import asyncio, multiprocessing, os, pathlib, signal, socket, sqlite3, subprocess, sys, tempfile

        def test_asyncio():
            async def main():
                child = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
                assert await child.wait() == 0
                assert await asyncio.to_thread(abs, -1) == 1
            asyncio.run(main())
        def test_socketpair():
            one, other = socket.socketpair()
            one.sendall(b"x")
            assert other.recv(1) == b"x"
        def test_pool():
            with multiprocessing.Pool(2) as pool:
                assert pool.map(abs, [-1, -2]) == [1, 2]
        def test_home():
            (pathlib.Path.home() / ".settings").write_text("a")
        def test_temporary():
            with tempfile.NamedTemporaryFile() as file:
                file.write(b"a")
        def test_git(tmp_path):
            line = "git init -q . && touch a && git add a && git commit -qm x"
            subprocess.run(line, shell=True, check=True, cwd=tmp_path)
        def test_sqlite(tmp_path):
            sqlite3.connect(tmp_path / "a.db").execute("create table a (b)")
        def test_signal():
            signal.signal(signal.SIGUSR1, lambda *args: None)
            os.kill(os.getpid(), signal.SIGUSR1)
        """,
}


def test_ordinary_tests_in_a_cage(tmp_path: Path) -> None:
    """What the tests of most projects do is allowed in the cage of tests, asyncio's own socket pair first."""
    ran = suites.go(tmp_path, ORDINARY, level="workspace")
    assert {name: verdict for name, verdict in ran.verdicts.items() if verdict != "passed"} == {}
    assert ran.fault is None


LEFT_OUT = {
    "pytest.ini": "[pytest]\naddopts = --capture=sys -p no:logging -p no:tmpdir -p no:threadexception\n",
    "test_x.py": "def test_well(): print('a')\ndef test_bad(): assert 0\n",
}


@pytest.mark.parametrize("more", [(), ("-p", "no:terminal"), ("-p", "no:junitxml", "-p", "no:doctest")])
def test_plugins_of_pytest_left_out(tmp_path: Path, more: tuple[str, ...]) -> None:
    """A project that does without plugins of pytest's own is told of as any other."""
    ran = suites.go(tmp_path, LEFT_OUT, *more)
    assert ran.verdicts == {"test_x.py::test_well": "passed", "test_x.py::test_bad": "failed"}
    assert ran.why.startswith("some tests failed")


PLUGIN = {
    "conftest.py": "pytest_plugins = ['pytester']\n",
    "test_plugin.py": """
        def test_inner(pytester):
            pytester.makepyfile("def test_a(): assert 0")
            result = pytester.runpytest_inprocess("-v")
            result.assert_outcomes(failed=1)
        def test_process(pytester):
            pytester.makepyfile("def test_a(): pass")
            pytester.runpytest_subprocess().assert_outcomes(passed=1)
        """,
}


def test_pytest_in_pytest(tmp_path: Path) -> None:
    """The tests of a plugin run pytest in themselves; what that tells is not told."""
    ran = suites.go(tmp_path, PLUGIN)
    assert ran.verdicts == {"test_plugin.py::test_inner": "passed", "test_plugin.py::test_process": "passed"}
    assert ran.fault is None


@pytest.mark.parametrize("hook", ["pytest_configure(config)", "pytest_sessionstart(session)"])
def test_a_plugin_that_fails_before_the_tests(tmp_path: Path, hook: str) -> None:
    """Whether a plugin fails before the session or at its start, it is pytest that failed, and with what."""
    conftest = f"def {hook}: raise DeprecationWarning('loop scope is unset')\n"
    ran = suites.go(tmp_path, {"conftest.py": conftest, "test_x.py": "def test_a(): pass\n"})
    assert ran.fault is not None
    assert ran.fault.what == "pytest had an internal error"
    assert ran.fault.why == "pytest itself failed: DeprecationWarning: loop scope is unset"
    assert "-p no:NAME" in ran.fault.fix

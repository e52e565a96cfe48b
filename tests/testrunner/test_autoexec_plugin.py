"""The plugin beside the project's pytest: what it tells of odd tests; it changes nothing for them."""

from __future__ import annotations

import json
import os
from types import SimpleNamespace

import pytest
import suites

from autoexec_magic.testrunner.inside.own import autoexec_cutting as cutting
from autoexec_magic.testrunner.inside.own import autoexec_plugin as plugin
from autoexec_magic.testrunner.inside.own.autoexec_plugin import Records


class Pipe(list[bytes]):
    """Keeps what is written, and is closed on request."""

    is_closed = False

    def __call__(self, line: bytes) -> None:
        if self.is_closed:
            raise OSError
        self.append(line)

    @property
    def records(self) -> list[dict[str, object]]:
        """The lines."""
        return [json.loads(line) for line in b"".join(self).splitlines()]


def test_each_line_has_its_number_and_key():
    """Whatever kind it is of."""
    pipe = Pipe()
    records = Records(pipe, "k3y")
    records.put("begin", pytest="9")
    records.start('a.py::t["é\n]', "a.py", 3)
    records.passed('a.py::t["é\n]', [0.1, 0.25, 1e-9], is_held=False)
    lines = b"".join(pipe).splitlines()
    assert all(line.startswith(b"k3y{") and line.isascii() for line in lines)
    assert [json.loads(line[3:]) for line in lines] == [
        {"n": 0, "k": "begin", "pytest": "9"},
        {"n": 1, "k": "start", "id": 'a.py::t["é\n]', "file": "a.py", "line": 3},
        {"n": 2, "k": "ok", "id": 'a.py::t["é\n]', "t": [0.1, 0.25, 0.0]},
    ]


def test_a_line_that_is_held_back_comes_with_the_next():
    """In one write, and in its order."""
    pipe = Pipe()
    records = Records(pipe)
    records.passed("a", [0, 0, 0], is_held=True)
    assert pipe == []
    records.start("b", "b.py", 1)
    assert len(pipe) == 1
    assert [(record["n"], record["id"]) for record in pipe.records] == [(0, "a"), (1, "b")]


def test_a_pipe_that_was_closed_ends_the_telling_and_not_the_tests():
    """Once and for all: a gap would be told as a forgery."""
    pipe = Pipe()
    records = Records(pipe)
    pipe.is_closed = True
    records.put("begin")
    pipe.is_closed = False
    records.put("end")
    assert pipe == []


def test_a_fork_tells_nothing():
    """Whatever pytest does there."""
    reader, writer = os.pipe()
    records = Records(lambda line: os.write(writer, line))
    child = os.fork()
    if child == 0:
        records.put("begin")
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)
    assert os.read(reader, 100) == b""
    os.close(reader)


def test_what_json_cannot_hold_is_told_by_its_repr():
    """A key of a plugin's, say."""
    pipe = Pipe()
    Records(pipe).put("x", value={"a": object, "b": float("inf")})
    assert "object" in pipe.records[0]["value"]["a"]


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("reason: later", "later"),
        ("", ""),
        ("Skipped: no", "no"),
        ("because reason: x", "because reason: x"),
    ],
)
def test_a_reason_is_told_without_pytests_own_words(reason, said):
    """It stands in a field that says what it is."""
    assert plugin._reason(SimpleNamespace(wasxfail=reason)) == said
    assert plugin._reason(SimpleNamespace(longrepr=("a.py", 3, reason))) == said


ODD = {
    "test_odd.py": """
        import os, subprocess, sys, warnings
        import pytest

        class Rude(Exception):
            def __str__(self): raise RuntimeError("no words")
        class Untold:
            def __repr__(self): raise RuntimeError("no repr")
            def __eq__(self, other): return False
        class Exits(Exception):
            def __str__(self): raise SystemExit(0)
        def test_rude(): raise Rude
        def test_untold(): assert Untold() == 1
        def test_long(): raise ValueError("x" * 100_000)
        def test_deep():
            def f(n): return f(n - 1) if n else 1 / 0
            f(300)
        def test_recursion():
            def f(): return f()
            f()
        def test_group(): raise ExceptionGroup("several", [ValueError(1), KeyError(2)])
        def test_cause():
            try:
                {}["k"]
            except KeyError as error:
                raise ValueError("outer") from error
        def test_fail_inside(): pytest.fail("said so", pytrace=False)
        def test_surrogate(): print("\\udc80\\x00\\x1b[31m"); assert "\\udc80" == "\\x00"
        def test_base(): raise BaseException("base")
        def test_generator_exit(): raise GeneratorExit
        def test_elsewhere():
            import lib
            lib.raises()
        def test_compares_in_elsewhere():
            import lib
            lib.compares(3)
        def test_warns(): warnings.warn("of old")
        """,
    "lib.py": "def raises():\n    raise OSError(2, 'gone')\ndef compares(n):\n    assert n == 4\n",
    "test_many.py": """
        import pytest
        @pytest.mark.parametrize("n", range(1100))
        def test_n(n): assert n < 850, "y" * 30_000
        """,
    "test_nested.py": """
        import os, subprocess, sys
        pytest_plugins = ["pytester"]
        def test_in_process(pytester):
            pytester.makepyfile("def test_inner(): assert 0")
            pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(failed=1)
        def test_as_a_process(tmp_path):
            (tmp_path / "test_inner.py").write_text("def test_inner(): assert 0")
            argv = [sys.executable, "-m", "pytest", "-q", str(tmp_path)]
            ended = subprocess.run(argv, capture_output=True, text=True, cwd=tmp_path, close_fds=False)
            assert "1 failed" in ended.stdout
        """,
}


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """Return a suite of odd tests, run by us."""
    return suites.go(tmp_path_factory.mktemp("odd"), ODD)


def failure(ran: suites.Ran, name: str):
    """Return the one problem of a test."""
    (problem,) = ran.case(f"::{name}").said.problems
    return problem


def test_each_odd_test_is_told(odd):
    """What cannot be told in words is told in others; the verdicts are pytest's."""
    names = {name: verdict for name, verdict in odd.verdicts.items() if name.startswith("test_odd.py")}
    passed = {"test_odd.py::test_warns"}
    assert {name for name, verdict in names.items() if verdict == "passed"} == passed
    assert set(names.values()) == {"passed", "failed"}
    assert len(names) == 14
    assert odd.done.told.faults == ()
    assert (odd.done.told.exit, odd.done.told.missing) == (1, 0)


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("test_rude", "Rude", "<Rude whose __str__ raised RuntimeError>"),
        ("test_group", "ExceptionGroup", "several (2 sub-exceptions)"),
        ("test_cause", "ValueError", "outer"),
        ("test_fail_inside", "Failed", "said so"),
        ("test_base", "BaseException", "base"),
        ("test_recursion", "RecursionError", "maximum recursion depth exceeded"),
    ],
)
def test_the_exception_is_told_by_type_and_message(odd, name, kind, message):
    """Also where it has none."""
    problem = failure(odd, name)
    assert (problem.type, problem.message) == (kind, message)


def test_what_is_long_is_shortened(odd):
    """Message, text, and the texts of many more than the first ones."""
    problem = failure(odd, "test_long")
    assert len(problem.message) <= cutting.VALUE_CHARS + 1
    assert problem.message.endswith("…")
    assert len(problem.text) <= plugin.TEXT_CHARS + 3
    many = [case for case in odd.done.told.cases if case.key.startswith("test_many.py") and case.is_bad]
    texts = [len(case.said.problems[0].text) for case in many]
    assert len(texts) == 250
    assert max(texts) > plugin.LATER_CHARS + 3
    assert texts[-1] <= plugin.LATER_CHARS + 3


def test_many_ids_come_in_parts(odd):
    """And are all there."""
    (ids,) = odd.counted
    assert len([name for name in ids if name.startswith("test_many.py")]) == 1100 > 2 * plugin.IDS
    assert list(ids) == [case.key for case in odd.done.told.cases]


def test_a_place_is_the_tests_own_and_where_it_was_raised(odd):
    """Which may be another file."""
    spot = failure(odd, "test_elsewhere").spot
    assert (spot.file, spot.source) == (str(odd.folder / "test_odd.py"), "lib.raises()")
    assert (spot.origin, spot.origin_line) == (str(odd.folder / "lib.py"), 2)


def test_what_was_compared_is_of_this_failure(odd):
    """Not of an earlier one that somebody caught; nor of a test that compared nothing."""
    assert failure(odd, "test_untold").spot.left == "<Untold whose __repr__ raised RuntimeError>"
    assert failure(odd, "test_cause").spot.op == ""
    assert failure(odd, "test_elsewhere").spot.op == ""


def test_text_that_is_none_is_told_all_the_same(odd):
    """Lone surrogates, NUL, escapes."""
    case = odd.case("::test_surrogate")
    assert case.verdict == "failed"
    assert "\x00" in case.said.stdout


def test_a_pytest_in_a_test_tells_nothing_here(odd):
    """In this process or in its own: its tests are none of ours."""
    names = [name for name in odd.verdicts if name.startswith("test_nested.py") or "inner" in name]
    assert names == ["test_nested.py::test_in_process", "test_nested.py::test_as_a_process"]
    assert {odd.verdicts[name] for name in names} == {"passed"}


def test_warnings_are_shown_as_pytest_shows_them(odd):
    """The summary is its own; the progress is ours."""
    shown = odd.text("stdout")
    assert "warnings summary" in shown
    assert "of old" in shown
    assert "test_n[0]" not in shown


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("-rA",), "PASSED test_x.py::test_a"),
        (("--durations=1", "--durations-min=0"), "slowest"),
        (("--setup-show",), "SETUP"),
        (("--fixtures-per-test",), "fixtures used by"),
        (("--junitxml=x.xml",), "generated xml file"),
        (("-p", "brought"), "brought: 1 passed"),
    ],
)
def test_what_was_asked_of_pytest_is_shown(tmp_path, words, shown):
    """Summaries, listings, and what plugins write at the end."""
    brought = (
        "def pytest_terminal_summary(terminalreporter):\n"
        "    count = len(terminalreporter.stats.get('passed', []))\n"
        "    terminalreporter.write_line(f'brought: {count} passed')\n"
    )
    tests = "import pytest\n@pytest.fixture\ndef f(): pass\ndef test_a(f): pass\n"
    ran = suites.go(tmp_path, {"test_x.py": tests, "brought.py": brought}, *words)
    assert shown in ran.text()

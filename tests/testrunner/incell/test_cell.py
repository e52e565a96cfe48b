"""The collector: what a cell's module is, and what goes wrong in it."""

from __future__ import annotations

import pytest

from autoexec_magic.testrunner.causes import sort


@pytest.mark.parametrize(
    ("source", "kind", "line"),
    [
        ("x = 1\ndef f(:\n    pass", "SyntaxError", 2),
        ("x = 1\nreturn x", "SyntaxError", 2),
        ("import sys\n\nsys.exit(1)", "SystemExit", 3),
        ("import no_such_module", "ModuleNotFoundError", 1),
        ("def f():\n    1 / 0\nf()", "ZeroDivisionError", 2),
        ("import pytest\npytest.skip('x')", "Skipped", 2),
    ],
)
def test_what_cannot_be_collected_has_its_line(run, source, kind, line):
    """As one case of verdict "error", with the cell's own line."""
    heard = run(source)
    (case,) = heard.told.unread
    (problem,) = case.said.problems
    assert (case.said.nodeid, case.verdict, heard.told.exit) == ("cell", "error", 2)
    assert (problem.type, problem.spot.phase, problem.spot.file, problem.spot.line) == (
        kind,
        "collect",
        "cell",
        line,
    )
    assert problem.text
    assert "incell" not in problem.text


def test_a_cell_that_skips_itself_is_skipped(run):
    """With its reason."""
    heard = run("import pytest\npytest.skip('not here', allow_module_level=True)\ndef test_a(): pass")
    assert [(case.verdict, case.said.reason) for case in heard.told.unread] == [("skipped", "not here")]


@pytest.mark.parametrize(
    ("source", "line", "shown"),
    [
        pytest.param("def test_(:\n    pass", 1, "def test_(:\n", id="the-parser"),
        pytest.param("x = 1\nreturn x", 2, "return x\n    ^^^^^^^^\n", id="the-compiler"),
        pytest.param("def f():\n    await g()", 2, "await g()\n    ^^^^^^^^^\n", id="await-in-a-function"),
        pytest.param("x = 1\nx = '\0'", 2, "x = '\\0'\n", id="null"),
        pytest.param("x = 1\ny = 2\nx = '\ud800'", 3, "x = '\ud800'\n", id="half-a-pair"),
        pytest.param("x = " + "-" * 100_000 + "1", 0, "nested too deeply", id="no-memory"),
    ],
)
def test_what_python_cannot_read_is_the_cells_own(run, source, line, shown):
    """With the line as it stands there, and the signs below it; no place of ours, or of Python's parser."""
    (case,) = run(source).told.unread
    (problem,) = case.said.problems
    spot = problem.spot
    assert (spot.file, spot.line, spot.origin, spot.origin_line) == ("cell", line, "cell", line)
    assert shown in problem.text
    cause = sort(case)
    assert (cause.cls, cause.where) == ("test-bug", f"cell:{line}")
    assert cause.confidence == ("certain" if line else "likely")
    assert not any("ast.py" in word or "incell" in word for word in (cause.why, *cause.evidence))


def test_a_cell_may_await_at_its_top_level(run):
    """As in any cell: what it binds so is there for the tests, and so are its context variables."""
    heard = run(
        "import asyncio, contextvars\n"
        "seen = contextvars.ContextVar('seen', default='')\n"
        "async def numbers():\n    yield 3\n"
        "x = await asyncio.sleep(0, 5)\n"
        "async for y in numbers(): pass\n"
        "zs = [z async for z in numbers()]\n"
        "seen.set('yes')\n"
        "def test_values(): assert (x, y, zs, seen.get()) == (5, 3, [3], 'yes')\n"
        "def test_another_loop(): assert asyncio.run(asyncio.sleep(0, 4)) == 4\n"
    )
    assert heard.verdicts == {"test_values": "passed", "test_another_loop": "passed"}


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    1 / 0\nawait f()", 4),
        ("import asyncio\nx = await asyncio.sleep(0, 5)\nassert x == 4", 3),
        ("import sys, asyncio\nawait asyncio.sleep(0)\nsys.exit(3)", 3),
        ("1 / 0", 1),
    ],
)
def test_what_goes_wrong_at_the_top_level_is_shown_from_the_cell_on(run, source, line):
    """Neither pytest's frames nor a loop's stand above it."""
    (case,) = run(source).told.unread
    (problem,) = case.said.problems
    assert problem.spot.line == line
    assert not any(word in problem.text for word in ("asyncio/", "_pytest", "incell"))


def test_a_text_that_a_test_gives_to_python_is_not_the_cell(run):
    """The cell itself was read."""
    (case,) = run("def test_a():\n    exec('1 +')").told.cases
    cause = sort(case)
    assert (cause.cls, cause.code, cause.confidence, cause.where) == (
        "test-bug",
        "syntax",
        "likely",
        "cell:2",
    )
    assert "given a text" in cause.why


def test_builtins_that_a_test_patches_are_the_ones_it_sees(run):
    """As in a module of a file."""
    heard = run(
        "from unittest import mock\ndef test_a():\n"
        "    with mock.patch('builtins.open', lambda name: 'fake'):\n        assert open('x') == 'fake'"
    )
    assert heard.verdicts == {"test_a": "passed"}


def test_without_rewriting_an_assertion_is_plain(run):
    """`--assert=plain` is respected."""
    heard = run("def test_a(): assert [1] == [2]", "--assert=plain")
    assert heard.spot.left == ""


def test_annotations_of_the_kernel_are_not_written(run):
    """A cell's own are in its own module."""
    names = {"__annotations__": {}, "__name__": "__main__"}
    heard = run("x: int = 1\ndef test_a(): assert __name__ != '__main__'", names=names)
    assert heard.verdicts == {"test_a": "passed"}
    assert names == {"__annotations__": {}, "__name__": "__main__"}

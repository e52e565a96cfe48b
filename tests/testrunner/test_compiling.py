"""What Python could not compile: whose it is, and how sure that is."""

# ruff: noqa: E501 - a table: a row a line

from __future__ import annotations

import pytest

from autoexec_magic.testrunner.cases import Case, Problem, Said, Spot
from autoexec_magic.testrunner.causes import Project, sort

ROOT = "/p"
HALF = 'File "/p/shop/half.py", line 1\nE       def half(x:\nE               ^\nE   SyntaxError: never closed'
TEXT = 'File "{}", line 1\nE       1 +\nE          ^\nE   SyntaxError: invalid syntax'
DURING = "During handling of the above exception, another exception occurred:"
AT = "\n\ntests/test_a.py:2: SyntaxError"


def caused(text, message, *, phase="call", origin="/p/tests/test_a.py", root=ROOT):
    """Return the cause of a failure as our own plugin tells of it."""
    problem = Problem(
        kind="failure",
        type="SyntaxError",
        message=message,
        text=text,
        spot=Spot(phase=phase, origin=origin, origin_line=2),
    )
    nodeid = "tests/test_a.py" + ("" if phase == "collect" else "::test_a")
    case = Case("test_a", verdict="failed", said=Said(nodeid=nodeid, problems=(problem,)))
    return sort(case, Project(root=root))


@pytest.mark.parametrize(
    ("line", "named", "want", "where"),
    [
        pytest.param("from shop.half import half", "", ("product", "certain"), "/p/shop/half.py:1", id="import"),
        pytest.param("importlib.import_module(n)", "", ("product", "certain"), "/p/shop/half.py:1", id="by-name"),
        pytest.param("run_path('shop/half.py')", "", ("product", "certain"), "/p/shop/half.py:1", id="as-script"),
        pytest.param("exec(compile(t, p, 'exec'))", "", ("product", "likely"), "/p/shop/half.py:1", id="by-hand"),
        pytest.param("exec('1 +')", "<string>", ("test-bug", "likely"), "tests/test_a.py:2", id="exec"),
        pytest.param("compile(t, 'c', 'exec')", "cfg.py", ("test-bug", "likely"), "tests/test_a.py:2", id="a-name"),
        pytest.param("compile(t, p, 'exec')", "/tmp/x/a.py", ("test-bug", "likely"), "tests/test_a.py:2", id="outside"),
        pytest.param(
            "compile(t, p, 'exec')", "/v/site-packages/a.py", ("test-bug", "likely"), "tests/test_a.py:2", id="installed"
        ),
        pytest.param("import old", "/v/site-packages/old.py", ("environment", "likely"), "tests/test_a.py:2", id="old"),
    ],
)  # fmt: skip
def test_a_file_is_blamed_only_where_it_is_what_does_not_compile(line, named, want, where):
    """An import reads a file; what `exec` and `compile` are given has whatever name the caller chose."""
    said = TEXT.format(named) if named else HALF
    base = (named or "half.py").rpartition("/")[2]
    text = f"    def test_a():\n>       {line}\nE     {said}{AT}"
    cause = caused(text, f"it is so ({base}, line 1)")
    assert ((cause.cls, cause.confidence), cause.where, cause.code) == (want, where, "syntax")
    is_file = want[0] != "test-bug"
    assert ("Python cannot read" in cause.why, "given a text" in cause.why) == (is_file, not is_file)


def test_the_test_file_that_pytest_reads_is_the_tests_own():
    """Whatever of pytest and Python lies between."""
    said = 'File "/p/tests/test_a.py", line 1\nE       def test_(:\nE                 ^\nE   SyntaxError: no'
    text = f"/v/site-packages/_pytest/python.py:5: in importtestmodule\n    mod = import_path(\nE     {said}"
    cause = caused(text, "no (test_a.py, line 1)", phase="collect", origin="/usr/lib/python3.11/ast.py")
    assert (cause.cls, cause.confidence, cause.where) == ("test-bug", "certain", "/p/tests/test_a.py:1")
    assert "test_a.py" in cause.why


def test_what_names_no_place_is_where_it_was_called():
    """Zero bytes, and what a program raises itself; an earlier error's place is not its own."""
    line = "exec(open('/proc/self/cmdline').read())"
    nulls = "source code string cannot contain null bytes"
    cause = caused(f"    def test_a():\n>       {line}\nE       SyntaxError: {nulls}{AT}", nulls)
    assert (cause.cls, cause.confidence, cause.where) == ("test-bug", "likely", "tests/test_a.py:2")
    assert "given a text" in cause.why
    first = f">       import shop.half\nE     {HALF}\n\ntests/test_a.py:1: SyntaxError\n\n{DURING}\n\n"
    cause = caused(f'{first}>       raise SyntaxError("own")\nE       SyntaxError: own{AT}', "own")
    assert "half.py" not in cause.why
    assert "given a text" not in cause.why


def test_what_stands_in_the_tests_own_source_is_no_place_of_the_error():
    """pytest shows the function as it is written, with whatever a text in it holds."""
    shown = '    File "/p/shop/half.py", line 1\n    def half(x:\n    SyntaxError: never closed\n'
    nulls = "source code string cannot contain null bytes"
    text = f"    def test_a():\n        '''\n{shown}        '''\n>       exec(t)\nE       SyntaxError: {nulls}{AT}"
    cause = caused(text, nulls)
    assert "half.py" not in cause.why
    assert cause.cls == "test-bug"


def test_a_parser_of_the_programs_own_says_so_itself():
    """With a `raise`, and the name of a file of its own language."""
    line = "raise SyntaxError('x', ('/p/a.toml', 3, 1, 'a'))"
    text = f"    def test_a():\n>       {line}\nE     {TEXT.format('/p/a.toml')}{AT}"
    cause = caused(text, "x (a.toml, line 1)")
    assert "Python cannot read" not in cause.why


def test_a_name_with_brackets_is_a_name():
    """As a browser calls the second download."""
    said = TEXT.format("/p/shop/a (1).py")
    text = f"    def test_a():\n>       run_path(name)\nE     {said}{AT}"
    assert "/p/shop/a (1).py" in caused(text, "'(' was never closed (a (1).py, line 1)").why

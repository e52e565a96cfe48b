"""Whether a line of code would have set a name, and what follows where it did not."""

from __future__ import annotations

import linecache

import pytest

from autoexec_magic.diagnosis import diagnose_exception
from autoexec_magic.diagnosis.unset import name_of, sets


@pytest.mark.parametrize(
    "line",
    [
        "x = f()",
        "x: int = f()",
        "x, y = f()",
        "y, x = f()",
        "(y, (x, z)) = f()",
        "y = x = f()",
        "with open(p) as x:",
        "with open(p) as (x, y):",
        "async with f() as x:",
        "for x in f():",
        "for i, x in enumerate(f()):",
        "import numpy as x",
        "from a import x",
    ],
)
def test_what_sets_it(line):
    """Also among others, and by a with, a for or an import."""
    assert sets(line, "x")


@pytest.mark.parametrize(
    "line",
    ["f(x)", "x.close()", "x == 1", "y = x", "y.x = 1", "xs = 1", "x[0] = 1", "", "f(x=1)", "return x"],
)
def test_what_does_not_set_it(line):
    """An attribute, an item, an argument and a comparison have the same sign."""
    assert not sets(line, "x")


def test_the_name_is_the_messages():
    """In the words of all versions; no name is none."""
    assert name_of("local variable 'x' referenced before assignment") == "x"
    assert name_of("name 'x' is not defined. Did you mean: 'y'?") == "x"
    assert name_of("free variable 'x' referenced before assignment in enclosing scope") == "x"
    assert name_of("boom") == ""
    assert not sets("x = 1", "")


SOURCE = """
def unset(path):
    try:
        stream = open(path)
    finally:
        stream.close()

def other(path):
    try:
        stream = open(path)
    except OSError:
        print(nmae)
"""


@pytest.mark.parametrize(("name", "code"), [("unset", "file-not-found"), ("other", "name-not-defined")])
def test_of_an_exception_the_reason_is_what_kept_the_name_unset(name, code):
    """As it was raised; a name that is missing for another reason is its own."""
    file = "<unset>"
    linecache.cache[file] = (len(SOURCE), None, SOURCE.splitlines(keepends=True), file)
    space = {}
    exec(compile(SOURCE, file, "exec"), space)
    with pytest.raises(Exception, match="not") as caught:
        space[name]("/nowhere/at/all")
    found = diagnose_exception(caught.value, is_user_frame=lambda frame: frame == file)
    assert found.code == code
    assert (found.confidence == "likely") == (name == "unset")

"""Doctests of a cell and of named objects."""

from __future__ import annotations

CELL = '''"""
>>> shared
7
"""
def good():
    """
    >>> good()
    1
    """
    return 1

class Kind:
    """
    >>> Kind().twice(2)
    5
    """
    def twice(self, x):
        """
        >>> 1 / 0
        """
        return 2 * x
'''


def test_all_that_a_cell_defines(run):
    """Its docstring, functions, classes and methods, in the order in which they stand."""
    heard = run(CELL, doctests=(), names={"shared": 7})
    assert heard.verdicts == {
        "cell": "passed",
        "cell.good": "passed",
        "cell.Kind": "failed",
        "cell.Kind.twice": "failed",
    }
    spots = {case.name: case.said.problems[0] for case in heard.cases if case.is_bad}
    shown = {name: (p.type, p.spot.file, p.spot.line, p.spot.source) for name, p in spots.items()}
    assert shown == {
        "cell.Kind": ("DocTestFailure", "cell", 14, "Kind().twice(2)"),
        "cell.Kind.twice": ("ZeroDivisionError", "cell", 19, "1 / 0"),
    }
    assert (spots["cell.Kind"].spot.left, spots["cell.Kind"].spot.right) == ("4", "5")


def test_without_the_option_there_are_none(run):
    """They are asked for."""
    assert run(CELL, names={"shared": 7}).cases == []


def test_objects_by_name(run):
    """Of the kernel, with dots; each in its own globals."""
    names = {"rate": 3}
    exec('def rated(x):\n    """\n    >>> rated(2)\n    6\n    """\n    return x * rate', names)
    heard = run("", doctests=("rated",), names=names)
    assert heard.verdicts == {"rated": "passed"}


def test_beside_tests_of_the_same_name(run):
    """Ids do not meet."""
    heard = run("def test_a():\n    '''\n    >>> 1\n    2\n    '''", doctests=())
    assert heard.verdicts == {"test_a": "passed", "cell.test_a": "failed"}

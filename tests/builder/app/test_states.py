"""Hidden state, told with the cell that uses a name, the one that defines it, and the way out."""

from __future__ import annotations

import pytest

from autoexec_magic.errors import BuildError

APP = "def handler(event, context):\n    return event"


def refused(project, *cells, **more):
    """Return the error that some cells end with."""
    with pytest.raises(BuildError) as raised:
        project(*cells, **more)
    return raised.value


@pytest.mark.parametrize(
    ("cells", "what", "why", "fix"),
    [
        (
            [APP, "print(totl)"],
            "cell 2 line 1 uses totl, which no kept cell defines",
            "no cell of the notebook defines it",
            "define totl",
        ),
        (
            [(APP, "app"), "rate = 2", ("def f():\n    return rate", "app")],
            "cell 3 line 2 uses rate",
            "cell 2 defines it, and is left out: it is not tagged app",
            "tag cell 2 `app`",
        ),
        (
            [APP, ("rate = 2", "skip"), "x = rate"],
            "cell 3 line 1",
            "cell 2 defines it",
            "take the tag skip off cell 2",
        ),
        (
            [APP, "files = !ls\nx = files"],
            "cell 2 line 2 uses files",
            "a line that is left out",
            "there in Python",
        ),
        (
            [APP, "%%bash --out words\nls", "x = words"],
            "uses words",
            "is a cell of %%bash",
            "define words in Python",
        ),
        ([APP, "%run other.ipynb", "x = made"], "uses made", "%run in cell 2 may have", "define made"),
        (
            [APP, "x = later", "later = 1"],
            "uses later too early",
            "cell 3, which defines it",
            "move cell 3 above cell 2",
        ),
        ([APP, "x = 1\ndel x\ny = x"], "uses x too early", "deleted above", "define x above"),
        (
            [APP, "try:\n    1 / 0\nexcept ZeroDivisionError as err:\n    pass", "x = err"],
            "cell 3 line 1 uses err, which is gone by then",
            "cell 2 binds it",
            "under another name in cell 2",
        ),
        (
            [APP, "x = 1", "del x", "y = x"],
            "cell 4 line 1 uses x, which is gone",
            "cell 2 binds it",
            "another name",
        ),
        ([APP, "x = Out[3]"], "uses Out", "what IPython keeps", "give the value a name"),
        ([APP, "get_ipython().run_line_magic('a', '')"], "uses get_ipython", "IPython", "tag cell 2 `skip`"),
        ([APP, "x = _ + 1"], "uses _", "what IPython keeps", "give the value a name"),
        (
            [APP, "for i in [1]:\n    display(i)"],
            "uses display",
            "IPython puts it there",
            "from IPython.display",
        ),
        (
            [APP, "x = await f()"],
            "cell 2 line 1 waits at the top level",
            "a module may not",
            "tag cell 2 `skip`",
        ),
        (
            [APP, "def f():\n    return 1\nreturn f"],
            "cell 2 line 3 is no Python",
            "outside function",
            "mend cell 2",
        ),
        ([APP, "x = 1\ny = (\n"], "cell 2 line 2 is no Python", "never closed", "tag cell 2 `skip`"),
        (
            [APP, ("def broken(:\n  made = 1", "skip"), "x = broken"],
            "uses broken",
            "cell 2 defines it",
            "tag skip off",
        ),
    ],
)
def test_hidden_state_ends_the_build(project, cells, what, why, fix):
    """With the name, the cell, and what mends it."""
    error = refused(project, *cells)
    assert what in error.what
    assert why in error.why
    assert fix in error.fix


def test_more_than_one_is_told(project):
    """The others as evidence."""
    error = refused(project, APP, "x = one\ny = two")
    assert "uses one" in error.what
    assert "uses two" in error.evidence[0]


def test_a_star_import_of_a_package_is_allowed_and_said(project):
    """Nobody can read what it brings; what is bound too late is still found."""
    found = project(APP, "from math import *\nx = sin(1) + cos(0)")
    assert any("from math import * is taken to bring sin, cos" in each for each in found.warnings)
    assert "too early" in refused(project, APP, "from math import *\nx = later\nlater = 1").what


def test_a_star_import_of_a_file_beside_it_is_read(project, note):
    """So a name that is not in it is found."""
    (note(APP).parent / "mine.py").write_text("from os import path\ndef load():\n    made = 1\n")
    assert project(APP, "from mine import *\nx = load(), path").warnings == ()
    assert "uses made" in refused(project, APP, "from mine import *\nx = made").what

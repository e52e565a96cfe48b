"""A cell's own source, as the Python that IPython makes of it."""

from __future__ import annotations

import ast

import pytest
from anytext import ANY_TEXT
from hypothesis import given
from IPython.core.inputtransformer2 import TransformerManager

from autoexec_magic.diagnosis.ipython import as_python


@given(ANY_TEXT)
def test_any_text_is_answered(text):
    """It never raises."""
    assert isinstance(as_python(text), str)


@pytest.mark.parametrize(
    "source",
    [
        "%matplotlib inline\nx = 1",
        "x = 1\n!ls -l\ny = 2",
        "files = !ls *.py",
        "here = %pwd",
        "%%time\nx = 1\ny = 2",
        "%%bash --out a\nls",
        "if True:\n    %cd ..\n    !ls",
        "    x = 1\n    y = 2",
        ">>> x = 1\n>>> y = 2",
        "a, b = !ls",
        "%time x = sum([1])",
        "x = 5 % 3\ny = '%d' % x",
        "x = {\n  'a': 1,\n}",
    ],
)
def test_it_is_what_ipython_makes_of_it(source):
    """The same tree, as far as names and lines go."""
    theirs = ast.parse(TransformerManager().transform_cell(source))
    ours = ast.parse(as_python(source))
    assert ast.unparse(ours).replace("\\n')", "')") == ast.unparse(theirs).replace("\\n')", "')")
    assert [node.lineno for node in ours.body] == [node.lineno for node in theirs.body]


@pytest.mark.parametrize("line", ["df?", "df.head??", "?df", "%%time?"])
def test_help_is_nothing(line):
    """It binds and needs nothing."""
    assert as_python(f"x = 1\n{line}") == "x = 1\npass"

"""Whether the notebook explains a failure, and that it says nothing where it does not."""

from __future__ import annotations

import pytest
from anytext import ANY_TEXT
from hypothesis import given, settings
from hypothesis import strategies as st
from playbook import Play

from autoexec_magic.diagnosis import Around, Cell, Notebook, diagnose_exception
from autoexec_magic.diagnosis.failure import Failure
from autoexec_magic.diagnosis.notebook import explain


def test_it_comes_before_the_exceptions_own_row():
    """The row would say that the name is not defined, which everybody sees."""
    play = Play("totl = 1", "print(totl)").run(2)
    alone = diagnose_exception(play.error, is_user_frame=play.files.__contains__)
    assert (alone.code, play.why().code) == ("name-not-defined", "cell-not-run")
    assert play.why().where == alone.where == "<ipython-input-1>:1"


def test_the_root_is_explained_not_the_wrapper():
    """`raise … from` says what it was."""
    play = Play(
        "totl = 1", "try:\n    print(totl)\nexcept NameError as error:\n    raise ValueError from error"
    ).run(2)
    assert play.why().code == "cell-not-run"


@pytest.mark.parametrize("error", [KeyError("a"), NameError("name 'x' is not defined"), ValueError()])
def test_an_error_without_a_traceback_is_left_to_its_row(error):
    """Nothing says where it came from."""
    notebook = Notebook(cells=(Cell(source="x = 1", position=1),), is_document_known=True)
    found = diagnose_exception(error, is_user_frame=lambda name: True, around=Around(notebook=notebook))
    assert found.code in ("key-not-found", "name-not-defined", "wrong-value")


def test_without_a_notebook_nothing_is_explained():
    """Plain Python."""
    failure = Failure(type_name="NameError", message="name 'x' is not defined", name="x", is_own=True)
    assert explain(failure, Around()) is None
    assert explain(failure, Around(notebook=Notebook())) is None


@pytest.mark.parametrize("source", ["x = (", "\0", "x" * 200_000, "é = 1\n" * 50, "", "(" * 3000])
@pytest.mark.parametrize("last", ["print(missing)", "{}['a']", "import nowhere_at_all", "open('/no/x.csv')"])
def test_cells_that_nobody_can_read_are_no_reason(source, last):
    """Whatever stands in the other cells, the failure has a diagnosis."""
    assert Play(source, last).run(2).why().why


def test_everything_is_on_one_line_and_bounded():
    """Sources may hold anything; what is shown of them fits a line."""
    long = "totl = 1  # \x1b[31mred\u202e" + "x" * 5000
    cells = [f"v{n} = 1\n" for n in range(30)]
    found = Play(*cells, long, "print(totl, " + ", ".join(f"v{n}" for n in range(30)) + ")").run(32).why()
    texts = [found.why, found.fix, *found.evidence]
    assert all(len(text) <= 200 and text.isprintable() for text in texts)
    assert len(found.evidence) <= 8


@settings(deadline=None)
@given(
    st.lists(ANY_TEXT, max_size=4),
    st.sampled_from(["print(missing)", "{}['a']", "[].x", "import a.b.c.d"]),
    ANY_TEXT,
)
def test_whatever_stands_in_the_cells_a_failure_is_answered(sources, last, error):
    """Sources, the errors of earlier cells, and names that are no texts."""
    play = Play(last).run(1)
    cells = [
        Cell(source=text, position=at, ran="failed", number=at + 1, error=error, ran_source=error)
        for at, text in enumerate(sources, 1)
    ]
    own = Cell(source=last, position=len(cells) + 1, number=1, ran="failed")
    names = frozenset({"x", 5, None, ()})
    notebook = Notebook(cells=(*cells, own), current=1, names=names, is_document_known=True, files=play.files)
    found = diagnose_exception(
        play.error, is_user_frame=play.files.__contains__, around=Around(notebook=notebook)
    )
    assert found.code
    assert all(text.isprintable() for text in (found.why, found.fix, *found.evidence))

"""Which front end a kernel talks to."""

from __future__ import annotations

import builtins
import io
import sys
import time

import pytest

from autoexec_magic.errors import NeedsPerson
from autoexec_magic.ui import front
from autoexec_magic.values import Choice, Question, Reply


class Kernel:
    """What a shell's kernel is for `front`."""

    def __init__(self, *, allow_stdin, file=""):
        self._allow_stdin = allow_stdin
        self.parent = type("App", (), {"connection_file": file})()


class Shell:
    """A shell with or without a kernel."""

    def __init__(self, kernel=None, **names):
        self.user_ns = names
        if kernel:
            self.kernel = kernel


@pytest.fixture(autouse=True)
def _no_session(monkeypatch):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)


def test_a_front_end_with_a_person_says_so():
    """`allow_stdin` of the request that runs."""
    assert front.has_person(Shell(Kernel(allow_stdin=True)))
    assert not front.has_person(Shell(Kernel(allow_stdin=False)))


def test_widgets_are_for_notebooks_with_a_person(monkeypatch):
    """Not for nbclient, not for `jupyter console`, not for a terminal."""
    person, nobody = Shell(Kernel(allow_stdin=True)), Shell(Kernel(allow_stdin=False))
    assert not front.has_widgets(person)
    assert front.has_widgets(Shell(Kernel(allow_stdin=True), __vsc_ipynb_file__="/a/b.ipynb"))
    monkeypatch.setenv("JPY_SESSION_NAME", "a/b.ipynb")
    assert front.has_widgets(person)
    assert not front.has_widgets(nobody)
    assert not front.has_widgets(Shell())


def test_a_notebook_is_what_its_front_end_names(monkeypatch):
    """The server's session path first."""
    shell = Shell(__vsc_ipynb_file__="/code/b.ipynb")
    assert front.notebook_of(shell) == "/code/b.ipynb"
    monkeypatch.setenv("JPY_SESSION_NAME", "a.ipynb")
    assert front.notebook_of(shell) == "a.ipynb"
    monkeypatch.delenv("JPY_SESSION_NAME")
    assert front.notebook_of(Shell()) == ""


@pytest.mark.parametrize(
    ("file", "kernel"),
    [("/x/kernel-0a1b-2c.json", "0a1b-2c"), ("/x/other.json", ""), ("", "")],
)
def test_a_kernel_is_known_by_its_connection_file(file, kernel):
    """The id that the server knows it by."""
    assert front.kernel_of(Shell(Kernel(allow_stdin=True, file=file))) == kernel
    assert front.kernel_of(Shell()) == ""


@pytest.mark.parametrize(
    ("answer", "want"),
    [
        ("y", Reply.YES),
        (" YES ", Reply.YES),
        ("n", Reply.NO),
        ("", Reply.NO),
        ("maybe", Reply.NO),
        ("a", Reply.NO),
        ("always", Reply.NO),
    ],
)
def test_only_a_yes_is_yes(answer, want, monkeypatch, capsys):
    """Enter alone is no; the evidence stands above the question."""
    prompts = []
    monkeypatch.setattr(builtins, "input", lambda prompt: prompts.append(prompt) or answer)
    assert front.ask(Question(text="install x ?", evidence=("only the same name",))) is want
    assert capsys.readouterr().out == "  because: only the same name\n"
    assert prompts == ["install x ? [y]es / [N]o "]


@pytest.mark.parametrize(
    ("answer", "want"),
    [("a", Reply.ALWAYS), (" Always ", Reply.ALWAYS), ("y", Reply.YES), ("", Reply.NO), ("al", Reply.NO)],
)
def test_an_answer_can_be_for_good_where_the_question_says_what_it_is_about(answer, want, monkeypatch):
    """Then it is offered; Enter alone stays no."""
    prompts = []
    monkeypatch.setattr(builtins, "input", lambda prompt: prompts.append(prompt) or answer)
    assert front.ask(Question(text="run x ?", content="x")) is want
    assert prompts == ["run x ? [y]es / [a]lways here / [N]o "]


def test_the_end_of_input_is_no(monkeypatch):
    """Nobody said yes."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert front.ask(Question(text="install x ?")) is Reply.NO


def test_a_question_does_not_wait_for_ever(monkeypatch):
    """Then it is one that nobody could answer, with the command that says yes."""
    monkeypatch.setattr(front, "ANSWER_SECONDS", 0.1)
    monkeypatch.setattr(builtins, "input", lambda prompt: time.sleep(30))
    with pytest.raises(NeedsPerson, match="install x") as caught:
        front.ask(Question(text="install x ?", fix="%autoexec install x"))
    assert caught.value.fix == "%autoexec install x"


def test_a_line_that_ends_in_a_question_mark_is_told_as_it_is(monkeypatch):
    """Only the question's own mark is left out."""
    monkeypatch.setattr(front, "ANSWER_SECONDS", 0.1)
    monkeypatch.setattr(builtins, "input", lambda prompt: time.sleep(30))
    with pytest.raises(NeedsPerson) as caught:
        front.ask(Question(text="run ls; echo $? ?"))
    assert caught.value.what == "run ls; echo $?"


def test_ctrl_c_at_a_question_is_ctrl_c(monkeypatch):
    """Not a no: the run was stopped."""

    def interrupted(prompt):
        raise KeyboardInterrupt

    monkeypatch.setattr(builtins, "input", interrupted)
    with pytest.raises(KeyboardInterrupt):
        front.ask(Question(text="install x ?"))


FIRST = Choice(answer="frob", label="frob 1.0", lines=("9 releases",), fix="A", proved=True)
SECOND = Choice(answer="frob-NG", label="frob-NG 2.0", fix="B", proved=True)
BARRED = Choice(answer="frobs", label="frobs 0.1", why_not="there is no wheel")
WHICH = Question(text="install which ?", evidence=("two hold frob",), choices=(BARRED, FIRST, SECOND))


@pytest.mark.parametrize(
    ("answer", "want"),
    [
        ("1", FIRST),
        (" 2 ", SECOND),
        ("frob", FIRST),
        ("FROB-ng", SECOND),
        ("", Reply.NO),
        ("n", Reply.NO),
        ("y", Reply.NO),
        ("yes", Reply.NO),
        ("0", Reply.NO),
        ("3", Reply.NO),
        ("-1", Reply.NO),
        ("frobs", Reply.NO),
        ("frob 1.0", Reply.NO),
    ],
)
def test_one_of_several_is_chosen_by_its_number_or_its_name(answer, want, monkeypatch, capsys):
    """A yes says not which, so it is no; what cannot be chosen has no number, and says why."""
    prompts = []
    monkeypatch.setattr(builtins, "input", lambda prompt: prompts.append(prompt) or answer)
    assert front.ask(WHICH) is want
    assert prompts == ["install which ? [1] frob / [2] frob-NG / [N]o "]
    assert capsys.readouterr().out.splitlines() == [
        "  because: two hold frob",
        "  [-] frobs 0.1 · not proved: there is no wheel",
        "  [1] frob 1.0 · proved",
        "        9 releases",
        "  [2] frob-NG 2.0 · proved",
    ]


@pytest.mark.parametrize("answer", ["y", "yes", "1", "frob"])
def test_a_yes_chooses_where_there_is_one_choice(answer, monkeypatch):
    """Then the prompt is the one that everybody knows."""
    prompts = []
    monkeypatch.setattr(builtins, "input", lambda prompt: prompts.append(prompt) or answer)
    assert front.ask(Question(text="install frob 1.0 ?", choices=(FIRST,))) is FIRST
    assert prompts == ["install frob 1.0 ? [y]es / [N]o "]


def test_a_choice_that_nobody_makes_names_each_command(monkeypatch):
    """After ten minutes, as with a yes that nobody says."""
    monkeypatch.setattr(front, "ANSWER_SECONDS", 0.1)
    monkeypatch.setattr(builtins, "input", lambda prompt: time.sleep(30))
    with pytest.raises(NeedsPerson) as caught:
        front.ask(WHICH)
    assert (caught.value.what, caught.value.fix) == ("install which", "A, or B")


def test_a_notebooks_folder_is_known_where_its_path_is_whole(monkeypatch):
    """What is relative is so to nobody knows what."""
    assert front.folder_of(Shell(__vsc_ipynb_file__="/code/b.ipynb")) == "/code"
    monkeypatch.setenv("JPY_SESSION_NAME", "a/b.ipynb")
    assert front.folder_of(Shell()) == ""


def test_the_cell_that_runs_is_told_with_the_request():
    """By JupyterLab and Notebook 7; another front end may tell nothing."""
    kernel = Kernel(allow_stdin=True)
    kernel.get_parent = lambda channel: {"metadata": {"cellId": "abc"}}
    assert front.cell_of(Shell(kernel)) == "abc"
    kernel.get_parent = lambda channel: {}
    assert front.cell_of(Shell(kernel)) == ""
    assert front.cell_of(Shell()) == ""

"""A question is on record with its answer, and one that was answered for good is not put again."""

from __future__ import annotations

import dataclasses

import pytest

from autoexec_magic import config
from autoexec_magic.errors import NeedsPerson
from autoexec_magic.events import Answered, Asked
from autoexec_magic.executor.cage import Doors
from autoexec_magic.history import new_id
from autoexec_magic.orchestrator import Plan, Surroundings
from autoexec_magic.orchestrator.questions import recorded
from autoexec_magic.values import Choice, Question, Reply

QUESTION = Question(text="run x ?", content="x", fix="%autoexec sh --yes x")


@pytest.fixture
def here(workdir) -> Surroundings:
    """Return surroundings in which a person answers for good."""
    loaded = config.load(workdir, {})
    return Surroundings(
        config=loaded.config,
        loaded=loaded,
        cwd=workdir,
        workspace=workdir,
        cache=workdir / "cache",
        ask=lambda question: Reply.ALWAYS,
        run_id=new_id(),
    )


def test_always_is_not_asked_again(emit, here):
    """In this project, and for exactly this."""
    assert recorded(here, emit)(QUESTION) is Reply.ALWAYS
    asked, answered = emit
    assert isinstance(asked, Asked)
    assert asked.answers == ("yes", "always", "no")
    assert answered == Answered(question=asked.question, answer="always", by="person")

    def nobody(question: Question) -> Reply:
        raise NeedsPerson(question.text)

    later = dataclasses.replace(here, ask=nobody)
    assert recorded(later, emit)(QUESTION) is Reply.ALWAYS
    assert len(emit) == 2
    for other in ({"content": "y"}, {"content": ""}):
        with pytest.raises(NeedsPerson):
            recorded(later, emit)(dataclasses.replace(QUESTION, **other))


def test_yes_is_for_once(emit, here):
    """The next time it is asked again."""
    here = dataclasses.replace(here, ask=lambda question: Reply.YES)
    ask = recorded(here, emit)
    assert ask(QUESTION) is ask(QUESTION) is Reply.YES
    assert len(emit) == 4
    assert list(here.loaded.trust.all()) == []


def test_what_cannot_be_kept_is_not_offered_for_good(emit, here):
    """A question without content has two answers."""
    recorded(here, emit)(dataclasses.replace(QUESTION, content=""))
    assert emit[0].answers == ("yes", "no")
    assert list(here.loaded.trust.all()) == []


def test_a_secret_in_the_question_is_not_kept(emit, here, monkeypatch):
    """The list of answers is shown."""
    monkeypatch.setenv("MY_TOKEN", "hunter2-hunter2")
    recorded(here, emit)(dataclasses.replace(QUESTION, text="run curl hunter2-hunter2 ?"))
    (kept,) = here.loaded.trust.all()
    assert kept.text == "run curl *** ?"


@pytest.mark.parametrize(("given", "reply"), [(True, Reply.YES), (False, Reply.NO)])
def test_who_answers_with_a_truth_value_is_understood(emit, here, given, reply):
    """Python callers may."""
    assert recorded(dataclasses.replace(here, ask=lambda question: given), emit)(QUESTION) is reply


def test_the_command_that_says_yes_has_the_options_of_the_line(emit, here):
    """Else it would run without its cage, or its limit."""
    plan = Plan(
        verb="sh",
        title="t",
        phases=(),
        timeout=9.0,
        level="workspace",
        doors=Doors(net=(443,), unix=True),
        pass_on=("NAME",),
        pty=True,
    )
    asked = []
    here = dataclasses.replace(here, ask=lambda question: asked.append(question) or Reply.NO)
    recorded(here, emit, plan.options())(QUESTION)
    options = "--timeout 9 --cage workspace --net 443 --unix --env NAME --pty"
    assert asked[0].fix == f"%autoexec sh --yes {options} x"
    assert Plan(verb="sh", title="t", phases=()).options() == ""


def test_an_answer_for_good_is_for_the_same_options(emit, here):
    """What may run in a cage may not run without one."""
    recorded(here, emit, "--cage workspace")(QUESTION)
    asked = []
    later = dataclasses.replace(here, ask=lambda question: asked.append(question) or Reply.NO)
    assert recorded(later, emit, "--cage workspace")(QUESTION) is Reply.ALWAYS
    assert recorded(later, emit)(QUESTION) is Reply.NO
    assert len(asked) == 1


def test_an_answer_that_cannot_be_kept_is_a_yes_all_the_same(emit, here, caplog, workdir):
    """On a full disk; it is asked again the next time."""
    (workdir / "blocked").write_text("a file, not a folder")
    here = dataclasses.replace(here, loaded=dataclasses.replace(here.loaded, data=workdir / "blocked"))
    assert recorded(here, emit)(QUESTION) is Reply.ALWAYS
    assert "asked again" in caplog.text
    assert list(here.loaded.trust.all()) == []


FIRST = Choice(answer="frob", label="frob 1.0", fix="%autoexec install frob --yes", proved=True)
SECOND = Choice(answer="frob-ng", label="frob-ng 1.0", fix="%autoexec install frob-ng --yes", proved=True)
WHICH = Question(text="install which ?", choices=(FIRST, SECOND))


def test_what_was_chosen_is_on_record(emit, here):
    """The card with its choices, and the word of the one that a person took."""
    here = dataclasses.replace(here, ask=lambda question: SECOND)
    assert recorded(here, emit)(WHICH) is SECOND
    asked, answered = emit
    assert (asked.answers, asked.choices) == (("frob", "frob-ng", "no"), (FIRST, SECOND))
    assert answered == Answered(question=asked.question, answer="frob-ng", by="person")


@pytest.mark.parametrize("said", [True, Reply.YES, Reply.ALWAYS])
def test_a_yes_to_several_is_an_answer_of_nobody(emit, here, said):
    """It ends as a question that nobody could answer does, with the command for each."""
    with pytest.raises(NeedsPerson) as caught:
        recorded(dataclasses.replace(here, ask=lambda question: said), emit)(WHICH)
    assert caught.value.fix == "%autoexec install frob --yes, or %autoexec install frob-ng --yes"
    assert (emit[-1].answer, emit[-1].by) == ("none", "nobody")

"""An answer means one thing only: a yes chooses nothing where there are several to choose from."""

from __future__ import annotations

import pytest

from autoexec_magic.choosing import chosen, fixes, meant, standing, unanswered
from autoexec_magic.errors import NeedsPerson, UsageError
from autoexec_magic.values import Choice, Question, Reply

PLAIN = Choice(answer="frob", label="frob 1.0", fix="%autoexec install frob --yes", proved=True)
OTHER = Choice(answer="frob-ng", label="frob-ng 2.0", fix="%autoexec install frob-ng --yes", proved=True)
UNSEEN = Choice(answer="frobs", label="frobs 0.1", why_not="there is no wheel")
WRONG = Choice(answer="frobbed", label="frobbed 0.1", proved=False, why_not="it does not hold frob")
WHICH = Question(text="install which ?", evidence=("two hold frob",), choices=(PLAIN, OTHER, UNSEEN))


@pytest.mark.parametrize(
    ("choices", "only"),
    [
        pytest.param((PLAIN,), PLAIN, id="one"),
        pytest.param((PLAIN, WRONG), PLAIN, id="one-and-one-that-was-ruled-out"),
        pytest.param((PLAIN, OTHER), None, id="two"),
        pytest.param((PLAIN, UNSEEN), None, id="one-and-one-that-nobody-looked-into"),
        pytest.param((UNSEEN,), None, id="none-that-can-be-chosen"),
        pytest.param((WRONG,), None, id="none-that-is-right"),
    ],
)
def test_a_yes_means_the_only_choice_and_never_one_of_several(choices, only):
    """What could be the right one, though nobody could look into it, counts as another."""
    question = Question(text="install it ?", choices=choices)
    assert question.only is only
    for said in (True, Reply.YES, Reply.ALWAYS):
        if only:
            assert meant(question, said) is only
        else:
            with pytest.raises(NeedsPerson, match="install it") as caught:
                meant(question, said)
            assert caught.value.why == "a yes does not say which"


@pytest.mark.parametrize("said", [False, Reply.NO])
def test_a_no_is_a_no(said):
    """Whoever says it, and whatever could be chosen."""
    assert meant(WHICH, said) is Reply.NO
    assert meant(Question(text="run it ?"), said) is Reply.NO


@pytest.mark.parametrize(
    ("said", "want"), [(True, Reply.YES), (Reply.YES, Reply.YES), (Reply.ALWAYS, Reply.ALWAYS)]
)
def test_without_choices_a_yes_is_a_yes(said, want):
    """As it always was."""
    assert meant(Question(text="run it ?", content="x"), said) is want


def test_a_choice_is_true_and_is_the_questions_own():
    """One that is not on the card, or that cannot be chosen, is no answer."""
    assert meant(WHICH, OTHER) is OTHER
    assert bool(OTHER)
    with pytest.raises(UsageError, match="'frobbed' is no answer") as caught:
        meant(WHICH, WRONG)
    assert caught.value.fix == "one of frob, frob-ng, no"
    with pytest.raises(UsageError) as caught:
        meant(WHICH, UNSEEN)
    assert caught.value.why == "there is no wheel"


def test_the_word_of_an_answer_is_read_back():
    """What the panel sends: a choice's own word, or a reply's."""
    assert chosen(WHICH, "frob-ng") is OTHER
    assert chosen(WHICH, "no") is Reply.NO
    assert chosen(Question(text="run it ?"), "yes") is Reply.YES
    for word in ("yes", "frobs", ""):
        with pytest.raises(UsageError, match="is no answer"):
            chosen(WHICH, word)


def test_where_nobody_answers_each_command_that_would_is_named():
    """With what is known of each, for who reads the log; a plain question has its one command."""
    error = unanswered(WHICH)
    assert error.what == "install which"
    assert error.why == (
        "two hold frob; frob 1.0: proved; frob-ng 2.0: proved; frobs 0.1: not proved: there is no wheel"
    )
    assert error.fix == "%autoexec install frob --yes, or %autoexec install frob-ng --yes"
    assert fixes(Question(text="run it ?", fix="type this")) == "type this"


def test_how_a_choice_stands_is_said_in_words():
    """Proved, not proved, ruled out; nothing where there is nothing to prove."""
    assert [standing(choice) for choice in (PLAIN, UNSEEN, WRONG, Choice(answer="a", label="a"))] == [
        "proved",
        "not proved: there is no wheel",
        "ruled out: it does not hold frob",
        "",
    ]

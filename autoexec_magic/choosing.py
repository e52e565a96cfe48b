"""What an answer to a question means, and what is said where nobody answers: pure.

A question with several choices is never answered by a yes, whoever says it,
an option such as `--yes` least of all: who agrees to something unseen has not
chosen between two projects of the same module's name.
"""

from __future__ import annotations

from .errors import NeedsPerson, UsageError
from .values import Choice, Question, Reply


def meant(question: Question, said: bool | Reply | Choice) -> Reply | Choice:
    """Return what `said` means as an answer to `question`.

    Raises
    ------
    NeedsPerson
        It is a yes, and there are several choices.
    UsageError
        It is a choice that the question does not have, or that cannot be
        chosen.
    """
    if isinstance(said, Choice):
        return chosen(question, said.answer)
    if not said:
        return Reply.NO
    if not question.choices:
        return said if isinstance(said, Reply) else Reply.YES
    if question.only is None:
        raise unanswered(question, why="a yes does not say which")
    return question.only


def chosen(question: Question, word: str) -> Reply | Choice:
    """Return the choice, or the reply, that is the answer `word`.

    Raises
    ------
    UsageError
        It is none of the question's answers.
    """
    found = next((choice for choice in question.choices if choice.answer == word), None)
    if word in question.answers:
        return found or Reply(word)
    why = found.why_not if found else question.text
    raise UsageError(f"{word!r} is no answer", why=why, fix=f"one of {', '.join(question.answers)}")


def unanswered(question: Question, *, why: str = "") -> NeedsPerson:
    """Return the error that nobody answered: what was asked, why, and each command that would."""
    evidence = [*question.evidence, *(f"{choice.label}: {standing(choice)}" for choice in question.choices)]
    return NeedsPerson(
        question.text.removesuffix(" ?"),
        why=why or "; ".join(evidence if len(question.choices) > 1 else question.evidence),
        fix=fixes(question),
    )


def fixes(question: Question) -> str:
    """Return the commands that answer `question`, one for each thing that may be chosen."""
    found = [choice.fix for choice in question.choices if choice.fix and not choice.why_not]
    return ", or ".join(found) or question.fix


def standing(choice: Choice) -> str:
    """Return in words whether a choice was looked into; where it cannot be chosen, why."""
    if choice.proved is False:
        return f"ruled out: {choice.why_not}" if choice.why_not else "ruled out"
    if choice.why_not:
        return f"not proved: {choice.why_not}"
    return "proved" if choice.proved else ""

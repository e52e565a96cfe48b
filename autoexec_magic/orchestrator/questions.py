"""A question and its answer: put to whoever can answer, on the record, and kept where that is wanted."""

from __future__ import annotations

import logging
import os
from dataclasses import replace

from ..choosing import meant
from ..errors import NeedsPerson, UsageError
from ..events import Answered, Asked, Emit
from ..history import new_id
from ..redact import cleaned, secrets_in
from ..values import Ask, Choice, Question, Reply
from .surroundings import Surroundings

_log = logging.getLogger(__name__)
_YES = "%autoexec sh --yes"
_KEPT = "command"  # the kind of answer that is kept


def recorded(here: Surroundings, emit: Emit, options: str = "") -> Ask:
    """Return `here.ask` with the question, its place and its answer on the record.

    What a person agreed to for good is not asked again, with the same options.
    These are the line's, which the command that says yes has to have as well.
    """
    trust = here.loaded.trust if here.loaded is not None else None

    def ask(question: Question) -> Reply | Choice:
        name = new_id()
        if question.content and trust is not None and trust.has(_KEPT, question.content, options):
            return Reply.ALWAYS
        if options:
            question = replace(question, fix=question.fix.replace(_YES, f"{_YES} {options}", 1))
        question = replace(question, run_id=here.run_id, question=name, place=here.place())
        emit(
            Asked(
                question=name,
                text=question.text,
                evidence=question.evidence,
                answers=question.answers,
                place=question.place,
                choices=question.choices,
            )
        )
        try:
            reply = meant(question, here.ask(question))
        except NeedsPerson:
            emit(Answered(question=name, answer="none", by="nobody"))
            raise
        answer = reply.answer if isinstance(reply, Choice) else reply.value
        emit(Answered(question=name, answer=answer, by="person"))
        if reply is Reply.ALWAYS and question.content and trust is not None:
            text = cleaned(question.text, secrets_in(os.environ))
            try:
                trust.keep(_KEPT, question.content, options, text=text)
            except UsageError as error:  # a full disk: it was a yes all the same
                _log.warning("it will be asked again: %s", error)
        return reply

    return ask

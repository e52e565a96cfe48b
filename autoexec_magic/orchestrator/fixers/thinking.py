"""The optional fixer: a patch by a language model, judged like anybody's.

It is asked only where a line says `--model` or `--auto` and a person has
configured one: there is no sign by which a project could be trusted with
where its source is sent, so that every time is a person's own word. What is
sent is masked (`sent`); with `--show` a person sees it and says yes first. Of
what is sent only its size and digest are on the record.

The patch runs on trial: it is kept only if what runs then passes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import replace

from ...errors import NeedsPerson
from ...events import Emit, FixTried, Progress
from ...values import Ask, Question
from ..plan import Fixing
from ..surroundings import Surroundings
from .actions import patched
from .attempt import Attempt, Change, Failure, Hands, Left
from .mending import Thinks
from .model import NONE, Endpoint, ask, endpoint
from .patch import BadPatch, Hunk, apply, read
from .sent import Letter, letter, restored


def thinker(fixing: Fixing, hands: Hands, *, emit: Emit, here: Surroundings) -> Thinks:
    """Return the fixer that asks the configured model."""

    def thinks(failure: Failure, attempt: Attempt, tried: Sequence[FixTried], seconds: float) -> Change:
        where = endpoint(here.config)
        try:
            made = letter(failure, attempt, tried, hands.shorten)
        except ValueError as error:
            raise Left(str(error)) from None
        body = made.body(where.model)
        if fixing.shows:
            _show(made, where, hands.sees)
        digest = hashlib.sha256(body).hexdigest()[:12]
        size = f"{len(body):,} bytes, sha256 {digest}, {made.masked} masked"
        what = f"asked {where.model} at {where.host} ({size})"
        emit(Progress(phase="run", text=what))
        said = ask(where, body, environment=os.environ, seconds=seconds, is_stopped=_stopping(here))
        try:
            source = _patched(said, attempt, made)
        except BadPatch as error:
            raise Left(f"{what}: {error}") from None
        return patched(source, failure, attempt, hands, by="model", what=what, on_trial=True)

    return thinks


def _show(made: Letter, where: Endpoint, sees: Ask | None) -> None:
    """Show what would be sent, and to whom, and let it be sent on a yes.

    Past the record, which is no place for it, and so are the words of whoever is not there.
    """
    question = Question(
        text=f"send this to {where.host} ?",
        evidence=(f"POST {where.address}, model {where.model}", *made.text.split("\n")),
        needs_person=True,
    )
    try:
        is_sent = sees is not None and sees(question)
    except NeedsPerson:
        raise Left("nobody is here to see what would be sent") from None
    if not is_sent:
        raise Left("a person did not let it be sent")


def _patched(said: str, attempt: Attempt, made: Letter) -> str:
    if said.strip().strip("`*.").strip() == NONE:
        raise BadPatch("it knows no change")
    hunks = tuple(_meant(hunk, attempt.source, made.source) for hunk in read(said, attempt.name))
    return apply(hunks, attempt.source, seen=made.source)


def _meant(hunk: Hunk, source: str, seen: str) -> Hunk:
    """Return a hunk with the lines that it writes as they are meant for the real source."""
    lines = []
    for mark, text in hunk.lines:
        real = restored(text, source, seen) if mark == "+" else text
        if real is None:
            raise BadPatch("it writes a line whose secret it was not shown")
        lines.append((mark, real))
    return replace(hunk, lines=tuple(lines))


def _stopping(here: Surroundings) -> Callable[[], bool]:
    def is_stopped() -> bool:
        return here.is_cancelled() or (here.cancel is not None and here.cancel.is_set())

    return is_stopped

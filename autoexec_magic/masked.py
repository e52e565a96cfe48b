"""Output that was left as it is for its caller, masked for everybody else.

What a notebook keeps as a value (`token = !tool print-token`) must be what the
program wrote; the record of that run, and what a person sees of it, must not.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace

from .events import Emit, Event, Output, PhaseFinished, RunFinished
from .redact import Cleaner, secrets_in
from .values import Stream


def masked(emit: Emit, names: Iterable[str] = ()) -> Emit:
    """Return a sink that masks output, and makes it harmless, before `emit`.

    Parameters
    ----------
    emit : callable
        Gets the same events, but for what `Output` says.
    names : iterable of str, optional
        Names of more variables whose values are secrets; `*` is a wildcard.
    """
    secrets = secrets_in(os.environ, names=names)
    cleaners: dict[Stream, Cleaner] = {}
    last: dict[Stream, Output] = {}

    def flush() -> None:
        for stream, cleaner in cleaners.items():
            rest = cleaner.flush()
            if rest:
                emit(replace(last[stream], text=rest))
        cleaners.clear()

    def sink(event: Event) -> None:
        if not isinstance(event, Output):
            if isinstance(event, PhaseFinished | RunFinished):
                flush()
            emit(event)
            return
        last[event.stream] = event
        text = cleaners.setdefault(event.stream, Cleaner(secrets)).feed(event.text)
        if text:
            emit(replace(event, text=text))

    return sink

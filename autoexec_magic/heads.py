"""The ledger's newest head, kept in the run that wrote it: what shows a cut tail or a restored old copy.

A run's last event has the head of the newest row that the run wrote, and each
`Recorded` has it as soon as it was written: a run that was killed tells as
much as one that ended.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .errors import UsageError
from .events import Emit, Event, Recorded, RunFinished
from .history import Store, short_id

if TYPE_CHECKING:
    from .chain import Head, Seen

_LAST_BYTES = 16_384


def with_head(emit: Emit) -> Emit:
    """Return a sink that puts the newest `Recorded` head into the run's last event, before `emit`."""
    newest = ""

    def sink(event: Event) -> None:
        nonlocal newest
        if isinstance(event, Recorded):
            newest = event.head
        elif isinstance(event, RunFinished) and newest and not event.ledger_head:
            event = replace(event, ledger_head=newest)
        emit(event)

    return sink


def seen_by(store: Store, limit: int | None = None) -> Iterator[Seen]:
    """Yield the newest head that each run saw, newest run first, of at most `limit` runs.

    Raises
    ------
    UsageError
        The run store cannot be read.
    """
    from .chain import Seen  # what reads a ledger is loaded where one is read

    for run_id in itertools.islice(store.ids(), limit):
        head = _head_in(store, run_id)
        if head is not None:
            yield Seen(head=head, by=f"run {short_id(run_id)}{_day(store, run_id)}")


def _head_in(store: Store, run_id: str) -> Head | None:
    """Return the newest head in a run's log: from its last event, else from all of it."""
    from .chain import head_of

    try:
        with store.log(run_id).open("rb") as log:
            end = log.seek(0, os.SEEK_END)
            log.seek(max(0, end - _LAST_BYTES))
            tail = log.read().splitlines()
    except OSError:
        return None
    for line in reversed(tail):
        if b'"kind":"RunFinished"' in line and (event := _event(line)).get("kind") == "RunFinished":
            return head_of(str(event.get("ledger_head", "")))
    found = None
    try:
        for line in store.lines(run_id):  # it did not end
            if b'"kind":"Recorded"' in line[:_LAST_BYTES]:
                event = _event(line)
                found = (
                    head_of(str(event.get("head", ""))) or found if event.get("kind") == "Recorded" else found
                )
    except UsageError:
        return found
    return found


def _event(line: bytes) -> dict[str, object]:
    try:
        found = json.loads(line)["event"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _day(store: Store, run_id: str) -> str:
    meta = store.meta(run_id)
    if meta is None:
        return ""
    return f" of {datetime.fromtimestamp(meta.started / 1000, UTC):%Y-%m-%d %H:%M} UTC"

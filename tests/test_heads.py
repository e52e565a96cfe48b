"""A run keeps the newest head that it wrote, also one that was killed; and who verifies finds it there."""

from __future__ import annotations

import time

import pytest

from autoexec_magic.chain import Head
from autoexec_magic.events import Output, Recorded, RunFinished, RunStarted
from autoexec_magic.heads import seen_by, with_head
from autoexec_magic.history import Meta, Owner, Store, new_id
from autoexec_magic.values import Verdict

STARTED = RunStarted(verb="install", title="x", cage="open")
FINISHED = RunFinished(verdict=Verdict.PASSED, seconds=1.0)


def recorded(number):
    """Return the event of a row."""
    return Recorded(row="install", head=head(number))


def head(number):
    """Return a head as text."""
    return f"{number}:{number:064x}"


@pytest.fixture
def store(tmp_path):
    """Return an empty run store."""
    return Store(tmp_path, lambda pid, start: False)


def run(store, *events):
    """Record a run, its last event with the head; return its id."""
    time.sleep(0.002)  # ids sort by the millisecond
    meta = Meta(
        run_id=new_id(), verb="install", title="x", started=1_700_000_000_000, cage="open",
        owner=Owner(pid=1, start_time=1, host="elsewhere"),
    )  # fmt: skip
    recorder = store.create(meta)
    emit = with_head(recorder.emit)
    for event in events:
        emit(event)
    recorder.close()
    return meta.run_id


def test_the_last_event_has_the_newest_head(emit):
    """Whoever emits it need not know of the ledger."""
    sink = with_head(emit)
    for event in (STARTED, recorded(4), recorded(5), FINISHED):
        sink(event)
    assert emit[-1].ledger_head == head(5)
    assert emit[:-1] == [STARTED, recorded(4), recorded(5)]


def test_without_a_row_there_is_no_head(emit):
    """The event is passed on as it is, and so is a head that somebody put there."""
    sink = with_head(emit)
    sink(FINISHED)
    assert emit == [FINISHED]
    sink(recorded(4))
    given = RunFinished(verdict=Verdict.PASSED, seconds=1.0, ledger_head=head(9))
    sink(given)
    assert emit[-1] == given


def test_what_the_runs_saw_is_found(store):
    """Of a run that ended, of one that was killed, of one whose log is long; newest run first."""
    run(store, STARTED, FINISHED)
    run(store, STARTED, recorded(2), recorded(3), FINISHED)
    run(store, STARTED, recorded(4), Output(phase="run", stream="stdout", text="x" * 50_000))
    last = run(store, STARTED, recorded(5), Output(phase="run", stream="stdout", text="x" * 50_000), FINISHED)
    found = list(seen_by(store))
    assert [item.head.id for item in found] == [5, 4, 3]
    assert found[0].head == Head(id=5, hash=f"{5:064x}")
    assert found[0].by == f"run {last[-8:]} of 2023-11-14 22:13 UTC"
    assert [item.head.id for item in seen_by(store, limit=1)] == [5]


def test_what_a_program_wrote_is_no_head(store):
    """Its output may look like an event of ours; only an event is one."""
    text = (
        '{"kind":"Recorded","head":"' + head(9) + '"} {"kind":"RunFinished","ledger_head":"' + head(9) + '"}'
    )
    run(store, STARTED, Output(phase="run", stream="stdout", text=text))
    assert list(seen_by(store)) == []


def test_a_log_that_cannot_be_read_is_left_out(store):
    """One damaged run does not keep the ledger from being verified."""
    run(store, STARTED, recorded(2), FINISHED)
    broken = run(store, STARTED, recorded(3), FINISHED)
    store.log(broken).write_bytes(b'{"kind":"Recorded"\n\xff\xfe{"event":[]}\n{"kind":"RunFinished"}\n')
    assert [item.head.id for item in seen_by(store)] == [2]

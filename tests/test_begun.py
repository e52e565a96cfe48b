"""A run is on record from its first process on, with all that was before it, and costs nothing until then."""

from __future__ import annotations

import logging

import pytest

from autoexec_magic.begun import Begun, can_begin
from autoexec_magic.events import Output, PhaseStarted, RunFinished, RunStarted
from autoexec_magic.history import Meta, Owner, Store, host, new_id, now_ms
from autoexec_magic.values import Verdict

STARTED = RunStarted(verb="script", title="x", cage="open")
PHASE = PhaseStarted(phase="run", title="python")


@pytest.fixture
def store(tmp_path) -> Store:
    """Return a store that has had a run."""
    (tmp_path / "data" / "runs").mkdir(parents=True, mode=0o700)
    return Store(tmp_path / "data", lambda pid, start: True)


@pytest.fixture
def begun(store) -> Begun:
    """Return a run that has begun."""
    owner = Owner(pid=1, start_time=1, host=host())
    return Begun(
        store, Meta(run_id=new_id(), verb="script", title="x", started=now_ms(), cage="open", owner=owner)
    )


def kinds(store: Store, begun: Begun) -> list[str]:
    """Return what is on record."""
    return [type(item.event).__name__ for item in store.read(begun.run_id)]


def test_it_is_written_when_its_process_is_there(store, begun):
    """With the process, in one go, and what waited before it."""
    begun.emit(STARTED)
    begun.emit(PHASE)
    assert store.ids() == []
    begun.note_child(7, 8)
    assert store.meta(begun.run_id).child == (7, 8)
    assert kinds(store, begun) == ["RunStarted", "PhaseStarted"]
    begun.note_child(9, 10)
    assert store.meta(begun.run_id).child == (9, 10)
    begun.close()


@pytest.mark.parametrize(
    "event",
    [
        Output(phase="run", stream="stdout", text="x"),
        PhaseStarted(phase="install"),
        RunFinished(verdict=Verdict.FAILED, seconds=0.0),
    ],
)
def test_anything_else_that_happens_is_written_at_once(store, begun, event):
    """A question or an install may take minutes: it can be seen and stopped."""
    begun.emit(STARTED)
    begun.emit(event)
    assert kinds(store, begun) == ["RunStarted", type(event).__name__]
    begun.close()


def test_a_run_that_only_began_is_written_at_its_end(store, begun):
    """Nothing that happened is lost."""
    begun.emit(STARTED)
    begun.close()
    assert kinds(store, begun) == ["RunStarted"]


def test_a_run_that_cannot_be_written_goes_on(store, begun, caplog):
    """It is said, once."""
    store.folder.rmdir()
    store.folder.touch()
    begun.emit(STARTED)
    with caplog.at_level(logging.WARNING):
        begun.note_child(7, 8)
        begun.emit(PHASE)
        begun.emit(Output(phase="run", stream="stdout", text="x"))
        begun.close()
    assert len([record for record in caplog.records if "not on record" in record.message]) == 1


def test_only_a_folder_of_ones_own_is_written_later(store, tmp_path):
    """Else it is tried at once, and said at once."""
    assert can_begin(store)
    store.folder.chmod(0o755)
    assert not can_begin(store)
    assert not can_begin(Store(tmp_path / "nowhere", lambda pid, start: True))

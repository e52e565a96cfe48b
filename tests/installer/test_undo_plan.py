"""Which change an undo takes back: the last of this environment that stands."""

from __future__ import annotations

import os

from autoexec_magic import executor
from autoexec_magic.chain import Row
from autoexec_magic.history import host
from autoexec_magic.installer.undo_plan import going_on, last_change

HERE = "/here"


def row(number, kind, prefix=HERE, **body):
    """Return a row of the ledger."""
    body = {**body, "environment": {"prefix": prefix}}
    return Row(id=number, at=number, kind=kind, run_id="", body=body, before="", hash="")


def newest_first(*rows):
    """Return rows as the ledger gives them."""
    return sorted(rows, key=lambda each: -each.id)


def last(*rows):
    """Return the number of the change to take back, or None."""
    found = last_change(newest_first(*rows), HERE)
    return found.id if found else None


def test_the_newest_install_is_the_last_change():
    """Its own row, not the one that it began with."""
    assert last(row(2, "install-begun"), row(3, "install", begun=2)) == 3
    assert last() is None


def test_what_was_undone_is_no_change_any_more():
    """The one before is the last then, and so on to the first."""
    rows = [row(2, "install-begun"), row(3, "install", begun=2), row(4, "install-begun")]
    rows += [row(5, "install", begun=4), row(6, "undo-begun", undoes=5), row(7, "undo", begun=6, undoes=5)]
    assert last(*rows) == 3
    assert last(*rows, row(8, "undo", begun=0, undoes=3)) is None
    assert last(*rows, row(8, "install", begun=0)) == 8


def test_an_install_that_failed_left_nothing():
    """It said so; one that never said anything was killed, and may have left something."""
    assert last(row(2, "install-begun"), row(3, "install-failed", begun=2)) is None
    assert last(row(2, "install-begun")) == 2


def test_an_undo_that_did_not_end_has_undone_nothing():
    """The same change is the last one again."""
    rows = [row(3, "install", begun=2), row(4, "undo-begun", undoes=3)]
    assert last(*rows) == 3
    assert last(*rows, row(5, "undo-failed", begun=4)) == 3


def test_other_environments_and_kinds_are_left_alone():
    """A release is no install, and another prefix is somebody else's."""
    assert last(row(3, "install", prefix="/there"), row(4, "release")) is None


def test_another_process_at_work_is_seen():
    """While it lives and has not ended; never ourselves, and of another machine nobody can say."""
    parent = executor.identify(os.getppid())
    owner = {"host": host(), "pid": parent.pid, "start_time": parent.start_time}
    begun = row(2, "install-begun", owner=owner)
    assert going_on([begun], HERE) == f"an install goes on in process {parent.pid}"
    assert going_on([row(3, "install", begun=2), begun], HERE) == ""
    assert going_on([begun], "/there") == ""
    assert going_on([row(2, "undo-begun", owner={**owner, "start_time": 1})], HERE) == ""
    assert going_on([row(2, "undo-begun", owner={**owner, "host": "elsewhere"})], HERE) == ""
    assert going_on([row(2, "undo-begun", owner={**owner, "pid": os.getpid()})], HERE) == ""

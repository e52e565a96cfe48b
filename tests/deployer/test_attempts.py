"""What rows say of an attempt that has not ended."""

from __future__ import annotations

import os

import pytest

from autoexec_magic import executor
from autoexec_magic.chain import Row
from autoexec_magic.deployer.attempts import Owner, opened, release_in, stepped
from autoexec_magic.deployer.spelled import spelled
from autoexec_magic.history import host
from autoexec_magic.releasefacts import Release, Spec

SPEC = Spec(artifact="app", reference="web", digest="sha256:a")
WEB = Release(service="web", target="local", release_id="r1", spec=SPEC)


def row(**body: object) -> Row:
    me = executor.identify(os.getpid())
    owner = {"host": host(), "pid": me.pid, "start_time": me.start_time}
    whole = {"what": "begun", "attempt": "a1", "release": spelled(WEB), "owner": owner, **body}
    return Row(id=7, at=1, kind="deploy", run_id="run", body=whole, before="", hash="")


def test_a_row_opens_an_attempt():
    """With its fence; a row of an earlier version has its number as one."""
    found = opened(row(fence=99))
    assert (found.row, found.fence, found.release, found.owner.is_gone) == (7, 99, WEB, False)
    assert opened(row()).fence == 7
    shift = {"steps": [10], "step_seconds": 1, "samples": 2, "hold_seconds": 3}
    assert opened(row(shift=shift)).shift.steps == (10.0,)


@pytest.mark.parametrize("body", [{"release": 3}, {"owner": None}, {"owner": {"pid": "x"}}])
def test_what_cannot_be_read_opens_nothing(body):
    """Whatever a row holds."""
    assert opened(row(**body)) is None
    assert release_in(body.get("release")) is None


def test_steps_are_taken_in_order():
    """The last one that was meant is where it is; a broken lock and a cut one hold nothing."""
    found = opened(row())
    assert (found.at_step, found.has_touched) == ("the beginning", False)
    for name in ("stage", "switch"):
        found = stepped(found, {"what": "step", "step": name, "done": False})
    assert (found.at_step, found.has_touched, found.is_free) == ("switch", True, False)
    assert stepped(found, {"what": "let-go"}).is_free
    broken = stepped(found, {"what": "broken"})
    assert broken.is_broken
    assert stepped(broken, {"what": "step", "step": "gate", "done": True}).is_free
    assert stepped(found, {"what": "found", "before": spelled(WEB)}).before == WEB


def test_an_owner_of_another_machine_is_not_known_to_be_gone():
    """Only this one's processes can be looked at."""
    assert not Owner(host="elsewhere", pid=1, start_time=1, run_id="").is_gone
    assert Owner(host=host(), pid=os.getpid(), start_time=1, run_id="").is_gone

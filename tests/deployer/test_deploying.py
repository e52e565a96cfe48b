"""The order, the gate, the undo and the record, on a target that is a list of what was done to it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from dataclasses import dataclass, field, replace
from typing import ClassVar

import pytest

from autoexec_magic import executor
from autoexec_magic.deployer import (
    Journal,
    Live,
    LockLost,
    Paused,
    Shift,
    Unanswered,
    Unwell,
    Work,
    abort,
    before,
    deploy,
    resume,
    withdraw,
)
from autoexec_magic.errors import (
    Cancelled,
    DeployError,
    DeployUnknown,
    RollbackFailed,
    RollbackUnverified,
    RolledBack,
)
from autoexec_magic.events import Stepped
from autoexec_magic.executor.stops import Stop
from autoexec_magic.history import new_id
from autoexec_magic.ledger import Ledger
from autoexec_magic.releasefacts import Gate, Release, Spec

QUICK = Gate(start_seconds=0.3, interval_seconds=0.01, successes=2, bake_seconds=0.05, failures=2)


def release(digest: str = "a", gate: Gate = QUICK) -> Release:
    """Return a release of `web` whose digest ends with these digits."""
    spec = Spec(artifact="image", reference="web", digest=f"sha256:{digest:0>64}", gate=gate)
    return Release(service="web", target="docker", release_id=new_id(), spec=spec)


@dataclass
class Platform:
    """A target in memory; `faults` are raised by what they are named after, one each time."""

    kind: ClassVar[str] = "docker"
    is_live: Release | None = None
    staged: dict[str, Release] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    faults: dict[str, list[BaseException]] = field(default_factory=dict)
    unwells: dict[str, list[Unwell | None]] = field(default_factory=dict)
    fences: list[int] = field(default_factory=list)
    swap: bool = False

    def live(self) -> Live | None:
        self._do("live")
        if self.is_live is None:
            return None
        digest = "sha256:other" if self.swap else self.is_live.digest
        return Live(release_id=self.is_live.release_id, digest=digest, release=self.is_live)

    def stage(self, release, emit):
        self._do(f"stage {self.name(release)}")
        self.staged[release.release_id] = release
        return replace(release, place=f"at-{release.release_id}")

    def switch(self, release, emit, *, fence):
        self.fences.append(fence)
        self._do(f"switch {self.name(release)}")
        self.is_live = release
        if any(fault for fault in self.faults.get("after switch", [])):
            raise self.faults["after switch"].pop(0)

    def unwell(self, release):
        self._do(f"look {self.name(release)}", is_told=False)
        seen = self.unwells.get(release.digest[-1], [])
        return seen.pop(0) if len(seen) > 1 else seen[0] if seen else None

    def name(self, release) -> str:
        return release.digest[-1] if release else "nothing"

    def _do(self, what: str, *, is_told: bool = True) -> None:
        if is_told and what != "live":
            self.done.append(what)
        for name in dict.fromkeys((what, what.split(maxsplit=1)[0])):
            if self.faults.get(name):
                fault = self.faults[name].pop(0)
                if fault is not None:
                    raise fault


@dataclass
class Split(Platform):
    """One that can split traffic, and try a release aside."""

    asides: list[Unwell | None] = field(default_factory=list)

    def unwell_aside(self, release):
        self._do(f"try {self.name(release)}", is_told=False)
        return self.asides.pop(0) if len(self.asides) > 1 else self.asides[0] if self.asides else None

    def split(self, release, percent, emit, *, fence):
        self._do(f"split {self.name(release)} {percent:g}")


@pytest.fixture
def ledger(tmp_path) -> Ledger:
    return Ledger(path=tmp_path / "ledger.db")


@pytest.fixture
def work(ledger) -> Work:
    return Work(
        journal=Journal(ledger=ledger, service="web", target="docker", run_id=new_id()),
        emit=lambda event: None,
        stop=Stop(),
        ask_again_seconds=0.2,
    )


def ends(work: Work) -> list[str]:
    """Return the codes of all attempts that ended, the oldest first."""
    return [each.code for each in reversed(work.journal.ended())]


def live_with(target: Platform, work: Work) -> Release:
    """Deploy a release that is well, and return it."""
    first = release("a")
    deploy(target, first, work)
    target.done.clear()
    return first


BAD = Unwell(why="HTTP 503", evidence=("no database",))


def test_a_first_release_is_staged_switched_looked_at_and_read_back(work):
    """In that order, and its evidence is on the ledger."""
    target, events = Platform(), []
    done = deploy(target, wanted := release("b"), replace(work, emit=events.append))
    assert target.done == ["stage b", "switch b"]
    assert (done.code, done.is_good, done.release) == ("deployed", True, wanted)
    assert [each.label for each in events if isinstance(each, Stepped)] == [
        "stage",
        "switch",
        "gate",
        "read back",
    ]
    [row] = work.journal.ended()
    assert (row.code, row.is_good, row.release.release_id) == ("deployed", True, wanted.release_id)


@pytest.mark.parametrize("bad", [[BAD], [None, None, BAD]], ids=["never-well", "in-the-bake-time"])
def test_an_unwell_release_is_undone_by_name(work, bad):
    """The earlier one is staged and switched to as any release is; the error is a failure and says why."""
    target = Platform()
    first = live_with(target, work)
    target.unwells["b"] = list(bad)
    with pytest.raises(RolledBack, match=r"release .* is live again") as caught:
        deploy(target, release("b"), work)
    assert target.done == ["stage b", "switch b", "stage a", "switch a"]
    assert target.is_live.release_id == first.release_id
    assert "HTTP 503" in caught.value.why
    assert "no database" in caught.value.evidence
    assert ends(work) == ["deployed", "rolled-back"]
    assert work.journal.good() == [first]


def test_an_unwell_first_release_is_taken_away(work):
    """There was nothing, and there is nothing."""
    target = Platform(unwells={"b": [BAD]})
    with pytest.raises(RolledBack, match="nothing is live, as before"):
        deploy(target, release("b"), work)
    assert target.done == ["stage b", "switch b", "switch nothing"]
    assert target.is_live is None


def test_a_release_that_is_unwell_aside_is_never_switched_to(work):
    """No traffic moved, so nothing is undone; it is a failure all the same."""
    target = Split()
    live_with(target, work)
    target.asides = [BAD]
    with pytest.raises(RolledBack, match="is still live"):
        deploy(target, release("b"), work)
    assert target.done == ["stage b"]


def test_what_is_final_is_not_waited_for(work):
    """An image that is not there does not come by waiting."""
    slow = replace(QUICK, start_seconds=1000, interval_seconds=30)
    target = Split(asides=[Unwell(why="there is no such image", is_final=True)])
    with pytest.raises(RolledBack, match="nothing is live"):
        deploy(target, release("b", slow), work)


def test_a_fault_before_the_switch_is_told_as_it_is(work):
    """Nothing was changed, and the error of the platform is the error."""
    target = Platform()
    first = live_with(target, work)
    target.faults["stage b"] = [DeployError("there is no quota", fix="ask for more")]
    with pytest.raises(DeployError, match="there is no quota") as caught:
        deploy(target, release("b"), work)
    assert type(caught.value) is DeployError
    assert "is still live" in caught.value.evidence[-1]
    assert target.is_live.release_id == first.release_id
    assert ends(work) == ["deployed", "failed"]


@pytest.mark.parametrize(
    "fault", [DeployError("refused"), ValueError("a fault of ours"), OSError("no route")]
)
@pytest.mark.parametrize("place", ["switch b", "after switch", "look b"])
def test_whatever_goes_wrong_from_the_switch_on_is_undone(work, place, fault):
    """Also where the switch took effect and its answer was lost, and a fault of our own."""
    target = Platform()
    first = live_with(target, work)
    target.faults[place] = [fault]
    with pytest.raises(RolledBack):
        deploy(target, release("b"), work)
    assert target.is_live.release_id == first.release_id
    assert target.done[-2:] == ["stage a", "switch a"]


def test_a_release_that_is_not_what_was_deployed_is_no_success(work):
    """The platform says another digest: its word counts."""
    target = Platform()
    live_with(target, work)
    target.swap = True
    with pytest.raises(RollbackFailed, match="not what it was before") as caught:
        deploy(target, release("b"), work)
    assert "sha256:other" in caught.value.why
    assert "rollback web --to" in caught.value.fix


def test_an_undo_that_is_refused_is_loud(work):
    """With the command that repairs it, and why it was needed."""
    target = Platform(unwells={})
    first = live_with(target, work)
    target.unwells["b"] = [BAD]
    target.faults["stage a"] = [DeployError("its image is gone")]
    with pytest.raises(RollbackFailed, match="could not be put back: look at it now") as caught:
        deploy(target, release("b"), work)
    assert caught.value.fix == f"%autoexec rollback web --to {first.release_id[-8:]}"
    assert "its image is gone" in caught.value.why
    assert any("HTTP 503" in line for line in caught.value.evidence)
    assert ends(work) == ["deployed", "rollback-failed"]


def test_an_undo_to_a_release_that_is_not_well_is_a_failed_one(work):
    """It is back, and it does not serve."""
    target = Platform()
    live_with(target, work)
    target.unwells["a"] = [Unwell(why="its database is gone", is_final=True)]
    target.unwells["b"] = [BAD]
    with pytest.raises(RollbackFailed, match="is live again, and is not well") as caught:
        deploy(target, release("b"), work)
    assert "its database is gone" in caught.value.why


def test_an_undo_that_nobody_can_read_back_is_unverified(work):
    """It was accepted; what came of it is not known."""
    target = Platform()
    live_with(target, work)
    target.unwells["b"] = [BAD]
    target.faults["live"] = [None, *[Unanswered("the platform does not answer")] * 1000]
    with pytest.raises(RollbackUnverified):
        deploy(target, release("b"), work)
    assert ends(work) == ["deployed", "rollback-unverified"]


def test_a_platform_that_is_gone_in_the_undo_leaves_it_unknown(work):
    """Nobody can say what is live."""
    target = Platform()
    live_with(target, work)
    target.unwells["b"] = [BAD]
    target.faults["stage a"] = [Unanswered("the platform does not answer")] * 1000
    with pytest.raises(DeployUnknown, match="nobody can say what is live"):
        deploy(target, release("b"), work)
    assert ends(work) == ["deployed", "unknown"]


def test_what_was_not_switched_and_cannot_be_read_is_unverified(work):
    """Credentials that are lost half way: nothing was switched, and it is said that nobody can look."""
    target = Platform()
    live_with(target, work)
    target.faults["stage b"] = [DeployError("the token has expired")]
    target.faults["live"] = [None, None, *[DeployError("the token has expired")] * 100]
    with pytest.raises(RollbackUnverified, match="nothing of web was switched"):
        deploy(target, release("b"), work)


def test_an_undo_asks_a_platform_again_that_was_gone_for_a_moment(work):
    """The network was cut and came back."""
    target = Platform()
    first = live_with(target, work)
    target.unwells["b"] = [BAD]
    target.faults["stage a"] = [Unanswered("the platform does not answer")]
    with pytest.raises(RolledBack):
        deploy(target, release("b"), replace(work, ask_again_seconds=30))
    assert target.is_live.release_id == first.release_id


def test_the_earlier_release_is_the_one_with_evidence(work, ledger):
    """What a deploy that died has left live was never seen to be well: the last good one is put back."""
    target = Platform()
    first = live_with(target, work)
    left = release("c")
    with contextlib.suppress(KeyboardInterrupt), work.journal.attempt(left, "deploy"):
        target.is_live = left
        raise KeyboardInterrupt
    assert before(target, work.journal) == first
    target.unwells["b"] = [BAD]
    with pytest.raises(RolledBack):
        deploy(target, release("b"), work)
    assert target.is_live.release_id == first.release_id


@pytest.mark.parametrize("place", ["live", "stage b"])
def test_what_a_dead_deploy_left_is_still_told_after_one_that_did_nothing(work, place):
    """The platform was silent: what is half done is half done, and can be taken back later."""
    target = Platform()
    first = live_with(target, work)
    left = release("c")
    with contextlib.suppress(SystemExit), work.journal.attempt(left, "deploy") as attempt:
        attempt.note_before(first)
        with attempt.step("switch"):
            target.is_live = left
            raise SystemExit
    target.faults[place] = [Unanswered("the platform does not answer")] * 5
    target.faults["stage a"] = [Unanswered("the platform does not answer")] * 1000
    with pytest.raises((Unanswered, DeployUnknown)):
        deploy(target, release("b"), work)
    assert work.journal.left() is not None
    target.faults.clear()
    assert abort(target, work).code == "rolled-back"
    assert target.is_live.release_id == first.release_id
    assert work.journal.left() is None


def test_what_a_dead_deploy_left_is_put_right_by_one_that_fails_early(work):
    """Nothing was switched by this one; what is live is not what should be."""
    target = Platform()
    first = live_with(target, work)
    left = release("c")
    with contextlib.suppress(SystemExit), work.journal.attempt(left, "deploy") as attempt:
        attempt.note_before(first)
        with attempt.step("switch"):
            target.is_live = left
            raise SystemExit
    target.faults["stage b"] = [DeployError("there is no quota")]
    with pytest.raises(RolledBack, match="is live again"):
        deploy(target, release("b"), work)
    assert target.is_live.release_id == first.release_id


def test_a_first_release_that_a_dead_deploy_left_is_nothing_to_go_back_to(work):
    """It never passed a gate: before it there was nothing."""
    target = Platform(unwells={"b": [BAD]})
    left = release("c")
    with contextlib.suppress(SystemExit), work.journal.attempt(left, "deploy") as attempt:
        attempt.note_before(None)
        with attempt.step("switch"):
            target.is_live = left
            raise SystemExit
    with pytest.raises(RolledBack, match="nothing is live"):
        deploy(target, release("b"), work)
    assert target.is_live is None


def test_what_somebody_else_put_there_is_put_back_where_that_can_be(work):
    """The platform has all of it; that there are good ones of ours changes nothing."""
    target = Platform(unwells={"b": [BAD]})
    live_with(target, work)
    target.is_live = other = release("f")
    with pytest.raises(RolledBack, match="is live again"):
        deploy(target, release("b"), work)
    assert target.is_live.release_id == other.release_id


def test_a_release_that_shares_the_traffic_is_not_deployed(work):
    """All of it, or it is no success."""
    target = Platform()
    live_with(target, work)
    real = target.live

    def live():
        seen = real()
        is_new = seen is not None and seen.digest.endswith("b")
        return replace(seen, shares=((seen.release_id, 60.0), ("other-id", 40.0))) if is_new else seen

    target.live = live
    with pytest.raises(RolledBack) as caught:
        deploy(target, release("b"), work)
    assert "still gets 40 % of the traffic" in caught.value.why


@pytest.mark.parametrize("settles", [True, False])
def test_traffic_that_goes_back_slowly_is_waited_for_in_an_undo(work, settles):
    """Some platforms move it bit by bit; what has not moved when it is well is not back."""
    target = Platform(unwells={"b": [BAD]})
    first = live_with(target, work)
    real, looks = target.live, []

    def live():
        seen = real()
        if "switch a" in target.done and (not settles or (not looks.append(1) and len(looks) < 2)):
            return replace(seen, shares=((first.release_id, 50.0), ("other-id", 50.0)))
        return seen

    target.live = live
    with pytest.raises(RolledBack if settles else RollbackFailed):
        deploy(target, release("b"), work)


@pytest.mark.parametrize("fault", [Unanswered("too many requests"), DeployError("refused")])
def test_an_undo_switches_also_where_nobody_can_look_before(work, fault):
    """The look aside is a courtesy; what would cure it is the switch."""
    target = Split(unwells={"b": [BAD]})
    first = live_with(target, work)
    real, is_over = target.unwell_aside, []

    def looked(release):
        if "switch b" in target.done:
            is_over.append(1)
            raise fault
        return real(release)

    target.unwell_aside = looked
    with pytest.raises(RolledBack):
        deploy(target, release("b"), work)
    assert is_over
    assert target.is_live.release_id == first.release_id


def test_a_switch_that_is_refused_and_changed_nothing_is_no_failed_undo(work):
    """As where somebody else has a higher fence: what was live never left, and the platform says so."""
    target = Platform()
    first = live_with(target, work)
    target.faults["switch"] = [DeployError("a later deploy was here")] * 9
    with pytest.raises(RolledBack):
        deploy(target, release("b"), work)
    assert target.is_live.release_id == first.release_id
    assert ends(work) == ["deployed", "rolled-back"]


def test_an_undo_that_is_stopped_itself_is_loud(work):
    """What builds a release anew may be stopped by the same request: that is no word of what is live."""
    target = Platform(unwells={"b": [BAD]})
    live_with(target, work)
    target.faults["stage a"] = [Cancelled("the build was stopped")]
    with pytest.raises(RollbackFailed, match="could not be put back"):
        deploy(target, release("b"), work)


def test_what_nobody_uses_is_ended_while_the_lock_is_held(work):
    """The next deploy's release would be among it; whoever lost the lock ends nothing."""
    target = Platform()
    seen: list[int] = []
    target.tidy = lambda live, keep, emit: seen.append(
        len([one for one in work.journal.open() if not one.is_free])
    )
    deploy(target, release("a"), work)
    assert seen == [1]

    def look(release):
        return None

    target.unwell = look
    real = target.live

    def live():
        if target.done[-1:] == ["switch b"]:
            work.journal.break_lock("it hangs")
        return real()

    target.live = live
    deploy(target, release("b"), work)
    assert seen == [1]


def test_a_split_that_somebody_left_is_settled_before_another_one_is_staged(work):
    """On some platforms what is staged then gets requests before anybody has tried it."""
    target = Split()
    first = live_with(target, work)
    real = target.live

    def live():
        seen = real()
        is_split = "split b 10" in target.done and "switch a" not in target.done
        return replace(seen, shares=((first.release_id, 90.0), ("b", 10.0))) if is_split else seen

    target.live = live
    with pytest.raises(Paused):
        deploy(
            target,
            release("b"),
            replace(work, shift=Shift(steps=(10,), samples=1, step_seconds=0, pauses=True)),
        )
    deploy(target, release("c"), work)
    assert target.done == ["stage b", "split b 10", "stage a", "switch a", "stage c", "switch c"]


def test_a_canary_is_resumed_in_its_own_steps(work):
    """Whatever the line that resumes it says."""
    target = Split()
    live_with(target, work)
    shift = Shift(steps=(10, 50), step_seconds=0.01, samples=1, pauses=True)
    with pytest.raises(Paused):
        deploy(target, release("b"), replace(work, shift=shift))
    target.done.clear()
    resume(target, work)
    assert target.done == ["stage b", "split b 10", "split b 50", "switch b"]


@pytest.mark.parametrize("is_gone", [True, False])
def test_what_was_to_be_taken_away_is_taken_away_when_it_is_resumed(work, is_gone):
    """And not made live again."""
    target = Platform()
    live_with(target, work)
    real = target.switch

    def dies(release, emit, *, fence):
        if is_gone:
            real(release, emit, fence=fence)
        raise SystemExit

    target.switch = dies
    with pytest.raises(SystemExit):
        withdraw(target, work)
    target.switch = real
    assert work.journal.left().why == "withdraw"
    assert resume(target, work).code == "withdrawn"
    assert target.is_live is None
    assert work.journal.left() is None


def test_a_release_that_was_taken_out_from_under_its_service_can_be_put_back(work):
    """The service is ours and leads nowhere: that is no reason to refuse what would mend it."""
    target = Platform()
    first = live_with(target, work)
    target.live = lambda: Live(release_id="", digest="", changed="its Deployment is gone", is_ours=True)
    assert before(target, work.journal) == first


def test_a_success_that_is_not_on_the_ledger_is_none(work, monkeypatch):
    """Or the next undo would go one release too far back."""
    target = Platform()
    live_with(target, work)
    from autoexec_magic.deployer.journal import Attempt

    monkeypatch.setattr(Attempt, "end", lambda self, *words, **more: False)
    with pytest.raises(DeployError, match="the ledger does not have it"):
        deploy(target, release("b"), work)


def test_an_error_is_not_its_own_cause(work):
    """Whoever walks the causes comes to an end."""
    target = Platform()
    live_with(target, work)
    target.faults["stage b"] = [DeployError("there is no quota")]
    with pytest.raises(DeployError) as caught:
        deploy(target, release("b"), work)
    assert caught.value.__cause__ is None


def test_what_somebody_else_put_there_is_not_replaced(work):
    """It could not be put back."""
    target = Platform()

    def live():
        return Live(release_id="", digest="sha256:0", changed="kubectl put it there")

    target.live = live
    with pytest.raises(DeployError, match="nobody here put it there") as caught:
        deploy(target, release("b"), work)
    assert caught.value.why == "kubectl put it there"
    assert target.done == []
    assert work.journal.open() == []


def test_a_rollback_is_a_deploy_of_an_older_release(work):
    """By the same steps and the same gate; two back where that is named."""
    target = Platform()
    first = live_with(target, work)
    deploy(target, release("b"), work)
    deploy(target, release("c"), work)
    target.done.clear()
    assert deploy(target, first, work, why="rollback").code == "deployed"
    assert target.done == ["stage a", "switch a"]
    assert work.journal.good()[0] == first


def test_a_canary_goes_up_in_steps_and_is_held_until_there_is_data(work):
    """Each step has its time and its good looks."""
    target = Split()
    live_with(target, work)
    shift = Shift(steps=(10, 50), step_seconds=0.05, samples=8)
    looks: list[str] = []
    target._do = lambda what, is_told=True: looks.append(what)  # type: ignore[method-assign]
    deploy(target, release("b"), replace(work, shift=shift))
    at = [looks.index(each) for each in ("split b 10", "split b 50", "switch b")]
    assert at == sorted(at)
    assert looks[at[0] : at[1]].count("look b") >= 8
    assert looks[at[1] : at[2]].count("look b") >= 8


def test_a_canary_that_gets_unwell_is_taken_back(work):
    """From its first share on."""
    target = Split()
    first = live_with(target, work)
    target.unwells["b"] = [None, None, None, BAD]
    shift = Shift(steps=(10,), step_seconds=0.5, samples=1)
    with pytest.raises(RolledBack):
        deploy(target, release("b"), replace(work, shift=shift))
    assert "switch b" not in target.done
    assert target.done[-2:] == ["stage a", "switch a"]
    assert target.is_live.release_id == first.release_id


def test_a_canary_without_data_never_passes(work):
    """It is held, and then taken back."""
    target = Split()
    live_with(target, work)
    shift = Shift(steps=(10,), step_seconds=0, samples=1_000_000, hold_seconds=0.1)
    with pytest.raises(RolledBack, match="is live again") as caught:
        deploy(target, release("b"), replace(work, shift=shift))
    assert "nothing was decided" in caught.value.why


def test_a_target_that_cannot_split_says_so(work):
    """Before anything is done."""
    target = Platform()
    live_with(target, work)
    with pytest.raises(DeployError, match="cannot split traffic"):
        deploy(target, release("b"), replace(work, shift=Shift(steps=(10,))))
    assert target.done == []


def test_a_release_that_may_not_have_a_part_is_refused_before_it_is_staged(work):
    """A deploy of it without a canary is not asked."""

    class Refuses(Split):
        def check_split(self, release):
            raise DeployError("no part for this one")

    target = Refuses()
    live_with(target, work)
    with pytest.raises(DeployError, match="no part for this one"):
        deploy(target, release("b"), replace(work, shift=Shift(steps=(10,))))
    assert target.done == []
    deploy(target, release("c"), work)
    assert "stage c" in target.done


def test_a_canary_that_pauses_waits_for_a_person(work):
    """Resumed, it goes on to the end; the lock is free meanwhile."""
    target = Split()
    first = live_with(target, work)
    shift = Shift(steps=(10,), step_seconds=0.01, samples=1, pauses=True)
    wanted = release("b")
    with pytest.raises(Paused, match="10 % of the traffic") as caught:
        deploy(target, wanted, replace(work, shift=shift))
    assert caught.value.verdict == "asked"
    assert work.journal.left().before == first
    assert resume(target, replace(work, shift=shift)).code == "deployed"
    assert target.is_live.release_id == wanted.release_id


def test_a_canary_that_pauses_can_be_given_up(work):
    """Then the earlier release has all of it again."""
    target = Split()
    first = live_with(target, work)
    shift = Shift(steps=(10,), step_seconds=0.01, samples=1, pauses=True)
    with pytest.raises(Paused):
        deploy(target, release("b"), replace(work, shift=shift))
    assert abort(target, work).code == "rolled-back"
    assert target.done[-2:] == ["stage a", "switch a"]
    assert target.is_live.release_id == first.release_id
    with pytest.raises(DeployError, match="was left half done"):
        abort(target, work)


def test_a_deploy_that_lost_its_lock_touches_nothing_more(work):
    """Not even to undo: somebody else is at it."""
    target = Platform()
    live_with(target, work)
    stage = target.stage

    def broken(release, emit):
        work.journal.break_lock("its machine hangs")
        return stage(release, emit)

    target.stage = broken
    with pytest.raises(LockLost):
        deploy(target, release("b"), work)
    assert target.done == ["stage b"]


def test_a_lock_that_is_lost_meanwhile_keeps_it_from_the_undo(work):
    """Whoever has it now would find the ground moved."""
    target = Platform()
    live_with(target, work)
    look = target.unwell

    def broken(release):
        if release.digest[-1] == "b":
            work.journal.break_lock("its machine hangs")
            return replace(BAD, is_final=True)
        return look(release)

    target.unwell = broken
    with pytest.raises(LockLost):
        deploy(target, release("b"), work)
    assert target.done == ["stage b", "switch b"]


def test_an_undo_waits_until_what_was_live_can_answer(work):
    """Where it runs beside what is live, it is switched to when it is well; and in the end in any case."""
    target = Split()
    live_with(target, work)
    target.unwells["b"] = [BAD]
    order: list[str] = []
    target._do = lambda what, is_told=True: order.append(what)  # type: ignore[method-assign]
    seen = iter([None, None, BAD, BAD])
    target.unwell_aside = lambda release: (order.append(f"try {target.name(release)}"), next(seen, None))[1]
    with pytest.raises(RolledBack):
        deploy(target, release("b"), work)
    assert order[order.index("stage a") :].count("try a") == 4
    assert order.index("switch a") > max(at for at, what in enumerate(order) if what == "try a")


def test_the_fence_grows(work):
    """Each attempt comes with a higher one than all before it; the undo with its own attempt's."""
    target = Platform()
    live_with(target, work)
    deploy(target, release("b"), work)
    target.unwells["c"] = [BAD]
    with pytest.raises(RolledBack):
        deploy(target, release("c"), work)
    assert target.fences == sorted(target.fences)
    assert target.fences[-1] == target.fences[-2]


@pytest.mark.parametrize("place", ["stage b", "switch b", "look b"])
def test_a_signal_stops_it_in_order(work, place):
    """The undo is made, read back and written down; a second signal does not stop the undo."""
    cancel = executor.Cancel()
    target = Platform()
    first = live_with(target, work)
    stage = target._do

    def struck(what, *, is_told=True):
        stage(what, is_told=is_told)
        if what == place:
            os.kill(os.getpid(), signal.SIGINT)

    target._do = struck
    with pytest.raises(Cancelled, match="was stopped") as caught:
        deploy(target, release("b"), replace(work, stop=Stop(cancel=cancel)))
    cancel.close()
    assert "live" in caught.value.why
    assert target.is_live.release_id == first.release_id
    assert ends(work) == ["deployed", "cancelled"]


@pytest.mark.parametrize("place", ["stage b", "try b", "look b"])
def test_a_signal_does_not_wait_for_a_platform_that_hangs(work, place):
    """An image that comes for an hour, a look that gets no answer: the undo begins at once."""
    cancel = executor.Cancel()
    target = Split()
    first = live_with(target, work)
    done, (ours, theirs) = target._do, socket.socketpair()

    def hangs(what, *, is_told=True):
        done(what, is_told=is_told)
        if what == place:
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
            ours.recv(1)

    target._do = hangs
    with ours, theirs, pytest.raises(Cancelled, match="was stopped"):
        deploy(target, release("b"), replace(work, stop=Stop(cancel=cancel)))
    cancel.close()
    assert target.is_live.release_id == first.release_id
    assert ends(work) == ["deployed", "cancelled"]


def test_no_number_of_signals_leaves_an_undo(work):
    """Whoever leans on Ctrl-C has what was live, and is told so."""
    cancel = executor.Cancel()
    target = Platform()
    first = live_with(target, work)
    done = target._do

    def struck(what, *, is_told=True):
        done(what, is_told=is_told)
        if what.endswith(" b") or what in ("stage a", "switch a"):
            os.kill(os.getpid(), signal.SIGINT)

    target._do = struck
    with pytest.raises(Cancelled, match="was stopped"):
        deploy(target, release("b"), replace(work, stop=Stop(cancel=cancel)))
    cancel.close()
    assert target.is_live.release_id == first.release_id
    assert ends(work) == ["deployed", "cancelled"]
    assert work.journal.left() is None


def test_the_panels_cancel_stops_a_wait(work):
    """Asked for from outside, while it is waited for the gate."""
    target = Platform()
    first = live_with(target, work)
    asked = threading.Event()
    look = target.unwell

    def seen(release):
        asked.set()
        return BAD if release.digest[-1] == "b" else look(release)

    target.unwell = seen
    slow = replace(QUICK, start_seconds=1000)
    with pytest.raises(Cancelled):
        deploy(target, release("b", slow), replace(work, stop=Stop(is_cancelled=asked.is_set)))
    assert target.is_live.release_id == first.release_id


def test_a_ledger_that_cannot_be_written_begins_nothing(work, tmp_path):
    """What is not on record is not done."""
    from autoexec_magic.errors import LedgerError

    (tmp_path / "no").write_text("")
    journal = replace(work.journal, ledger=Ledger(path=tmp_path / "no" / "ledger.db"))
    target = Platform()
    with pytest.raises((LedgerError, OSError)):
        deploy(target, release("b"), replace(work, journal=journal))
    assert target.done == []

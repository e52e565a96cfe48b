"""Making a release live, or leaving live what was live before: the order, the gate, the undo and the record.

Written once for all targets. Before the switch nothing is touched, so what goes
wrong there needs no undo; from the first share of traffic on, whatever goes
wrong (a gate that shuts, a platform that refuses, a person who stops it) leads to the
undo, which names the release that was live and makes it live by the very same
steps: staged, switched to, looked at, read back. What it comes to is never
guessed: it is read from the platform.

A release that passed its gate is the only kind that is put back unasked: what
an earlier deploy left half done has no evidence, and the last one that has is
chosen by the record, never by its order.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace

from ..errors import DeployError, RolledBack
from ..events import Stepped
from ..executor.interrupts import noted
from ..releasefacts import Deployed, Release
from .attempts import Open
from .gate import Passed, await_well
from .journal import Attempt, Journal, LockLost
from .metrics import Metric
from .shift import Shift
from .target import Aside, ChecksSplit, Splits, Target, Unwell
from .undoing import Shut, Touched, Work, named, not_live, put_back, quick, taken_back, tidied, words

WITHDRAW = "withdraw"  #: what an attempt is for that takes a service away


class Paused(DeployError):
    """A canary has its first share, and waits for a person."""

    code = "paused"
    verdict = "asked"


def deploy(target: Target, release: Release, work: Work, *, why: str = "deploy") -> Deployed:
    """Make `release` live on `target`, or leave live what was live before.

    Parameters
    ----------
    target : Target
        Where.
    release : Release
        What; also an older one, which is a rollback.
    work : Work
        With what.
    why : str, default "deploy"
        What it is for, for the record: "deploy" or "rollback".

    Returns
    -------
    Deployed
        It is live, as the platform says, and was well for its bake time.

    Raises
    ------
    RolledBack
        It did not become well; the earlier release is live, read back and well.
    RollbackFailed, RollbackUnverified, DeployUnknown
        It did not, and the earlier one is not back, or nobody can say.
    DeployError, UsageError, MissingTool
        Nothing was changed.
    ServiceLocked
        Somebody else deploys it, or took the lock.
    Cancelled
        Somebody stopped it; the earlier release is live, read back and well.
    """
    with _signals(work), work.journal.attempt(release, why, work.shift) as attempt:
        return _carried(target, release, work, attempt, lambda: before(target, work.journal))


def resume(target: Target, work: Work) -> Deployed:
    """Finish what a deploy that died, or waits, has left; as `deploy`, also what it raises.

    In the steps that it was begun with; one that was to take the service away does that.

    Raises
    ------
    DeployError
        There is nothing to go on with.
    """
    left = _left(work)
    if left.why == WITHDRAW:
        return withdraw(target, work)
    shift = replace(left.shift or work.shift, pauses=False)
    onward = replace(work, shift=shift)
    with _signals(work), work.journal.attempt(left.release, "resume", shift) as attempt:
        seen = (lambda: left.before) if left.knows_before else (lambda: before(target, work.journal))
        return _carried(target, left.release, onward, attempt, seen)


def abort(target: Target, work: Work) -> Deployed:
    """Take back what a deploy that died, or waits, has left, and return what is live again.

    Raises
    ------
    RollbackFailed, RollbackUnverified, DeployUnknown
        It cannot be taken back.
    DeployError
        There is nothing to take back.
    """
    left = _left(work)
    with _signals(work), work.journal.attempt(left.release, "abort") as attempt:
        was = left.before if left.knows_before else before(target, work.journal)
        attempt.note_before(was)
        fault = DeployError(f"the deploy of {named(left.release)} was given up")
        found = taken_back(target, was, fault, work, attempt, Touched(is_any=True))
        if not isinstance(found, RolledBack):
            raise found
        return Deployed(release=was or left.release, code="rolled-back", why=found.what)


def withdraw(target: Target, work: Work) -> Deployed:
    """Take the service away, because a person says so, and return what was live.

    Raises
    ------
    DeployError
        Nothing is live, or it is still there.
    """
    service = work.journal.service
    was, left = before(target, work.journal), work.journal.left()
    if was is None and left is not None and left.why == WITHDRAW:
        was = left.release  # it is gone, and nobody wrote that down
    if was is None:
        raise DeployError(f"nothing of {service} is live", fix=f"%autoexec deploy {service}")
    with _signals(work), work.journal.attempt(was, WITHDRAW) as attempt:
        attempt.note_before(was)
        with _step("switch", work, attempt):
            target.switch(None, work.emit, fence=attempt.fence)
        if why := not_live(target.live(), None):
            attempt.end("failed", why=why, live=was.release_id)
            raise DeployError(f"{service} was not taken away", why=why, fix=f"%autoexec status {service}")
        tidied(target, None, work, attempt)
        attempt.end("withdrawn")
    return Deployed(release=was, code="withdrawn", run_id=work.journal.run_id)


def _left(work: Work) -> Open:
    left = work.journal.left()
    if left is None:
        service = work.journal.service
        raise DeployError(
            f"no deploy of {service} to {work.journal.target} was left half done",
            fix=f"%autoexec status {service}",
        )
    return left


def before(target: Target, journal: Journal) -> Release | None:
    """Return the release to go back to: what is live, if it was ever well, else the last one that was.

    What a deploy that died has put there is nothing to go back to: what was
    there before it is. What somebody else put there is, where the platform
    has all of it.

    Raises
    ------
    DeployError
        What is live was put there by somebody else, and could not be put back.
    """
    seen = target.live()
    if seen is None:
        return None
    good = {each.release_id: each for each in journal.good()}
    if seen.release_id in good:
        return good[seen.release_id]
    ours = journal.known(seen.release_id)
    if ours is not None:
        left = journal.left()
        is_left = left is not None and left.release.release_id == ours.release_id
        if left is not None and is_left and left.knows_before:
            return left.before
        return next(iter(good.values()), None if is_left else ours)
    if seen.release is not None:
        return seen.release
    if seen.is_ours and good:  # it was taken out from under it: what was well last can be put back
        return next(iter(good.values()))
    raise DeployError(
        f"{journal.service} is live on {journal.target}, and nobody here put it there",
        why=seen.changed or f"it says release {seen.release_id or 'none'}, which no record has",
        fix="give the service another name, or take the other one away first",
    )


@contextmanager
def _signals(work: Work) -> Iterator[None]:
    """Let signals stop the deploy in order; the undo is not stopped by them.

    One such as SIGTERM takes effect after it: what the deploy came to is not
    lost by that.
    """
    if work.stop.cancel is None:
        yield
        return
    fault: BaseException | None = None
    try:
        # however often somebody asks: what was begun to be put back is put back
        with noted(work.stop.cancel, insists=False):
            try:
                yield
            except BaseException as error:
                fault = error
                raise
    except KeyboardInterrupt:
        if fault is not None:
            raise fault from None


def _carried(
    target: Target,
    release: Release,
    work: Work,
    attempt: Attempt,
    look_before: Callable[[], Release | None],
) -> Deployed:
    """Carry an attempt to its end, good or not, with its last row written."""
    touched, was, knows_before = Touched(), None, False
    try:
        was = look_before()
        attempt.note_before(was)
        knows_before = True
        seen = target.live()
        if was is not None and seen is not None and len(seen.shares) > 1:
            # what is staged while the traffic is split may be given some of it, untried
            touched.is_any = True
            work.say(
                f"! {named(was)} has a part of the traffic: what another deploy left is taken back first"
            )
            put_back(target, was, work, attempt)
            seen = target.live()
        # what a deploy that died has moved is put right also where this one moves nothing
        touched.is_any = bool(not_live(seen, was))
        _make_live(target, release, work, attempt, touched)
    except (LockLost, Paused):
        raise
    except BaseException as fault:
        if not knows_before:
            attempt.end("failed", why=words(fault))
            raise
        error = taken_back(target, was, fault, work, attempt, touched)
        if error is fault:
            raise
        raise error from fault
    assert touched.passed is not None
    tidied(target, release, work, attempt)  # while nobody else may begin
    is_written = attempt.end(
        "deployed", live=release.release_id, is_good=True, evidence=asdict(touched.passed)
    )
    if not is_written:
        raise DeployError(
            f"{named(release)} of {release.service} is live and well, and the ledger does not have it",
            why="an undo would go back further than it should",
            fix="%autoexec doctor, then deploy it again",
        )
    return Deployed(release=release, code="deployed", is_good=True, run_id=work.journal.run_id)


def _make_live(target: Target, release: Release, work: Work, attempt: Attempt, touched: Touched) -> None:
    check_shift(target, release, work.shift)
    metric = work.metric_of(release)
    if metric is not None:
        metric.check()
    with _step("stage", work, attempt), work.stop.at_once():  # harmless, also where it is left half done
        staged = target.stage(release, work.tell)
    gate = release.spec.gate
    if isinstance(target, Aside):
        aside = target
        with _step("try", work, attempt):
            seen = await_well(quick(gate), lambda: aside.unwell_aside(staged), work.stop, bakes=False)
            _let_through(seen, staged)
            gate = replace(gate, successes=1)  # it was well as often as it has to be
    for number, percent in enumerate(work.shift.steps):
        _share(target, staged, percent, work, attempt, touched, metric)
        if number == 0 and work.shift.pauses:
            attempt.pause()
            raise Paused(
                f"{named(staged)} has {percent:g} % of the traffic of {release.service}, and waits",
                fix=f"%autoexec deploy {release.service} --resume, or --abort",
            )
    with _step("switch", work, attempt):
        touched.is_any = True
        target.switch(staged, work.emit, fence=attempt.fence)
    with _step("gate", work, attempt):
        touched.passed = _let_through(await_well(gate, lambda: target.unwell(staged), work.stop), staged)
    with _step("read back", work, attempt), work.stop.at_once():
        if why := not_live(target.live(), staged):
            raise DeployError(f"{release.service} is not what was deployed", why=why)


def check_shift(target: Target, release: Release, shift: Shift) -> None:
    """Refuse steps that a target, or a release there, cannot have; changes nothing.

    Raises
    ------
    DeployError
        Traffic cannot be split.
    """
    if not shift.steps:
        return
    if not isinstance(target, Splits):
        raise DeployError(
            f"{target.kind} cannot split traffic", fix="leave --canary out, or deploy to another target"
        )
    if isinstance(target, ChecksSplit):
        target.check_split(release)


def _share(
    target: Target,
    staged: Release,
    percent: float,
    work: Work,
    attempt: Attempt,
    touched: Touched,
    metric: Metric | None,
) -> None:
    """Give a release a part of the traffic, and see that it stays well: no data is no pass."""
    assert isinstance(target, Splits)
    shift = work.shift
    gate = replace(staged.spec.gate, bake_seconds=shift.step_seconds)
    with _step(f"{percent:g} %", work, attempt):
        touched.is_any = True
        target.split(staged, percent, work.emit, fence=attempt.fence)
        found = await_well(
            gate,
            lambda: target.unwell(staged) or (metric.look() if metric else None),
            work.stop,
            least=shift.samples,
            most_seconds=shift.step_seconds + shift.hold_seconds,
        )
        _let_through(found, staged)


@contextmanager
def _step(name: str, work: Work, attempt: Attempt) -> Iterator[None]:
    work.stop.look()
    began = time.monotonic()
    with attempt.step(name):
        yield
    work.emit(Stepped(phase="deploy", label=name, seconds=time.monotonic() - began))


def _let_through(found: Passed | Unwell, release: Release) -> Passed:
    if isinstance(found, Passed):
        return found
    error = Shut(f"{named(release)} of {release.service} is not well", why=found.why)
    error.evidence = found.evidence
    raise error

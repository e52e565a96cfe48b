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
from dataclasses import asdict, dataclass, field, replace

from ..errors import (
    AutoexecError,
    Cancelled,
    DeployError,
    DeployUnknown,
    RollbackFailed,
    RollbackUnverified,
    RolledBack,
)
from ..events import Emit, Progress, Stepped
from ..executor.interrupts import noted
from ..executor.stops import NEVER, Stop
from ..history import short_id
from ..releasefacts import DeployCode, Deployed, Gate, Release
from .gate import Passed, await_well
from .journal import Attempt, Journal, LockLost, Open
from .shift import AT_ONCE, Shift
from .target import Aside, Live, Splits, Target, Tidies, Unanswered, Unwell

ASK_AGAIN_SECONDS = 120.0  #: for so long an undo asks a platform that does not answer
QUICK_SECONDS = 0.1  #: between two looks at a release that nobody uses yet
KEPT = 5  #: releases that stay at a target, for a rollback


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a deploy works with: the record, who watches, who may stop it, and how the traffic goes over."""

    journal: Journal
    emit: Emit
    stop: Stop
    shift: Shift = AT_ONCE
    ask_again_seconds: float = ASK_AGAIN_SECONDS

    def say(self, text: str) -> None:
        """Tell what goes on, in one line."""
        self.emit(Progress(phase="deploy", text=text))


@dataclass(slots=True, kw_only=True)
class _Touched:
    """Whether any traffic may have moved, and how the gate was passed."""

    is_any: bool = False
    passed: Passed | None = None
    looks: list[str] = field(default_factory=list)


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
    with _signals(work), work.journal.attempt(release, why) as attempt:
        return _carried(target, release, work, attempt, lambda: before(target, work.journal))


def resume(target: Target, work: Work) -> Deployed:
    """Finish what a deploy that died, or waits, has left; as `deploy`, also what it raises.

    Raises
    ------
    DeployError
        There is nothing to go on with.
    """
    left = _left(work)
    onward = replace(work, shift=replace(work.shift, pauses=False))
    with _signals(work), work.journal.attempt(left.release, "resume") as attempt:
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
        fault = DeployError(f"the deploy of {_named(left.release)} was given up")
        found = _taken_back(target, was, fault, work, attempt, _Touched(is_any=True))
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
    was = before(target, work.journal)
    if was is None:
        raise DeployError(f"nothing of {service} is live", fix=f"%autoexec deploy {service}")
    with _signals(work), work.journal.attempt(was, "withdraw") as attempt:
        attempt.note_before(was)
        with _step("switch", work, attempt):
            target.switch(None, work.emit, fence=attempt.fence)
        if why := _not_live(target.live(), None):
            attempt.end("failed", why=why, live=was.release_id)
            raise DeployError(f"{service} was not taken away", why=why, fix=f"%autoexec status {service}")
        attempt.end("withdrawn")
        _tidied(target, None, work)
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

    Raises
    ------
    DeployError
        What is live was put there by somebody else: it could not be put back.
    """
    seen = target.live()
    if seen is None:
        return None
    good = {each.release_id: each for each in journal.good()}
    if seen.release_id in good:
        return good[seen.release_id]
    if good:
        return next(iter(good.values()))
    found = seen.release or journal.known(seen.release_id)
    if found is None:
        raise DeployError(
            f"{journal.service} is live on {journal.target}, and nobody here put it there",
            why=seen.changed or f"it says release {seen.release_id or 'none'}, which no record has",
            fix="give the service another name, or take the other one away first",
        )
    return found


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
        with noted(work.stop.cancel):
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
    touched, was, knows_before = _Touched(), None, False
    try:
        was = look_before()
        attempt.note_before(was)
        knows_before = True
        _make_live(target, release, work, attempt, touched)
    except (LockLost, Paused):
        raise
    except (Exception, Cancelled, KeyboardInterrupt) as fault:
        if not knows_before:
            attempt.end("failed", why=_words(fault))
            raise
        raise _taken_back(target, was, fault, work, attempt, touched) from fault
    assert touched.passed is not None
    attempt.end("deployed", live=release.release_id, is_good=True, evidence=asdict(touched.passed))
    _tidied(target, release, work)
    return Deployed(release=release, code="deployed", is_good=True, run_id=work.journal.run_id)


def _make_live(target: Target, release: Release, work: Work, attempt: Attempt, touched: _Touched) -> None:
    with _step("stage", work, attempt):
        staged = target.stage(release, work.emit)
    gate = release.spec.gate
    if isinstance(target, Aside):
        aside = target
        with _step("try", work, attempt):
            quick = replace(gate, interval_seconds=min(gate.interval_seconds, QUICK_SECONDS))
            _let_through(
                await_well(quick, lambda: aside.unwell_aside(staged), work.stop, bakes=False), staged
            )
            gate = replace(gate, successes=1)  # it was well as often as it has to be
    for number, percent in enumerate(work.shift.steps):
        _share(target, staged, percent, work, attempt, touched)
        if number == 0 and work.shift.pauses:
            attempt.pause()
            raise Paused(
                f"{_named(staged)} has {percent:g} % of the traffic of {release.service}, and waits",
                fix=f"%autoexec deploy {release.service} --resume, or --abort",
            )
    with _step("switch", work, attempt):
        touched.is_any = True
        target.switch(staged, work.emit, fence=attempt.fence)
    with _step("gate", work, attempt):
        touched.passed = _let_through(await_well(gate, lambda: target.unwell(staged), work.stop), staged)
    with _step("read back", work, attempt):
        if why := _not_live(target.live(), staged):
            raise DeployError(f"{release.service} is not what was deployed", why=why)


def _share(
    target: Target, staged: Release, percent: float, work: Work, attempt: Attempt, touched: _Touched
) -> None:
    """Give a release a part of the traffic, and see that it stays well: no data is no pass."""
    if not isinstance(target, Splits):
        raise DeployError(
            f"{target.kind} cannot split traffic", fix="leave --canary out, or deploy to another target"
        )
    shift = work.shift
    gate = replace(staged.spec.gate, bake_seconds=shift.step_seconds)
    with _step(f"{percent:g} %", work, attempt):
        touched.is_any = True
        target.split(staged, percent, work.emit, fence=attempt.fence)
        found = await_well(
            gate,
            lambda: target.unwell(staged),
            work.stop,
            least=shift.samples,
            most_seconds=gate.start_seconds + shift.step_seconds + shift.hold_seconds,
        )
        _let_through(found, staged)


@contextmanager
def _step(name: str, work: Work, attempt: Attempt) -> Iterator[None]:
    work.stop.look()
    began = time.monotonic()
    with attempt.step(name):
        yield
    work.emit(Stepped(phase="deploy", label=name, seconds=time.monotonic() - began))


class _Shut(DeployError):
    """The gate did not let a release through."""


def _let_through(found: Passed | Unwell, release: Release) -> Passed:
    if isinstance(found, Passed):
        return found
    error = _Shut(f"{_named(release)} of {release.service} is not well", why=found.why)
    error.evidence = found.evidence
    raise error


def _not_live(seen: Live | None, release: Release | None) -> str:
    """Return how what the platform says differs from what should be live, "" where it does not."""
    if release is None:
        return "" if seen is None else f"release {short_id(seen.release_id) or 'of somebody else'} is live"
    if seen is None:
        return "nothing is live"
    if seen.release_id != release.release_id:
        return f"release {short_id(seen.release_id) or 'of somebody else'} is live"
    if seen.digest != release.digest:
        return f"its digest is {seen.digest}, and not {release.digest}"
    return ""


def _taken_back(
    target: Target,
    was: Release | None,
    fault: BaseException,
    work: Work,
    attempt: Attempt,
    touched: _Touched,
) -> BaseException:
    """Make live what was live before, read it back, write down what came of it, and return the error."""
    what = f"{_named(was)} is live again" if was else "nothing is live, as before"
    if not touched.is_any:
        what = f"{_named(was)} is still live" if was else "nothing is live, as before"
    work.say(f"! {_words(fault)}: {'taken back' if touched.is_any else 'nothing was switched'}")
    found = _restored(target, was, work, attempt, is_switched=touched.is_any)
    service = attempt.journal.service
    if found is None:
        if touched.is_any or isinstance(fault, _Shut):
            error: BaseException = _rolled_back(fault, attempt.release, what)
        else:
            error = fault
            _also(fault, f"nothing was changed: {what}")
        if isinstance(fault, Cancelled | KeyboardInterrupt):
            error = Cancelled(
                f"the deploy of {service} was stopped", why=what, fix=f"%autoexec status {service}"
            )
        code: DeployCode = "rolled-back" if isinstance(error, RolledBack) else "failed"
        code = "cancelled" if isinstance(error, Cancelled) else code
        attempt.end(code, why=_words(fault), live=was.release_id if was else "")
        _tidied(target, was, work)
        return error
    found.evidence = (f"it was taken back because {_words(fault)}", *found.evidence)
    attempt.end(found.code, why=f"{found.what}: {found.why}")  # type: ignore[arg-type]
    return found


def _restored(
    target: Target, was: Release | None, work: Work, attempt: Attempt, *, is_switched: bool
) -> DeployError | None:
    """Put back what was live, and look whether it is; None where it is, and well."""
    service = attempt.journal.service
    until = time.monotonic() + work.ask_again_seconds
    to = f"rollback {service} --to {short_id(was.release_id)}" if was else f"status {service}"
    repair = f"%autoexec {to}"
    is_back = not is_switched
    pause = 1.0
    while True:
        try:
            if not is_back:
                with attempt.step("undo", is_undo=True):
                    staged = target.stage(was, work.emit) if was else None
                    target.switch(staged, work.emit, fence=attempt.fence)
                is_back = True
            return _read_back(target, was, service, repair)
        except Unanswered as error:
            if time.monotonic() > until:
                return _unanswered(error, service, repair, is_back=is_back)
            NEVER.pause(min(pause, 10.0))
            pause *= 2
        except Exception as error:  # noqa: BLE001 - whatever it is, a person must hear that it is not back
            return RollbackFailed(
                f"{service} could not be put back: look at it now", why=_words(error), fix=repair
            )


def _read_back(target: Target, was: Release | None, service: str, repair: str) -> DeployError | None:
    if why := _not_live(target.live(), was):
        return RollbackFailed(f"{service} is not what it was before: look at it now", why=why, fix=repair)
    if was is None:
        return None
    gate: Gate = was.spec.gate
    found = await_well(gate, lambda: target.unwell(was), NEVER, bakes=False)
    if isinstance(found, Passed):
        return None
    error = RollbackFailed(
        f"{_named(was)} of {service} is live again, and is not well: look at it now",
        why=found.why,
        fix=f"%autoexec logs {service}, or another one: %autoexec rollback {service}",
    )
    error.evidence = found.evidence
    return error


def _unanswered(error: Unanswered, service: str, repair: str, *, is_back: bool) -> DeployError:
    status = f"%autoexec status {service}"
    if is_back:
        return RollbackUnverified(
            f"{service} was put back, and nobody can say whether it is", why=_words(error), fix=status
        )
    return DeployUnknown(
        f"nobody can say what is live of {service}", why=_words(error), fix=f"{status}, then {repair}"
    )


def _rolled_back(fault: BaseException, release: Release, what: str) -> RolledBack:
    service = release.service
    fix = getattr(fault, "fix", "") or f"%autoexec logs {service} --release {short_id(release.release_id)}"
    error = RolledBack(f"the new release of {service} is not live; {what}", why=_words(fault), fix=fix)
    error.evidence = tuple(getattr(fault, "evidence", ()))
    return error


def _also(fault: BaseException, line: str) -> None:
    if isinstance(fault, AutoexecError):
        fault.evidence = (*fault.evidence, line)


def _tidied(target: Target, live: Release | None, work: Work) -> None:
    """Let a target end what nobody uses; what it cannot is told, and is no failure of the release."""
    if not isinstance(target, Tidies):
        return
    try:
        target.tidy(live, work.journal.good()[:KEPT], work.emit)
    except AutoexecError as error:
        work.say(f"! what is not used any more is still there: {_words(error)}")


def _named(release: Release | None) -> str:
    return f"release {short_id(release.release_id)}" if release else "nothing"


def _words(fault: BaseException) -> str:
    if isinstance(fault, AutoexecError | Cancelled):
        return f"{fault.what}: {fault.why}" if fault.why else fault.what
    if isinstance(fault, KeyboardInterrupt):
        return "somebody stopped it"
    return f"{type(fault).__name__}: {fault}"

"""Putting back what was live: by name, by the steps of any deploy, read back, and never guessed.

Whatever is raised in an undo becomes an answer: it is back, it is not, it was
put back and nobody can say, or nobody can say anything. Signals do not stop it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from ..errors import (
    AutoexecError,
    Cancelled,
    DeployError,
    DeployUnknown,
    LedgerError,
    RollbackFailed,
    RollbackUnverified,
    RolledBack,
    UsageError,
)
from ..events import Emit, Event, Progress, Stepped
from ..executor.stops import NEVER, Stop
from ..history import short_id
from ..releasefacts import DeployCode, Gate, Release
from .gate import Passed, await_well
from .journal import Attempt, Journal, LockLost
from .metrics import Metric
from .shift import AT_ONCE, Shift
from .target import Aside, Live, Target, Tidies, Unanswered

ASK_AGAIN_SECONDS = 120.0  #: for so long an undo asks a platform that does not answer
QUICK_SECONDS = 0.1  #: between two looks at a release that nobody uses yet
KEPT = 5  #: releases that stay at a target, for a rollback


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a deploy works with: the record, who watches, who may stop it, and how the traffic goes over.

    `value_of` takes where a secret is kept, and returns its value.
    """

    journal: Journal
    emit: Emit
    stop: Stop
    shift: Shift = AT_ONCE
    ask_again_seconds: float = ASK_AGAIN_SECONDS
    value_of: Callable[[str], str] = lambda reference: ""

    def metric_of(self, release: Release) -> Metric | None:
        """Return what a canary of `release` is judged by beside its health, None where there is nothing.

        Raises
        ------
        UsageError
            Its token is not where it is kept, or can be none.
        """
        query = self.shift.query if self.shift.steps else None
        if query is None:
            return None
        names = {"service": release.service, "release": short_id(release.release_id)}
        token = self.value_of(query.token) if query.token else ""
        if not (token.isascii() and token.isprintable()) or (query.token and not token):
            raise UsageError(
                "the token of the canary's query is none",
                why="it has to be one line of printable ASCII",
                fix=f"look at {query.token}",
            )
        return Metric(query=query, names=names, token=token)

    def tell(self, event: Event) -> None:
        """Tell an event whole, also where a signal leaves what is done."""
        with self.stop.held():
            self.emit(event)

    def say(self, text: str) -> None:
        """Tell what goes on, in one line."""
        self.emit(Progress(phase="deploy", text=text))


@dataclass(slots=True, kw_only=True)
class Touched:
    """Whether any traffic may have moved, and how the gate was passed."""

    is_any: bool = False
    passed: Passed | None = None


class Shut(DeployError):
    """The gate did not let a release through."""


def taken_back(
    target: Target,
    was: Release | None,
    fault: BaseException,
    work: Work,
    attempt: Attempt,
    touched: Touched,
) -> BaseException:
    """Make live what was live before, read it back, write down what came of it, and return the error."""
    what = f"{named(was)} is live again" if was else "nothing is live, as before"
    if not touched.is_any:
        what = f"{named(was)} is still live" if was else "nothing is live, as before"
    work.say(f"! {words(fault)}: {'taken back' if touched.is_any else 'nothing was switched'}")
    found = _restored(target, was, work, attempt, is_switched=touched.is_any)
    service = attempt.journal.service
    if found is None:
        if touched.is_any or isinstance(fault, Shut):
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
        tidied(target, was, work, attempt)
        attempt.end(code, why=words(fault), live=was.release_id if was else "")
        return error
    if isinstance(found, LockLost):
        return found
    found.evidence = (f"it was taken back because {words(fault)}", *found.evidence)
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
                put_back(target, was, work, attempt)
                is_back = True
            return _read_back(target, was, service, repair)
        except LockLost as lost:
            return lost
        except Unanswered as error:
            if time.monotonic() > until:
                return _unanswered(error, service, repair, is_back=is_back, is_switched=is_switched)
            NEVER.pause(min(pause, 10.0))
            pause *= 2
        except (Exception, Cancelled) as error:  # noqa: BLE001 - whatever it is, a person must hear of it
            if is_back:
                return _unanswered(error, service, repair, is_back=True, is_switched=is_switched)
            if _is_there(target, was):  # it never left: what was refused changed nothing
                is_back = True
                continue
            return RollbackFailed(
                f"{service} could not be put back: look at it now", why=words(error), fix=repair
            )


def put_back(target: Target, was: Release | None, work: Work, attempt: Attempt) -> None:
    """Make live what was live, by the steps of any deploy; it is switched to also where it is not well."""
    with contextlib.suppress(LedgerError):  # that the turn cannot be looked up is no reason to stop
        attempt.check()
    began = time.monotonic()
    with attempt.step("undo", is_undo=True):
        staged = target.stage(was, work.emit) if was else None
        if staged is not None and isinstance(target, Aside):
            with contextlib.suppress(DeployError):  # that nobody can look is no reason not to switch
                await_well(quick(staged.spec.gate), lambda: target.unwell_aside(staged), NEVER, bakes=False)
        target.switch(staged, work.emit, fence=attempt.fence)
    work.emit(Stepped(phase="deploy", label="undo", seconds=time.monotonic() - began))


def _is_there(target: Target, was: Release | None) -> bool:
    """Whether the platform says that what should be live is, whatever was refused."""
    try:
        return not not_live(target.live(), was)
    except DeployError:
        return False


def quick(gate: Gate) -> Gate:
    """Return the gate for a release that nobody uses yet: it is looked at more often."""
    return replace(gate, interval_seconds=min(gate.interval_seconds, QUICK_SECONDS))


def _read_back(target: Target, was: Release | None, service: str, repair: str) -> DeployError | None:
    seen = target.live()
    is_it = seen is not None and was is not None and seen.release_id == was.release_id
    if (why := not_live(seen, was)) and not is_it:
        return RollbackFailed(f"{service} is not what it was before: look at it now", why=why, fix=repair)
    if was is None:
        return None
    gate: Gate = was.spec.gate
    found = await_well(gate, lambda: target.unwell(was), NEVER, bakes=False)
    if isinstance(found, Passed):  # by now all of the traffic has to be its own, also where that takes time
        why = not_live(target.live(), was) if why else ""
        what = f"{service} is not what it was before: look at it now"
        return RollbackFailed(what, why=why, fix=repair) if why else None
    error = RollbackFailed(
        f"{named(was)} of {service} is live again, and is not well: look at it now",
        why=found.why,
        fix=f"%autoexec logs {service}, or another one: %autoexec rollback {service}",
    )
    error.evidence = found.evidence
    return error


def _unanswered(
    error: BaseException, service: str, repair: str, *, is_back: bool, is_switched: bool
) -> DeployError:
    status = f"%autoexec status {service}"
    if is_back:
        done = f"{service} was put back" if is_switched else f"nothing of {service} was switched"
        return RollbackUnverified(f"{done}, and nobody can say what is live", why=words(error), fix=status)
    return DeployUnknown(
        f"nobody can say what is live of {service}", why=words(error), fix=f"{status}, then {repair}"
    )


def _rolled_back(fault: BaseException, release: Release, what: str) -> RolledBack:
    service = release.service
    fix = getattr(fault, "fix", "") or f"%autoexec logs {service} --release {short_id(release.release_id)}"
    error = RolledBack(f"the new release of {service} is not live; {what}", why=words(fault), fix=fix)
    error.evidence = tuple(getattr(fault, "evidence", ()))
    return error


def _also(fault: BaseException, line: str) -> None:
    if isinstance(fault, AutoexecError):
        fault.evidence = (*fault.evidence, line)


def not_live(seen: Live | None, release: Release | None) -> str:
    """Return how what the platform says differs from what should be live, "" where it does not."""
    if release is None:
        return "" if seen is None else f"release {short_id(seen.release_id) or 'of somebody else'} is live"
    if seen is None:
        return "nothing is live"
    if seen.release_id != release.release_id:
        return f"release {short_id(seen.release_id) or 'of somebody else'} is live"
    if seen.digest != release.digest:
        return f"its digest is {seen.digest}, and not {release.digest}"
    rest = [(name, part) for name, part in seen.shares if name != release.release_id and part > 0]
    return f"release {short_id(rest[0][0])} still gets {rest[0][1]:g} % of the traffic" if rest else ""


def tidied(target: Target, live: Release | None, work: Work, attempt: Attempt) -> None:
    """Let a target end what nobody uses; what it cannot is told, and is no failure of the release.

    Only whoever has the lock may: the next deploy's release would be among what nobody uses.
    """
    if not isinstance(target, Tidies):
        return
    try:
        attempt.check()
        target.tidy(live, work.journal.good()[:KEPT], work.emit)
    except (AutoexecError, OSError) as error:
        work.say(f"! what is not used any more is still there: {words(error)}")


def named(release: Release | None) -> str:
    """Return a release as it is told: by the end of its id."""
    return f"release {short_id(release.release_id)}" if release else "nothing"


def words(fault: BaseException) -> str:
    """Return a fault in one line."""
    if isinstance(fault, AutoexecError | Cancelled):
        return f"{fault.what}: {fault.why}" if fault.why else fault.what
    if isinstance(fault, KeyboardInterrupt):
        return "somebody stopped it"
    return f"{type(fault).__name__}: {fault}"

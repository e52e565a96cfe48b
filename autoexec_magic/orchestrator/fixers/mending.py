"""The loop: carry out a fix, run again only what failed, stop in time, say what was tried.

What runs again is handed in (`Again`): a script, the failed combinations of a
sweep, a cell. A fixer's own work is bounded by the guard (`rounds`); nothing
here starts a process, opens a file or knows a notebook.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from ...diagnosis.signature import signature
from ...errors import AutoexecError, Cancelled, NeedsPerson
from ...events import Emit, FixTried, Progress
from .actions import carry_out
from .attempt import Again, Attempt, Change, Failure, Hands, Left, Outcome
from .rounds import Rounds

#: Thinks of a change where no rule knows one; is told what was tried and what the wait may be.
Thinks: TypeAlias = Callable[[Failure, Attempt, tuple[FixTried, ...], float], Change]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """What came of it: with `passed`, `attempt` is what passed.

    `why` says why there was no further round, `is_stopped` that a person ended it.
    """

    passed: bool
    attempt: Attempt
    tried: tuple[FixTried, ...] = ()
    why: str = ""
    is_stopped: bool = False

    @property
    def story(self) -> tuple[str, ...]:
        """What was tried, a line each, and why it ended: for an error and for a card; without secrets."""
        lines = [told(item) for item in self.tried if item.number]
        return (*lines, *([f"stopped: {self.why}"] if self.why and lines else []))


def told(item: FixTried) -> str:
    """Return what was tried in one line.

    Examples
    --------
    >>> told(FixTried(number=1, by="install", what="installed a 1.0", outcome="failed", why="timeout"))
    'tried 1: installed a 1.0: failed: timeout'
    """
    why = f": {item.why}" if item.why else ""
    return f"tried {item.number}: {item.what}: {item.outcome}{why}"


def mend(
    failure: Failure,
    attempt: Attempt,
    again: Again,
    hands: Hands,
    rounds: Rounds,
    *,
    emit: Emit,
    thinks: Thinks | None = None,
) -> Mended:
    """Fix a failure, round by round, until it passes or the guard says stop.

    Parameters
    ----------
    failure, attempt
        What failed, and what was run when it did.
    again : callable
        Runs an attempt; only what failed.
    hands : Hands
        What a fix may use.
    rounds : Rounds
        The guard; its clock has begun.
    emit : callable
        Gets `FixTried` after each round and at the end, and `Progress` before what runs again.
    thinks : callable, optional
        Is asked where no rule has a fix.
    """
    loop = _Loop(
        _failure=failure,
        _attempt=attempt,
        _again=again,
        _hands=hands,
        _rounds=rounds,
        _emit=emit,
        _thinks=thinks,
    )
    return loop.run()


@dataclass(slots=True, kw_only=True)
class _Loop:
    _failure: Failure
    _attempt: Attempt
    _again: Again
    _hands: Hands
    _rounds: Rounds
    _emit: Emit
    _thinks: Thinks | None
    _tried: list[FixTried] = field(default_factory=list)
    _left: str = ""  # why the rule's own action was not carried out
    _began: float = 0.0

    def run(self) -> Mended:
        why = self._rounds.note(signature(self._failure.diagnosis), self._attempt.digest)
        while not why:
            if self._failure.is_final:
                return self._ended(self._failure.diagnosis.why)
            if not self._has_idea:
                return self._ended("nothing is left to try" if self._left else "no rule knows a fix")
            why = self._rounds.begin()
            if why:
                break
            self._began = time.monotonic()
            change: Change | None = None
            try:
                change = self._change()
                if change is None:
                    continue
                why = self._rounds.changed(change.attempt.digest)
                if why:
                    self._note(change, "unchanged", why)
                    break
                self._emit(Progress(phase="run", text=f"{change.what}; running again"))
                failed = self._again(change.attempt)
                if failed is None:
                    self._note(change, "passed")
                    return self._ended("", passed=change.attempt)
                why = self._judged(change, failed)
            except (KeyboardInterrupt, Cancelled):
                return self._stopped(change)
        return self._ended(why)

    @property
    def _has_idea(self) -> bool:
        return bool(self._thinks or (self._failure.diagnosis.action and not self._left))

    def _change(self) -> Change | None:
        """Return what to run next; None where this fixer left it, and the next may try."""
        is_rule = self._failure.diagnosis.action is not None and not self._left
        try:
            if is_rule:
                return carry_out(self._failure, self._attempt, self._hands)
            assert self._thinks is not None
            return self._thinks(self._failure, self._attempt, tuple(self._tried), self._rounds.seconds_left)
        except Left as left:
            why = left.why
        except NeedsPerson as error:  # what it was asked by, such as a diff, is no line
            why = f"{error.what} nobody was here to say yes"
        except AutoexecError as error:  # a question that nobody could answer, a model that is not there
            why = f"{error.what}: {error.why}" if error.why else error.what
        action = self._failure.diagnosis.action
        by = action.kind if is_rule and action else "model"
        what = f"{by} {' '.join(action.values)}".rstrip() if is_rule and action else "asked a model"
        self._left = why
        self._add(number=self._rounds.number, by=by, what=what, outcome="left", why=why)
        if not is_rule:
            self._thinks = None
        return None

    def _judged(self, change: Change, failed: Failure) -> str:
        """Note how it failed this time; return why to stop, or ""."""
        code = failed.diagnosis.code
        why = self._rounds.note(signature(failed.diagnosis), change.attempt.digest)
        if change.is_on_trial:
            self._note(change, "dropped", f"it failed all the same: {code}")
        else:
            self._note(change, "same" if why else "failed", code)
            self._attempt, self._failure, self._left = change.attempt, failed, ""
        if failed.is_final:
            return failed.diagnosis.why
        return why

    def _stopped(self, change: Change | None) -> Mended:
        why = "a person stopped it"
        by, what = (change.by, change.what) if change else ("", "a fix")
        self._add(number=self._rounds.number, by=by, what=what, outcome="stopped", why=why)
        return self._ended(why, is_stopped=True)

    def _ended(self, why: str, *, passed: Attempt | None = None, is_stopped: bool = False) -> Mended:
        if self._tried and why:
            self._add(number=0, by="", what="no further round", outcome="stopped", why=why)
        return Mended(
            passed=passed is not None,
            attempt=passed or self._attempt,
            tried=tuple(self._tried),
            why=why,
            is_stopped=is_stopped,
        )

    def _note(self, change: Change, outcome: Outcome, why: str = "") -> None:
        self._add(
            number=self._rounds.number,
            by=change.by,
            what=change.what,
            outcome=outcome,
            why=why,
            patch=change.patch,
            doubts=change.doubts,
        )

    def _add(
        self,
        *,
        number: int,
        by: str,
        what: str,
        outcome: Outcome,
        why: str,
        patch: str = "",
        doubts: tuple[str, ...] = (),
    ) -> None:
        shorten = self._hands.shorten
        event = FixTried(
            number=number,
            by=by,
            what=shorten(what),
            outcome=outcome,
            why=shorten(why),
            patch=patch,
            doubts=doubts,
            seconds=time.monotonic() - self._began if number else 0.0,
        )
        self._tried.append(event)
        self._emit(event)

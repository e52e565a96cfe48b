"""Whether a failed test is flaky, and by what: found out by running it again, alone and in company.

A test is run alone, with its random seed fixed and free, then with all others
in the same order and in reverse. In Python most flaky tests depend on their
order (1,126 of 1,618 whose cause was labelled), which running one alone again
and again cannot show; where it does, the test that spoils it (the *polluter*), or
the one that it lives off (the *setter*), is found by bisection.

Nothing is started here: `run` is handed in, and each call of it is one run in
a fresh process. The number of runs is bounded, and what is known when they are
spent is what is said.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from ..values import Confidence
from .bisection import needed
from .causes import Cause
from .trials import Bench, Run, Spent, Trial

FlakyClass: TypeAlias = Literal["always-fails", "flaky-order", "flaky-time", "flaky", "unknown"]

CERTAIN_RUNS = 8  #: that agree: by chance one of 256, were each as likely as not


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What running again showed of one failed test.

    Parameters
    ----------
    cls : FlakyClass
        "always-fails" is not flaky; "unknown" where the runs were spent before it was clear.
    polluters, setters : tuple of str
        After which it fails, or without which; in the order in which they must run. Only of "flaky-order".
    trials : tuple of Trial
        Each run that it was part of.
    """

    nodeid: str
    cls: FlakyClass
    why: str
    fix: str
    confidence: Confidence
    evidence: tuple[str, ...] = ()
    polluters: tuple[str, ...] = ()
    setters: tuple[str, ...] = ()
    trials: tuple[Trial, ...] = ()


def examine(
    failed: Sequence[str],
    order: Sequence[str],
    run: Run,
    *,
    times: int = 3,
    most_runs: int = 100,
    on_run: Callable[[int], object] = lambda count: None,
) -> tuple[Judgement, ...]:
    """Return of each failed test whether it is flaky, and by what.

    Parameters
    ----------
    failed : sequence of str
        Ids of the tests that failed.
    order : sequence of str
        Ids of all tests, in the order in which they ran.
    run : Run
        Runs some of them.
    times : int, default 3
        How often each is run alone with each kind of seed, at least 1.
    most_runs : int, default 100
        Runs in all. The tests come in their order; what is left for the last of them may be nothing.
    on_run : callable, optional
        Takes how many runs were made.
    """
    bench = Bench(run, order, most_runs, on_run)
    return tuple(_examined(nodeid, bench, max(1, times)) for nodeid in dict.fromkeys(failed))


def combined(cause: Cause, found: Judgement) -> Cause:
    """Return the cause of a failure, now that it is known whether it comes back.

    Parameters
    ----------
    cause : Cause
        What one failure said of itself.
    found : Judgement
        What running again showed: it counts, where it is clear. That a failure
        spoke of time tells which of the flaky kinds it is.
    """
    evidence = (*found.evidence, *cause.evidence)
    if found.cls == "unknown":
        return replace(cause, evidence=evidence)
    if found.cls == "always-fails":
        if not cause.cls.startswith("flaky"):
            return replace(cause, evidence=evidence)
        return replace(cause, cls="product", code="", confidence="likely", why=found.why, evidence=evidence)
    is_timed = found.cls == "flaky" and cause.cls == "flaky-time"
    return Cause(
        cls="flaky-time" if is_timed else found.cls,
        code=cause.code if is_timed else "",
        why=cause.why if is_timed else found.why,
        fix=cause.fix if is_timed else found.fix,
        confidence="likely" if is_timed else found.confidence,
        evidence=evidence,
        where=cause.where,
        diagnosis=cause.diagnosis,
    )


def _examined(nodeid: str, bench: Bench, times: int) -> Judgement:
    trials: list[Trial] = []
    try:
        return _judged(nodeid, bench, times, trials)
    except Spent:
        return Judgement(
            nodeid=nodeid,
            cls="unknown",
            why=f"all {bench.count} runs were spent before it was clear",
            fix="allow more runs, or run this test by itself",
            confidence="unknown",
            evidence=_told(trials),
            trials=tuple(trials),
        )


def _judged(nodeid: str, bench: Bench, times: int, trials: list[Trial]) -> Judgement:
    fixed = _repeated(lambda: bench.after((), nodeid), times, trials)
    free = _repeated(lambda: bench.after((), nodeid, seed=None), times, trials)
    if _is_mixed(fixed):
        why = "alone, and with the same seed, it now fails and now passes"
        fix = "look for threads, time, the network, or what earlier runs left on the disk"
        return _judgement(nodeid, "flaky", why, fix, "certain", trials)
    if _is_mixed(fixed + free):
        why = "with a fixed random seed it always ends alike, without it does not"
        fix = "fix the seed in a fixture, or make the test hold for every value"
        agree = len(fixed) >= CERTAIN_RUNS
        return _judgement(nodeid, "flaky-time", why, fix, "certain" if agree else "likely", trials)
    is_failing = any(trial.has_failed for trial in fixed)
    if nodeid in bench.order and (found := _by_order(nodeid, bench, is_failing, times, trials)):
        return found
    if is_failing:
        agree = sum(trial.has_failed for trial in trials) >= CERTAIN_RUNS and all(_ended(trials))
        why, fix = (
            "it fails alone and in company, whatever the order and the seed",
            "it is not flaky: mend it",
        )
        return _judgement(nodeid, "always-fails", why, fix, "certain" if agree else "likely", trials)
    if not any(trial.has_passed for trial in trials):
        why, fix = "no run got to its end", "run it alone: something ends the process"
        return _judgement(nodeid, "unknown", why, fix, "unknown", trials)
    why = "it failed, and did not fail again"
    fix = "let it run more often; look for time, threads and the network"
    return _judgement(nodeid, "flaky", why, fix, "likely", trials)


def _by_order(
    nodeid: str, bench: Bench, is_failing: bool, times: int, trials: list[Trial]
) -> Judgement | None:
    """Return what the others do to a test that ends alike whenever it is alone; None if nothing."""
    for is_reverse in (False, True):
        trial = bench.whole(nodeid, is_reverse=is_reverse)
        trials.append(trial)
        if not _is_other(trial, is_failing) or not trial.before:
            continue
        again = bench.after(trial.before, nodeid)  # without those behind it, and whether it does so twice
        trials.append(again)
        if not _is_other(again, is_failing):
            why = "among all tests it now fails and now passes, alone always the same"
            fix = "look for what tests leave behind that lives on for a time: threads, files, servers"
            return _judgement(nodeid, "flaky", why, fix, "likely", trials)
        return _found(nodeid, bench, trial.before, is_failing, times, trials)
    return None


def _found(
    nodeid: str, bench: Bench, before: Sequence[str], is_failing: bool, times: int, trials: list[Trial]
) -> Judgement:
    """Name the tests that make it end otherwise; of those before it these are enough."""

    def ends_otherwise(some: Sequence[str]) -> bool:
        trials.append(bench.after(some, nodeid))
        return _is_other(trials[-1], is_failing)

    kind = "passes only" if is_failing else "fails"
    try:
        fitting = (some for some in bench.known if _has_all(before, some))
        names = next((some for some in fitting if ends_otherwise(some)), ())
        names = names or needed(before, ends_otherwise)
        if names:
            bench.remember(names)
            _repeated(lambda: bench.after(names, nodeid), times, trials)
    except Spent:
        names = ()
    if not names:
        why = f"it {kind} after other tests, of which no few could be named within the runs"
        fix = f"run it behind half of them, and so on: %autoexec test TESTS… {shlex.quote(nodeid)}"
        return _judgement(nodeid, "flaky-order", why, fix, "likely", trials)
    with_them = [trial for trial in trials if _has_all(trial.before, names)]
    agree = (
        all(_is_other(trial, is_failing) for trial in with_them) and len(with_them) + times >= CERTAIN_RUNS
    )
    lone = [trial for trial in trials if not trial.before and trial.seed is not None]
    sure = agree and len(lone) >= 2 and not any(_is_other(trial, is_failing) for trial in lone)
    listed = " and ".join(names)
    fix = f"%autoexec test {shlex.join((*names, nodeid))} shows it; let a fixture undo what was changed"
    if is_failing:
        fix = f"let {nodeid} make what it takes from there by itself, in a fixture"
    why = f"it {kind} after {listed}"
    return _judgement(
        nodeid,
        "flaky-order",
        why,
        fix,
        "certain" if sure else "likely",
        trials,
        polluters=() if is_failing else names,
        setters=names if is_failing else (),
    )


def _judgement(
    nodeid: str,
    cls: FlakyClass,
    why: str,
    fix: str,
    confidence: Confidence,
    trials: Sequence[Trial],
    *,
    polluters: tuple[str, ...] = (),
    setters: tuple[str, ...] = (),
) -> Judgement:
    return Judgement(
        nodeid=nodeid,
        cls=cls,
        why=why,
        fix=fix,
        confidence=confidence,
        evidence=_told(trials, polluters or setters),
        polluters=polluters,
        setters=setters,
        trials=tuple(trials),
    )


def _told(trials: Sequence[Trial], names: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return how often it failed in each kind of run."""
    kinds: dict[str, list[Trial]] = {}
    for trial in trials:
        if not trial.before:
            kind = "alone, seed free" if trial.seed is None else "alone, seed fixed"
        elif names and trial.before == names:
            kind = "after " + " and ".join(names)
        elif names:
            kind = (
                "after others, these among them"
                if _has_all(trial.before, names)
                else "after others without these"
            )
        else:
            kind = "after others"
        kinds.setdefault(kind, []).append(trial)
    return tuple(
        f"{kind}: failed {sum(trial.has_failed for trial in those)} of {len(those)}"
        for kind, those in kinds.items()
    )


def _repeated(make: Callable[[], Trial], times: int, trials: list[Trial]) -> list[Trial]:
    made: list[Trial] = []
    for _ in range(times):
        made.append(make())
        trials.append(made[-1])
    return made


def _is_mixed(trials: Sequence[Trial]) -> bool:
    return any(trial.has_failed for trial in trials) and any(trial.has_passed for trial in trials)


def _is_other(trial: Trial, is_failing: bool) -> bool:
    """Whether a test ended otherwise than it does alone."""
    return trial.has_passed if is_failing else trial.has_failed


def _has_all(before: Sequence[str], names: Sequence[str]) -> bool:
    return set(names) <= set(before)


def _ended(trials: Sequence[Trial]) -> list[bool]:
    return [trial.has_failed or trial.has_passed for trial in trials]

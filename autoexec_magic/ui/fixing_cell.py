"""Fix a cell that failed: run the cells it depends on, then the cell itself, as a person would.

What runs again goes through `shell.run_cell` with its history, when the cell
that failed is over (`post_run_cell`): within it, a second cell would take its
number, its `_` and its place in `In`. Each cell that runs so is a cell of its
own, with its number, its outputs and its record; what was tried is a record of
the verb `why`.

A kernel has no cage: a patch of a cell is always a person's to apply, whatever
options the line has. The notebook's text is never written: the patched source
runs, and the diff is shown, to be taken over.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from .. import diagnosis, onrecord
from ..errors import AutoexecError, Cancelled
from ..events import Emit, RunFinished, RunStarted
from ..heads import with_head
from ..history import fan_out
from ..installer import Needed
from ..orchestrator import Fixing, Healing, Plan, Surroundings
from ..orchestrator.fixers.attempt import Again, Attempt, Failure, Hands, Left
from ..orchestrator.fixers.mending import Mended, Thinks, mend
from ..orchestrator.fixers.rounds import Budget, Rounds
from ..orchestrator.fixers.sent import homes, shortened
from ..orchestrator.questions import recorded
from ..redact import one_line
from ..values import Ask, Diagnosis, Verdict
from . import text
from .meant import FIXINGS, fixing_of

NAME = "cell.py"  #: of a cell in a diff
VERB = "why"
_STOPS = (KeyboardInterrupt, asyncio.CancelledError, Cancelled)
_TIMEOUT = re.compile(r"\s--timeout(?:=|\s+)\S+")

#: Explains an error of a cell.
Explains: TypeAlias = Callable[[BaseException], Diagnosis]


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A cell that failed.

    Parameters
    ----------
    raw : str
        As a person wrote it, with its first line.
    found : Diagnosis
        Why it failed.
    options : argparse.Namespace
        What the line says of fixing (`options.add_fixing`).
    explains : callable, optional
        Explains how it fails again, where it is no marked cell.
    source_of : callable, optional
        Returns the source of a cell that an action names, or None; by default
        from the notebook as it is saved and as it ran (`situation.source_of`),
        else from the history of this kernel, by its number.
    """

    raw: str
    found: Diagnosis
    options: argparse.Namespace
    explains: Explains | None = None
    source_of: Callable[[str], str | None] | None = None


class Fixings:
    """What is to be fixed in one shell, and what is being fixed now."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._waiting: list[Broken] = []
        self._seen: dict[str, Diagnosis] | None = None  # while something is fixed: of marked cells, by source

    @property
    def is_at_work(self) -> bool:
        """Whether a cell is being fixed: what fails now is told, and not fixed on its own."""
        return self._seen is not None

    def note(self, raw: str, found: Diagnosis | None, options: argparse.Namespace) -> None:
        """Take note of how a marked cell ended; it is fixed in `after`, where its line says so."""
        if self._seen is not None:
            if found is not None:
                self._seen[raw] = found
        elif found is not None and fixing_of(options) is not None:
            self._waiting.append(Broken(raw=raw, found=found, options=options))

    def wait(self, broken: Broken) -> None:
        """Fix a cell when the present one is over."""
        self._waiting.append(broken)

    def after(self, result: Any) -> None:
        """Fix what waits; the cell's own `result` is then how it ended at last."""
        while self._waiting and self._seen is None:
            broken = self._waiting.pop()
            error = _error_of(result) if result is not None else None
            if isinstance(error, AutoexecError) and error.verdict not in ("failed", "timed-out"):
                continue
            if isinstance(error, _STOPS):
                continue
            self._seen = {}
            try:
                _Session(self._shell, broken, self._seen).run(result)
            except AutoexecError as fault:  # raised in a hook, it would be shown as a fault of ours
                print(fault, file=sys.stderr)  # noqa: T201 - below the cell's own error
            finally:
                self._seen = None


def fixings(shell: Any) -> Fixings:
    """Return what is to be fixed in a shell; one for each."""
    found = getattr(shell, FIXINGS, None)
    if found is None:
        found = Fixings(shell)
        setattr(shell, FIXINGS, found)
    return found


def on_fix(shell: Any, broken: Broken) -> None:
    """Fix a cell on a click: at once, for no cell runs while a click is handled; not twice at a time."""
    found = fixings(shell)
    if not found.is_at_work:
        found.wait(broken)
        found.after(None)


def fix_last(shell: Any, broken: Broken) -> str:
    """Fix the cell that failed last, when the cell that asks for it is over; return what to say now.

    For `%autoexec why --fix`: a magic runs within a cell, and a cell that ran
    within it would take its number.
    """
    fixing = fixing_of(broken.options)
    if broken.found.action is None and not (fixing and fixing.asks_model):
        return "nothing of that can be done for you: change the code, then run it again"
    fixings(shell).wait(broken)
    return "… fixing it when this cell is over"


@dataclass(slots=True)
class _Session:
    """One cell that is fixed."""

    shell: Any
    broken: Broken
    seen: dict[str, Diagnosis]
    last: Any = None  # how the cell ended that ran last

    def run(self, result: Any) -> None:
        from .calling import caller_of, write

        title = next((line.strip() for line in self.broken.raw.splitlines()[1:] if line.strip()), "a cell")
        caller = replace(caller_of(self.shell), cwd=Path.cwd())
        loaded, here = onrecord.surroundings(caller)
        with onrecord.recorded(VERB, f"--fix {title}", "none", caller, loaded.workspace) as recorder:
            sinks = [recorder.emit] if recorder else []
            emit = with_head(onrecord.cleaning(fan_out(*sinks, text.show(write))))
            here = replace(here, run_id=recorder.run_id if recorder else "", place=caller.place)
            rounds = Rounds(Budget(rounds=int(here.config.fix_rounds), seconds=here.config.fix_seconds))
            emit(RunStarted(verb=VERB, title=f"--fix {title}", cage="none"))
            done = self._mended(rounds, emit, here)
            verdict = Verdict.PASSED if done.passed else Verdict.FAILED
            verdict = Verdict.CANCELLED if done.is_stopped else verdict
            seconds = here.config.fix_seconds - rounds.seconds_left
            emit(RunFinished(verdict=verdict, seconds=seconds, why="; ".join(done.story)))
        if result is not None and self.last is not None:
            # What the cell's reply says is how it ended at last; with a failure, "Run All" stops.
            result.error_before_exec = self.last.error_before_exec
            result.error_in_exec = self.last.error_in_exec
            result.result = self.last.result

    def _mended(self, rounds: Rounds, emit: Emit, here: Surroundings) -> Mended:
        folder = Path.cwd()
        first = Attempt(
            source=_body(self.broken.raw),
            name=NAME,
            folder=folder,
            limits=_limits(self.broken.options, here),
        )
        hands = self._hands(emit, here)
        failure = Failure(diagnosis=self.broken.found)
        thinks = self._thinks(hands, emit, here)
        done = mend(failure, first, self._again(folder), hands, rounds, emit=emit, thinks=thinks)
        if not done.passed:
            os.chdir(folder)
        return done

    def _again(self, folder: Path) -> Again:
        def again(attempt: Attempt) -> Failure | None:
            raw = _raw(self.broken.raw, attempt)
            self._check_can_run(raw, "this cell")
            os.chdir(attempt.folder)
            self.seen.clear()
            error = self._run(raw)
            if error is None:
                return None
            if attempt.folder != folder:
                os.chdir(folder)
            explains = self.broken.explains or _explained
            return Failure(diagnosis=self.seen.get(raw) or explains(error))

        return again

    def _run(self, raw: str) -> BaseException | None:
        """Run a cell as a person would; return how it failed, or None.

        Raises
        ------
        Cancelled
            A person stopped it.
        """
        self.last = self.shell.run_cell(raw, store_history=True)
        error = _error_of(self.last)
        if isinstance(error, _STOPS):
            raise Cancelled("fixing was stopped")
        return error

    def _check_can_run(self, raw: str, what: str) -> None:
        """Leave a cell with a top-level `await` to a person, while the kernel's own loop runs."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return
        if self.shell.should_run_async(raw, transformed_cell=self.shell.transform_cell(raw)):
            raise Left(f"{what} awaits something, and only a person can run it now")

    def _hands(self, emit: Emit, here: Surroundings) -> Hands:
        ask: Ask = recorded(here, emit)
        fixing = fixing_of(self.broken.options) or Fixing()
        return Hands(
            root=here.workspace,
            ask=ask,
            person=ask,
            sees=here.ask,
            install=self._installing(emit, here, ask) if fixing.installs and here.config.install else None,
            run_cells=self._run_cells,
            shorten=shortened(os.environ, (here.config.fix_key,), homes()),
            plain=self.shell.transform_cell,
        )

    def _run_cells(self, numbers: tuple[str, ...]) -> None:
        source_of = self.broken.source_of or self._source_of
        sources = [(number, source_of(number)) for number in numbers]
        for _, source in sources:
            if source is None:
                raise Left("a cell that it depends on is not known here: run it yourself")
            self._check_can_run(source, f"the cell {_first_line(source)}")
        for _, source in sources:
            error = self._run(source or "")
            if error is not None:
                raise Left(f"the cell {_first_line(source or '')} failed: {type(error).__name__}")

    def _source_of(self, name: str) -> str | None:
        from .situation import source_of  # which reads the notebook

        return source_of(self.shell, name) or self._from_history(name)

    def _from_history(self, number: str) -> str | None:
        history = self.shell.history_manager.input_hist_raw
        at = int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0
        return history[at] if 0 < at < len(history) and history[at].strip() else None

    def _installing(
        self, emit: Emit, here: Surroundings, person: Ask
    ) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
        healing = Healing(Plan(verb=VERB, title="--fix", phases=()), emit, here, person=person)

        def install(modules: tuple[str, ...]) -> tuple[str, ...]:
            from ..orchestrator.fixers.scripted import installed_by

            report = healing.heal([Needed(1, module) for module in modules])
            return installed_by(report, modules)

        return install

    def _thinks(self, hands: Hands, emit: Emit, here: Surroundings) -> Thinks | None:
        from ..orchestrator.fixers.scripted import thinks

        return thinks(fixing_of(self.broken.options) or Fixing(), hands, emit, here)


def _first_line(source: str) -> str:
    """Return the first line of a cell, as a person knows it again."""
    return f"`{one_line(next(filter(str.strip, source.splitlines()), ''))}`"


def _error_of(result: Any) -> BaseException | None:
    error = result.error_before_exec or result.error_in_exec
    return error if isinstance(error, BaseException) else None


def _explained(error: BaseException) -> Diagnosis:
    if isinstance(error, AutoexecError):
        return Diagnosis(code=error.code, why=error.what, fix=error.fix)
    return diagnosis.diagnose_exception(
        error, is_user_frame=lambda name: "ipykernel" in name or "<ipython" in name
    )


def _body(raw: str) -> str:
    """Return a cell as it is compiled: a comment where the mark was, so that lines keep their numbers."""
    from .cell import take_mark_off

    return "".join(take_mark_off(raw.splitlines(keepends=True)))


def _raw(before: str, attempt: Attempt) -> str:
    """Return the cell to run: its first line again, with the limits of the attempt."""
    lines = before.splitlines(keepends=True)
    body = _body(before)
    if body == before:
        return attempt.source
    at = next(index for index, line in enumerate(lines) if line.strip())
    mark = lines[at].rstrip("\n")
    limits = dict(attempt.limits)
    if "--timeout" in limits:
        mark = f"{_TIMEOUT.sub('', mark)} --timeout {shlex.quote(format(limits['--timeout'], 'g'))}"
    new = attempt.source.split("\n")
    if at < len(new) and new[at].strip() == "#":
        new[at] = mark
    else:
        new.insert(0, mark)
    return "\n".join(new)


def _limits(options: argparse.Namespace, here: Surroundings) -> tuple[tuple[str, float], ...]:
    seconds = options.timeout or here.config.timeout if hasattr(options, "timeout") else 0.0
    return (("--timeout", float(seconds)),) if seconds else ()

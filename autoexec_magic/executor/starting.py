"""How the processes of one run are started: each pipeline in a cage, streamed, and known to the keeper."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import UsageError
from ..events import Emit, Flowing, Output, Truncated
from ..redact import mask, one_line, secrets_in
from ..values import Outcome, Phase, Stream
from . import cage, process
from .channel import Cut
from .identity import ProcessId
from .interrupts import Cancel
from .noticed import limit_hit
from .open_runs import kept
from .terminal import Size

_MOST_CELLS = 65_536  # ioctl_tty(2): the size is given in 16 bits


@dataclass(frozen=True, kw_only=True)
class Start:
    """Starts the pipelines of one run and streams them; the first one gets `stdin`.

    The parameters are those of `executor.run`.
    """

    emit: Emit
    phase: Phase
    level: cage.Wanted
    doors: cage.Doors
    limits: cage.Limits | None
    workspace: Path
    run_id: str
    stdin: bytes | Path | None
    pty: Size | None
    cancel: Cancel | None
    grace: float
    on_spawn: Callable[[ProcessId], None] | None
    secrets: Sequence[str]
    is_raw: bool
    code: str = ""
    records: process.Records | None = None
    on_tick: Callable[[], None] | None = None
    _used: list[bool] = field(default_factory=list)
    _written: list[int] = field(default_factory=list)  # bytes, by each pipeline so far

    def __call__(
        self, stages: tuple[process.Stage, ...], cwd: Path, timeout: float | None, keep_bytes: int
    ) -> Outcome:
        """Run one pipeline to its end."""
        with cage.lend(self.cage_request) as built, built.holding(), kept(self.run_id) as note:

            def spawned(leader: ProcessId) -> None:
                note(leader)
                built.limit(leader)
                if self.on_spawn:
                    self.on_spawn(leader)

            before = built.watch()
            outcome = process.stream(
                self.request(stages, cwd, timeout, keep_bytes, built),
                on_text=self.on_text,
                on_cut=self.on_cut,
                on_flow=self.on_flow,
                on_spawn=spawned,
                cancel=self.cancel,
            )
            self._written.append(outcome.output_bytes)
            return self.seen(outcome, built, before, cwd, timeout)

    @property
    def cage_request(self) -> cage.CageRequest:
        """The cage that it asks for."""
        return self.doors.request(self.level, self.workspace, self.limits)

    def request(
        self,
        stages: tuple[process.Stage, ...],
        cwd: Path,
        timeout: float | None,
        keep_bytes: int,
        built: cage.Cage,
    ) -> process.Request:
        """Return what to start in the cage `built`, and within which bounds."""
        stdin = None if self._used else self.stdin
        self._used.append(True)
        most = built.limits.output_bytes
        return process.Request(
            stages=stages,
            cwd=cwd,
            cage=built,
            run_id=self.run_id,
            stdin=stdin,
            pty=self.pty,
            timeout=timeout,
            grace=self.grace,
            keep_bytes=keep_bytes,
            output_bytes=None if most is None else max(0, most - sum(self._written)),
            secrets=self.secrets,
            is_raw=self.is_raw,
            records=self.records,
            on_tick=self.on_tick,
        )

    def seen(
        self, outcome: Outcome, built: cage.Cage, before: cage.Marks, cwd: Path, timeout: float | None
    ) -> Outcome:
        """Add what only the cage knows: its limits, what it denied, what changed, and what goes with it."""
        hit = limit_hit(outcome, built.limits, refused=built.refused(), timeout=timeout, code=self.code)
        outcome = replace(outcome, limit=hit)
        if built.level == "open":
            return outcome
        said = f"{outcome.stdout}\n{outcome.stderr}"
        return replace(
            outcome,
            denial=None if outcome.passed else built.explain_failure(said, folder=cwd, source=self.code),
            changed=tuple(map(str, built.voided(before))),
            discarded=tuple(mask(one_line(_text(name)), self.secrets) for name in built.left()),
        )

    def on_text(self, stream: Stream, text: str) -> None:
        """Emit what was written."""
        self.emit(Output(phase=self.phase, stream=stream, text=text))

    def on_cut(self, stream: Stream, cut: Cut) -> None:
        """Emit that some of it is missing."""
        self.emit(
            Truncated(phase=self.phase, stream=stream, dropped_bytes=cut.dropped, after_bytes=cut.after)
        )

    def on_flow(self, stream: Stream, passed_bytes: int, last_line: str) -> None:
        """Emit what passes by."""
        self.emit(Flowing(phase=self.phase, stream=stream, passed_bytes=passed_bytes, last_line=last_line))


def secrets_to_mask(variables: Mapping[str, str], names: Iterable[str]) -> tuple[str, ...]:
    """Return the values to mask; found once for the same variables with the same values."""
    return _secrets_of(tuple(variables.items()), tuple(names))


@functools.lru_cache(maxsize=4)
def _secrets_of(variables: tuple[tuple[str, str], ...], names: tuple[str, ...]) -> tuple[str, ...]:
    return secrets_in(dict(variables), names=names)


def size_of(pty: bool | tuple[int, int]) -> Size | None:
    """Return the size of the terminal that is asked for, None for pipes.

    Raises
    ------
    UsageError
        No terminal has that size.
    """
    if isinstance(pty, bool):
        return Size() if pty else None
    if not all(0 < number < _MOST_CELLS for number in pty):
        raise UsageError(
            f"a terminal of {pty[0]} columns and {pty[1]} rows cannot be", fix="for example 80, 24"
        )
    return Size(*pty)


def _text(name: str) -> str:
    """Return a file's name as text that every record takes; what is no text in it is replaced."""
    return os.fsencode(name).decode("utf-8", "replace")

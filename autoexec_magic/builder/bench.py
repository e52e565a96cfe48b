"""Where a build works: what it may start, install and ask, given by whoever runs it.

A builder starts no process and installs no package itself: it says which, and
the run that it is a part of does it, in its cage and on its record.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from .. import executor
from ..errors import AutoexecError, Cancelled, RunTimeout
from ..events import Emit, Progress, Stepped
from ..values import Ask, Outcome
from . import scratch
from .pulse import Pulse

TEMP_PREFIX = "autoexec-build-"


class Start(Protocol):
    """Starts a process of the build's and waits for its end."""

    def __call__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        stdin: str | bytes | None = None,
        is_foreign: bool = True,
        read: Sequence[Path] = (),
        write: Sequence[Path] = (),
        net: bool = False,
        pass_on: Sequence[str] = (),
        timeout: float | None = None,
        is_quiet: bool = False,
        is_whole: bool = False,
    ) -> Outcome:
        """Return how it ended.

        Parameters
        ----------
        argv : sequence of str, length at least 1
            Program and arguments.
        cwd : Path
            Its working directory, which it may write.
        env : mapping, optional
            Variables set on top of those that are passed on.
        stdin : str or bytes, optional
            What it reads.
        is_foreign : bool, default True
            Whether it runs code of the project's or a package's, or what these
            may choose, as git does: then it is in the build's cage. What only
            installs (uv with wheels, npm ci --ignore-scripts) is not.
        read, write : sequence of Path
            Folders that are let through the cage.
        net : bool, default False
            Whether it may reach the network.
        pass_on : sequence of str
            Names of variables that it gets; their values never stand in its
            command line, and are masked in what it writes.
        timeout : float, optional
            Seconds.
        is_quiet : bool, default False
            Whether what it writes is only kept, and not shown.
        is_whole : bool, default False
            Whether `stdout` is all that it writes there, and as it is, for a
            program of ours to read: quiet, not cut to its end, nothing masked.

        Raises
        ------
        MissingTool, PolicyRefused, NeedsPerson, CageError, Cancelled
            It could not be started, or was stopped.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a build has around it.

    `cache` is a folder that stays from build to build. `ask` answers a question
    or raises `NeedsPerson`.
    `cancel` ends what waits; `is_cancelled` says that the end was asked for
    from outside. `uv` is that program, or None; `sources` are the variables that
    say where it takes packages from, as the person's settings have it (a login
    may stand in them). `lock_of` takes a notebook's path and returns its lock as
    requirements with hashes, "" where it has none. `pulse` tells of a step that
    takes long. `setting` is a digest of what a caged process of the build finds
    around it: variables, doors, limits.
    """

    start: Start
    emit: Emit
    ask: Ask
    cache: Path
    uv: Path | None = None
    cancel: executor.Cancel | None = None
    is_cancelled: Callable[[], bool] = lambda: False
    timeout: float | None = None
    sources: Mapping[str, str] = field(default_factory=dict, repr=False)
    lock_of: Callable[[Path], str] = lambda path: ""
    pulse: Pulse | None = None
    setting: str = ""

    def say(self, text: str) -> None:
        """Tell what goes on, in one line."""
        self.emit(Progress(phase="build", text=text))

    @contextlib.contextmanager
    def step(self, label: str) -> Iterator[list[bool]]:
        """Tell how long the block took; what is put into the list says whether a cache had it."""
        cached: list[bool] = []
        started = time.monotonic()
        with self.at_work(label):
            yield cached
        seconds = time.monotonic() - started
        self.emit(Stepped(phase="build", label=label, seconds=seconds, is_cached=any(cached)))

    @contextlib.contextmanager
    def at_work(self, label: str) -> Iterator[None]:
        """Tell what goes on while the block lasts long (`Pulse`); its end is not told."""
        if self.pulse is None:
            yield
            return
        self.pulse.begin(label)
        try:
            yield
        finally:
            self.pulse.end()

    def turn_to(self, label: str) -> None:
        """Say what the block of `at_work` goes on with, such as the next step of a Dockerfile."""
        if self.pulse is not None:
            self.pulse.turn_to(label)

    def tick(self) -> None:
        """Say that it is still waited for what goes on; called in turn by what waits."""
        if self.pulse is not None:
            self.pulse()

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """Yield a folder of this build's own, which is gone after it, also when it is interrupted.

        One that was killed leaves it to the next build to remove.
        """
        with scratch.folder(_temporary(), prefix=TEMP_PREFIX) as made:
            yield made

    def sweep(self) -> None:
        """Remove what killed builds left there; also a build that needs no such folder does."""
        scratch.sweep(_temporary(), prefix=TEMP_PREFIX)

    def ran(self, outcome: Outcome, failed: AutoexecError) -> Outcome:
        """Return an outcome that passed; raise what else it means, with the end of what it wrote."""
        if outcome.ended == "exited" and outcome.returncode == 0:
            return outcome
        raise failure_of(outcome, failed)


def _temporary() -> Path:
    return Path(tempfile.gettempdir()).resolve()


def failure_of(outcome: Outcome, failed: AutoexecError) -> BaseException:
    """Return the error that a process's end means: a stop, a limit, or `failed` with its last words."""
    if outcome.ended == "cancelled":
        return Cancelled("the build was stopped", why="all its processes were ended")
    words = [line for line in (outcome.stderr or outcome.stdout).splitlines() if line.strip()]
    if outcome.ended == "timed-out":
        return RunTimeout(
            f"{failed.what}: its time was over after {outcome.seconds:.0f} s",
            why=words[-1].strip() if words else "it wrote nothing",
            fix="--timeout SECONDS gives it longer",
        )
    failed.why = failed.why or (
        words[-1].strip() if words else f"it ended with exit code {outcome.returncode}"
    )
    failed.evidence = failed.evidence or tuple(line.rstrip() for line in words[-8:])
    return failed

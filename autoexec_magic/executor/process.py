"""The one module that starts a process: spawn, stream, end all of it.

What is started is a pipeline of one or more: each reads what the one before
writes, files stand in for streams where that was asked for, and no shell is in
between. All of it is one process group; only who writes to a terminal, always
the last one, is a session of its own. One alone reads from its terminal, too;
in a pipeline what the others complain of is not written there.

One thread acts: the caller's. It waits (in `pump`) for both pipes, the
children's end, the clock and a request to stop. A child is started without
`preexec_fn`: a fork of a large kernel costs a hundred times a vfork. A non-zero
exit is a value; only the phase that asked knows whether it is a failure.

Two things are started that are no part of a run: the keeper (`open_runs`), and
services (`service`). They leave this process at once, by `start_apart`.

Other modules that may start processes, each with the reason written there:
none yet.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ..errors import AutoexecError, MissingTool, UsageError
from ..redact import mask
from ..values import Ended, Outcome
from . import ending, mark, terminal
from .cage import Cage
from .identity import ProcessId, cpu_of, identify
from .interrupts import Cancel, noted
from .pump import OnCut, OnFlow, OnText, Pump
from .redirected import File, opened
from .terminal import Size, Terminal

DRAIN_QUIET_SECONDS = 0.1  # a pipe that somebody still holds after the child's end, and nobody writes to
TICK_SECONDS = 1.0
DRAIN_SECONDS = 0.5  # … and that somebody goes on writing to
REAP_SECONDS = 5.0
LAUNCH_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One process of a pipeline. Its argv[0] is an absolute path; `files` are opened in their order.

    `name` is what the program is told that it is called, as a shell tells it the
    word that was typed: it stands in its messages.
    """

    argv: tuple[str, ...]
    name: str = ""
    env: Mapping[str, str]
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """A third stream, for what a child tells to a program: raw bytes, neither decoded nor masked nor kept.

    The last stage finds the number of the descriptor to write to in the
    variable `variable`. `take` gets each piece as it comes, in the acting
    thread; what it raises ends the run.
    """

    variable: str
    take: Callable[[bytes], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to start, and within which bounds: at least one stage.

    `on_tick` is called at least once in `TICK_SECONDS` while it runs, in the
    thread that waits for it: also of a child that is silent.
    """

    stages: tuple[Stage, ...]
    cwd: Path
    run_id: str
    cage: Cage | None = None
    stdin: bytes | Path | None = None
    pty: Size | None = None
    timeout: float | None = None
    grace: float = 1.0
    keep_bytes: int = 64 * 2**20
    output_bytes: int | None = None
    secrets: Sequence[str] = ()
    is_raw: bool = False
    records: Records | None = None
    on_tick: Callable[[], None] | None = None


def stream(
    request: Request,
    *,
    on_text: OnText,
    on_cut: OnCut,
    on_flow: OnFlow | None = None,
    on_spawn: Callable[[ProcessId], None] | None = None,
    cancel: Cancel | None = None,
) -> Outcome:
    """Run a child to its end and return how it ended.

    Parameters
    ----------
    request : Request
        What to start.
    on_text : callable
        Called in this thread with each piece of decoded, redacted text.
    on_cut : callable
        Called at the end, per stream of which something is missing, with how
        much and where; `on_text` then gets the stream's last part.
    on_flow : callable, optional
        Called once a second, per stream that writes more than is shown, with
        the bytes so far and the last line.
    on_spawn : callable, optional
        Called with the identity of the group's leader.
    cancel : Cancel, optional
        Ends the run from another thread.

    Returns
    -------
    Outcome
        When it is returned, or anything is raised, no process of the run is
        left.

    Raises
    ------
    MissingTool, UsageError, AutoexecError
        A program, directory or file is not there, or cannot be executed or
        opened.
    """
    own = cancel is None
    cancel = cancel or Cancel()
    try:
        with noted(cancel):
            children = spawn(request)
            try:
                return attend(children, request, (on_text, on_cut, on_flow), on_spawn, cancel)
            finally:
                children.reap()
    finally:
        if own:
            cancel.close()


def start_apart(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    stdin: int = subprocess.DEVNULL,
    stderr: int = subprocess.DEVNULL,
) -> bytes:
    """Start a program that starts another one, in a session of its own, and ends; return what it said.

    `env` is all of its environment. What the other one has for standard output
    must not be this one's.

    Raises
    ------
    OSError, ValueError
        It cannot be started.
    """
    with mark.unworn():
        started = subprocess.Popen(
            argv,
            cwd=cwd,
            env=dict(env),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            start_new_session=True,
        )
    with started as starter:
        try:
            return starter.communicate(timeout=LAUNCH_SECONDS)[0]
        except subprocess.TimeoutExpired as error:
            raise OSError(f"{argv[0]} did not come back") from error
        finally:
            starter.kill()  # which is nothing where it has ended


def attend(
    children: Children,
    request: Request,
    tell: tuple[OnText, OnCut, OnFlow | None],
    on_spawn: Callable[[ProcessId], None] | None,
    cancel: Cancel,
) -> Outcome:
    """Stream what was spawned to its end; time counts from now."""
    started = time.monotonic()
    leaders = [identify(pid) or ProcessId(pid, 0) for pid in children.leaders]
    on_text, on_cut, on_flow = tell
    try:
        pump = Pump(
            children,
            on_text,
            cancel,
            on_cut=on_cut,
            on_flow=on_flow,
            stdin=request.stdin if isinstance(request.stdin, bytes) else b"",
            keep_bytes=request.keep_bytes,
            secrets=request.secrets,
            is_raw=request.is_raw,
            on_record=request.records.take if request.records else None,
        )
    except BaseException:  # there are no descriptors left, say
        _end(children, request.run_id)
        children.close()
        raise
    try:
        if on_spawn:
            on_spawn(leaders[0])
        ended = _wait(pump, cancel, started, request)
        cpu_seconds = cpu_of(leaders[-1])
        grace = 0.0 if cancel.is_urgent() else request.grace
        # To ask the cage's group costs a tenth of what it costs to look through all processes.
        is_over = ended == "exited" and request.cage is not None and request.cage.is_deserted()
        for leader in () if is_over else leaders:
            ending.end(leader, request.run_id, grace=grace, pump=pump.turn_until_urgent)
        pump.finish()
    except BaseException:
        _end(children, request.run_id)
        raise
    finally:
        pump.close()
    children.reap()
    is_too_much = request.output_bytes is not None and pump.read_bytes > request.output_bytes
    return Outcome(
        argv=tuple(mask(word, request.secrets) for word in request.stages[-1].argv),
        returncode=children.returncode,
        ended="limited" if is_too_much and ended == "exited" else ended,
        seconds=time.monotonic() - started,
        stdout=pump.tail("stdout"),
        stderr=pump.tail("stderr"),
        dropped_bytes=sum(pump.cuts.values()),
        cut=tuple(pump.cuts),
        output_bytes=pump.read_bytes,
        cpu_seconds=cpu_seconds,
    )


def _wait(pump: Pump, cancel: Cancel, started: float, request: Request) -> Ended:
    """Pump until the child has ended and said all, or must be ended."""
    deadline = None if request.timeout is None else started + request.timeout
    most = request.output_bytes
    while not pump.has_exited:
        if cancel.is_set():
            return "cancelled"
        if most is not None and pump.read_bytes > most:
            return "limited"
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            return "timed-out"
        if request.on_tick is not None:
            request.on_tick()
            left = TICK_SECONDS if left is None else min(left, TICK_SECONDS)
        pump.turn(left)
    quiet_from = now = time.monotonic()
    until = now + DRAIN_SECONDS
    while pump.is_open and now < until and now - quiet_from < DRAIN_QUIET_SECONDS and not cancel.is_set():
        came = pump.turn(DRAIN_QUIET_SECONDS)
        now = time.monotonic()
        quiet_from = now if came else quiet_from
    return "exited"


class Children:
    """The processes of one pipeline, and our ends of their pipes."""

    def __init__(
        self, stdin: IO[bytes] | None, stdout: IO[bytes], stderr: IO[bytes], terminal: Terminal | None = None
    ) -> None:
        self.processes: list[subprocess.Popen[bytes]] = []
        self.stdin, self.stdout, self.stderr = stdin, stdout, stderr
        self.terminal = terminal
        self.records: IO[bytes] | None = None

    @property
    def leaders(self) -> tuple[int, ...]:
        """The pids of the groups' leaders: who has a terminal has a group of its own."""
        pids = self.pids
        return (pids[0], pids[-1]) if self.terminal and len(pids) > 1 else pids[:1]

    @property
    def pids(self) -> tuple[int, ...]:
        """The pids of all; the first is the group's."""
        return tuple(process.pid for process in self.processes)

    @property
    def returncode(self) -> int:
        """How the last one ended, as a shell has it."""
        return self.processes[-1].returncode

    def have_ended(self) -> bool:
        """Whether all have; it takes their exit status."""
        return all(process.poll() is not None for process in self.processes)

    def reap(self) -> None:
        """Take the exit status of each, so that no zombie is left."""
        for process in self.processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(REAP_SECONDS)

    def close(self) -> None:
        """Release our ends."""
        for pipe in (self.stdin, self.stdout, self.stderr, self.records):
            if pipe is not None:
                pipe.close()
        if self.terminal is not None:
            self.terminal.close()


def spawn(request: Request) -> Children:
    """Start every stage, in order, or none: what was started before a fault is ended."""
    with contextlib.ExitStack() as ours:  # the children's ends, which they have copies of
        stderr, errors = _output(ours)
        children, first, last = _ends(request, stderr, errors, ours)
        try:
            recorded = -1
            if request.records is not None:
                children.records, recorded = _output(ours)
            reads = first
            for number, stage in enumerate(request.stages, start=1):
                is_last = number == len(request.stages)
                follows, writes, complains = (-1, *last) if is_last else (*_pipe(ours), errors)
                streams = opened(
                    stage.files, [reads, writes, complains], cage=request.cage, cwd=request.cwd, until=ours
                )
                at_terminal = children.terminal if is_last else None
                with mark.worn(request.run_id) as bears:
                    for before in children.pids:
                        bears(before)
                    told = recorded if is_last else -1
                    process = _start(stage, streams, request, children.processes, at_terminal, told)
                    children.processes.append(process)
                    bears(process.pid)
                mark.put(process.pid, request.run_id)
                if number > 1 and request.cage:  # the first one's are set by whoever is told of it
                    request.cage.limit(identify(process.pid) or ProcessId(process.pid, 0))
                reads = follows
        except BaseException:
            end(children, request.run_id)
            raise
    return children


def end(children: Children, run_id: str) -> None:
    """End at once what was spawned and is not attended, and release it."""
    _end(children, run_id)
    children.reap()
    children.close()


def _end(children: Children, run_id: str) -> None:
    """End at once what was started, with all that it started in turn."""
    for pid in children.leaders:
        ending.end(identify(pid) or ProcessId(pid, 0), run_id, grace=0.0)


def _ends(
    request: Request, stderr: IO[bytes], errors: int, ours: contextlib.ExitStack
) -> tuple[Children, int, tuple[int, int]]:
    """Return our ends, what the first one reads, and what the last one writes and complains to."""
    is_typed = request.pty is not None and len(request.stages) == 1 and not isinstance(request.stdin, Path)
    try:
        if request.pty is None:
            stdin, first = _input(request, ours)
            stdout, writes = _output(ours)
            return Children(stdin, stdout, stderr), first, (writes, errors)
        stdin, first = (None, -1) if is_typed else _input(request, ours)
        typed = request.stdin if is_typed and isinstance(request.stdin, bytes) else b""
        screen = Terminal(request.pty, typed)
    except BaseException:
        stderr.close()
        raise
    stdout = os.fdopen(os.dup(screen.master), "rb", buffering=0)
    return Children(stdin, stdout, stderr, screen), screen.slave if is_typed else first, (screen.slave,) * 2


def _input(request: Request, ours: contextlib.ExitStack) -> tuple[IO[bytes] | None, int]:
    """Return our end of the first one's input, if it has any, and its own."""
    given = request.stdin
    if given is None:
        return None, ours.enter_context(open(os.devnull, "rb", buffering=0)).fileno()  # noqa: PTH123
    if isinstance(given, Path):
        return None, opened(
            [File(stream=0, path=str(given))], [-1], cage=request.cage, cwd=request.cwd, until=ours
        )[0]
    reader, writer = os.pipe()
    ours.callback(os.close, reader)
    return os.fdopen(writer, "wb", buffering=0), reader


def _output(ours: contextlib.ExitStack) -> tuple[IO[bytes], int]:
    """Return our end of a new pipe, to read from, and the descriptor of the other."""
    reader, writer = os.pipe()
    ours.callback(os.close, writer)
    return os.fdopen(reader, "rb", buffering=0), writer


def _pipe(ours: contextlib.ExitStack) -> tuple[int, int]:
    """Return both ends of a new pipe, to read from and to write to."""
    ends = os.pipe()
    for end in ends:
        ours.callback(os.close, end)
    return ends


def _start(
    stage: Stage,
    streams: Sequence[int],
    request: Request,
    before: Sequence[subprocess.Popen[bytes]],
    at: Terminal | None,
    recorded: int,
) -> subprocess.Popen[bytes]:
    cage = request.cage
    argv = cage.argv(stage.argv) if cage else stage.argv
    env = cage.environment(stage.env) if cage else dict(stage.env)
    pass_fds = cage.pass_fds if cage else ()
    if recorded >= 0 and request.records is not None:
        env[request.records.variable] = str(recorded)
        pass_fds = (*pass_fds, recorded)
    file = argv[0]
    if stage.name and tuple(argv) == stage.argv:  # and no program of the cage's stands before it
        argv = (stage.name, *argv[1:])
    # A session of its own; several share a group, which cannot be joined from another session.
    place: dict[str, Any] = {"start_new_session": True}
    if len(request.stages) > 1 and at is None:
        place = {"process_group": before[0].pid if before else 0}

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            argv,
            executable=file,
            cwd=request.cwd,
            env=env,
            stdin=streams[0],
            stdout=streams[1],
            stderr=streams[2],
            bufsize=0,
            pass_fds=pass_fds,
            **place,
        )

    try:
        if at is None:
            return cage.spawn(start) if cage else start()
        env = terminal.environment(env)
        with terminal.Report() as report:
            argv = terminal.step((file, *argv[1:]), env, report=report.writer, terminal=at.slave)
            file = argv[0]
            pass_fds = (*pass_fds, report.writer, at.slave)
            process = cage.spawn(start) if cage else start()
            try:
                report.wait()
            except BaseException:
                process.kill()
                process.wait()
                raise
            return process
    except (OSError, ValueError) as error:
        raise _not_started(stage.argv[0], error) from error


def _not_started(program: str, error: OSError | ValueError) -> AutoexecError:
    what = f"cannot start {program}"
    if isinstance(error, FileNotFoundError):
        # Also raised for a script whose interpreter (its first line) is not there.
        return MissingTool(what, why="it, or the interpreter that its first line names, is not there")
    if isinstance(error, PermissionError):
        fix = f"chmod +x {program}, or run it with its interpreter"
        return AutoexecError(what, why="permission denied", fix=fix)
    return (
        UsageError(what, why=str(error))
        if isinstance(error, ValueError)
        else AutoexecError(what, why=str(error))
    )

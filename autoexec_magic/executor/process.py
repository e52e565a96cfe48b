"""The one module that starts a process: spawn, stream, end all of it.

What is started is a pipeline of one or more: each reads what the one before
writes, files stand in for streams where that was asked for, and no shell is in
between. All of it is one process group.

One thread acts: the caller's. It waits (in `pump`) for both pipes, the
children's end, the clock and a request to stop. A child is started without
`preexec_fn`: a fork of a large kernel costs a hundred times a vfork. A non-zero
exit is a value; only the phase that asked knows whether it is a failure.

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
from ..values import Ended, Outcome, Stream
from . import ending
from .cage import Cage
from .identity import ProcessId, identify
from .interrupts import Cancel, noted
from .pump import OnText, Pump

DRAIN_QUIET_SECONDS = 0.1  # a pipe that somebody still holds after the child's end, and nobody writes to
DRAIN_SECONDS = 0.5  # … and that somebody goes on writing to
REAP_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file in the place of stream 0, 1 or 2; or what another stream is at that time (`same_as`)."""

    stream: int
    path: str = ""
    flags: int = os.O_RDONLY
    same_as: int = -1


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
class Request:
    """What to start, and within which bounds: at least one stage."""

    stages: tuple[Stage, ...]
    cwd: Path
    run_id: str
    cage: Cage | None = None
    stdin: bytes | None = None
    timeout: float | None = None
    grace: float = 1.0
    keep_bytes: int = 64 * 2**20
    secrets: Sequence[str] = ()
    is_raw: bool = False


def stream(
    request: Request,
    *,
    on_text: OnText,
    on_dropped: Callable[[Stream, int], None],
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
    on_dropped : callable
        Called at the end, per stream, with the number of bytes not kept.
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
            children = _spawn(request)
            try:
                return _attend(children, request, on_text, on_dropped, on_spawn, cancel)
            finally:
                children.reap()
    finally:
        if own:
            cancel.close()


def _attend(
    children: Children,
    request: Request,
    on_text: OnText,
    on_dropped: Callable[[Stream, int], None],
    on_spawn: Callable[[ProcessId], None] | None,
    cancel: Cancel,
) -> Outcome:
    started = time.monotonic()
    leader = identify(children.pids[0]) or ProcessId(children.pids[0], 0)
    pump = Pump(
        children,
        on_text,
        cancel,
        stdin=request.stdin or b"",
        keep_bytes=request.keep_bytes,
        secrets=request.secrets,
        is_raw=request.is_raw,
    )
    try:
        if on_spawn:
            on_spawn(leader)
        ended = _wait(pump, cancel, started, request.timeout)
        grace = 0.0 if cancel.is_urgent() else request.grace
        ending.end(leader, request.run_id, grace=grace, pump=pump.turn_until_urgent)
        pump.finish()
    except BaseException:
        ending.end(leader, request.run_id, grace=0.0)
        raise
    finally:
        pump.close()
    children.reap()
    for name, count in pump.dropped.items():
        on_dropped(name, count)
    return Outcome(
        argv=tuple(mask(word, request.secrets) for word in request.stages[-1].argv),
        returncode=children.returncode,
        ended=ended,
        seconds=time.monotonic() - started,
        stdout=pump.tail("stdout"),
        stderr=pump.tail("stderr"),
        dropped_bytes=sum(pump.dropped.values()),
        cut=tuple(pump.dropped),
    )


def _wait(pump: Pump, cancel: Cancel, started: float, timeout: float | None) -> Ended:
    """Pump until the child has ended and said all, or must be ended."""
    deadline = None if timeout is None else started + timeout
    while not pump.has_exited:
        if cancel.is_set():
            return "cancelled"
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            return "timed-out"
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

    def __init__(self, stdin: IO[bytes] | None, stdout: IO[bytes], stderr: IO[bytes]) -> None:
        self.processes: list[subprocess.Popen[bytes]] = []
        self.stdin, self.stdout, self.stderr = stdin, stdout, stderr

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
        for pipe in (self.stdin, self.stdout, self.stderr):
            if pipe is not None:
                pipe.close()


def _spawn(request: Request) -> Children:
    """Start every stage, in order, or none: what was started before a fault is ended."""
    with contextlib.ExitStack() as ours:  # the children's ends, which they have copies of
        stdin, to_first = _input(request.stdin, ours)
        stdout, from_last = _output(ours)
        stderr, errors = _output(ours)
        children = Children(stdin, stdout, stderr)
        try:
            reads = to_first
            for number, stage in enumerate(request.stages, start=1):
                follows, writes = (-1, from_last) if number == len(request.stages) else _pipe(ours)
                streams = _opened(stage.files, [reads, writes, errors], request.cwd, ours)
                children.processes.append(_start(stage, streams, request, children.processes))
                reads = follows
        except BaseException:
            for process in children.processes:
                process.kill()
            children.reap()
            children.close()
            raise
    return children


def _input(given: bytes | None, ours: contextlib.ExitStack) -> tuple[IO[bytes] | None, int]:
    """Return our end of the first one's input, if it has any, and its own."""
    if given is None:
        return None, ours.enter_context(open(os.devnull, "rb", buffering=0)).fileno()  # noqa: PTH123
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


def _opened(files: Sequence[File], streams: list[int], cwd: Path, ours: contextlib.ExitStack) -> list[int]:
    """Return the descriptors of streams 0, 1 and 2 after the files took their places."""
    for file in files:
        if file.same_as >= 0:
            streams[file.stream] = streams[file.same_as]
            continue
        try:
            descriptor = os.open(cwd / file.path, file.flags | os.O_CLOEXEC, 0o666)
        except (OSError, ValueError) as error:
            done = "read" if file.flags == os.O_RDONLY else "written"
            raise UsageError(f"{file.path} cannot be {done}", why=str(error), fix="check the path") from error
        ours.callback(os.close, descriptor)
        streams[file.stream] = descriptor
    return streams


def _start(
    stage: Stage, streams: Sequence[int], request: Request, before: Sequence[subprocess.Popen[bytes]]
) -> subprocess.Popen[bytes]:
    program, cage = stage.argv[0], request.cage
    argv = cage.argv(stage.argv) if cage else stage.argv
    env = cage.environment(stage.env) if cage else dict(stage.env)
    file = argv[0]
    if stage.name and tuple(argv) == stage.argv:  # and no program of the cage's stands before it
        argv = (stage.name, *argv[1:])
    # A session of its own; several share a group, which cannot be joined from another session.
    place: dict[str, Any] = {"start_new_session": True}
    if len(request.stages) > 1:
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
            pass_fds=cage.pass_fds if cage else (),
            **place,
        )

    try:
        return cage.spawn(start) if cage else start()
    except FileNotFoundError as error:
        # Also raised for a script whose interpreter (its first line) is not there.
        raise MissingTool(
            f"cannot start {program}", why="it, or the interpreter that its first line names, is not there"
        ) from error
    except PermissionError as error:
        raise AutoexecError(
            f"cannot start {program}",
            why="permission denied",
            fix=f"chmod +x {program}, or run it with its interpreter",
        ) from error
    except OSError as error:
        raise AutoexecError(f"cannot start {program}", why=str(error)) from error
    except ValueError as error:
        raise UsageError(f"cannot start {program}", why=str(error)) from error

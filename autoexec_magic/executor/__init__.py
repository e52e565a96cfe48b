"""Run a command: policy, cage, spawn, stream, and the end of all of it.

`run` is the one door: whatever any part of this package starts goes through
it, so no process starts unjudged and none outlives its run.
"""

from __future__ import annotations

import functools
import os
import shlex
import signal
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypedDict

from ..config import workspace
from ..errors import UsageError
from ..events import Emit, Flowing, Output, Truncated
from ..history import new_id
from ..redact import secrets_in
from ..values import Ask, Outcome, Phase, Stream
from . import cage, environment, lines, policy, process
from . import policy as _policy
from .channel import Cut
from .ending import end_known
from .identity import ProcessId, identify, is_alive
from .interrupts import Cancel, wait_for
from .judging import Explained, explain, judge
from .places import private_folders
from .policy import steps
from .policy.tree import Shell
from .terminal import Size

__all__ = [
    "Bounds",
    "Cancel",
    "Explained",
    "ProcessId",
    "cage",
    "end_known",
    "explain",
    "identify",
    "interrupt",
    "is_alive",
    "judge",
    "policy",
    "run",
    "run_line",
    "shown",
    "wait_for",
]

KEEP_BYTES = 64 * 2**20
GRACE_SECONDS = 1.0
_LINE_CHARS = 200
_MOST_CELLS = 65_536  # ioctl_tty(2): the size is given in 16 bits


class Bounds(TypedDict, total=False):
    """What every process of a run is started with; each key as in `run`."""

    timeout: float | None
    level: cage.Wanted
    doors: cage.Doors
    pass_on: Sequence[str]
    keep_bytes: int
    cancel: Cancel | None
    on_spawn: Callable[[ProcessId], None] | None
    run_id: str
    pty: bool | tuple[int, int]


def run(
    argv: Sequence[str],
    *,
    emit: Emit,
    phase: Phase = "run",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    pass_on: Sequence[str] = (),
    stdin: str | bytes | Path | None = None,
    pty: bool | tuple[int, int] = False,
    timeout: float | None = None,
    cancel: Cancel | None = None,
    policy: policy.Policy = policy.DEFAULT,
    ask: Ask | None = None,
    level: cage.Wanted = "open",
    doors: cage.Doors = cage.SHUT,
    grace: float = GRACE_SECONDS,
    keep_bytes: int = KEEP_BYTES,
    on_spawn: Callable[[ProcessId], None] | None = None,
    run_id: str = "",
    raw: bool = False,
) -> Outcome:
    """Run `argv` under `policy` in a cage of `level` and stream its output.

    Parameters
    ----------
    argv : sequence of str, length at least 1
        Program and arguments. Never a string: nothing here is split or expanded.
    emit : callable
        Gets `Output`, `Truncated` and `Flowing`, always in the calling thread.
    phase : Phase, default "run"
        Stands in the events.
    cwd : Path, optional
        Working directory; the current one by default.
    env : mapping of str to str, optional
        Variables set on top of the allow-listed environment.
    pass_on : sequence of str, optional
        Names of variables to take over from this process; `*` is a wildcard.
    stdin : str, bytes or Path, optional
        What the child reads; by default it finds the end of file at once. A
        file is handed to it as it is, whatever its size, if the policy lets it
        be read.
    pty : bool or (int, int), default False
        Give the child a terminal of 80 columns and 24 rows, or as many as are
        said, in the place of its streams: for colour and progress bars. All
        that it writes is then `stdout`. Text given as `stdin` is typed.
    timeout : float, optional
        Seconds, greater than 0. None is no limit.
    cancel : Cancel, optional
        Ends the run from another thread.
    policy : Policy, optional
        What may run without a question.
    ask : callable, optional
        Answers what the policy asks about; without it such a command is refused.
    level : Level or "best", default "open"
        The cage; its workspace is the project's folder around `cwd`.
    doors : Doors, optional
        What is let through the cage; nothing by default.
    grace : float, default 1.0
        Seconds between TERM and KILL.
    keep_bytes : int, default 64 MiB
        Output of each stream handed to `emit`: its head as it comes and, at the
        end, its tail (at most 4 MiB, at most half of this) after a `Truncated`
        that says how much is missing between. Meanwhile `Flowing` tells once a
        second what passes by.
    on_spawn : callable, optional
        Called with the identity of the child, for whoever may want to end it.
    run_id : str, optional
        The id of the run that the child belongs to.
    raw : bool, default False
        Leave the output as it is. Only for our own tools, whose output is read
        by a program and never shown: a digest must not be taken for a secret.

    Returns
    -------
    Outcome
        How it ended: a non-zero exit, a time limit and a request to stop are
        values, not exceptions. No process of the run is left.

    Raises
    ------
    UsageError
        The argv, directory or limit is wrong.
    MissingTool
        The program is not there.
    PolicyRefused, NeedsPerson
        It may not run, or nobody could answer whether it may.
    CageError
        The cage cannot be had.
    """
    words = _checked(argv)
    folder = _directory(cwd)
    _check_bounds(timeout, grace, keep_bytes)
    run_id = run_id or new_id()
    present = dict(os.environ)
    variables = environment.build(run_id, env, pass_on=pass_on, present=present)
    root = workspace(folder)
    files = [(str(stdin), False)] if isinstance(stdin, Path) else []
    program = _permitted(words, variables, folder, root, policy, ask, files)
    start = _starter(
        emit=emit,
        phase=phase,
        level=level,
        doors=doors,
        workspace=root,
        run_id=run_id,
        stdin=_given(stdin),
        pty=pty,
        cancel=cancel,
        grace=grace,
        on_spawn=on_spawn,
        secrets=() if raw else _secrets({**present, **(env or {})}, pass_on),
        is_raw=raw,
    )
    stage = process.Stage(argv=(str(program), *words[1:]), env=variables)
    return start((stage,), folder, timeout, keep_bytes)


def run_line(
    line: str,
    *,
    emit: Emit,
    workspace: Path,
    phase: Phase = "run",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    pass_on: Sequence[str] = (),
    stdin: str | bytes | Path | None = None,
    pty: bool | tuple[int, int] = False,
    timeout: float | None = None,
    cancel: Cancel | None = None,
    policy: policy.Policy = policy.DEFAULT,
    ask: Ask | None = None,
    level: cage.Wanted = "open",
    doors: cage.Doors = cage.SHUT,
    grace: float = GRACE_SECONDS,
    keep_bytes: int = KEEP_BYTES,
    on_spawn: Callable[[ProcessId], None] | None = None,
    run_id: str = "",
) -> Outcome:
    """Run a line as it was typed: pipelines, lists, files and variables, without a shell.

    What only a shell can run (substitution, control flow, here-documents) is
    asked about, and then run by bash.

    Parameters
    ----------
    line : str
        At most 65,536 characters; `policy.parse` says what is understood.
    workspace : Path
        Where it may write unasked.
    stdin : str, bytes or Path, optional
        What the first command of the line reads; all others find the end of file.
    pty : bool or (int, int), default False
        Give a terminal to each command that stands alone, and to the last of
        each pipeline for what it writes.
    timeout : float, optional
        Seconds, greater than 0, for the whole line.

    The others are as in `run`, which see; so are the errors.

    Returns
    -------
    Outcome
        Of the last command that ran, with the last of what all of them wrote.
    """
    found = _policy.parse(line)
    folder = _directory(cwd)
    _check_bounds(timeout, grace, keep_bytes)
    run_id = run_id or new_id()
    present = dict(os.environ)
    variables = environment.build(run_id, env, pass_on=pass_on, present=present)
    roots = _policy.Roots(workspace=workspace, more=policy.roots, private=private_folders())
    judge = lines.Judge(rules=policy, roots=roots, ask=ask)
    if isinstance(stdin, Path):
        _judge_input(stdin, line, folder, judge)
    start = _starter(
        emit=emit,
        phase=phase,
        level=level,
        doors=doors,
        workspace=workspace,
        run_id=run_id,
        stdin=_given(stdin),
        pty=pty,
        cancel=cancel,
        grace=grace,
        on_spawn=on_spawn,
        secrets=_secrets({**present, **(env or {})}, pass_on),
        is_raw=False,
    )
    if isinstance(found, Shell):
        judge.ask_for([lines.asked_of_shell(found)], found.text, folder)
        bash = _policy.find("bash", variables, folder)
        stage = process.Stage(argv=(str(bash), "--noprofile", "--norc", "-c", found.text), env=variables)
        return start((stage,), folder, timeout, keep_bytes)
    place = steps.Place(cwd=folder, environment=variables)
    return lines.run(found, place, start, lines.Bounds(timeout=timeout, keep_bytes=keep_bytes), judge)


def _starter(
    *,
    emit: Emit,
    phase: Phase,
    level: cage.Wanted,
    doors: cage.Doors,
    workspace: Path,
    run_id: str,
    stdin: bytes | Path | None,
    pty: bool | tuple[int, int],
    cancel: Cancel | None,
    grace: float,
    on_spawn: Callable[[ProcessId], None] | None,
    secrets: Sequence[str],
    is_raw: bool,
) -> lines.Start:
    """Return what starts a pipeline in a cage of its own and streams it; the first one gets `stdin`."""
    given = [stdin]
    size = _size(pty)

    def on_text(stream: Stream, text: str) -> None:
        emit(Output(phase=phase, stream=stream, text=text))

    def on_cut(stream: Stream, cut: Cut) -> None:
        emit(Truncated(phase=phase, stream=stream, dropped_bytes=cut.dropped, after_bytes=cut.after))

    def on_flow(stream: Stream, passed_bytes: int, last_line: str) -> None:
        emit(Flowing(phase=phase, stream=stream, passed_bytes=passed_bytes, last_line=last_line))

    def start(
        stages: tuple[process.Stage, ...], cwd: Path, timeout: float | None, keep_bytes: int
    ) -> Outcome:
        with cage.lend(doors.request(level, workspace)) as built:
            before = built.watch()

            def spawned(leader: ProcessId) -> None:
                built.limit(leader)
                if on_spawn:
                    on_spawn(leader)

            request = process.Request(
                stages=stages,
                cwd=cwd,
                cage=built,
                run_id=run_id,
                stdin=given.pop() if given else None,
                pty=size,
                timeout=timeout,
                grace=grace,
                keep_bytes=keep_bytes,
                secrets=secrets,
                is_raw=is_raw,
            )
            outcome = process.stream(
                request, on_text=on_text, on_cut=on_cut, on_flow=on_flow, on_spawn=spawned, cancel=cancel
            )
            return _seen(outcome, built, before, cwd)

    return start


def _seen(outcome: Outcome, built: cage.Cage, before: cage.Marks, cwd: Path) -> Outcome:
    """Add to an outcome what only the cage knows: what it denied, and what changed that governs runs."""
    if built.level == "open":
        return outcome
    said = f"{outcome.stdout}\n{outcome.stderr}"
    denial = None if outcome.passed else built.explain_failure(said, folder=cwd)
    return replace(outcome, denial=denial, changed=tuple(map(str, built.voided(before))))


def _check_bounds(timeout: float | None, grace: float, keep_bytes: int) -> None:
    if timeout is not None and not 0 < timeout < float("inf"):
        raise UsageError(f"a time limit of {timeout} s cannot be", fix="a number of seconds greater than 0")
    if grace < 0 or keep_bytes < 0:
        raise UsageError(f"grace {grace} and keep_bytes {keep_bytes} cannot be", fix="0 or more")


def _secrets(variables: Mapping[str, str], names: Iterable[str]) -> tuple[str, ...]:
    """Return the values to mask; found once for the same variables with the same values."""
    return _secrets_of(tuple(variables.items()), tuple(names))


@functools.lru_cache(maxsize=4)
def _secrets_of(variables: tuple[tuple[str, str], ...], names: tuple[str, ...]) -> tuple[str, ...]:
    return secrets_in(dict(variables), names=names)


def shown(command: Sequence[str] | str) -> str:
    """Return a command as a line short enough for a message."""
    line = command.strip() if isinstance(command, str) else shlex.join(command)
    return line if len(line) <= _LINE_CHARS else line[: _LINE_CHARS - 1] + "…"


def interrupt(process: ProcessId) -> bool:
    """Send an interrupt, as Ctrl-C does, to exactly this process, if it lives."""
    if not is_alive(process):
        return False
    os.kill(process.pid, signal.SIGINT)
    return True


def _checked(argv: Sequence[str]) -> tuple[str, ...]:
    if isinstance(argv, str | bytes) or not all(isinstance(word, str) for word in argv):
        raise UsageError("a command is a sequence of words", why=f"got {type(argv).__name__}")
    if not argv or not argv[0]:
        raise UsageError("there is no command", fix="%autoexec sh COMMAND [ARGUMENT …]")
    if any("\0" in word for word in argv):
        raise UsageError("a word of the command has a NUL character")
    return tuple(argv)


def _given(stdin: str | bytes | Path | None) -> bytes | Path | None:
    try:
        return stdin.encode() if isinstance(stdin, str) else stdin
    except UnicodeEncodeError as error:
        raise UsageError("the standard input is not text", why=str(error)) from error


def _size(pty: bool | tuple[int, int]) -> Size | None:
    if isinstance(pty, bool):
        return Size() if pty else None
    if not all(0 < number < _MOST_CELLS for number in pty):
        raise UsageError(
            f"a terminal of {pty[0]} columns and {pty[1]} rows cannot be", fix="for example 80, 24"
        )
    return Size(*pty)


def _judge_input(file: Path, line: str, cwd: Path, judge: lines.Judge) -> None:
    """Judge the file that a line is to read, as `<` is judged."""
    verdict = _policy.judge_command(
        (), environment={}, cwd=cwd, roots=judge.roots, policy=judge.rules, files=[(str(file), False)]
    )
    verdict = replace(verdict, line=f"{line} < {file}")
    if verdict.answer == "refuse":
        raise lines.refused(verdict)
    if verdict.answer == "ask":
        judge.ask_for([verdict], verdict.line, cwd)


def _directory(cwd: Path | None) -> Path:
    try:
        folder = Path.cwd() if cwd is None else Path(cwd)
    except FileNotFoundError as error:
        raise UsageError("the working directory is gone", fix="%cd to one that is there") from error
    if not folder.is_dir():
        raise UsageError(f"there is no directory {folder}", fix="create it, or give another one")
    return folder.absolute()


def _permitted(
    argv: tuple[str, ...],
    variables: Mapping[str, str],
    cwd: Path,
    root: Path,
    rules: policy.Policy,
    ask: Ask | None,
    files: Sequence[tuple[str, bool]],
) -> Path:
    """Return the program's path, or raise what keeps it from running."""
    roots = _policy.Roots(workspace=root, more=rules.roots, private=private_folders())
    verdict = _policy.judge_command(
        argv, environment=variables, cwd=cwd, roots=roots, policy=rules, files=files
    )
    if verdict.answer == "refuse":
        raise lines.refused(verdict)
    program = _policy.find(argv[0], variables, cwd)
    if verdict.answer == "allow":
        return program
    judge = lines.Judge(rules=rules, roots=roots, ask=ask)
    judge.ask_for([verdict], shown(argv), cwd, [program], typed=shlex.join(argv))
    return program

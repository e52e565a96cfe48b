"""Run a command: policy, cage, spawn, stream, and the end of all of it.

`run` is the one door: whatever any part of this package starts goes through
it, so no process starts unjudged and none outlives its run.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypedDict

from ..config import workspace
from ..errors import UsageError
from ..events import Emit
from ..history import new_id
from ..values import Ask, Outcome, Phase
from . import cage, environment, lines, policy, process, service
from . import policy as _policy
from .commandline import start_own
from .ending import end_known
from .identity import ProcessId, identify, is_alive
from .interrupts import Cancel, wait_for
from .judging import Explained, changes_only_itself, explain, judge, needs_shell
from .permission import check_no_run_answers, judge_input, permitted, shown
from .places import private_folders
from .policy import steps
from .policy.tree import Shell
from .process import Records
from .service import Service, is_service_alive
from .service import stop as stop_service
from .standing import Standing
from .starting import Start, secrets_to_mask, size_of

__all__ = [
    "Bounds",
    "Cancel",
    "Explained",
    "ProcessId",
    "Records",
    "Service",
    "Standing",
    "cage",
    "changes_only_itself",
    "check_no_run_answers",
    "end_known",
    "explain",
    "identify",
    "interrupt",
    "is_alive",
    "is_service_alive",
    "judge",
    "needs_shell",
    "policy",
    "run",
    "run_line",
    "shown",
    "stand",
    "start_own",
    "start_service",
    "stop_service",
    "wait_for",
]

KEEP_BYTES = 64 * 2**20
GRACE_SECONDS = 1.0


class Bounds(TypedDict, total=False):
    """What every process of a run is started with; each key as in `run`."""

    timeout: float | None
    level: cage.Wanted
    doors: cage.Doors
    limits: cage.Limits | None
    pass_on: Sequence[str]
    keep_bytes: int
    cancel: Cancel | None
    on_spawn: Callable[[ProcessId], None] | None
    run_id: str
    within: str
    variables: Mapping[str, str]
    code: str
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
    limits: cage.Limits | None = None,
    grace: float = GRACE_SECONDS,
    keep_bytes: int = KEEP_BYTES,
    on_spawn: Callable[[ProcessId], None] | None = None,
    run_id: str = "",
    within: str = "",
    variables: Mapping[str, str] = MappingProxyType({}),
    raw: bool = False,
    judged_as: Sequence[str] = (),
    project: Path | None = None,
    code: str = "",
    records: Records | None = None,
    standing: Standing | None = None,
    on_tick: Callable[[], None] | None = None,
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
    limits : Limits, optional
        Processor time, memory, processes, files; by default `cage.limits.CAGED`
        in a cage, and none without.
    grace : float, default 1.0
        Seconds between TERM and KILL.
    keep_bytes : int, default 64 MiB
        Output of each stream handed to `emit`: its head as it comes and, at the
        end, its tail (at most 4 MiB, at most half of this) after a `Truncated`
        that says how much is missing between. Meanwhile `Flowing` tells once a
        second what passes by.
    on_spawn : callable, optional
        Called with the identity of the child, for whoever may want to end it.
        Nothing of a `stdin` that is text was handed over then; what is raised
        there ends the child before any of it is.
    run_id : str, optional
        The id of the run that the child belongs to.
    within : str, optional
        The id of a run that this one is a part of, and ends with.
    variables : mapping of str to str, optional
        More variables, on top of `env`.
    raw : bool, default False
        Leave the output as it is. Only where it is read by a program and never
        shown: a digest must not be taken for a secret.
    judged_as : sequence of str, optional
        What the policy judges in place of `argv`, of the same program: where
        `stdin` is code, the command that has it as an argument.
    project : Path, optional
        The cage's workspace, where that is not the project around `cwd`.
    code : str, optional
        The code that it runs, line by line as in its file: what a denial does
        not name is looked for there.
    records : Records, optional
        A third stream, from the child to a program.
    standing : Standing, optional
        A process that waits for this very command; it reads `stdin` then. One
        that waits for another is ended, and a new one is started.
    on_tick : callable, optional
        Called about once a second while it runs, in the calling thread, also
        while it is silent.

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
    judged = _checked(judged_as or argv)
    if judged[0] != words[0]:
        raise UsageError(f"{judged[0]} cannot be judged for {words[0]}")
    folder = _directory(cwd)
    _check_bounds(timeout, grace, keep_bytes)
    run_id = run_id or new_id()
    present = dict(os.environ)
    own = {**(env or {}), **variables}
    environ = environment.build(run_id, _there(own, folder), pass_on=pass_on, present=present, within=within)
    root = workspace(folder) if project is None else project
    files = [(str(stdin), False)] if isinstance(stdin, Path) else []
    is_fed = bool(stdin) and not files and not judged_as
    program = permitted(judged, environ, folder, root, policy, ask, files, is_fed=is_fed)
    stage = process.Stage(argv=(str(program), *words[1:]), env=environ)
    start = Start(
        emit=emit,
        phase=phase,
        level=level,
        doors=doors,
        limits=limits,
        workspace=root,
        run_id=run_id,
        stdin=_given(stdin),
        pty=size_of(pty),
        cancel=cancel,
        grace=grace,
        on_spawn=on_spawn,
        secrets=() if raw else secrets_to_mask({**present, **own}, pass_on),
        is_raw=raw,
        code=code,
        records=records,
        on_tick=on_tick,
    )
    if standing is not None and standing.is_for(start, stage, folder):
        return standing.go(start, folder, timeout, keep_bytes)
    return start((stage,), folder, timeout, keep_bytes)


def stand(
    argv: Sequence[str],
    *,
    variable: str,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    pass_on: Sequence[str] = (),
    policy: policy.Policy = policy.DEFAULT,
    level: cage.Wanted = "open",
    doors: cage.Doors = cage.SHUT,
    limits: cage.Limits | None = None,
    project: Path | None = None,
) -> Standing:
    """Start `argv` in its cage before there is a run of it: it waits for its standard input.

    What makes a start slow, an interpreter and its imports, is done by the time
    it is asked for. It is caged, limited, and ended with this process, as any
    run's is. `run(…, standing=…)` makes it that run's, once.

    Parameters
    ----------
    variable : str
        The variable of its `Records`.

    The others are as in `run`, which see; so are the errors.
    """
    words, folder, own_id = _checked(argv), _directory(cwd), new_id()
    environ = environment.build(own_id, _there(env, folder), pass_on=pass_on)
    root = workspace(folder) if project is None else project
    program = permitted(words, environ, folder, root, policy, None, [])
    start = Start(
        emit=lambda event: None,
        phase="run",
        level=level,
        doors=doors,
        limits=limits,
        workspace=root,
        run_id=own_id,
        stdin=b"",
        pty=None,
        cancel=None,
        grace=0.0,
        on_spawn=None,
        secrets=(),
        is_raw=True,
        records=Records(variable=variable, take=lambda data: None),
    )
    return Standing(start, process.Stage(argv=(str(program), *words[1:]), env=environ), folder)


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
    limits: cage.Limits | None = None,
    grace: float = GRACE_SECONDS,
    keep_bytes: int = KEEP_BYTES,
    on_spawn: Callable[[ProcessId], None] | None = None,
    run_id: str = "",
    within: str = "",
    variables: Mapping[str, str] = MappingProxyType({}),
    raw: bool = False,
    code: str = "",
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
    own = {**(env or {}), **variables}
    environ = environment.build(run_id, _there(own, folder), pass_on=pass_on, present=present, within=within)
    roots = _policy.Roots(workspace=workspace, more=policy.roots, private=private_folders())
    judge = lines.Judge(rules=policy, roots=roots, ask=ask, is_fed=bool(stdin))
    if isinstance(stdin, Path):
        judge_input(stdin, line, folder, judge)
    start = Start(
        emit=emit,
        phase=phase,
        level=level,
        doors=doors,
        limits=limits,
        workspace=workspace,
        run_id=run_id,
        stdin=_given(stdin),
        pty=size_of(pty),
        cancel=cancel,
        grace=grace,
        on_spawn=on_spawn,
        secrets=() if raw else secrets_to_mask({**present, **own}, pass_on),
        is_raw=raw,
        code=code or line,
    )
    if isinstance(found, Shell):
        never = _policy.judge_shell(found, environment=environ, cwd=folder, roots=roots, policy=policy)
        if never:
            raise lines.refused(never)
        verdict = lines.asked_of_shell(found, level)
        judge.ask_for([verdict], found.text, folder, variables=environ)
        bash = _policy.find("bash", environ, folder)
        stage = process.Stage(argv=(str(bash), "--noprofile", "--norc", "-c", found.text), env=environ)
        return start((stage,), folder, timeout, keep_bytes)
    place = steps.Place(cwd=folder, environment=environ)
    return lines.run(found, place, start, lines.Bounds(timeout=timeout, keep_bytes=keep_bytes), judge)


def start_service(
    argv: Sequence[str],
    *,
    log: Path,
    name: str = "",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    pass_on: Sequence[str] = (),
    policy: policy.Policy = policy.DEFAULT,
    ask: Ask | None = None,
) -> Service:
    """Start what may outlive its run, this process and its keeper.

    Parameters
    ----------
    log : Path
        Gets all that it writes, appended; only this user can read it.
    name : str, optional
        What it is, for people; by default the program's name.

    The others are as in `run`, which see; so are the errors.

    Returns
    -------
    Service
        What `stop_service` and `is_service_alive` take, in any process.

    Raises
    ------
    AutoexecError
        It cannot be started; or this process is itself part of a run.
    """
    words = _checked(argv)
    folder = _directory(cwd)
    variables = environment.build("", env, pass_on=pass_on)
    program = permitted(words, variables, folder, workspace(folder), policy, ask, ())
    return service.start(
        (str(program), *words[1:]), name=name or program.name, log=folder / log, cwd=folder, env=variables
    )


def _there(env: Mapping[str, str] | None, folder: Path) -> dict[str, str]:
    """Return the variables to set: this process's own `PWD` says where that was started."""
    return {**(env or {}), "PWD": str(folder)}


def _check_bounds(timeout: float | None, grace: float, keep_bytes: int) -> None:
    if timeout is not None and not 0 < timeout < float("inf"):
        raise UsageError(f"a time limit of {timeout} s cannot be", fix="a number of seconds greater than 0")
    if grace < 0 or keep_bytes < 0:
        raise UsageError(f"grace {grace} and keep_bytes {keep_bytes} cannot be", fix="0 or more")


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


def _directory(cwd: Path | None) -> Path:
    try:
        folder = Path.cwd() if cwd is None else Path(cwd)
    except FileNotFoundError as error:
        raise UsageError("the working directory is gone", fix="%cd to one that is there") from error
    if not folder.is_dir():
        raise UsageError(f"there is no directory {folder}", fix="create it, or give another one")
    return folder.absolute()

"""A run on the record: who calls, what it finds, and the plan carried out with every event written down.

Between the verbs (`api`) and the orchestrator: the one place where a run gets
its recorder, its settings and the way its questions are answered.
"""

from __future__ import annotations

import fnmatch
import logging
import os
import sys
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from . import config as settings
from . import executor, orchestrator
from .begun import Begun, can_begin
from .choosing import meant, unanswered
from .errors import AutoexecError, Cancelled, UsageError
from .events import Emit, Event, Output
from .executor.cage import SHUT, Doors, Limits, Wanted
from .heads import with_head
from .history import Meta, Owner, Recorder, Store, fan_out, host, new_id, now_ms
from .masked import masked
from .orchestrator import (
    NO_LIMITS,
    Build,
    Command,
    Deploy,
    Fixing,
    Plan,
    Report,
    Script,
    Step,
    Surroundings,
    Sweep,
    Test,
)
from .redact import cleaned, secrets_in
from .values import Ask, Choice, Place, Question, Reply

_log = logging.getLogger(__name__)


def nobody(question: Question) -> Reply:
    """Answer a question where no person is: by raising `NeedsPerson`."""
    raise unanswered(question)


def agreed(question: Question) -> Reply | Choice:
    """Answer yes, once: the caller gave `--yes`; what only a person may say is left unsaid.

    Raises
    ------
    NeedsPerson
        There are several choices: a yes does not say which.
    """
    return Reply.NO if question.needs_person else meant(question, Reply.YES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls a verb.

    `emit` watches, `ask` answers questions and `place` says where it would ask
    just now; `notebook` and `kernel` say where the call comes from ("" outside
    a notebook), `cwd` is where it runs; `on_record` is told the id of the run
    as soon as it has one. `names` are the notebook's variables.
    """

    emit: Emit | None = None
    ask: Ask = nobody
    place: Callable[[], Place] = lambda: "prompt"
    notebook: str = ""
    kernel: str = ""
    cwd: Path | None = None
    cancel: executor.Cancel | None = None
    on_record: Callable[[str], None] | None = None
    names: MutableMapping[str, object] | None = None


PYTHON = Caller()  #: plain Python: nobody watches, nobody answers


def store() -> Store:
    """Return the run store of this user."""
    return Store(settings.data_dir(), lambda pid, start: executor.is_alive(executor.ProcessId(pid, start)))


def surroundings(caller: Caller, *, yes: bool = False) -> tuple[settings.Loaded, Surroundings]:
    """Return the settings and the surroundings a run of `caller` finds.

    Raises
    ------
    PolicyRefused
        `yes` is given from within a run.
    """
    if yes:
        executor.check_no_run_answers("to answer yes beforehand")
    loaded = settings.load(caller.cwd)
    return loaded, _surroundings(loaded, caller, yes=yes)


@contextmanager
def recorded(
    verb: str,
    title: str,
    cage: str,
    caller: Caller,
    workspace: Path,
    run_id: str = "",
    *,
    has_process: bool = False,
    secrets: Sequence[str] | None = None,
) -> Iterator[Recorder | Begun | None]:
    """Yield the recorder of a new run, or None where it cannot be written down.

    One that `has_process` is written down when that is there (`begun`).
    `secrets` are to be masked; by default those of the environment.

    A full disk or a folder that may not be written does not keep the user's
    code from running; it is logged, once, here.
    """
    meta = Meta(
        run_id=run_id or new_id(),
        verb=verb,
        title=cleaned(title, secrets_in(os.environ) if secrets is None else secrets)[:200],
        started=now_ms(),
        cage=cage,
        owner=_owner(),
        notebook=caller.notebook,
        kernel=caller.kernel,
        workspace=str(workspace),
        interpreter=sys.executable,
    )
    kept = store()
    try:
        recorder: Recorder | Begun | None = (
            Begun(kept, meta) if has_process and can_begin(kept) else kept.create(meta)
        )
    except (OSError, UsageError) as error:
        _log.warning("this run is not on record: %s", error)
        recorder = None
    try:
        yield recorder
    finally:
        if recorder is not None:
            recorder.close()


def carry_out(
    verb: str,
    title: str,
    steps: tuple[Step, ...],
    *,
    caller: Caller,
    timeout: float | None = None,
    level: Wanted | None = None,
    doors: Doors = SHUT,
    limits: Limits = NO_LIMITS,
    pty: bool = False,
    env: Sequence[str] = (),
    yes: bool = False,
    fixing: Fixing | None = None,
) -> Report:
    """Carry out a plan on the record and raise what kept it from passing.

    Without a level it is the usual one of what the steps do.
    """
    _check_names(env)
    loaded, here = surroundings(caller, yes=yes)
    level = level or _usual(steps, loaded)
    plan = Plan(
        verb=verb,
        title=title,
        phases=steps,
        timeout=timeout,
        level=level,
        doors=doors,
        limits=limits,
        pty=pty,
        pass_on=tuple(env),
        fixing=fixing,
    )
    has_process, secrets = isinstance(steps[0], Command | Script), secrets_in(os.environ)
    with recorded(
        verb,
        title,
        _told(level),
        caller,
        loaded.workspace,
        has_process=has_process,
        secrets=secrets,
    ) as recorder:
        sinks: list[Emit] = [] if caller.emit is None else [caller.emit]
        if recorder is not None:
            is_raw = any(isinstance(step, Command) and step.is_raw for step in steps)
            sinks.insert(0, masked(recorder.emit, env) if is_raw else recorder.emit)
            if caller.on_record is not None:
                caller.on_record(recorder.run_id)
            kept = store()
            here = replace(
                here,
                run_id=recorder.run_id,
                place=caller.place,
                on_spawn=_noting(recorder),
                is_cancelled=lambda: kept.is_cancel_requested(recorder.run_id),
            )
        report = orchestrator.run(plan, with_head(cleaning(fan_out(*sinks), secrets)), here)
    if report.error is not None:
        clean_error(report.error)
        report.error.report = report
        raise report.error
    return report


def _usual(steps: Sequence[Step], loaded: settings.Loaded) -> Wanted:
    """Return the level for what nobody named one for.

    A script may have been read by nobody, and so may a test or what a build
    runs. What a person typed runs as theirs; what bash makes of a line nobody
    has seen, so it is in a cage where there is one, and the question says which.
    """
    if any(isinstance(step, Script | Sweep | Test | Build | Deploy) for step in steps):
        return cast("Wanted", loaded.config.cage)
    lines = [step.line for step in steps if isinstance(step, Command)]
    if any(map(executor.needs_shell, lines)) and executor.cage.can_be_had("workspace", loaded.workspace):
        return "workspace"
    return "open"


def _told(level: Wanted) -> str:
    """Return the level that will be in force, for the record; as asked for where there is none."""
    try:
        return executor.cage.choose(level)
    except AutoexecError:
        return level


def cleaning(emit: Emit, secrets: Sequence[str] | None = None) -> Emit:
    """Return a sink that masks secrets before `emit`: titles, questions and reasons hold them, too.

    By default those of the environment. Output is left as it is: it was
    cleaned where it was read, as a stream.
    """
    secrets = secrets_in(os.environ) if secrets is None else secrets

    def clean(event: Event) -> None:
        emit(event if isinstance(event, Output) else cleaned(event, secrets))

    return clean


def clean_error(error: AutoexecError | Cancelled) -> None:
    """Mask secrets in what an error says, and make it harmless to a terminal."""
    secrets = secrets_in(os.environ)
    error.what, error.why, error.fix = (cleaned(text, secrets) for text in (error.what, error.why, error.fix))
    error.evidence = cleaned(error.evidence, secrets)
    error.args = (error.what,)


def _check_names(names: Sequence[str]) -> None:
    """Refuse a name that passes nothing on: a misspelt one would be missed much later."""
    for name in names:
        if "=" in name:
            raise UsageError(
                f"--env {name} cannot be", why="it takes the name of a variable", fix="--env NAME"
            )
        if not fnmatch.filter(os.environ, name):
            raise UsageError(f"there is no variable {name}", fix=f"set it first: %env {name}=…")


def _noting(recorder: Recorder | Begun) -> Callable[[executor.ProcessId], None]:
    def note(process: executor.ProcessId) -> None:
        try:
            recorder.note_child(process.pid, process.start_time)
        except OSError as error:
            _log.warning("the run cannot be ended from outside: %s", error)

    return note


def _surroundings(loaded: settings.Loaded, caller: Caller, *, yes: bool) -> Surroundings:
    return Surroundings(
        config=loaded.config,
        cwd=(caller.cwd or Path.cwd()).absolute(),
        workspace=loaded.workspace,
        cache=loaded.data / "cache",
        ask=agreed if yes else caller.ask,
        person=caller.ask,
        loaded=loaded,
        cancel=caller.cancel,
    )


def _owner() -> Owner:
    me = executor.identify(os.getpid()) or executor.ProcessId(os.getpid(), 0)
    return Owner(pid=me.pid, start_time=me.start_time, host=host())

"""The verbs as Python functions: what the magics, the command line and the panel call.

Each function runs one verb to its end, on the record, and returns its value;
what the verdict table calls an error is raised. `Caller` says who calls: who
watches, who answers, which notebook it is.
"""

from __future__ import annotations

import fnmatch
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from . import config as settings
from . import executor, installer, orchestrator
from .errors import AutoexecError, Cancelled, NeedsPerson, UsageError
from .events import Emit, Envelope, Event, Output
from .history import Meta, Owner, Recorder, Store, fan_out, host, new_id, now_ms, short_id
from .installer import Needed
from .masked import masked
from .orchestrator import Command, Heal, Install, Plan, Report, Script, Step, Surroundings, Test
from .redact import cleaned, secrets_in
from .values import Ask, Level, Place, Question, Resolution, Run, Verdict

_log = logging.getLogger(__name__)


def nobody(question: Question) -> bool:
    """Answer a question where no person is: by raising `NeedsPerson`."""
    raise NeedsPerson(question.text.rstrip(" ?"), why="; ".join(question.evidence), fix=question.fix)


def agreed(question: Question) -> bool:
    """Answer yes: the caller gave `--yes`."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls a verb.

    `emit` watches, `ask` answers questions and `place` says where it would ask
    just now; `notebook` and `kernel` say where the call comes from ("" outside
    a notebook), `cwd` is where it runs; `on_record` is told the id of the run
    as soon as it has one.
    """

    emit: Emit | None = None
    ask: Ask = nobody
    place: Callable[[], Place] = lambda: "prompt"
    notebook: str = ""
    kernel: str = ""
    cwd: Path | None = None
    cancel: executor.Cancel | None = None
    on_record: Callable[[str], None] | None = None


PYTHON = Caller()  #: plain Python: nobody watches, nobody answers


def sh(
    *commands: str | Sequence[str],
    timeout: float | None = None,
    level: Level = "open",
    env: Sequence[str] = (),
    yes: bool = False,
    caller: Caller = PYTHON,
) -> Report:
    """Run commands one after the other, streamed, under policy.

    Parameters
    ----------
    *commands : str or sequence of str, at least 1
        Each a line, which is parsed without a shell, or an argv.
    timeout : float, optional
        Seconds for each command.
    level : Level, default "open"
        The cage.
    env : sequence of str, optional
        Names of environment variables to pass on; `*` is a wildcard.
    yes : bool, default False
        Answer what the policy asks with yes. A refusal stays one.
    caller : Caller, optional
        Who watches and answers.

    Returns
    -------
    Report
        Of a run that passed.

    Raises
    ------
    PhaseError, RunTimeout, PolicyRefused, NeedsPerson, MissingTool, UsageError
        As the verdict says; `Cancelled` when it was stopped.
    """
    if not commands or not all(commands):
        raise UsageError("there is no command", fix="%autoexec sh COMMAND [ARGUMENT …]")
    steps = tuple(
        Command(line=command) if isinstance(command, str) else Command(argv=tuple(command))
        for command in commands
    )
    title = "; ".join(step.line or " ".join(step.argv) for step in steps)
    return _run("sh", title, steps, timeout=timeout, level=level, env=env, yes=yes, caller=caller)


def script(
    source: str,
    *arguments: str,
    lang: str = "",
    timeout: float | None = None,
    level: Level = "open",
    env: Sequence[str] = (),
    heal: bool = True,
    yes: bool = False,
    caller: Caller = PYTHON,
) -> Report:
    """Run `source` as a process of its own; what fails is diagnosed.

    Parameters
    ----------
    source : str
        The code, not empty.
    *arguments : str
        What the script finds after its own name.
    lang : str, optional
        A language's name; by default that of its first line, else Python.
    timeout : float, optional
        Seconds.
    level : Level, default "open"
        The cage.
    env : sequence of str, optional
        Names of environment variables to pass on.
    heal : bool, default True
        Install what a Python script imports and is missing, by proof.
    yes : bool, default False
        Answer what is proved with yes.
    caller : Caller, optional
        Who watches and answers.

    Raises
    ------
    ScriptError, RunTimeout, NeedsPerson, UsageError
        As the verdict says; `Cancelled` when it was stopped.
    """
    if not source.strip():
        raise UsageError("the script is empty", fix="write the code below the line `%%autoexec script`")
    steps: tuple[Step, ...] = (Script(source=source, language=lang, arguments=arguments),)
    needs = (
        needs_of(source, caller)
        if heal and lang in ("", "python") and not source.lstrip().startswith("#!")
        else ()
    )
    if needs:
        steps = (Heal(needs=needs), *steps)
    title = next(line.strip() for line in source.splitlines() if line.strip())
    return _run("script", title, steps, timeout=timeout, level=level, env=env, yes=yes, caller=caller)


def test(
    *arguments: str,
    timeout: float | None = None,
    env: Sequence[str] = (),
    caller: Caller = PYTHON,
) -> Report:
    """Run pytest in a process of its own with this interpreter.

    Parameters
    ----------
    *arguments : str
        Paths and pytest's own options.
    timeout : float, optional
        Seconds.
    env : sequence of str, optional
        Names of environment variables to pass on.
    caller : Caller, optional
        Who watches and answers.

    Raises
    ------
    CasesFailed, RunTimeout
        As the verdict says; `Cancelled` when it was stopped.
    """
    title = " ".join(("pytest", *arguments))
    return _run("test", title, (Test(arguments=arguments),), timeout=timeout, env=env, caller=caller)


test.__test__ = False  # type: ignore[attr-defined]  # a verb, whatever pytest thinks of its name


def install(*names: str, yes: bool = False, caller: Caller = PYTHON) -> Report:
    """Install distributions into this interpreter's environment, by proof.

    Parameters
    ----------
    *names : str, at least 1
        Each `NAME` or `NAME==VERSION`.
    yes : bool, default False
        Answer what is proved with yes.
    caller : Caller, optional
        Who watches and answers.

    Raises
    ------
    InstallError, NeedsPerson, UsageError
        As the verdict says; `Cancelled` when it was stopped.
    """
    if not names:
        raise UsageError("nothing is named", fix="%autoexec install NAME …")
    return _run("install", " ".join(names), (Install(names=names),), yes=yes, caller=caller)


def resolve(*modules: str, online: bool = False, caller: Caller = PYTHON) -> list[Resolution]:
    """Say what modules are and what would follow; install nothing.

    Parameters
    ----------
    *modules : str, at least 1
        Module names as they are imported.
    online : bool, default False
        Ask the index and look into wheels. Without, `proved` is None.
    caller : Caller, optional
        Who watches and answers.

    Raises
    ------
    UsageError
        A name is not a module's.
    """
    if not modules:
        raise UsageError("nothing is named", fix="%autoexec resolve MODULE …")
    for module in modules:
        if not all(part.isidentifier() for part in module.split(".")):
            raise UsageError(f"{module!r} is not the name of a module", fix="as it stands after `import`")
    loaded = settings.load(caller.cwd)
    here = _surroundings(loaded, caller, yes=False)
    context = installer.Context(
        config=loaded.config,
        folders=(here.cwd, here.workspace),
        cache=here.cache,
        emit=lambda event: None,
        ask=nobody,
        cancel=caller.cancel,
    )
    return installer.resolve([Needed(1, module) for module in modules], context, online=online)


def runs(limit: int | None = 20) -> list[Run]:
    """Return the runs on record, newest first, at most `limit`."""
    return store().runs(limit)


def show(run: str) -> tuple[Run, Iterator[Envelope]]:
    """Return a run by its id, or an end of it, and its events in order.

    Raises
    ------
    UsageError
        There is no such run, or the text means more than one.
    """
    history = store()
    run_id = history.find(run)
    found = history.get(run_id)
    if found is None:
        raise UsageError(f"run {run} cannot be read", why=f"its folder in {history.folder} is damaged")
    return found, history.read(run_id)


def cancel(run: str, interrupt: Callable[[str], bool] = lambda kernel: False) -> Run:
    """End a run: its processes, or the kernel's present cell.

    Parameters
    ----------
    run : str
        Its id, or an end of it. Never a pid.
    interrupt : callable, optional
        Interrupts a kernel by its id, and returns whether it could; a server
        knows how for its own kernels. By default, and where it could not, the
        process that owns the run is interrupted as by Ctrl-C.

    Returns
    -------
    Run
        As it was when it was asked to end.

    Raises
    ------
    UsageError
        There is no such run, or it has ended.
    """
    history = store()
    run_id = history.find(run)
    found, meta = history.get(run_id), history.meta(run_id)
    child = executor.ProcessId(*meta.child) if meta is not None and meta.child else None
    if found is not None and found.verdict == Verdict.LOST and child is not None and executor.is_alive(child):
        # Its owner is gone, its processes are not.
        executor.end_known(child, run_id, grace=executor.GRACE_SECONDS)
        return found
    if found is None or meta is None or found.verdict != Verdict.RUNNING:
        verdict = found.verdict if found else "damaged"
        raise UsageError(f"run {short_id(run_id)} does not run", why=f"its verdict is {verdict}")
    try:
        history.request_cancel(run_id)
    except UsageError as error:  # what fills the disk must be ended all the same
        _log.warning("that run %s was cancelled is not on record: %s", short_id(run_id), error)
    if child is not None and meta.owner.host == host():
        executor.end_known(child, run_id, grace=executor.GRACE_SECONDS)
    elif meta.kernel and interrupt(meta.kernel):
        pass  # wherever that kernel runs
    elif meta.owner.host == host():
        executor.interrupt(executor.ProcessId(meta.owner.pid, meta.owner.start_time))
    else:
        raise UsageError(f"run {short_id(run_id)} runs on {meta.owner.host}", fix="cancel it there")
    return found


def carry_out(
    verb: str,
    title: str,
    *steps: Step,
    timeout: float | None = None,
    level: Level = "open",
    env: Sequence[str] = (),
    yes: bool = False,
    caller: Caller = PYTHON,
) -> Report:
    """Carry out steps on the record; options and errors are as in `sh`."""
    return _run(verb, title, steps, timeout=timeout, level=level, env=env, yes=yes, caller=caller)


def config(start: Path | None = None) -> settings.Loaded:
    """Return the settings in force, each with where it came from."""
    return settings.load(start)


def store() -> Store:
    """Return the run store of this user."""
    return Store(settings.data_dir(), lambda pid, start: executor.is_alive(executor.ProcessId(pid, start)))


def surroundings(caller: Caller, *, yes: bool = False) -> tuple[settings.Loaded, Surroundings]:
    """Return the settings and the surroundings a run of `caller` finds."""
    loaded = settings.load(caller.cwd)
    return loaded, _surroundings(loaded, caller, yes=yes)


def needs_of(source: str, caller: Caller) -> tuple[Needed, ...]:
    """Return what `source` imports and cannot be imported here.

    Source that does not parse needs nothing: it says so itself when it runs.
    """
    try:
        needs = installer.scan(source)
    except (SyntaxError, ValueError, RecursionError):
        return ()
    if not needs:
        return ()
    folder = (caller.cwd or Path.cwd()).absolute()
    return tuple(installer.missing(needs, (folder, settings.workspace(folder))))


@contextmanager
def recorded(
    verb: str, title: str, cage: str, caller: Caller, workspace: Path, run_id: str = ""
) -> Iterator[Recorder | None]:
    """Yield the recorder of a new run, or None where it cannot be written down.

    A full disk or a folder that may not be written does not keep the user's
    code from running; it is logged, once, here.
    """
    meta = Meta(
        run_id=run_id or new_id(),
        verb=verb,
        title=cleaned(title, secrets_in(os.environ))[:200],
        started=now_ms(),
        cage=cage,
        owner=_owner(),
        notebook=caller.notebook,
        kernel=caller.kernel,
        workspace=str(workspace),
        interpreter=sys.executable,
    )
    try:
        recorder: Recorder | None = store().create(meta)
    except (OSError, UsageError) as error:
        _log.warning("this run is not on record: %s", error)
        recorder = None
    try:
        yield recorder
    finally:
        if recorder is not None:
            recorder.close()


def _run(
    verb: str,
    title: str,
    steps: tuple[Step, ...],
    *,
    caller: Caller,
    timeout: float | None = None,
    level: Level = "open",
    env: Sequence[str] = (),
    yes: bool = False,
) -> Report:
    """Carry out a plan on the record and raise what kept it from passing."""
    _check_names(env)
    plan = Plan(verb=verb, title=title, phases=steps, timeout=timeout, level=level, pass_on=tuple(env))
    loaded, here = surroundings(caller, yes=yes)
    with recorded(verb, title, level, caller, loaded.workspace) as recorder:
        sinks: list[Emit] = [] if caller.emit is None else [caller.emit]
        if recorder is not None:
            is_raw = any(isinstance(step, Command) and step.is_raw for step in steps)
            sinks.insert(0, masked(recorder.emit, env) if is_raw else recorder.emit)
            if caller.on_record is not None:
                caller.on_record(recorder.run_id)
            here = replace(
                here,
                run_id=recorder.run_id,
                place=caller.place,
                on_spawn=_noting(recorder),
                is_cancelled=lambda: store().is_cancel_requested(recorder.run_id),
            )
        report = orchestrator.run(plan, cleaning(fan_out(*sinks)), here)
    if report.error is not None:
        clean_error(report.error)
        report.error.report = report
        raise report.error
    return report


def cleaning(emit: Emit) -> Emit:
    """Return a sink that masks secrets before `emit`: titles, questions and reasons hold them, too.

    Output is left as it is: it was cleaned where it was read, as a stream.
    """
    secrets = secrets_in(os.environ)

    def clean(event: Event) -> None:
        emit(event if isinstance(event, Output) else cleaned(event, secrets))

    return clean


def clean_error(error: AutoexecError | Cancelled) -> None:
    """Mask secrets in what an error says, and make it harmless to a terminal."""
    secrets = secrets_in(os.environ)
    error.what, error.why, error.fix = (cleaned(text, secrets) for text in (error.what, error.why, error.fix))
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


def _noting(recorder: Recorder) -> Callable[[executor.ProcessId], None]:
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
        cancel=caller.cancel,
    )


def _owner() -> Owner:
    me = executor.identify(os.getpid()) or executor.ProcessId(os.getpid(), 0)
    return Owner(pid=me.pid, start_time=me.start_time, host=host())

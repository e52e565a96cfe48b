"""The verbs as Python functions: what the magics, the command line and the panel call.

Each function runs one verb to its end, on the record, and returns its value;
what the verdict table calls an error is raised. `Caller` says who calls: who
watches, who answers, which notebook it is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from . import config as settings
from . import executor, installer, orchestrator
from .errors import Cancelled, PolicyRefused, UsageError
from .events import Envelope
from .executor.cage import SHUT, Doors, Wanted
from .fixing import fix as fix  # noqa: PLC0414 - a verb
from .fixing import locked as locked  # noqa: PLC0414 - a verb
from .history import host, short_id
from .installer import Kind, Needed, Scanned, index
from .installer.index import Coverage
from .installer.known import Entry, candidates
from .installer.language import resolve_in
from .onrecord import PYTHON, carry_out, surroundings
from .onrecord import Caller as Caller  # noqa: PLC0414 - a caller of the verbs needs it
from .onrecord import nobody as nobody  # noqa: PLC0414 - a caller of the verbs needs it
from .onrecord import store as store  # noqa: PLC0414 - a caller of the verbs needs it
from .orchestrator import Command, Heal, Install, Report, Script, Step, Test, Undo
from .trust import Kept
from .values import PolicyVerdict, Question, Resolution, Run, Verdict

if TYPE_CHECKING:
    from .chain import Row
    from .ledger import Ledger, Verified

QUICK = 20  #: rows and runs that a quick look at the ledger covers
_log = logging.getLogger(__name__)


def sh(
    *commands: str | Sequence[str],
    timeout: float | None = None,
    level: Wanted | None = None,
    doors: Doors = SHUT,
    pty: bool = False,
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
    level : Level or "best", optional
        The cage; by default `open`: it is what a person typed. A line that
        only a shell can run is in `workspace`, where that can be had.
    doors : Doors, optional
        What is let through the cage (`executor.cage.doors_of`).
    pty : bool, default False
        Give the commands a terminal, for colour and progress bars; in a
        pipeline the last one has it.
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
    return carry_out(
        "sh",
        title,
        steps,
        timeout=timeout,
        level=level,
        doors=doors,
        pty=pty,
        env=env,
        yes=yes,
        caller=caller,
    )


def script(
    source: str,
    *arguments: str,
    lang: str = "",
    timeout: float | None = None,
    level: Wanted | None = None,
    doors: Doors = SHUT,
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
    level : Level or "best", optional
        The cage; by default the setting `cage`, which is `workspace` unless a
        person said otherwise: nobody may have read it.
    doors : Doors, optional
        What is let through the cage (`executor.cage.doors_of`).
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
    return carry_out(
        "script",
        title,
        steps,
        timeout=timeout,
        level=level,
        doors=doors,
        env=env,
        yes=yes,
        caller=caller,
    )


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
    return carry_out("test", title, (Test(arguments=arguments),), timeout=timeout, env=env, caller=caller)


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
    return carry_out("install", " ".join(names), (Install(names=names),), yes=yes, caller=caller)


def undo_install(*, yes: bool = False, caller: Caller = PYTHON) -> Report:
    """Take the last change of this interpreter's environment back.

    Parameters
    ----------
    yes : bool, default False
        Do it without a question.
    caller : Caller, optional
        Who watches and answers.

    Returns
    -------
    Report
        Its verdict is `skipped` where there is nothing to take back.

    Raises
    ------
    InstallError, LedgerError, NeedsPerson, PolicyRefused
        As the verdict says; `Cancelled` when it was stopped.
    """
    return carry_out("install", "--undo", (Undo(),), yes=yes, caller=caller)


def resolve(
    *modules: str, online: bool = False, lang: str = "python", caller: Caller = PYTHON
) -> list[Resolution]:
    """Say what modules are and what would follow; install nothing.

    Parameters
    ----------
    *modules : str, at least 1
        Module names as they are imported.
    online : bool, default False
        Ask the index and look into wheels. Without, `proved` is None.
    lang : str, default "python"
        Whose names they are: `python`, `node` or `rust`.
    caller : Caller, optional
        Who watches and answers.

    Raises
    ------
    UsageError
        A name is not a module's, or there is no such language.
    """
    if not modules:
        raise UsageError("nothing is named", fix="%autoexec resolve MODULE …")
    for module in modules if lang == "python" else ():
        _module_name(module)
    loaded, here = surroundings(caller)
    context = installer.Context(
        config=loaded.config,
        folders=(here.cwd, here.workspace),
        cache=here.cache,
        emit=lambda event: None,
        ask=nobody,
        cancel=caller.cancel,
    )
    if lang != "python":
        return resolve_in(lang, modules, context, online=online)
    return installer.resolve([Needed(1, module) for module in modules], context, online=online)


def scan(
    path: str | Path = ".",
    *,
    is_fresh: bool = False,
    tell: Callable[[int], None] = lambda files: None,
    caller: Caller = PYTHON,
) -> Scanned:
    """Say what a file, a notebook, a folder or a project imports; run and install nothing.

    Parameters
    ----------
    path : str or Path, default "."
        From the caller's working directory.
    is_fresh : bool, default False
        Read every file, also what an earlier scan has read and has not changed.
    tell : callable, optional
        Told the number of files so far, at most once a second.
    caller : Caller, optional
        Who may stop it.

    Raises
    ------
    UsageError
        There is nothing there, or it is in no language that is read.
    MissingTool
        It is one file, and what reads its language is not installed.
    Cancelled
        It was stopped.
    """
    where = (caller.cwd or Path.cwd()) / path
    cache = None if is_fresh else settings.data_dir() / "cache" / "scans"
    stop = caller.cancel.is_set if caller.cancel is not None else bool
    found = installer.scan_tree(
        where, remembered=cache, progress=installer.when_slow(tell), is_cancelled=stop
    )
    if stop():
        raise Cancelled(f"the scan of {where} was stopped", fix=f"%autoexec scan {path}")
    return found


def kinds(path: str | Path = ".", caller: Caller = PYTHON) -> tuple[Kind, ...]:
    """Return what kinds of project a folder holds, and where, from its files alone."""
    return installer.kinds((caller.cwd or Path.cwd()) / path)


def index_coverage() -> list[Coverage]:
    """Return what each index of module names on this machine covers, in the order they are asked."""
    return index.coverage()


def index_candidates(module: str) -> tuple[Entry, ...]:
    """Return what the indexes on this machine know to hold a module, best first.

    Raises
    ------
    UsageError
        The name is not a module's.
    """
    _module_name(module)
    return candidates(module)


def index_build(*files: str | Path, to: str | Path = "") -> Coverage:
    """Build an index of an organisation's own from lists of files.

    Parameters
    ----------
    *files : str or Path, at least 1
        Debian's `Contents` and `Packages` files, or lists of
        `module<TAB>distribution`; plain or compressed.
    to : str or Path, optional
        The file to write; in the data directory by default, where its names
        are looked up before all others and are never looked for elsewhere.

    Raises
    ------
    UsageError
        A list cannot be read, or the index cannot be written.
    """
    if not files:
        raise UsageError("no lists are named", fix="%autoexec index build --from FILE …")
    from .installer.index import building  # what reads lists is needed for that alone

    path = Path(to) if to else index.own_path()
    building.build([Path(file) for file in files], path)
    return index.described(path)


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


def ledger() -> Ledger:
    """Return this user's ledger: `append`, `rows`, `head`, `verify`."""
    from .ledger import ledger_in  # SQLite waits until somebody asks

    return ledger_in(settings.data_dir())


def ledger_rows(kind: str = "", limit: int | None = 20) -> list[Row]:
    """Return the ledger's rows, newest first; those of one `kind`, at most `limit`.

    Raises
    ------
    LedgerError
        The ledger cannot be read.
    """
    return ledger().rows(kind, limit)


def ledger_verify(*, quick: bool = False) -> Verified:
    """Return whether the ledger is as it was written, also by what the runs saw of it.

    Parameters
    ----------
    quick : bool, default False
        Look at the newest rows and runs only.

    Raises
    ------
    UsageError
        The run store cannot be read.
    """
    from .heads import seen_by

    seen = tuple(seen_by(store(), QUICK if quick else None))  # before the rows, which only become more
    return ledger().verify(seen, newest_rows=QUICK if quick else None)


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


def explain(line: str | Sequence[str], caller: Caller = PYTHON) -> executor.Explained:
    """Say how a line, or an argv, is understood and judged; run nothing.

    Returns
    -------
    Explained
        Its tree, what each layer says of each command, and the verdict.
    """
    loaded, here = surroundings(caller)
    policy = orchestrator.policy_of(loaded.config, here.workspace)
    return executor.explain(line, workspace=here.workspace, cwd=here.cwd, policy=policy)


def check(lines: Sequence[str], caller: Caller = PYTHON) -> list[PolicyVerdict]:
    """Return the policy's verdict on each line, in their order; run none."""
    loaded, here = surroundings(caller)
    policy = orchestrator.policy_of(loaded.config, here.workspace)
    return [executor.judge(line, workspace=here.workspace, cwd=here.cwd, policy=policy) for line in lines]


def accept_policy(*, yes: bool = False, caller: Caller = PYTHON) -> tuple[settings.Offer, ...]:
    """Accept what this project's files loosen, if a person says so; return what was accepted.

    Raises
    ------
    NeedsPerson
        Nobody could answer; `yes` does.
    PolicyRefused
        A person said no, or this process is part of a run.
    """
    executor.check_no_run_answers("to accept what the project loosens")
    loaded = settings.load(caller.cwd)
    offers = loaded.open_offers
    if not offers:
        return ()
    question = Question(
        text="let this project loosen the policy, as long as it says exactly this ?",
        evidence=tuple(f"{offer.source}: {line}" for offer in offers for line in offer.lines),
        fix="%autoexec policy accept --yes",
    )
    if not yes and not caller.ask(question):
        raise PolicyRefused("not accepted", why="a person said no")
    settings.accept(loaded)
    return offers


def answers(caller: Caller = PYTHON) -> list[Kept]:
    """Return what a person agreed to for good in this project, oldest first."""
    return list(settings.load(caller.cwd).trust.all())


def forget(name: str, caller: Caller = PYTHON) -> Kept:
    """Forget an answer by its name, or the beginning of it: it is asked about again.

    Raises
    ------
    UsageError
        There is none, or more than one.
    """
    return settings.load(caller.cwd).trust.forget(name)


def config(start: Path | None = None) -> settings.Loaded:
    """Return the settings in force, each with where it came from."""
    return settings.load(start)


def needs_of(source: str, caller: Caller) -> tuple[Needed, ...]:
    """Return what `source` imports and cannot be imported here.

    Source that does not parse needs nothing: it says so itself when it runs.
    """
    if "import" not in source:
        return ()
    found = installer.quick(source)
    if found is not None and all(map(installer.is_here, found)):
        return ()
    try:
        needs = installer.scan(source)
    except (SyntaxError, ValueError, RecursionError):
        return ()
    if not needs:
        return ()
    folder = (caller.cwd or Path.cwd()).absolute()
    return tuple(installer.missing(needs, (folder, settings.workspace(folder))))


def _module_name(module: str) -> None:
    if not all(part.isidentifier() for part in module.split(".")):
        raise UsageError(f"{module!r} is not the name of a module", fix="as it stands after `import`")

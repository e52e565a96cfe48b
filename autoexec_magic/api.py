"""The verbs as Python functions: what the magics, the command line and the panel call.

Each function runs one verb to its end, on the record, and returns its value;
what the verdict table calls an error is raised. `Caller` says who calls: who
watches, who answers, which notebook it is.
"""

from __future__ import annotations

import logging
import shlex
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from . import config as settings
from . import executor, orchestrator
from .builder import Wish
from .builds import build
from .errors import PolicyRefused, UsageError
from .events import Envelope
from .executor.cage import SHUT, Doors, Limits, Wanted
from .failures import why
from .history import host, short_id
from .imports import (
    fix,
    index_build,
    index_candidates,
    index_coverage,
    install,
    kinds,
    locked,
    needs_of,
    resolve,
    scan,
    undo_install,
)
from .junits import compare as junit_compare
from .junits import merge as junit_merge
from .junits import read as junit
from .logged import diagnose
from .onrecord import PYTHON, Caller, carry_out, nobody, store, surroundings
from .orchestrator import NO_LIMITS, Command, Fixing, Report, Test
from .releases import deploy, logs, releases, rollback, status
from .scripted import script
from .testrunner import Past, file_of_past, load_past
from .trust import Kept
from .values import PolicyVerdict, Question, Run, Verdict

if TYPE_CHECKING:
    from .chain import Row
    from .ledger import Ledger, Verified

__all__ = [
    "PYTHON",
    "QUICK",
    "Caller",
    "Fixing",
    "Wish",
    "accept_policy",
    "answers",
    "build",
    "cancel",
    "check",
    "config",
    "deploy",
    "diagnose",
    "explain",
    "fix",
    "forget",
    "index_build",
    "index_candidates",
    "index_coverage",
    "install",
    "junit",
    "junit_compare",
    "junit_merge",
    "kinds",
    "ledger",
    "ledger_rows",
    "ledger_verify",
    "locked",
    "logs",
    "needs_of",
    "nobody",
    "quarantine",
    "releases",
    "resolve",
    "rollback",
    "runs",
    "scan",
    "script",
    "sh",
    "show",
    "status",
    "store",
    "test",
    "tested",
    "undo_install",
    "why",
]

QUICK = 20  #: rows and runs that a quick look at the ledger covers
_log = logging.getLogger(__name__)


def sh(
    *commands: str | Sequence[str],
    timeout: float | None = None,
    level: Wanted | None = None,
    doors: Doors = SHUT,
    limits: Limits = NO_LIMITS,
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
    limits : Limits, optional
        What each command may use; what is not said here the settings say.
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
        limits=limits,
        pty=pty,
        env=env,
        yes=yes,
        caller=caller,
    )


def test(
    *arguments: str,
    python: str = "",
    timeout: float | None = None,
    level: Wanted | None = None,
    doors: Doors = SHUT,
    limits: Limits = NO_LIMITS,
    env: Sequence[str] = (),
    heal: bool = True,
    changed: str | None = None,
    shard: tuple[int, int] | None = None,
    timings: str = "",
    parallel: bool = False,
    cover: Sequence[str] | None = None,
    flaky: int = 0,
    tool: str = "",
    keeps_ready: bool = False,
    yes: bool = False,
    caller: Caller = PYTHON,
) -> Report:
    """Run pytest in a caged process of its own, each result told while it runs.

    Parameters
    ----------
    *arguments : str
        Paths and pytest's own options. `--junitxml PATH` is written by us, also
        where pytest did not get to its end.
    python : str, optional
        The Python that runs the tests; by default the project's own
        (`.venv`), where it has one with pytest, else this one.
    timeout : float, optional
        Seconds, for all of them.
    level : Level or "best", optional
        The cage; by default the setting `cage`, which is `workspace` unless a
        person said otherwise.
    doors : Doors, optional
        What is let through the cage (`executor.cage.doors_of`).
    limits : Limits, optional
        What it may use; what is not said here the settings say.
    env : sequence of str, optional
        Names of environment variables to pass on.
    heal : bool, default True
        Install what cannot be imported, by proof, and run again what failed for it.
    changed : str, optional
        Run the tests alone that import what changed since this commit; "" is the last one.
    shard : (int, int), optional
        Run one part of all, the first of how many: from 1. Files stay together.
    timings : str, optional
        A JUnit XML of an earlier run, so that parts take the same time.
    parallel : bool, default False
        Spread the tests over as many processes as there are cores, with
        pytest-xdist, where both ways were measured and that was faster, or one process took long.
    cover : sequence of str, optional
        Tell which lines ran in these files and folders, in all of the project where it is empty.
    flaky : int, default 0
        Run each test that failed so many times again: alone, with a fixed and
        a free random seed, among the others in the same order and in reverse;
        and find the tests that spoil it.
    tool : str, optional
        "pytest", "node", "npm" or "cargo"; by default what finds tests in the folder, pytest first.
    keeps_ready : bool, default False
        Start the process of the next run when this one is over: it has
        imported pytest by then.
    yes : bool, default False
        Answer what is proved with yes.
    caller : Caller, optional
        Who watches and answers.

    Returns
    -------
    Report
        Its `cases` are the tests, `to_junitparser()` the same as that library's objects.

    Raises
    ------
    CasesFailed, RunTimeout, MissingTool
        As the verdict says; `Cancelled` when it was stopped.
    """
    title = shlex.join(("pytest", *arguments))
    step = Test(
        arguments=arguments,
        python=python,
        heal=heal,
        keeps_ready=keeps_ready,
        changed=changed,
        shard=shard,
        timings=timings,
        parallel=parallel,
        flaky=flaky,
        tool=tool,
        cover=None if cover is None else tuple(cover),
    )
    return carry_out(
        "test",
        title,
        (step,),
        timeout=timeout,
        level=level,
        doors=doors,
        limits=limits,
        env=env,
        yes=yes,
        caller=caller,
    )


def tested(caller: Caller = PYTHON) -> Past:
    """Return what is remembered of this project's tests: their times, and how they ended of late."""
    _, here = surroundings(caller)
    return load_past(file_of_past(here.cache, here.workspace))


def quarantine(nodeid: str, reason: str, caller: Caller = PYTHON) -> Path:
    """Let the failures of a test not fail a run, for 30 days; each is told all the same.

    Parameters
    ----------
    nodeid : str
        Its id; without parameters all of them.
    reason : str
        Why, for whoever reads the file.
    caller : Caller, optional
        Whose project it is.

    Returns
    -------
    Path
        The project's `autoexec-quarantine.toml`.

    Raises
    ------
    UsageError
        There is no reason, or the file cannot be read or written.
    PolicyRefused
        This process is part of a run: tests must not excuse themselves.
    """
    executor.check_no_run_answers("to put a test into quarantine")
    if not reason.strip():
        raise UsageError("a test in quarantine needs a reason", fix="--reason 'fails when …, see #12'")
    _, here = surroundings(caller)
    return orchestrator.put_in_quarantine(here.workspace, nodeid, reason)


test.__test__ = False  # type: ignore[attr-defined]  # a verb, whatever pytest thinks of its name


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

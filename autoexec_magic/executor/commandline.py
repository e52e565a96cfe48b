"""Our own command line, started as a person does in a terminal: for a button of the panel.

What bears the mark of a run may neither answer for a person nor start what
outlives it. What a person asked for with a button is a run of its own, begun by
them; so the process that carries it out starts without a mark, in a session of
its own. Nothing but our own command line is started so, and never from within
a run.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import environment, policy, service
from .permission import check_no_run_answers, permitted
from .service import Service


def start_own(
    interpreter: Path,
    words: Sequence[str],
    *,
    log: Path,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    pass_on: Sequence[str] = (),
) -> Service:
    """Start our command line with `words`, by an interpreter that has this package.

    Parameters
    ----------
    interpreter : Path
        An absolute path, as a run has it on record. The folder it is in comes first on
        its `PATH`; no module of `cwd` is taken for one of its own.
    words : sequence of str
        What would be typed after `jupyter autoexec`.
    log : Path
        Gets all that it writes, appended; only this user can read it.
    cwd : Path
        Where it would be typed.
    env : mapping of str to str, optional
        Variables set on top of the allow-listed environment.
    pass_on : sequence of str, optional
        Names of variables to take over from this process; `*` is a wildcard.

    Returns
    -------
    Service
        What `stop_service` and `is_service_alive` take. Its own run ends with it as any
        other's does.

    Raises
    ------
    PolicyRefused
        This process is itself part of a run.
    AutoexecError
        It cannot be started.
    """
    check_no_run_answers("to start what a person asks for")
    argv = (str(interpreter), "-P", "-m", "autoexec_magic", *words)
    path = os.pathsep.join((str(interpreter.parent), os.environ.get("PATH", os.defpath)))
    own = {"PATH": path, "PWD": str(cwd), **(env or {})}
    variables = environment.build("", own, pass_on=pass_on)
    program = permitted(argv, variables, cwd, cwd, policy.exactly(interpreter), None, ())
    return service.start(
        (str(program), *argv[1:]),
        name=f"autoexec {words[0]}" if words else "autoexec",
        log=log,
        cwd=cwd,
        env=variables,
        is_marked=False,
    )

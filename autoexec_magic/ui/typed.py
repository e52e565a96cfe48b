"""Run what a person typed behind `!`, below `%%bash` or behind `%pip`, as `%autoexec sh` would.

Each is a run of its own: judged, streamed, on the record, to be cancelled. What
IPython promises of it holds: `_exit_code` is set, what is kept in a variable is
what the program wrote, there is no standard input. A command that fails ends
the cell, unless the terms say otherwise; a refusal always does.
"""

from __future__ import annotations

import fnmatch
import importlib
import os
import shlex
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .. import api, config, imported, onrecord
from ..errors import (
    AutoexecError,
    Cancelled,
    KilledBySignal,
    MissingTool,
    PhaseError,
    RunTimeout,
    UsageError,
)
from ..events import Event, Output
from ..executor.cage import SHUT, Doors, Wanted
from ..masked import masked
from ..orchestrator import Command, Report
from ..redact import cleaned, secrets_in
from ..values import Ask, Choice, Question, Reply, Stream
from . import bodies, notebook
from .calling import caller_of, write

ALLOWED = (
    "%autoexec on --yes answers such questions with yes;"
    " %%autoexec script --lang bash runs a body in a cage, unasked"
)
_BOTH: tuple[Stream, Stream] = ("stdout", "stderr")
_NOT_THERE, _NOT_RUN, _INTERRUPTED = 127, 126, -2  # the first two as in bash, the last as in IPython
_NEEDS_PREFIX = frozenset(("install", "list", "remove", "uninstall", "update", "upgrade"))
_NEEDS_YES = _NEEDS_PREFIX - {"list"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On which terms lines run: the options of `%autoexec on`, and the kernel's first variables."""

    raises: bool = True
    timeout: float | None = None
    level: Wanted | None = None
    doors: Doors = SHUT
    env: tuple[str, ...] = ()
    yes: bool = False
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a run leaves: what kept it from passing, and what it wrote to the streams that are kept."""

    error: AutoexecError | Cancelled | None
    pieces: tuple[tuple[Stream, str], ...] = ()

    def text(self, streams: Sequence[Stream] = _BOTH) -> str:
        """Return what was kept of these streams, in the order in which it came."""
        return "".join(text for stream, text in self.pieces if stream in streams)

    @property
    def has_exited(self) -> bool:
        """Whether the program ran and ended by itself, whatever its exit code."""
        report = self.error.report if self.error else None
        outcome = report.outcome if isinstance(report, Report) else None
        is_its_own = type(self.error) is PhaseError or isinstance(self.error, KilledBySignal | RunTimeout)
        ran = is_its_own and outcome is not None and outcome.ended == "exited"
        return self.error is None or ran

    @property
    def exit_code(self) -> int:
        """What `_exit_code` says: as bash has it, a signal as IPython has it."""
        if self.error is None:
            return 0
        report = self.error.report
        outcome = report.outcome if isinstance(report, Report) else None
        if isinstance(self.error, Cancelled):
            return _INTERRUPTED
        if outcome is not None:
            code = outcome.returncode
            return 128 - code if code > 128 else code
        return _NOT_THERE if isinstance(self.error, MissingTool) else _NOT_RUN


def line(shell: Any, terms: Terms, text: str) -> None:
    """Run a line, streamed, and set `_exit_code`."""
    _ended(shell, terms, _line(shell, terms, text))


def output_of(shell: Any, terms: Terms, text: str) -> str:
    """Run a line and return what it writes to both streams; only what is asked is shown."""
    done = _line(shell, terms, text, keeps=_BOTH)
    if done.error is not None and done.text() and terms.raises:  # else nobody would ever see it
        write("stderr", cleaned(done.text(), secrets_in(os.environ, names=terms.env)).rstrip("\n") + "\n")
    _ended(shell, terms, done)
    return done.text()


def script(shell: Any, terms: Terms, words: Sequence[str], cell: str, options: Any) -> None:
    """Run a cell with a program; `options` are those of `%%script`.

    Raises
    ------
    UsageError
        It would go on in the background, or names no program.
    """
    if options.bg:
        raise _in_background("--bg")
    if not words:
        raise UsageError("%%script names no program", fix="%%script PROGRAM [OPTION …]")
    names: dict[Stream, str] = {"stdout": options.out, "stderr": options.err}
    names = {stream: name for stream, name in names.items() if name}
    done = Done(error=None)
    if not (bodies.is_empty(cell) and words[0] in ("bash", "sh")):
        done = _run(shell, terms, bodies.of_body(words, cell, Path.cwd()), keeps=tuple(names))
    for stream, name in names.items():
        shell.user_ns[name] = done.text((stream,))
    if done.error is not None and not (done.has_exited and not (terms.raises and options.raise_error)):
        raise done.error


def install(shell: Any, terms: Terms, tool: str, program: str, rest: str) -> None:
    """Run an installer for this kernel, and say which imported modules it changed under it."""
    command = bodies.of_tool(tool, program, rest)
    before = imported.stamps()
    done = _run(shell, terms, command, title=f"{tool} {rest}".strip())
    importlib.invalidate_caches()
    stale = imported.changed(before)
    if stale:
        names = ", ".join(stale[:8]) + (" …" if len(stale) > 8 else "")
        write("stdout", f"autoexec: restart the kernel to use what has changed: {names}\n")
    _ended(shell, terms, done)


def conda_line(rest: str, *, has_input: bool) -> str:
    """Return what follows `%conda`, for this kernel's environment, and without a question nobody can answer.

    Examples
    --------
    >>> conda_line("info --json", has_input=False)
    'info --json'
    """
    verb, _, others = rest.strip().partition(" ")
    words = set(others.split())
    added = ["--yes"] if verb in _NEEDS_YES and not has_input and not words & {"-y", "--y", "--yes"} else []
    if verb in _NEEDS_PREFIX and not words & {"-p", "--prefix", "-n", "--name"}:
        added += ["--prefix", shlex.quote(sys.prefix)]
    return " ".join(word for word in (verb, *added, others.strip()) if word)


def _line(shell: Any, terms: Terms, text: str, keeps: Sequence[Stream] = ()) -> Done:
    if text.rstrip().endswith("&"):
        raise _in_background(text.strip())
    if bodies.is_empty(text):
        return Done(error=None)
    return _run(shell, terms, Command(line=text), keeps=keeps)


def _ended(shell: Any, terms: Terms, done: Done) -> None:
    """Set `_exit_code`; raise what ends the cell."""
    shell.user_ns["_exit_code"] = done.exit_code
    if done.error is None or (done.has_exited and not terms.raises):
        return
    if isinstance(done.error, MissingTool) and not terms.raises:
        write("stderr", f"{done.error}\n")
        return
    raise done.error


def _run(
    shell: Any, terms: Terms, command: Command, keeps: Sequence[Stream] = (), *, title: str = ""
) -> Done:
    """Run a command on the record, shown as `%autoexec sh` is but for what is kept."""
    command = replace(command, is_raw=bool(keeps))
    command = bodies.with_variables(
        command, terms.variables, os.environ, lambda name: _is_passed_on(name, terms)
    )
    is_quiet = set(keeps) == set(_BOTH)
    pieces: list[tuple[Stream, str]] = []
    ids: list[str] = []
    error: AutoexecError | Cancelled | None = None
    try:
        with notebook.shown(shell, ids, is_live=not is_quiet) as show:
            shown = masked(show, terms.env) if keeps else show

            def emit(event: Event) -> None:
                if isinstance(event, Output) and event.stream in keeps:
                    pieces.append((event.stream, event.text))
                elif not is_quiet:
                    shown(event)

            caller = caller_of(shell, emit)
            report = onrecord.carry_out(
                "sh",
                title or bodies.title_of(command),
                (command,),
                timeout=terms.timeout,
                level=terms.level,
                doors=terms.doors,
                env=terms.env,
                yes=terms.yes,
                caller=replace(caller, ask=_asking(caller.ask, command), on_record=ids.append),
            )
            error = _cut(report, keeps)
    except (AutoexecError, Cancelled) as fault:
        error = fault
    except KeyboardInterrupt:  # outside any process
        error = Cancelled(f"{bodies.title_of(command)} was stopped")
    return Done(error=error, pieces=tuple(pieces))


def _asking(ask: Ask, command: Command) -> Ask:
    """Return who answers: nobody in a thread, which has no prompt; and what to type that says yes."""
    if threading.current_thread() is not threading.main_thread():
        ask = api.nobody
    if command.line and "\n" not in command.line.strip():
        return ask  # the question itself names the line that says yes

    def asking(question: Question) -> Reply | Choice | bool:
        return ask(replace(question, fix=ALLOWED))

    return asking


def _cut(report: Report, keeps: Sequence[Stream]) -> PhaseError | None:
    """Return the error that a value is not whole: better none than half of one."""
    cut = report.outcome.cut if report.outcome else ()
    if not set(cut) & set(keeps):
        return None
    return PhaseError(
        "what was to be kept is not whole",
        why=f"{report.outcome.dropped_bytes:,} bytes are more than is kept" if report.outcome else "",
        fix="write it to a file (COMMAND > FILE), or raise keep-mb",
    )


def _is_passed_on(name: str, terms: Terms) -> bool:
    """Whether every run may see a variable of the kernel."""
    patterns = (*terms.env, *config.load().config.pass_on)
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _in_background(what: str) -> UsageError:
    return UsageError(
        f"{what} would go on in the background",
        why="what a guarded line starts ends with it",
        fix="without it; or after %autoexec off",
    )

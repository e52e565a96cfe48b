"""May an argv run, and may a file be its input: judged, and a person asked where that is the answer."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import PolicyRefused
from ..values import Ask
from . import lines, mark, policy
from .identity import RUN_VARIABLE
from .places import private_folders

_LINE_CHARS = 200


def shown(command: Sequence[str] | str) -> str:
    """Return a command as a line short enough for a message."""
    line = command.strip() if isinstance(command, str) else shlex.join(command)
    return line if len(line) <= _LINE_CHARS else line[: _LINE_CHARS - 1] + "…"


def permitted(
    argv: tuple[str, ...],
    variables: Mapping[str, str],
    cwd: Path,
    root: Path,
    rules: policy.Policy,
    ask: Ask | None,
    files: Sequence[tuple[str, bool]],
    *,
    is_fed: bool = False,
) -> Path:
    """Return the program's path, or raise what keeps it from running.

    `is_fed` says that something comes in at its input which nobody has seen.
    """
    roots = policy.Roots(workspace=root, more=rules.roots, private=private_folders())
    verdict = policy.judge_command(
        argv,
        environment=variables,
        cwd=cwd,
        roots=roots,
        policy=rules,
        files=files,
        before=[policy.UNSEEN_INPUT] if is_fed else [],
    )
    if verdict.answer == "refuse":
        raise lines.refused(verdict)
    program = policy.find(argv[0], variables, cwd)
    if verdict.answer == "allow":
        return program
    judge = lines.Judge(rules=rules, roots=roots, ask=ask)
    judge.ask_for([verdict], shown(argv), cwd, [program], typed=shlex.join(argv))
    return program


def judge_input(file: Path, line: str, cwd: Path, judge: lines.Judge) -> None:
    """Judge the file that a line is to read, as `<` is judged."""
    verdict = policy.judge_command(
        (), environment={}, cwd=cwd, roots=judge.roots, policy=judge.rules, files=[(str(file), False)]
    )
    verdict = replace(verdict, line=f"{line} < {file}")
    if verdict.answer == "refuse":
        raise lines.refused(verdict)
    if verdict.answer == "ask":
        judge.ask_for([verdict], verdict.line, cwd)


def check_no_run_answers(what: str) -> None:
    """Keep what a person was, or would be, asked about from being answered by a run of ours.

    Parameters
    ----------
    what : str
        What would be agreed to, for the message.

    Raises
    ------
    PolicyRefused
        This process is part of a run: its variable says so, or the mark that
        its processes bear, which none of them can take off.
    """
    if RUN_VARIABLE in os.environ or mark.is_on_any(os.getpid()):
        raise PolicyRefused(
            f"refused: {what}",
            why="this process is part of a run, and what runs is not to answer for a person",
            fix="answer in the notebook, or in a terminal",
        )

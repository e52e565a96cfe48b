"""May an argv run, and may a file be its input: judged, and a person asked where that is the answer."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..values import Ask
from . import lines, policy
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
) -> Path:
    """Return the program's path, or raise what keeps it from running."""
    roots = policy.Roots(workspace=root, more=rules.roots, private=private_folders())
    verdict = policy.judge_command(
        argv, environment=variables, cwd=cwd, roots=roots, policy=rules, files=files
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

"""One command through the layers, each able to refuse on its own: program, arguments, paths.

Layer 1 made the words (`parse`, `expand`). What is told is the first layer that
refuses, else the first that asks; only what none of them minds is allowed.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ...values import PolicyVerdict
from . import paths
from .paths import Roots, Ruled
from .program import find
from .rules import DEFAULT, Policy, judge, judge_name

_MOST_CHARS = 500


def judge_command(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str],
    cwd: Path,
    roots: Roots,
    policy: Policy = DEFAULT,
    files: Sequence[tuple[str, bool]] = (),
) -> PolicyVerdict:
    """Return whether a command may run.

    Parameters
    ----------
    argv : sequence of str
        Its words, expanded; none where only variables are set.
    environment : mapping of str to str
        What it will run with; its `PATH` says which program is meant.
    cwd : Path
        Where it will run.
    roots : Roots
        Where it may write.
    policy : Policy, optional
        Which programs may run; the built-in list by default.
    files : sequence of (str, bool), optional
        Files that stand in for its streams, and whether each is written.

    Raises
    ------
    MissingTool
        There is no such program.
    """
    line = shlex.join(argv)[:_MOST_CHARS]
    found = list(_layers(argv, environment, cwd, roots, policy, files))
    for answer in ("refuse", "ask"):
        for verdict in found:
            if verdict.answer == answer:
                return verdict
    return found[0] if found else PolicyVerdict(line=line, answer="allow", layer=1, rule="", why="")


def _layers(
    argv: Sequence[str],
    environment: Mapping[str, str],
    cwd: Path,
    roots: Roots,
    policy: Policy,
    files: Sequence[tuple[str, bool]],
) -> Iterator[PolicyVerdict]:
    line = shlex.join(argv)[:_MOST_CHARS]
    if argv and argv[0] != "cd":  # which is ours, and only says where the next one runs
        yield judge_name(argv) or judge(argv, find(argv[0], environment, cwd), policy)
    for path, is_written in files:
        yield _told(line, (paths.write if is_written else paths.read)(path, cwd, roots))


def _told(line: str, ruled: Ruled) -> PolicyVerdict:
    return PolicyVerdict(line=line, answer=ruled.answer, layer=4, rule=ruled.rule, why=ruled.why)

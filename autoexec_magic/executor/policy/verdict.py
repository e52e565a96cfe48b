"""One command through the layers, each able to refuse on its own: program, arguments, paths.

Layer 1 made the words (`parse`, `expand`). What is told is the first layer that
refuses, else the first that asks; only what none of them minds is allowed.
"""

from __future__ import annotations

import functools
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ...values import PolicyVerdict
from . import arguments, paths
from .paths import Roots, Ruled
from .program import find
from .rules import DEFAULT, Policy, judge, judge_name, without_version

_MOST_CHARS = 500
_DEEPEST = 8


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
        yield from _program(argv, environment, cwd, roots, policy)
    for path, is_written in files:
        yield _told(line, (paths.write if is_written else paths.read)(path, cwd, roots))


def _program(
    argv: Sequence[str],
    environment: Mapping[str, str],
    cwd: Path,
    roots: Roots,
    policy: Policy,
    depth: int = 0,
) -> Iterator[PolicyVerdict]:
    """Judge a program and its arguments, and the commands that it would start, the same way."""
    if depth > _DEEPEST:
        why = f"more than {_DEEPEST} commands are within one another"
        yield PolicyVerdict(
            line=shlex.join(argv)[:_MOST_CHARS], answer="refuse", layer=2, rule="too-deep", why=why
        )
        return
    never = judge_name(argv)
    if never:
        yield never
        return
    program = find(argv[0], environment, cwd)
    policy = _with_rules(policy)
    yield judge(argv, program, policy)
    if program in policy.paths:
        return
    line = shlex.join(argv)[:_MOST_CHARS]
    name = without_version(program.name)
    if name not in arguments.programs():
        return
    ruling = arguments.judge((name, *argv[1:]))
    yield PolicyVerdict(line=line, answer=ruling.answer, layer=3, rule=ruling.rule, why=ruling.why)
    for path in ruling.reads:
        yield _told(line, paths.read(path, cwd, roots))
    for path in ruling.writes:
        is_all = name == "rm" and any(word.startswith("-") and "r" in word.lower() for word in argv[1:])
        yield _told(line, (paths.remove_all if is_all else paths.write)(path, cwd, roots))
    for inner in ruling.commands:
        if inner[:2] != ("sh", "-c"):  # a line for a shell: that is asked about as it stands
            yield from _program(inner, environment, cwd, roots, policy, depth + 1)


@functools.lru_cache(maxsize=16)
def _with_rules(policy: Policy) -> Policy:
    """Return the policy with every program that has a rule: whose arguments can be judged needs no list."""
    return replace(policy, programs=policy.programs | arguments.programs()) if policy.programs else policy


def _told(line: str, ruled: Ruled) -> PolicyVerdict:
    return PolicyVerdict(line=line, answer=ruled.answer, layer=4, rule=ruled.rule, why=ruled.why)

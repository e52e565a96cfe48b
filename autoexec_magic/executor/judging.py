"""Say whether a line may run, and why, without running it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import AutoexecError, MissingTool, PolicyRefused
from ..values import PolicyVerdict
from . import environment, lines, policy
from .places import private_folders
from .policy import judge_shell, steps
from .policy.tree import Line, Shell

_STRICT = ("refuse", "ask", "allow")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One command of a line.

    Parameters
    ----------
    text : str
        As it was read from the line; a pipeline as a whole stands alone, too.
    argv : tuple of str
        What its words stand for, here and now.
    program : str
        The file that would run, "" where there is none.
    verdicts : tuple of PolicyVerdict
        What each layer says, in their order.
    """

    text: str
    argv: tuple[str, ...]
    program: str
    verdicts: tuple[PolicyVerdict, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A line taken apart, what is said of each part, and the verdict on the whole."""

    line: str
    tree: str
    parts: tuple[Part, ...]
    verdict: PolicyVerdict


def judge(
    line: str | Sequence[str],
    *,
    workspace: Path,
    cwd: Path,
    policy: policy.Policy = policy.DEFAULT,
    env: Mapping[str, str] | None = None,
) -> PolicyVerdict:
    """Return the verdict on a line or an argv; nothing is run and nothing is raised.

    Parameters
    ----------
    line : str or sequence of str
        As typed, or words.
    workspace, cwd : Path
        Where it may write, and where it would run.
    policy : Policy, optional
        What may run without a question.
    env : mapping of str to str, optional
        Variables on top of the allow-listed environment.
    """
    return explain(line, workspace=workspace, cwd=cwd, policy=policy, env=env).verdict


def explain(
    line: str | Sequence[str],
    *,
    workspace: Path,
    cwd: Path,
    policy: policy.Policy = policy.DEFAULT,
    env: Mapping[str, str] | None = None,
) -> Explained:
    """Return how a line is understood and judged; the parameters are those of `judge`."""
    text = line if isinstance(line, str) else shlex.join(line)
    try:
        found = _parse(text)
        place = steps.Place(cwd=cwd, environment=environment.build("", {**(env or {}), "PWD": str(cwd)}))
        roots = _roots(workspace, policy)
        if isinstance(found, Shell):
            never = judge_shell(found, environment=place.environment, cwd=cwd, roots=roots, policy=policy)
            verdict = never or lines.asked_of_shell(found)
            return Explained(line=text, tree=f"shell ({found.why})", parts=(), verdict=verdict)
        parts = tuple(map(_part, steps.judged(found, place, roots, policy)))
    except AutoexecError as error:
        return Explained(line=text, tree="", parts=(), verdict=_of_error(text, error))
    return Explained(line=text, tree=_tree(found), parts=parts, verdict=_whole(text, parts))


def needs_shell(line: str) -> bool:
    """Whether only a shell can run a line; one that cannot be read needs none."""
    try:
        return isinstance(policy.parse(line), Shell)
    except AutoexecError:
        return False


def changes_only_itself(line: str) -> bool:
    """Whether a line does nothing but go somewhere or set variables, which end with it."""
    try:
        found = policy.parse(line)
    except AutoexecError:
        return False
    if isinstance(found, Shell):
        return False
    return all(not command.words or command.words[0].literal == "cd" for command in found.commands)


def _parse(text: str) -> Line | Shell:
    return policy.parse(text)


def _roots(workspace: Path, rules: policy.Policy) -> policy.Roots:
    return policy.Roots(workspace=workspace, more=rules.roots, private=private_folders())


def _part(found: steps.Judged) -> Part:
    return Part(text=found.text, argv=found.argv, program=_program(found), verdicts=found.layers)


def _program(found: steps.Judged) -> str:
    if not found.argv or found.argv[0] == "cd":
        return ""
    try:
        return str(policy.find(found.argv[0], found.place.environment, found.place.cwd))
    except MissingTool:
        return ""


def _whole(text: str, parts: Sequence[Part]) -> PolicyVerdict:
    """Return the strictest verdict, the first of its kind."""
    told = [verdict for part in parts for verdict in part.verdicts]
    for answer in _STRICT:
        for verdict in told:
            if verdict.answer == answer:
                return PolicyVerdict(
                    line=text, answer=verdict.answer, layer=verdict.layer, rule=verdict.rule, why=verdict.why
                )
    return PolicyVerdict(line=text, answer="allow", layer=1, rule="", why="it starts nothing")


def _of_error(text: str, error: AutoexecError) -> PolicyVerdict:
    """Return the verdict that an error means: what cannot be read is refused."""
    if isinstance(error, MissingTool):
        return PolicyVerdict(line=text, answer="ask", layer=2, rule="not-there", why=error.what)
    rule = "refused" if isinstance(error, PolicyRefused) else error.code
    return PolicyVerdict(line=text, answer="refuse", layer=1, rule=rule, why=error.why or error.what)


def _tree(line: Line) -> str:
    """Return a line as it was understood: a step a line, its commands below, redirections and all."""
    found = []
    for step in line.steps:
        found.append(f"{step.operator or 'first'} {'not ' if step.pipeline.is_negated else ''}pipeline")
        for command in step.pipeline.commands:
            found.append(f"  command {command}")
            found += [f"    sets {name}={word}" for name, word in command.assignments]
            found += [f"    word {word}" for word in command.words]
            found += [f"    file {redirect}" for redirect in command.redirects]
    return "\n".join(found)

"""Run a line as it was typed: pipelines, `&&`, `||`, `;`, files, variables; with no shell in between.

A line is judged as a whole before any of it runs, so that a question is asked
once and a refusal leaves nothing half done; each command is judged once more
when its words are known, because what ran before may have made files that a
glob finds. `cd` and variables hold for the rest of the line. What only a shell
can run is asked about, and then run by bash as the user's own.
"""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import PolicyRefused, UsageError
from ..values import Ask, Outcome, PolicyVerdict, Question
from . import policy, process
from .channel import TAIL_CHARS
from .policy.tree import Command, Line, Pipeline, Redirect, Shell

_MOST_NAMED = 8
_NOTHING = Outcome(argv=("cd",), returncode=0, ended="exited", seconds=0.0)
_FLAGS = {
    "<": os.O_RDONLY,
    ">": os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
    ">>": os.O_WRONLY | os.O_CREAT | os.O_APPEND,
}

#: starts one pipeline: its stages, its folder, and what is left of the limits
Start = Callable[[tuple[process.Stage, ...], Path, float | None, int], Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What holds where a command stands: the folder, and the variables of programs and of the line."""

    cwd: Path
    environment: Mapping[str, str]
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def known(self) -> Mapping[str, str]:
        """What `$NAME` can stand for."""
        return {**self.environment, **self.variables}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a whole line may take: seconds, bytes of output kept."""

    timeout: float | None
    keep_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Who says whether a command may run: the rules, where it may write, and the person."""

    rules: policy.Policy
    roots: policy.Roots
    ask: Ask | None

    def verdict(self, command: Command, place: Place) -> tuple[tuple[str, ...], PolicyVerdict]:
        """Return what a command's words stand for there, and the verdict on it."""
        argv = policy.argv_of(command.words, place.known, place.cwd)
        files = [
            (policy.one(redirect.target, place.known, place.cwd), redirect.direction != "<")
            for redirect in command.redirects
            if redirect.target is not None
        ]
        verdict = policy.judge_command(
            argv,
            environment={**place.environment, **_named(command, place)},
            cwd=place.cwd,
            roots=self.roots,
            policy=self.rules,
            files=files,
        )
        return argv, verdict

    def shape(self, pipeline: Pipeline, place: Place) -> PolicyVerdict:
        """Return the verdict on a pipeline as a whole."""
        words = [policy.argv_of(command.words, place.known, place.cwd) for command in pipeline.commands]
        ruled = policy.judge_shape(words)
        return PolicyVerdict(line=str(pipeline), answer=ruled.answer, layer=4, rule=ruled.rule, why=ruled.why)

    def ask_for(self, verdicts: list[PolicyVerdict], text: str, programs: Sequence[Path] = ()) -> None:
        """Ask once for all of them; `programs` are the files that would run.

        Raises
        ------
        PolicyRefused
            Nobody is there to be asked, or a person said no.
        """
        if self.ask is None:
            raise refused(verdicts[0])
        evidence = [f"{verdict.why} (layer {verdict.layer}, rule {verdict.rule})" for verdict in verdicts]
        evidence += [f"the program is {program}" for program in programs]
        question = Question(
            text=f"run {text} ?",
            evidence=tuple(dict.fromkeys(evidence))[:_MOST_NAMED],
            fix=f"%autoexec sh --yes {text}",
        )
        if not self.ask(question):
            raise PolicyRefused(f"not run: {text}", why="a person said no")


def run(line: Line, place: Place, start: Start, bounds: Bounds, judge: Judge) -> Outcome:
    """Run the steps of `line` in their order; the outcome is the last one's, with all that was written.

    Raises
    ------
    PolicyRefused, NeedsPerson
        A command may not run, or nobody could answer whether it may.
    MissingTool, UsageError
        A program, a file or a folder is not there.
    """
    agreed = _agreed(line, place, judge)
    started = time.monotonic()
    total: Outcome | None = None
    for step in line.steps:
        code = total.returncode if total else 0
        if (step.operator == "&&" and code) or (step.operator == "||" and not code):
            continue
        left = None if bounds.timeout is None else bounds.timeout - (time.monotonic() - started)
        if total is not None and left is not None and left <= 0:
            return replace(total, ended="timed-out")
        kept = bounds.keep_bytes - (len(total.stdout) + len(total.stderr) if total else 0)
        stages = _stages(step.pipeline, place, judge, agreed)
        outcome = start(stages, place.cwd, left, max(0, kept)) if stages else _NOTHING
        if step.pipeline.is_negated and outcome.ended == "exited":
            outcome = replace(outcome, returncode=int(outcome.returncode == 0))
        place = _after(step.pipeline, place, is_real=True)
        total = _sum(total, outcome, time.monotonic() - started)
        if outcome.ended != "exited":
            break
    assert total is not None
    return total


def refused(verdict: PolicyVerdict) -> PolicyRefused:
    """Return the error that says why a command may not run."""
    why = f"{verdict.why} (layer {verdict.layer}, rule {verdict.rule})"
    return PolicyRefused(f"refused: {verdict.line}", why=why)


def asked_of_shell(shell: Shell) -> PolicyVerdict:
    """Return the verdict on what only a shell can run: a question."""
    return PolicyVerdict(
        line=shell.text,
        answer="ask",
        layer=1,
        rule="needs-a-shell",
        why=f"it has {shell.why}: bash runs it, and nobody has seen what bash makes of it",
    )


def _agreed(line: Line, place: Place, judge: Judge) -> frozenset[tuple[str, ...]]:
    """Judge the whole line as it stands now; return the commands that a person agreed to."""
    asked: list[tuple[tuple[str, ...], PolicyVerdict]] = []
    programs: list[Path] = []
    for step in line.steps:
        for command in step.pipeline.commands:
            argv, verdict = judge.verdict(command, place)
            if verdict.answer == "refuse":
                raise refused(verdict)
            if verdict.answer == "ask":
                asked.append((argv, verdict))
                programs.append(policy.find(argv[0], place.environment, place.cwd))
        shape = judge.shape(step.pipeline, place)
        if shape.answer == "refuse":
            raise refused(shape)
        if shape.answer == "ask":
            asked.append(((), shape))
        place = _after(step.pipeline, place)
    if asked:
        judge.ask_for([verdict for _, verdict in asked], str(line), programs)
    return frozenset(argv for argv, _ in asked)


def _stages(
    pipeline: Pipeline, place: Place, judge: Judge, agreed: frozenset[tuple[str, ...]]
) -> tuple[process.Stage, ...]:
    """Return what to start; none for a `cd` or an assignment alone."""
    found = []
    for command in pipeline.commands:
        argv, verdict = judge.verdict(command, place)
        if verdict.answer == "refuse":
            raise refused(verdict)
        if verdict.answer == "ask" and argv not in agreed:
            judge.ask_for([verdict], str(command))
        if argv and (argv[0] != "cd" or len(pipeline.commands) > 1):
            environment = {**place.environment, **_named(command, place)}
            program = policy.find(argv[0], environment, place.cwd)
            files = tuple(_file(redirect, place) for redirect in command.redirects)
            found.append(process.Stage(argv=(str(program), *argv[1:]), env=environment, files=files))
    return tuple(found)


def _named(command: Command, place: Place) -> dict[str, str]:
    """Return the variables that a command sets for its program."""
    return {name: policy.value(word, place.known) for name, word in command.assignments}


def _file(redirect: Redirect, place: Place) -> process.File:
    if redirect.target is None:
        return process.File(stream=redirect.stream, same_as=redirect.same_as or 1)
    path = policy.one(redirect.target, place.known, place.cwd)
    return process.File(stream=redirect.stream, path=path, flags=_FLAGS[redirect.direction])


def _after(pipeline: Pipeline, place: Place, *, is_real: bool = False) -> Place:
    """Return the place after a `cd` or an assignment of its own; in a pipeline they change nothing."""
    command = pipeline.commands[0]
    if len(pipeline.commands) > 1:
        return place
    if not command.words:
        named = _named(command, place)
        known = {name for name in named if command.is_exported or name in place.environment}
        return replace(
            place,
            environment={**place.environment, **{name: named[name] for name in known}},
            variables={**place.variables, **named},
        )
    if command.words[0].literal != "cd":
        return place
    words = policy.argv_of(command.words, place.known, place.cwd)[1:]
    target = words[0] if len(words) == 1 else "" if words else place.known.get("HOME", "")
    folder = Path(os.path.normpath(place.cwd / target))
    if target and folder.is_dir():
        return replace(place, cwd=folder)
    if is_real:
        why = "there is no such folder" if target else "it takes one folder"
        raise UsageError(f"cannot go to {shlex.join(words)}", why=why, fix="check the path")
    return place


def _sum(total: Outcome | None, outcome: Outcome, seconds: float) -> Outcome:
    if total is None:
        return replace(outcome, seconds=seconds)
    return replace(
        outcome,
        seconds=seconds,
        stdout=(total.stdout + outcome.stdout)[-TAIL_CHARS:],
        stderr=(total.stderr + outcome.stderr)[-TAIL_CHARS:],
        dropped_bytes=total.dropped_bytes + outcome.dropped_bytes,
        cut=tuple(dict.fromkeys((*total.cut, *outcome.cut))),
    )

"""Run a line as it was typed: pipelines, `&&`, `||`, `;`, files, variables; with no shell in between.

A line is judged as a whole before any of it runs, so that a question is asked
once and a refusal leaves nothing half done; each command is judged once more
when its words are known, because what ran before may have made files that a
glob finds. `cd` and variables hold for the rest of the line. What only a shell
can run is asked about, and then run by bash as the user's own.
"""

from __future__ import annotations

import os
import re
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from ..errors import MissingTool, PolicyRefused, UsageError
from ..trust import digest
from ..values import Ask, LimitHit, Outcome, PolicyVerdict, Question
from . import policy, process
from .channel import TAIL_CHARS
from .policy import steps
from .policy.steps import Place
from .policy.tree import Line, Pipeline, Redirect, Shell, Step
from .redirected import File

_MOST_NAMED = 8
_MOST_HASHED = 64 * 2**20
_NEEDS_A_SHELL = "needs-a-shell"
_BETWEEN = re.compile(r"[=()<>|&;`]+")  # `--file=x`, and what a shell's text has beside a name
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NOTHING = Outcome(argv=("cd",), returncode=0, ended="exited", seconds=0.0)
_FLAGS = {
    "<": os.O_RDONLY,
    ">": os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
    ">>": os.O_WRONLY | os.O_CREAT | os.O_APPEND,
}

#: starts one pipeline: its stages, its folder, and what is left of the limits
Start = Callable[[tuple[process.Stage, ...], Path, float | None, int], Outcome]


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
    is_fed: bool = False  # the line is given an input that nobody has seen
    told: dict[str, set[str]] = field(default_factory=dict)  # a command's words when the line was judged
    _fresh: list[tuple[Pipeline, Place, list[steps.Judged]]] = field(default_factory=list)

    def verdicts(self, line: Line, place: Place) -> list[steps.Judged]:
        """Return what is said of each command of a line, and of each pipeline, in their order."""
        found = list(steps.judged(line, place, self.roots, self.rules, is_fed=self.is_fed))
        first = line.steps[0].pipeline
        self._fresh[:] = [(first, place, found[: len(first.commands)])]
        return found

    def of(self, pipeline: Pipeline, place: Place) -> list[steps.Judged]:
        """Return what is said of the commands of a pipeline that is about to run.

        It is not found a second time while nothing can have changed it (`forget`).
        """
        for known, where, found in self._fresh:
            if known is pipeline and where is place:
                return found
        return self.verdicts(Line(steps=(Step(pipeline=pipeline),)), place)

    def leads_out(self, one: steps.Judged) -> PolicyVerdict | None:
        """Return the question about a file that a pattern finds only now, and that leads out of all roots.

        The line made it, or something else did meanwhile: nobody named what it leads to.
        """
        for word in one.argv[1:]:
            if word not in self.told.get(one.text, ()) and policy.leads_out(word, one.place.cwd, self.roots):
                why = f"{word} was made since the line was judged, and leads outside the workspace"
                line = shlex.join(one.argv)
                return PolicyVerdict(line=line, answer="ask", layer=4, rule="leads-outside", why=why)
        return None

    def code_of(self, words: Sequence[str], cwd: Path) -> list[Path]:
        """Return the files outside the workspace that a command names: changed, it is another command."""
        inside = os.path.realpath(self.roots.workspace)
        found = []
        for part in (part for word in words for part in (word, *_BETWEEN.split(word))):
            path = Path(os.path.realpath(cwd / part.replace("\0", "")))
            is_file = os.path.isfile(path)  # noqa: PTH113 - a word may be longer than any name can be
            if is_file and not path.is_relative_to(inside) and path not in found:
                found.append(path)
        return found

    def forget(self) -> None:
        """Judge everything again from now on: something ran, or time passed while a person thought."""
        self._fresh.clear()

    def ask_for(
        self,
        verdicts: Sequence[PolicyVerdict],
        text: str,
        cwd: Path,
        programs: Sequence[Path] = (),
        *,
        typed: str = "",
        variables: Mapping[str, str] = MappingProxyType({}),
        code: Sequence[Path] | None = None,
    ) -> None:
        """Ask once for all of them; `programs` are the files that would run in `cwd`.

        `typed` is the whole line, where `text` is short for it; `variables` are
        those that it may name, and `code` the files outside the workspace that
        it names, found in `cwd` by default.

        Raises
        ------
        PolicyRefused
            Nobody is there to be asked, or a person said no.
        """
        if self.ask is None:
            raise refused(verdicts[0])
        if code is None:
            code = [file for verdict in verdicts for file in self.code_of(_words(verdict.line), cwd)]
        evidence = [f"{verdict.why} (layer {verdict.layer}, rule {verdict.rule})" for verdict in verdicts]
        evidence += [f"the program is {program}" for program in programs]
        question = Question(
            text=f"run {text} ?",
            evidence=tuple(dict.fromkeys(evidence))[:_MOST_NAMED],
            fix=f"%autoexec sh --yes {typed or text}",
            content=_content(verdicts, typed or text, cwd, (*programs, *code), variables),
        )
        self.forget()
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
            return _late(total, bounds.timeout)
        kept = bounds.keep_bytes - (len(total.stdout) + len(total.stderr) if total else 0)
        stages = _stages(step.pipeline, place, judge, agreed)
        outcome = start(stages, place.cwd, left, max(0, kept)) if stages else _NOTHING
        judge.forget()
        if step.pipeline.is_negated and outcome.ended == "exited":
            outcome = replace(outcome, returncode=int(outcome.returncode == 0))
        place = _after(step.pipeline, place)
        total = _sum(total, outcome, time.monotonic() - started)
        if outcome.ended != "exited":
            break
    assert total is not None
    return total


def refused(verdict: PolicyVerdict) -> PolicyRefused:
    """Return the error that says why a command may not run."""
    why = f"{verdict.why} (layer {verdict.layer}, rule {verdict.rule})"
    fix = "%autoexec policy explain shows which rule, and where it stands; write the line without it"
    return PolicyRefused(f"refused: {verdict.line}", why=why, fix=fix)


def asked_of_shell(shell: Shell, level: str = "") -> PolicyVerdict:
    """Return the verdict on what only a shell can run, in a cage of `level` if that is known: a question."""
    where = {"": "", "open": ", without a cage"}.get(level, f", in the cage {level}")
    return PolicyVerdict(
        line=shell.text,
        answer="ask",
        layer=1,
        rule=_NEEDS_A_SHELL,
        why=f"it has {shell.why}: bash runs it{where}, and nobody has seen what bash makes of it",
    )


def _content(
    verdicts: Sequence[PolicyVerdict],
    text: str,
    cwd: Path,
    programs: Sequence[Path],
    variables: Mapping[str, str],
) -> str:
    """Return exactly what a person agrees to.

    The line, where, why it is asked about, which files run, and what the
    variables say that it names.
    """
    reasons = [(verdict.line, verdict.layer, verdict.why) for verdict in verdicts]
    files = [(str(program), _content_of(program)) for program in programs]
    names = set(_NAME.findall(text))
    if any(verdict.rule == _NEEDS_A_SHELL for verdict in verdicts):
        names.add("PATH")  # nobody has looked up the programs
    named = sorted(names & variables.keys())
    return digest(text, str(cwd), reasons, files, [(name, variables[name]) for name in named])


def _content_of(file: Path) -> str:
    """Return what stands for a file's content: of a large one, which no program is, its state."""
    try:
        at = file.stat()
    except OSError:
        return policy.fingerprint(file)
    if at.st_size <= _MOST_HASHED:
        return policy.fingerprint(file)
    return f"{at.st_dev} {at.st_ino} {at.st_size} {at.st_ctime_ns}"


def _words(line: str) -> list[str]:
    """Return the words of a command as a verdict tells it; none where it is no command."""
    try:
        return shlex.split(line)[1:]
    except ValueError:
        return []


def _agreed(line: Line, place: Place, judge: Judge) -> frozenset[tuple[str, ...]]:
    """Judge the whole line as it stands now; return the commands that a person agreed to."""
    asked = []
    for one in judge.verdicts(line, place):
        judge.told.setdefault(one.text, set()).update(one.argv)
        if one.verdict.answer == "refuse":
            raise refused(one.verdict)
        if one.verdict.answer == "ask":
            asked.append(one)
    if asked:
        programs = [program for one in asked for program in _program_of(one)]
        code = [file for one in asked for file in judge.code_of(one.argv[1:], one.place.cwd)]
        judge.ask_for(
            [one.verdict for one in asked],
            str(line),
            place.cwd,
            programs,
            variables=place.environment,
            code=code,
        )
    return frozenset(one.argv for one in asked)


def _program_of(one: steps.Judged) -> list[Path]:
    """Return the file that would run; none for a pipeline, for `cd`, and for what the line makes first."""
    if not one.argv or one.argv[0] == "cd":
        return []
    try:
        return [policy.find(one.argv[0], one.place.environment, one.place.cwd)]
    except MissingTool:
        return []


def _stages(
    pipeline: Pipeline, place: Place, judge: Judge, agreed: frozenset[tuple[str, ...]]
) -> tuple[process.Stage, ...]:
    """Return what to start; none for a `cd` or an assignment alone."""
    found = []
    for one, command in zip(judge.of(pipeline, place), pipeline.commands, strict=False):
        if one.verdict.answer == "refuse":
            raise refused(one.verdict)
        if one.verdict.answer == "ask" and one.argv not in agreed:
            judge.ask_for([one.verdict], str(command), place.cwd)
        strange = judge.leads_out(one)
        if strange:
            judge.ask_for([strange], str(command), place.cwd)
        if one.argv and (one.argv[0] != "cd" or len(pipeline.commands) > 1):
            environment = {**place.environment, **steps.named(command, place)}
            program = policy.find(one.argv[0], environment, place.cwd)
            files = tuple(_file(redirect, place) for redirect in command.redirects)
            argv = (str(program), *one.argv[1:])
            found.append(process.Stage(argv=argv, name=one.argv[0], env=environment, files=files))
    return tuple(found)


def _file(redirect: Redirect, place: Place) -> File:
    if redirect.target is None:
        return File(stream=redirect.stream, same_as=redirect.same_as or 1)
    path = policy.one(redirect.target, place.known, place.cwd)
    return File(stream=redirect.stream, path=path, flags=_FLAGS[redirect.direction])


def _after(pipeline: Pipeline, place: Place) -> Place:
    """Return the place after a step that was run; a folder that is not there is an error now."""
    found = steps.after(pipeline, place)
    command = pipeline.commands[0]
    if len(pipeline.commands) > 1 or not command.words or command.words[0].literal != "cd":
        return found
    target = steps.folder_of(command, place)
    if target and found.cwd.is_dir():
        return found
    words = policy.argv_of(command.words, place.known, place.cwd)[1:]
    why = "there is no such folder" if target else "it takes one folder"
    raise UsageError(f"cannot go to {shlex.join(words)}", why=why, fix="check the path")


def _late(total: Outcome, timeout: float | None) -> Outcome:
    """Return the outcome of a line whose time was up between two of its commands."""
    seen = f"it still ran after {total.seconds:.1f} s"
    hit = LimitHit(kind="timeout", most=timeout or total.seconds, seen=seen, confidence="certain")
    return replace(total, ended="timed-out", limit=hit)


def _sum(total: Outcome | None, outcome: Outcome, seconds: float) -> Outcome:
    if total is None:
        return replace(outcome, seconds=seconds)
    return replace(
        outcome,
        seconds=seconds,
        stdout=(total.stdout + outcome.stdout)[-TAIL_CHARS:],
        stderr=(total.stderr + outcome.stderr)[-TAIL_CHARS:],
        dropped_bytes=total.dropped_bytes + outcome.dropped_bytes,
        output_bytes=total.output_bytes + outcome.output_bytes,
        cpu_seconds=total.cpu_seconds + outcome.cpu_seconds,
        cut=tuple(dict.fromkeys((*total.cut, *outcome.cut))),
        changed=tuple(dict.fromkeys((*total.changed, *outcome.changed))),
        discarded=tuple(dict.fromkeys((*total.discarded, *outcome.discarded))),
    )

"""A line as a whole: each command judged where it will stand, in view of what the line did before.

`cd` and variables hold for what follows. A folder that is not there yet is gone
to all the same: the line may make it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...values import PolicyVerdict
from . import shelled
from .expand import argv_of, one, value
from .paths import Roots
from .rules import DEFAULT, Policy
from .shapes import judge_shape
from .trail import Trail
from .tree import Command, Line, Pipeline
from .verdict import UNSEEN_INPUT, deciding, judge_layers


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What holds where a command stands: the folder, and the variables of programs and of the line."""

    cwd: Path
    environment: Mapping[str, str]
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def known(self) -> Mapping[str, str]:
        """What `$NAME` can stand for."""
        return {**self.environment, **self.variables} if self.variables else self.environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A command of a line, or with no words a pipeline, and what is said of it.

    `verdict` is the one that decides among those of the `layers`; `text` is
    the command as it was read.
    """

    text: str
    argv: tuple[str, ...]
    place: Place
    verdict: PolicyVerdict
    layers: tuple[PolicyVerdict, ...]


def judged(
    line: Line,
    place: Place,
    roots: Roots,
    policy: Policy = DEFAULT,
    *,
    depth: int = 0,
    trail: Trail | None = None,
    is_fed: bool = False,
) -> Iterator[Judged]:
    """Yield the verdict on each command of a line, and on each pipeline, in their order.

    Parameters
    ----------
    line : Line
        What `parse` made of it.
    place : Place
        Where it begins.
    roots : Roots
        Where it may write.
    policy : Policy, optional
        Which programs may run; the built-in list by default.
    depth : int, default 0
        How many commands this line is within.
    trail : Trail, optional
        What was made before, if this line stands within another.
    is_fed : bool, default False
        Something comes in that nobody has seen.

    Raises
    ------
    PolicyRefused
        A word stands for none, or for too many.
    MissingTool
        There is no such program.
    """
    if trail is None:
        trail = Trail()
        trail.is_kept = False
        roots = replace(roots, memo={}, links=trail.links)
    trail.is_kept = trail.is_kept or len(line.commands) > 1
    standing = shelled.Standing()
    for step in line.steps:
        before: list[tuple[str, ...]] = [UNSEEN_INPUT] if is_fed else []
        is_certain = not depth or standing.enter(step)
        start = len(before)
        yield from _pipeline(step.pipeline, place, roots, policy, trail, depth, before, is_certain=is_certain)
        standing.leave(step, before[start:], place.cwd, place.known)
        place = after(step.pipeline, place)
        if not depth:
            trail.unpacked.clear()  # the next step is judged once more when its time has come


def named(command: Command, place: Place) -> dict[str, str]:
    """Return the variables that a command sets for its program."""
    return {name: value(word, place.known) for name, word in command.assignments}


def files_of(command: Command, place: Place) -> list[tuple[str, bool]]:
    """Return the files in the place of a command's streams, and whether each is written."""
    return [
        (one(redirect.target, place.known, place.cwd), redirect.direction != "<")
        for redirect in command.redirects
        if redirect.target is not None
    ]


def after(pipeline: Pipeline, place: Place) -> Place:
    """Return the place after a `cd` or an assignment of its own; in a pipeline they change nothing."""
    command = pipeline.commands[0]
    if len(pipeline.commands) > 1:
        return place
    if not command.words:
        found = named(command, place)
        known = {name for name in found if command.is_exported or name in place.environment}
        return replace(
            place,
            environment={**place.environment, **{name: found[name] for name in known}},
            variables={**place.variables, **found},
        )
    if command.words[0].literal != "cd":
        return place
    target = folder_of(command, place)
    return moved(place, Path(os.path.normpath(place.cwd / target))) if target else place


def moved(place: Place, cwd: Path) -> Place:
    """Return the place in another folder, which `$PWD` says, too."""
    environment = {**place.environment, "PWD": str(cwd), "OLDPWD": str(place.cwd)}
    return replace(place, cwd=cwd, environment=environment)


def folder_of(command: Command, place: Place) -> str:
    """Return where a `cd` goes, "" if it cannot go anywhere."""
    words = argv_of(command.words, place.known, place.cwd)[1:]
    return words[0] if len(words) == 1 else "" if words else place.known.get("HOME", "")


def _pipeline(
    pipeline: Pipeline,
    place: Place,
    roots: Roots,
    policy: Policy,
    trail: Trail,
    depth: int,
    before: list[tuple[str, ...]],
    *,
    is_certain: bool,
) -> Iterator[Judged]:
    for command in pipeline.commands:
        argv = argv_of(command.words, place.known, place.cwd)
        assigned = named(command, place)
        layers = judge_layers(
            argv,
            environment={**place.environment, **assigned} if assigned else place.environment,
            cwd=place.cwd,
            roots=roots,
            policy=policy,
            files=files_of(command, place),
            assigned=assigned,
            before=before,
            trail=trail,
            depth=depth,
        )
        if depth:
            layers += _of_inner(command, argv, place, roots, is_certain=is_certain)
        verdict = deciding(argv, layers)
        yield Judged(text=str(command), argv=argv, place=place, verdict=verdict, layers=tuple(layers))
        before.append(argv)
    ruled = judge_shape(before)
    if ruled.answer != "allow":
        verdict = PolicyVerdict(
            line=str(pipeline), answer=ruled.answer, layer=4, rule=ruled.rule, why=ruled.why
        )
        yield Judged(text=str(pipeline), argv=(), place=place, verdict=verdict, layers=(verdict,))


def _of_inner(
    command: Command, argv: tuple[str, ...], place: Place, roots: Roots, *, is_certain: bool
) -> list[PolicyVerdict]:
    """Return the questions about what the shell of an inner line may read in another way than we do."""
    found = list(shelled.doubts(command, argv, place.known, place.cwd, roots))
    if not is_certain:
        why = "a `cd` or an assignment before it may not have happened"
        found.append(("uncertain-place", why))
    return [
        PolicyVerdict(line=str(command), answer="ask", layer=1, rule=rule, why=why) for rule, why in found
    ]

"""What a build would do, and what it made, as people and as machines read it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection
from pathlib import Path

from ..builder import BuildPlan
from ..events import Built, Stepped
from ..redact import mask, one_line, secrets_in
from ..values import Artifact

_SHOWN = 12  #: inputs of a plan that are shown
_TEXT_LINES = 60  #: of a text that a build writes


def plan_lines(plan: BuildPlan) -> list[str]:
    """Return a plan as people read it: each value in one line, and no secret in it."""
    from .text import size

    secrets = secrets_in(os.environ)

    def line(text: str) -> str:
        return one_line(mask(text, secrets))

    many = "file" if len(plan.inputs) == 1 else "files"
    lines = [line(f"{plan.kind} {plan.name} {plan.version}")]
    lines += [f"  inputs: {len(plan.inputs):,} {many}, {size(plan.input_bytes)}, {plan.inputs_digest}"]
    shown = plan.inputs if len(plan.inputs) <= _SHOWN else plan.inputs[: _SHOWN - 1]
    lines += [f"    {each.digest[:12]}  {line(_input(each.path))}" for each in shown]
    lines += [f"    … and {len(plan.inputs) - len(shown):,} more"] if len(shown) < len(plan.inputs) else []
    for name, text in plan.written.items():
        lines += [f"  {line(name)}:", *_text(mask(text, secrets))]
    lines += [f"  runs: {line(shlex.join(command))}" for command in plan.commands]
    lines += [f"  makes: {line(_near(output, plan))}" for output in plan.outputs]
    lines += [f"  label: {line(f'{name}={value}')}" for name, value in plan.labels.items()]
    return [*lines, *(f"  ! {line(warning)}" for warning in plan.warnings)]


def _input(path: str) -> str:
    """Return an input's path; what is made for the build says so."""
    return f"{path[2:]} (made for it)" if path.startswith("//") else path


def _text(text: str) -> list[str]:
    """Return a text below its name, the end of a long one left out."""
    rows = text.splitlines()
    shown = rows if len(rows) <= _TEXT_LINES else rows[: _TEXT_LINES - 1]
    left = len(rows) - len(shown)
    lines = [f"    {_indent(row)}{one_line(row)}".rstrip() for row in shown]
    return lines + ([f"    … and {left:,} lines more"] if left else [])


def _indent(row: str) -> str:
    return " " * (len(row) - len(row.lstrip(" ")))


def _near(output: str, plan: BuildPlan) -> str:
    """Return a path from where people are, if it is below that; a reference as it is."""
    base = plan.source.out.parent
    path = Path(output)
    return str(path.relative_to(base)) if path.is_absolute() and path.is_relative_to(base) else output


def plan_record(plan: BuildPlan) -> dict[str, object]:
    """Return a plan as machines read it; what it says is masked, and its names are as they are."""
    secrets = secrets_in(os.environ)

    def masked(text: str) -> str:
        return mask(text, secrets)

    return {
        "kind": "BuildPlan",
        "artifact": plan.kind,
        "name": plan.name,
        "version": plan.version,
        "inputs": {each.path: f"sha256:{each.digest}" for each in plan.inputs},
        "inputs_digest": plan.inputs_digest,
        "commands": [[masked(word) for word in command] for command in plan.commands],
        "outputs": [masked(output) for output in plan.outputs],
        "labels": {name: masked(value) for name, value in plan.labels.items()},
        "written": {name: masked(text) for name, text in plan.written.items()},
        "warnings": [masked(warning) for warning in plan.warnings],
    }


def built_lines(event: Built | Stepped, told: Collection[str] = ()) -> list[str]:
    """Return what there is to say of a step that ended, or of what was built; `told` was warned of before."""
    if isinstance(event, Stepped):
        how = "cached" if event.is_cached else f"{event.seconds:.1f} s"
        return [f"  {one_line(event.label)} · {how}"]
    return artifact_lines(event.artifact, told)


def artifact_lines(artifact: Artifact, told: Collection[str] = ()) -> list[str]:
    """Return an artifact as people read it: what it is, where, and how to know it again.

    `told` are warnings that were shown already.
    """
    from .text import size

    known = "" if artifact.digest in artifact.reference else f" · {artifact.digest[:19]}…"
    lines = [f"→ {one_line(_from_here(artifact.reference))} · {size(artifact.bytes)}{known}"]
    lines += [f"  beside it: {one_line(_from_here(path))}" for path in artifact.beside]
    return [*lines, *(f"  ! {one_line(warning)}" for warning in artifact.warnings if warning not in told)]


def _from_here(reference: str) -> str:
    """Return a path as it is typed here: relative where it lies below the working directory."""
    path = Path(reference)
    try:
        return str(path.relative_to(Path.cwd())) if path.is_absolute() else reference
    except (ValueError, FileNotFoundError):
        return reference

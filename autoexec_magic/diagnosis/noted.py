"""A diagnosis of a notebook's cause: evidence on one line each, in the user's words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .plain import compose, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autoexec_magic.values import Action, Diagnosis

_MOST_EVIDENCE = 8  # lines; more would hide the first


def noted(
    code: str,
    why: str,
    fix: str,
    *,
    sure: bool = False,
    evidence: Sequence[str] = (),
    action: Action | None = None,
) -> Diagnosis:
    """Return a diagnosis whose fields and evidence fit on one line each; likely, unless it is `sure`."""
    lines = tuple(one_line(line) for line in dict.fromkeys(evidence))
    if len(lines) > _MOST_EVIDENCE:
        lines = (*lines[: _MOST_EVIDENCE - 1], f"… and {len(lines) - _MOST_EVIDENCE + 1} more")
    return replace(compose(code, why, fix, "certain" if sure else "likely"), evidence=lines, action=action)

"""What is known around a process that failed: its folder, its limits, and who can say what a module is.

The text of a failure names paths, and anybody may have written it: only what
lies in the workspace or the run's own folder is looked at.
"""

from __future__ import annotations

import os
from pathlib import Path

from .. import installer
from ..diagnosis import Around
from ..errors import AutoexecError, NeedsPerson
from ..values import Question, Reply, Resolution
from .plan import Plan
from .rules import limits_of
from .surroundings import Surroundings

MOST_NAMES = 5_000  #: of a folder


def around(plan: Plan, here: Surroundings, *, cwd: Path | None = None, source: str = "") -> Around:
    """Return what is known around a process of `plan`.

    Parameters
    ----------
    plan, here
        As for its phase.
    cwd : Path, optional
        Where it ran; by default the run's folder.
    source : str, optional
        The code that ran, where it was a script.
    """
    folder = cwd or here.cwd
    limits = limits_of(here.config, is_caged=plan.level != "open", given=plan.limits)

    def names_in(path: str) -> tuple[str, ...]:
        try:
            real = Path(path).resolve()
            if not any(real.is_relative_to(place.resolve()) for place in (folder, here.workspace)):
                return ()
            return tuple(os.listdir(real)[:MOST_NAMES])
        except (OSError, ValueError, RuntimeError):  # no path, or links in a circle
            return ()

    return Around(
        folder=str(folder),
        root=str(here.workspace),
        list_folder=names_in,
        resolve=lambda module: _resolution(module, here),
        memory_bytes=limits.memory_bytes or 0 if limits else 0,
        timeout=plan.timeout or here.config.timeout or 0.0,
        source=source,
    )


def _resolution(module: str, here: Surroundings) -> Resolution | None:
    """Return what the installer says of a module without asking an index, or None."""
    context = installer.Context(
        config=here.config,
        folders=tuple(dict.fromkeys((here.cwd, here.workspace))),
        cache=here.cache,
        emit=lambda event: None,
        ask=_nobody,
    )
    try:
        found = installer.resolve([installer.Needed(1, module)], context, online=False)
    except (AutoexecError, OSError, ValueError):
        return None
    return found[0] if found else None


def _nobody(question: Question) -> Reply:
    raise NeedsPerson(question.text, fix=question.fix)

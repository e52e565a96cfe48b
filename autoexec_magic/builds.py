"""The verb `build` as a Python function."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from .builder import PLAIN, Wish
from .executor.cage import SHUT, Doors, Limits, Wanted
from .onrecord import PYTHON, Caller, carry_out
from .orchestrator import NO_LIMITS, Build, Report


def build(
    path: str | Path = ".",
    *,
    kinds: Sequence[str] = (),
    wish: Wish = PLAIN,
    dry_run: bool = False,
    timeout: float | None = None,
    level: Wanted | None = None,
    doors: Doors = SHUT,
    limits: Limits = NO_LIMITS,
    env: Sequence[str] = (),
    yes: bool = False,
    caller: Caller = PYTHON,
) -> Report:
    """Build artifacts of a folder or a notebook: wheels, npm packages, images, apps.

    Parameters
    ----------
    path : str or Path, default "."
        The folder, or the notebook.
    kinds : sequence of str, optional
        "wheel" (with its sdist), "npm", "image", "app"; by default what fits.
    wish : Wish, optional
        What is to be done with it: publish, push, smoke test.
    dry_run : bool, default False
        Only plan it: `Report.planned` says what would be done.
    timeout : float, optional
        Seconds for each process of it.
    level : Level or "best", optional
        The cage of what runs the project's code; the setting `cage` by default.
    doors, limits : optional
        What is let through the cage, and what each process may use.
    env : sequence of str, optional
        Names of environment variables to pass on.
    yes : bool, default False
        Answer what is asked with yes.
    caller : Caller, optional
        Who watches and answers.

    Returns
    -------
    Report
        Its `artifacts` are what was built.

    Raises
    ------
    BuildError, RunTimeout, MissingTool, UsageError
        As the verdict says; `Cancelled` when it was stopped.
    """
    where = (caller.cwd or Path.cwd()) / Path(path).expanduser()
    return carry_out(
        "build",
        shlex.join((*kinds, str(path), *(["--dry-run"] if dry_run else []))),
        (Build(path=where, kinds=tuple(kinds), wish=wish, dry_run=dry_run),),
        timeout=timeout,
        level=level,
        doors=doors,
        limits=limits,
        env=env,
        yes=yes,
        caller=caller,
    )

"""A path as a person can type it where they are, for the commands that errors and warnings tell."""

from __future__ import annotations

import shlex
from pathlib import Path


def as_typed(path: Path) -> str:
    """Return a path as a word of a command: from the working folder where it lies below that, and quoted.

    Folders are compared as they are written, so that what a person named as
    `../note.ipynb` is told as that.

    Examples
    --------
    >>> as_typed(Path.cwd() / "my work" / "a.ipynb"), as_typed(Path("/else/where.ipynb"))
    ("'my work/a.ipynb'", '/else/where.ipynb')
    """
    here = Path.cwd()
    shown = str(path.relative_to(here) if path.is_relative_to(here) else path)
    return shlex.quote(f"./{shown}" if shown.startswith("-") else shown)  # it is no option

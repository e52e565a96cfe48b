"""Code as a process of its own: one entry per language, in a table.

An entry says how a script is named, how it is started and which program must
be there. Adding a language is a file here and a row in `LANGUAGES`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Unpack

from .. import executor
from ..errors import UsageError
from ..events import Emit
from ..values import Outcome
from . import bash, python
from .language import Language

__all__ = ["LANGUAGES", "Language", "language_of", "run"]

LANGUAGES: Mapping[str, Language] = MappingProxyType(
    {entry.name: entry for entry in (python.ENTRY, bash.ENTRY)}
)


def language_of(source: str, given: str = "") -> Language:
    """Return the language of a script: the one given, else its first line's, else Python.

    Raises
    ------
    UsageError
        There is no such language here.
    """
    if given:
        if given in LANGUAGES:
            return LANGUAGES[given]
        raise UsageError(f"there is no language {given!r}", fix=f"--lang one of {', '.join(LANGUAGES)}")
    first = source.lstrip().partition("\n")[0]
    if first.startswith("#!"):
        words = first[2:].replace("/", " ").split()
        for entry in LANGUAGES.values():
            if any(word.rstrip("0123456789.") in entry.programs for word in words):
                return entry
        raise UsageError(f"there is no language for {first}", fix=f"--lang one of {', '.join(LANGUAGES)}")
    return LANGUAGES["python"]


def run(
    source: str,
    language: Language,
    *,
    emit: Emit,
    arguments: Sequence[str] = (),
    cwd: Path,
    **bounds: Unpack[executor.Bounds],
) -> Outcome:
    """Run `source` as a process of its own and return how it ended.

    Parameters
    ----------
    source : str
        The script.
    language : Language
        Its entry.
    emit : callable
        Gets the output.
    arguments : sequence of str, optional
        What the script finds after its own name.
    cwd : Path
        Its working directory; Python scripts can import what is there.
    **bounds
        As in `executor.run`: time limit, cage, variables, who may end it.

    Raises
    ------
    UsageError
        The script is empty.
    MissingTool
        The language's program is not there.
    """
    if not source.strip():
        raise UsageError("the script is empty", fix="write the code below the line `%%autoexec script`")
    with tempfile.TemporaryDirectory(prefix="autoexec-") as folder:
        path = Path(folder) / f"script{language.ending}"
        path.write_text(source, "utf-8")
        argv = [*language.start(), str(path), *arguments]
        return executor.run(
            argv,
            emit=emit,
            cwd=cwd,
            env=language.environment(cwd),
            policy=executor.policy.exactly(argv[0]),
            **bounds,
        )

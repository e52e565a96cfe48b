"""Code as a process of its own: one entry per language, in a table.

An entry says how a script is named, how it is checked without being run, how it
is started, and how values get into it and out of it. Adding a language is a
file here and a row in `LANGUAGES`.

A cell's script is written to a file in a room (`rooms`) that the run may only
read, with as many empty lines before it as stand before it in the cell: what it
writes about itself names the cell's own lines. A script that is a file of the
workspace is run where it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Unpack

from .. import executor
from ..events import Emit
from ..values import Outcome
from . import bash, naming, node, python, rust
from .job import Done, Fault, Job
from .language import Language
from .running import check, perform

__all__ = ["LANGUAGES", "Done", "Fault", "Job", "Language", "check", "language_of", "perform", "run"]

LANGUAGES: Mapping[str, Language] = MappingProxyType(
    {entry.name: entry for entry in (python.ENTRY, node.ENTRY, bash.ENTRY, rust.ENTRY)}
)


def language_of(source: str, given: str = "", ending: str = "") -> Language:
    """Return the language of a script: the one given, else its first line's, its file's, else Python.

    Parameters
    ----------
    source : str
        The script.
    given : str, optional
        A language's name.
    ending : str, optional
        Of its file, as `.py`; "" where it has none.

    Raises
    ------
    UsageError
        There is no such language here.
    """
    return naming.language_of(LANGUAGES, source, given, ending)


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
        Its working directory; what is there can be imported.
    **bounds
        As in `executor.run`: time limit, cage, variables, who may end it.

    Raises
    ------
    UsageError
        The script is empty, is no text, or has a first line that cannot hold.
    MissingTool
        The language's program is not there.
    """
    job = Job(source=source, language=language, arguments=tuple(arguments), cwd=cwd)
    return perform(job, emit=emit, **bounds).outcome

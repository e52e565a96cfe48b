"""Code as a process of its own: one entry per language, in a table.

An entry says how a script is named, how it is started and which program must
be there. Adding a language is a file here and a row in `LANGUAGES`.
"""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
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
    first, program, _ = _first_line(source)
    if first.startswith("#!"):
        for entry in LANGUAGES.values():
            if program in entry.programs:
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

    The options of a first line such as `#!/bin/bash -e` hold.

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
        The script is empty, is no text, or has a first line that cannot hold.
    MissingTool
        The language's program is not there.
    """
    content = _content(source)
    options = _options(source, language)
    doors = bounds.get("doors", executor.cage.SHUT)
    places = () if bounds.get("level", "open") == "open" else language.places(cwd)
    with tempfile.TemporaryDirectory(prefix="autoexec-") as folder:
        path = Path(folder) / f"script{language.ending}"
        path.write_bytes(content)
        argv = [*language.start(), *options, str(path), *arguments]
        return executor.run(
            argv,
            emit=emit,
            cwd=cwd,
            env=language.environment(cwd),
            policy=executor.policy.exactly(argv[0]),
            **(bounds | {"doors": replace(doors, read=(*doors.read, *places, Path(folder)))}),
        )


def _content(source: str) -> bytes:
    if not source.strip():
        raise UsageError("the script is empty", fix="write the code below the line `%%autoexec script`")
    try:
        return source.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UsageError("the script is no text", why=str(error), fix="write the character anew") from error


def _first_line(source: str) -> tuple[str, str, list[str]]:
    """Return a script's first line, the program it names, without a version, and the options it gives."""
    first = source.lstrip().partition("\n")[0].rstrip()
    if not first.startswith("#!"):
        return first, "", []
    try:
        words = shlex.split(first[2:])
    except ValueError:
        words = first[2:].split()
    if words and Path(words[0]).name == "env":
        words = words[1:]
        while words and (words[0].startswith("-") or "=" in words[0]):
            words = words[1:]
    program = Path(words[0]).name.rstrip("0123456789.") if words else ""
    return first, program, words[1:]


def _options(source: str, language: Language) -> list[str]:
    """Return the options that the script's first line gives to the interpreter of `language`."""
    first, program, words = _first_line(source)
    if program not in language.programs:
        return []
    waits = False
    for word in words:
        letters = "" if word.startswith("--") else word[1:]
        is_option = len(word) > 1 and word[0] in "-+"
        valued = next((i for i, letter in enumerate(letters) if letter in language.valued), len(letters))
        if not waits and (not is_option or any(letter in language.refused for letter in letters[:valued])):
            raise UsageError(
                f"{first} cannot hold", why=f"{word} is no option for a script", fix="leave it out"
            )
        waits = not waits and is_option and valued == len(letters) - 1
    return words

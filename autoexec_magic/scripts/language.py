"""What an entry in the table of languages says."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..errors import MissingTool


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """Where values lie that a script gets and gives back.

    `given` is a folder that the script's side reads and `taken` one that it
    writes; `names` are the variables that it is to give back. `texts` are the
    values where the language has nothing but texts, and `present` is the
    environment that the script will have.
    """

    given: Path
    taken: Path
    names: tuple[str, ...]
    texts: Mapping[str, str]
    present: Mapping[str, str]

    @property
    def said(self) -> str:
        """The folders and names as one text, a line each."""
        return "\n".join((str(self.given), str(self.taken), *self.names))


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language.

    Parameters
    ----------
    name : str
        As `--lang` takes it, and as the diagnosis knows what it writes.
    programs : frozenset of str
        What a first line calls it, `#!/usr/bin/NAME` or `%%NAME`, without a
        version.
    endings : tuple of str
        Of its files; a cell's gets the first one.
    start : callable
        Returns the words before the script's path, the first one an absolute
        path; of a language that is compiled, the compiler.
    environment : callable
        Takes the folders that a script finds things in, the nearest first: of
        a copy that of its file, then the working directory. Returns the
        variables to run with.
    places : callable
        Takes it, returns what has to be read there in a cage.
    valued, refused, refused_long : str, str, tuple of str
        Of the options in a first line, those with a letter in `valued` take the
        next word; those in `refused`, and in full in `refused_long`, would take
        something else than the script's file for the script.
    comment : str
        Begins a comment to the end of the line.
    parse : callable
        Takes a source and the name of its file; returns what is wrong with its
        syntax, as the language itself writes it, or "". It runs none of it and
        starts nothing.
    parse_options : tuple of str
        With these its program only reads a file. It is asked where that tells
        more than to run the file does (`reads_whole`).
    reads_whole : bool
        It reads all of a file before it runs any of it.
    compile : callable, optional
        Takes the source's path and that of the program to make, returns the
        words after the compiler's own.
    options : callable
        Takes the script's path and its working directory; more options for its
        program, where the path is not in that directory.
    hand_over : callable, optional
        Takes a `Handover`; returns more options, and variables, with which the
        script finds the values. None where there is no way.
    values : "python", "json", "text" or ""
        What can be handed over: all that Python has, what JSON has, texts.
    ending : callable
        Takes a source, returns the ending of the file that it is written to.
    """

    name: str
    programs: frozenset[str]
    endings: tuple[str, ...]
    start: Callable[[], tuple[str, ...]]
    environment: Callable[..., Mapping[str, str]] = lambda *folders: {}
    places: Callable[[Path], tuple[Path, ...]] = lambda cwd: ()
    valued: str = ""
    refused: str = ""
    refused_long: tuple[str, ...] = ()
    comment: str = "#"
    parse: Callable[[str, str], str] = lambda source, name: ""
    parse_options: tuple[str, ...] = ()
    reads_whole: bool = True
    compile: Callable[[Path, Path], tuple[str, ...]] | None = None
    options: Callable[[Path, Path], tuple[str, ...]] = lambda path, cwd: ()
    hand_over: Callable[[Handover], tuple[tuple[str, ...], Mapping[str, str]]] | None = None
    values: Literal["python", "json", "text", ""] = ""
    ending: Callable[[str], str] = lambda source: ""


def program(*names: str, fix: str) -> str:
    """Return the first of these programs that `PATH` has, as an absolute path.

    Raises
    ------
    MissingTool
        There is none.
    """
    # A relative entry of PATH means the workspace's own files, which run only by policy.
    folders = [folder for folder in os.get_exec_path() if Path(folder).is_absolute()]
    for name in names:
        if found := shutil.which(name, path=os.pathsep.join(folders)):
            return found
    raise MissingTool(f"there is no {names[0]} on this machine", fix=fix)

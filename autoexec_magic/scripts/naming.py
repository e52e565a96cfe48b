"""Which language a script is in, and what its first line gives to the program that runs it.

It is said by the option, else by the first line, `#!/usr/bin/env node` or, as
notebooks have it, `%%bash` or `%%script node`; else by the file's ending; else
it is Python.
"""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError
from .language import Language

MOST_LINE_CHARS = 4096  #: of a first line that is read as a shell reads it; Linux takes 256 (execve(2))
_MARK, _SHEBANG = "%%", "#!"


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """A script's first line: as it stands, the program it names, without a version, and its options."""

    line: str
    program: str = ""
    options: tuple[str, ...] = ()

    @property
    def is_mark(self) -> bool:
        """Whether it is a notebook's: no language knows it, and it must not reach one."""
        return self.line.startswith(_MARK)


def language_of(languages: Mapping[str, Language], source: str, given: str, ending: str) -> Language:
    """Return the language of a script.

    Raises
    ------
    UsageError
        There is no such language here.
    """
    fix = f"--lang one of {', '.join(languages)}"
    if given:
        if given in languages:
            return languages[given]
        raise UsageError(f"there is no language {given!r}", fix=fix)
    first = first_line(source)
    if first.line.startswith((_SHEBANG, _MARK)):
        for entry in languages.values():
            if first.program in entry.programs:
                return entry
        raise UsageError(f"there is no language for {first.line}", fix=fix)
    for entry in languages.values():
        if ending.lower() in entry.endings:
            return entry
    if ending:
        raise UsageError(f"there is no language for files that end with {ending}", fix=fix)
    return languages["python"]


def first_line(source: str) -> First:
    """Return what the first line says that is not empty."""
    line = source.lstrip("\ufeff \t\r\n\f\v").partition("\n")[0].rstrip()
    if line.startswith(_MARK):
        words = _words(line[len(_MARK) :])
        return (
            First(line=line, program=_plain(words[0]), options=tuple(words[1:]))
            if words
            else First(line=line)
        )
    if not line.startswith(_SHEBANG):
        return First(line=line)
    words = _words(line[len(_SHEBANG) :])
    if words and Path(words[0]).name == "env":
        words = _after(words[1:])
    return First(line=line, program=_plain(words[0]), options=tuple(words[1:])) if words else First(line=line)


def options_of(source: str, language: Language) -> tuple[str, ...]:
    """Return the options that the script's first line gives to the interpreter of `language`.

    Raises
    ------
    UsageError
        One of them cannot hold: it would run something else.
    """
    first = first_line(source)
    if first.program not in language.programs or language.compile is not None:
        return ()
    waits = False
    for word in first.options:
        letters = "" if word.startswith("--") else word[1:]
        is_option = len(word) > 1 and word[0] in "-+"
        valued = next((i for i, letter in enumerate(letters) if letter in language.valued), len(letters))
        refused = any(letter in language.refused for letter in letters[:valued])
        refused = refused or word.partition("=")[0] in language.refused_long
        if not waits and (not is_option or refused or (first.is_mark and word.startswith("--"))):
            raise UsageError(
                f"{first.line} cannot hold", why=f"{word} is no option for a script", fix="leave it out"
            )
        waits = not waits and is_option and valued == len(letters) - 1
    return first.options


def _words(text: str) -> list[str]:
    try:
        # `shlex` takes the square of a word's length.
        words = shlex.split(text) if len(text) <= MOST_LINE_CHARS else text.split()
    except ValueError:
        words = text.split()
    return _after(words[1:]) if text.startswith("script ") else words


def _after(words: Sequence[str]) -> list[str]:
    """Return what follows the options and variables of `env`, or of `%%script`."""
    return list(itertools.dropwhile(lambda word: word.startswith("-") or "=" in word, words))


def _plain(word: str) -> str:
    return Path(word).name.rstrip("0123456789.")

"""From words to an argv: `$NAME`, `~` and globs, as a shell expands them, and nothing else.

What comes out is what is judged, and what is judged is what runs. A file that
a glob finds and that begins with `-` is given as `./-…`: the name of a file is
never an option.
"""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...errors import PolicyRefused
from .tree import Text, Word

MOST_WORDS = 100_000
_Field = list[tuple[str, bool]]  #: pieces of text, and whether each is quoted


def argv_of(words: Sequence[Word], variables: Mapping[str, str], cwd: Path) -> tuple[str, ...]:
    """Return what the words stand for, in order; a word can stand for none, or for many.

    Raises
    ------
    PolicyRefused
        There are more than `MOST_WORDS`.
    """
    found: list[str] = []
    for word in words:
        literal = word.literal
        found += [literal] if literal is not None else _expanded(word, variables, cwd)
        if len(found) > MOST_WORDS:
            raise PolicyRefused(f"refused: {word}", why=f"it stands for more than {MOST_WORDS:,} words")
    return tuple(found)


def one(word: Word, variables: Mapping[str, str], cwd: Path) -> str:
    """Return what a word stands for where there can be but one: a file, a value.

    Raises
    ------
    PolicyRefused
        It stands for none, or for several.
    """
    found = argv_of((word,), variables, cwd)
    if len(found) != 1:
        raise PolicyRefused(f"refused: {word}", why=f"it stands for {len(found)} words where one can be")
    return found[0]


def value(word: Word, variables: Mapping[str, str]) -> str:
    """Return what a variable is set to: nothing is split, no files are looked for."""
    return "".join(text for field in fields(word, variables, splits=False) for text, _ in field)


def _expanded(word: Word, variables: Mapping[str, str], cwd: Path) -> list[str]:
    found: list[str] = []
    for field in fields(word, variables, splits=True):
        plain = "".join(text for text, _ in field)
        has_pattern = any(sign in text for text, is_quoted in field if not is_quoted for sign in "*?[")
        files = _files(field, cwd) if has_pattern else []
        found += files or [plain]
    return found


def fields(word: Word, variables: Mapping[str, str], *, splits: bool) -> list[_Field]:
    """Return the words that come of one, in pieces: an unquoted value is split where it has spaces."""
    fields: list[_Field] = [[]]
    is_certain = False  # a quoted part makes a word even where it is empty
    for index, part in enumerate(word.parts):
        if isinstance(part, Text):
            home, text = _at_home(part, variables) if index == 0 else ("", part.text)
            fields[-1] += [(home, True)] if home else []
            fields[-1].append((text, part.is_quoted))
            is_certain = True
            continue
        given = variables.get(part.name, "")
        if part.is_quoted or not splits:
            fields[-1].append((given, True))
            is_certain = is_certain or part.is_quoted
            continue
        pieces = given.split()
        if given[:1].isspace() and fields[-1]:
            fields.append([])
        for number, piece in enumerate(pieces):
            if number:
                fields.append([])
            fields[-1].append((piece, False))
        if pieces and given[-1:].isspace():
            fields.append([])
    full = [field for field in fields if field]
    return full or ([[]] if is_certain or not splits else [])


def _at_home(part: Text, variables: Mapping[str, str]) -> tuple[str, str]:
    """Return the home folder that a word begins with, if it does, and the rest, which can be a pattern."""
    if part.is_quoted or not part.text.startswith("~"):
        return "", part.text
    return variables.get("HOME", str(Path.home())), part.text[1:]


def _files(field: _Field, cwd: Path) -> list[str]:
    """Return the files that a pattern finds, sorted, hidden ones only if it says so."""
    pattern = "".join(
        glob.escape(text) if is_quoted else text.replace("[^", "[!") for text, is_quoted in field
    )
    found = sorted(glob.glob(pattern, root_dir=cwd))  # noqa: PTH207 - of names relative to `cwd`
    return [f"./{name}" if name.startswith("-") else name for name in found]

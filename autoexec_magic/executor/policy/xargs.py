"""How `xargs` is told to take its input apart.

Few of its options are known here: of the others each could make other words of
what comes in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_LONG = {
    "--null": "0",
    "--no-run-if-empty": "r",
    "--verbose": "t",
    "--max-args": "n",
    "--max-procs": "P",
    "--replace": "i",
    "--delimiter": "d",
}
_FLAGS, _VALUES = frozenset("0rtxp"), frozenset("nPId")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What `xargs` does with its input.

    Parameters
    ----------
    place : str
        What stands for a line in the command; "" where words are added to its end.
    most : int
        How many words it takes at once; 0 is as many as there are.
    is_null, is_lines : bool
        Words end with a NUL character, or with their line.
    command : tuple of str
        The command as it is given.
    """

    place: str = ""
    most: int = 0
    is_null: bool = False
    is_lines: bool = False
    command: tuple[str, ...] = ()


def terms_of(argv: Sequence[str]) -> Terms | None:
    """Return how xargs is told to go about it, None where an option is not one of those known here.

    Parameters
    ----------
    argv : sequence of str
        The words of xargs, of which the first is its name.
    """
    given: dict[str, str] = {}
    words = list(argv[1:])
    while words and words[0][:1] == "-" and words[0] != "-":
        word = words.pop(0)
        if word == "--":
            break
        if not (_long(word, given) if word.startswith("--") else _short(word[1:], words, given)):
            return None
    return _told(given, tuple(words))


def _long(word: str, given: dict[str, str]) -> bool:
    name, has_value, value = word.partition("=")
    letter = _LONG.get(name, "")
    if not letter or (letter in _FLAGS and has_value) or (letter in _VALUES and not has_value):
        return False
    given[letter] = value
    return True


def _short(letters: str, words: list[str], given: dict[str, str]) -> bool:
    """Read a cluster; the last of its letters may have its value in the same word, or in the next."""
    while letters:
        letter, letters = letters[0], letters[1:]
        if letter in _FLAGS:
            given[letter] = ""
        elif letter == "i" or (letter in _VALUES and (letters or words)):
            given["i" if letter == "I" else letter] = letters or (words.pop(0) if letter != "i" else "")
            letters = ""
        else:
            return False
    return True


def _told(given: dict[str, str], command: tuple[str, ...]) -> Terms | None:
    most = given.get("n", "0")
    has_place = "i" in given
    if not re.fullmatch(r"\d{1,6}", most) or ("n" in given and (has_place or most == "0")):
        return None
    if given.get("d", "\\n") not in ("\n", "\\n") or ("d" in given and "0" in given):
        return None
    return Terms(
        place=(given["i"] or "{}") if has_place else "",
        most=int(most),
        is_null="0" in given,
        is_lines="d" in given,
        command=command,
    )
